/*
 * yaml: a configuration file as flat settings; the only door to libyaml.
 *
 * `token: {life: 1h, audiences: [a, b]}` is read as "token.life" = "1h" and "token.audiences" = "a", then "b". Scalars stay
 * text ("no" is "no"); what they mean is the reader's table's business.
 *
 * Promises  keys that are no words, aliases, anchors, tags, several documents, duplicate keys, nesting below YAML_DEPTH_MAX and
 * files over YAML_BYTES_MAX are refused, each with its line.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/arena.h"

#define YAML_DEPTH_MAX 6
#define YAML_BYTES_MAX ((size_t)256 * 1024)
#define YAML_SETTINGS_MAX 2000

/* One setting; key and value live in the arena. is_item: the value is an element of a list. */
struct yaml_setting {
	slice key, value;
	bool is_item;
	unsigned line;
};

/* INVALID_ARGUMENT naming the line for anything refused above. */
FALLIBLE yaml_read(struct arena *arena, slice text, struct yaml_setting **ret_settings, size_t *ret_count);
/* Writes settings back as YAML, nested by the dots, four spaces a level, in the order given (equal prefixes adjacent). */
struct buffer;
void yaml_write(struct buffer *into, const struct yaml_setting *settings, size_t count);

#endif
