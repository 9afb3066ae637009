/* What the files of this room share about templates. */
#ifndef LOGIN_TEMPLATE_IMPL_H
#define LOGIN_TEMPLATE_IMPL_H

#include "login/template.h"

enum node_kind { NODE_LITERAL, NODE_HOLE, NODE_IF, NODE_UNLESS, NODE_END, NODE_PAGE };

/* Where a hole stands: how its value is escaped. */
enum place_in_html { IN_TEXT, IN_ATTRIBUTE, IN_URL, IN_URL_SEGMENT, IN_URL_QUERY };

struct node {
	enum node_kind kind;
	slice text; /* literal, or the value's name */
	enum place_in_html place;
	size_t end; /* NODE_IF, NODE_UNLESS: index of its NODE_END */
};

struct template
{
	const char *name;
	struct node nodes[TEMPLATE_NODES_MAX];
	size_t count;
};

/* Adds `text` escaped for the place; FAULT_INTERNAL when a URL is none of ours. */
FALLIBLE escape_into(struct buffer *out, enum place_in_html place, slice text);

#endif
