/*
 * template: a page's HTML with holes, and what fills them.
 *
 * A hole is {{name}}; {{#name}}…{{/name}} shows its inside when the value is set, or once for each item of a list;
 * {{^name}}…{{/name}} when it is not; {{>page}} is where a layout takes the page in.
 *
 * Promises  what a hole holds is escaped for the place it stands in: text, attribute, whole URL, segment or query of a URL. The
 *           place is found when the template is parsed, which refuses a hole anywhere else (tag, attribute's name, unquoted
 *           value, comment) and any template with script, style or an event handler. There is no way to insert HTML.
 * Start at  template_parse() at start, values_new() and template_render() for a page.
 */
#ifndef LOGIN_TEMPLATE_H
#define LOGIN_TEMPLATE_H

#include "base/buffer.h"

#define TEMPLATE_BYTES_MAX ((size_t)32 * 1024)
#define TEMPLATE_NODES_MAX 512
#define TEMPLATE_DEPTH_MAX 8 /* sections inside each other */
#define PAGE_BYTES_MAX ((size_t)256 * 1024)
#define VALUES_MAX 48       /* names of one set */
#define VALUES_ITEMS_MAX 64 /* of one list */

struct template;

/* The text must live as long as the template. INVALID_ARGUMENT names the template, the line and the rule it breaks. */
FALLIBLE template_parse(struct arena *arena, const char *name, slice text, struct template **ret_template);

/* What fills the holes of one page, or of one item of a list. Keeps its first failure; the render gives it. */
struct values;
struct values *values_new(struct arena *arena); /* NULL without memory: the functions below accept it */
/* name is a literal; the text must live until the render. An empty text counts as not set. */
void value_text(struct values *values, const char *name, slice text);
void value_flag(struct values *values, const char *name, bool is_set);
/* A further item of the list; its values hide those of the page. */
struct values *value_item(struct values *values, const char *list);

/* FAULT_INTERNAL for a hole without a value, or a URL that is neither a path of ours nor http(s). layout may be NULL. */
FALLIBLE template_render(const struct template *layout, const struct template *page, const struct values *values,
			 struct buffer *out);

#endif
