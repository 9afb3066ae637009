/*
 * pattern_lint: may this issuer pattern match a host its author does not own?
 *
 * A reading of the pattern that understands less than RE2 does, and refuses what it does not understand. Each alternative must
 * begin with a literal https:// (or http://). In the host a wildcard may stand for letters, digits, "-" and "_" only, never
 * for a dot or a slash, and behind the last wildcard there must be at least two dots: https://[a-z]+\.example\.com. Behind the
 * first slash that cannot be left out, anything goes.
 */
#include <stdint.h>

#include "base/slice.h"
#include "model/pattern_impl.h"

#define DEPTH_MAX 32
#define SUFFIX_DOTS_MIN 2 /* ".example.com" */
#define SCHEME_HTTPS SLICE("https")
#define SCHEME_HTTP SLICE("http")

struct lint {
	slice rest;
	const char *why; /* the first objection; NULL so far */
	unsigned depth;
};

/* What a part of a host can match. */
struct part {
	bool has_dot, can_be_fixed, can_be_wild;
	unsigned dots; /* fewest dots where it is fixed text */
	unsigned tail; /* fewest dots behind the last wildcard where it has one */
};

static struct part host_group(struct lint *lint);
static void urls(struct lint *lint);

static void object(struct lint *lint, const char *why)
{
	if (!lint->why)
		lint->why = why;
	lint->rest.len = 0;
}

static bool at_end(const struct lint *lint)
{
	return !lint->rest.len;
}

/* The next byte; 0 at the end. */
static char peek(const struct lint *lint)
{
	return at_end(lint) ? '\0' : lint->rest.at[0];
}

static bool take(struct lint *lint, slice what)
{
	if (!slice_starts(lint->rest, what))
		return false;
	lint->rest = slice_from(lint->rest, what.len);
	return true;
}

static bool take_slash(struct lint *lint)
{
	return take(lint, SLICE("/")) || take(lint, SLICE("\\/"));
}

static bool sees_slash(const struct lint *lint)
{
	return slice_starts(lint->rest, SLICE("/")) || slice_starts(lint->rest, SLICE("\\/"));
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool at_branch_end(const struct lint *lint)
{
	return at_end(lint) || peek(lint) == '|' || peek(lint) == ')';
}

/* Past the dollars at the end of a branch; objects when anything else stands there. */
static void branch_end(struct lint *lint)
{
	while (take(lint, SLICE("$")))
		;
	if (!at_branch_end(lint))
		object(lint, "nothing may follow a path that can be left out");
}

/* ---- parts whose content does not matter: behind the first slash ---- */

static void skip_class(struct lint *lint)
{
	bool is_first = true;

	(void)take(lint, SLICE("^")); /* negated or not: skipped */
	while (!at_end(lint) && (peek(lint) != ']' || is_first)) {
		size_t skip = peek(lint) == '\\' ? 2 : 1;
		if (slice_starts(lint->rest, SLICE("[:"))) {
			skip = 2; /* "[:]" is no named class: its colon does not close it */
			while (skip < lint->rest.len && !slice_starts(slice_from(lint->rest, skip), SLICE(":]")))
				skip++;
			skip = skip < lint->rest.len ? skip + 2 : 1;
		}
		lint->rest = slice_from(lint->rest, skip);
		is_first = false;
	}
	(void)take(lint, SLICE("]")); /* it compiled, so it is there */
}

/* To the end of this branch, over groups, classes and escapes. */
static void skip_branch(struct lint *lint)
{
	unsigned open = 0;

	while (!at_end(lint) && (open || !at_branch_end(lint))) {
		if (slice_starts(lint->rest, SLICE("\\Q")))
			return object(lint, "\\Q is not understood in issuer patterns");
		if (take(lint, SLICE("["))) {
			skip_class(lint);
			continue;
		}
		open += peek(lint) == '(';
		open -= peek(lint) == ')';
		lint->rest = slice_from(lint->rest, peek(lint) == '\\' ? 2 : 1);
	}
}

static bool sees_repeat(const struct lint *lint)
{
	return peek(lint) == '?' || peek(lint) == '*' || peek(lint) == '{';
}

/* Behind a slash: all of it is path unless the slash can be left out; then it must be the end. */
static void path(struct lint *lint)
{
	if (peek(lint) == '{')
		return object(lint, "a counted slash is not understood");
	if (!sees_repeat(lint))
		return skip_branch(lint);
	lint->rest = slice_from(lint->rest, 1);
	(void)take(lint, SLICE("?")); /* the lazy form means the same here */
	branch_end(lint);
}

/* ---- groups ---- */

/* Past "(", "(?:" or "(?P<name>". */
static bool group_open(struct lint *lint)
{
	if (++lint->depth > DEPTH_MAX || !take(lint, SLICE("("))) {
		object(lint, "groups are nested too deeply");
		return false;
	}
	if (take(lint, SLICE("?:")) || peek(lint) != '?')
		return true;
	if (take(lint, SLICE("?P<"))) {
		lint->rest = slice_from(lint->rest, slice_find(lint->rest, '>') + 1);
		return true;
	}
	object(lint, "flags are not understood in front of the path");
	return false;
}

static void group_close(struct lint *lint)
{
	lint->depth--;
	if (!take(lint, SLICE(")")))
		object(lint, "a group does not end where the host does");
}

/* "(/…)", with every branch beginning with a slash. True when it can be left out. */
static void path_group(struct lint *lint)
{
	if (!group_open(lint))
		return;
	do {
		if (!take_slash(lint) || sees_repeat(lint))
			return object(lint, "a group mixes host and path");
		skip_branch(lint);
	} while (take(lint, SLICE("|")));
	group_close(lint);
	path(lint);
}

static bool sees_path_group(const struct lint *lint)
{
	struct lint ahead = *lint;

	return group_open(&ahead) && sees_slash(&ahead);
}

/* ---- the host ---- */

static const struct part part_literal = { .can_be_fixed = true };
static const struct part part_dot = { .has_dot = true, .can_be_fixed = true, .dots = 1 };
static const struct part part_wild = { .can_be_wild = true };

static unsigned fewer(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* b behind a. */
static struct part part_then(struct part a, struct part b)
{
	struct part both = { .has_dot = a.has_dot || b.has_dot,
			     .can_be_fixed = a.can_be_fixed && b.can_be_fixed,
			     .can_be_wild = (a.can_be_wild && b.can_be_fixed) || b.can_be_wild,
			     .dots = a.dots + b.dots,
			     .tail = UINT16_MAX };

	if (a.can_be_wild && b.can_be_fixed)
		both.tail = a.tail + b.dots;
	if (b.can_be_wild)
		both.tail = fewer(both.tail, b.tail);
	return both;
}

/* a or b. */
static struct part part_either(struct part a, struct part b)
{
	struct part either = { .has_dot = a.has_dot || b.has_dot,
			       .can_be_fixed = a.can_be_fixed || b.can_be_fixed,
			       .can_be_wild = a.can_be_wild || b.can_be_wild };

	either.dots = !a.can_be_fixed ? b.dots : !b.can_be_fixed ? a.dots : fewer(a.dots, b.dots);
	either.tail = !a.can_be_wild ? b.tail : !b.can_be_wild ? a.tail : fewer(a.tail, b.tail);
	return either;
}

/* One end of a range or a single member of a class: letters, digits, "-" and "_". */
static char class_member(struct lint *lint)
{
	char c = peek(lint);

	if (c == '\\') {
		c = lint->rest.len > 1 ? lint->rest.at[1] : '\0';
		lint->rest = slice_from(lint->rest, 1);
		if (c == 'd' || c == 'w')
			c = '0'; /* stands for a set without dots, slashes and the like */
		else if (c != '-' && c != '_')
			c = '\0';
	}
	if (!is_letter_or_digit(c) && c != '-' && c != '_') {
		object(lint, "a class in the host may hold letters, digits, \"-\" and \"_\" only");
		return '\0';
	}
	lint->rest = slice_from(lint->rest, 1);
	return c;
}

static bool is_range(char low, char high)
{
	return low <= high && ((low >= 'a' && high <= 'z') || (low >= 'A' && high <= 'Z') || (low >= '0' && high <= '9'));
}

/* Behind "[". */
static struct part host_class(struct lint *lint)
{
	if (take(lint, SLICE(".]")) || take(lint, SLICE("\\.]")))
		return part_dot;
	do {
		char low = class_member(lint);
		if (low && lint->rest.len > 1 && peek(lint) == '-' && lint->rest.at[1] != ']') {
			lint->rest = slice_from(lint->rest, 1);
			if (!is_range(low, class_member(lint)))
				object(lint, "a range in the host must stay within a-z, A-Z or 0-9");
		}
	} while (!at_end(lint) && peek(lint) != ']');
	(void)take(lint, SLICE("]")); /* it compiled, so it is there */
	return part_wild;
}

static struct part host_escape(struct lint *lint)
{
	char c = peek(lint);

	lint->rest = slice_from(lint->rest, 1);
	if (c == '.')
		return part_dot;
	if (c == 'd' || c == 'w')
		return part_wild;
	if (c != '-' && c != '_' && c != ':')
		object(lint, "this escape is not understood in the host");
	return part_literal;
}

static struct part host_atom(struct lint *lint)
{
	char c = peek(lint);

	if (c == '(')
		return host_group(lint);
	lint->rest = slice_from(lint->rest, 1);
	if (c == '[')
		return host_class(lint);
	if (c == '\\')
		return host_escape(lint);
	if (c == '.')
		object(lint, "an unescaped dot in the host matches any character; write \\.");
	else if (!is_letter_or_digit(c) && c != '-' && c != '_' && c != ':')
		object(lint, "the host may hold letters, digits, \"-\", \\. and classes only");
	return part_literal;
}

/* An atom with its repetition. */
static struct part host_item(struct lint *lint)
{
	struct part part = host_atom(lint);
	char repeat = peek(lint);

	if (repeat == '?') {
		part = part_either(part, part_literal);
		lint->rest = slice_from(lint->rest, 1);
	} else if (repeat == '+' || repeat == '*' || repeat == '{') {
		if (part.has_dot)
			object(lint, "a repeated part of the host holds a dot");
		part = part_wild;
		lint->rest = slice_from(lint->rest, repeat == '{' ? slice_find(lint->rest, '}') + 1 : 1);
	}
	(void)take(lint, SLICE("?")); /* the lazy form means the same here */
	return part;
}

/* Items up to the end of the branch, the path or a dollar. */
static struct part host_items(struct lint *lint)
{
	struct part part = part_literal;

	while (!at_branch_end(lint) && peek(lint) != '$' && !sees_slash(lint) && !(peek(lint) == '(' && sees_path_group(lint)))
		part = part_then(part, host_item(lint));
	return part;
}

/* A group within the host: it may not reach into the path. */
static struct part host_group(struct lint *lint)
{
	struct part part = { 0 };

	if (!group_open(lint))
		return part_literal;
	do
		part = part_either(part, host_items(lint));
	while (take(lint, SLICE("|")));
	group_close(lint);
	return part;
}

/* ---- whole issuers ---- */

static void url(struct lint *lint)
{
	struct part host;

	if ((!take(lint, SCHEME_HTTPS) && !take(lint, SCHEME_HTTP)) || !take(lint, SLICE(":")) || !take_slash(lint) ||
	    !take_slash(lint))
		return object(lint, "each alternative must begin with https://");
	host = host_items(lint);
	if (host.can_be_wild && host.tail < SUFFIX_DOTS_MIN)
		return object(lint, "behind its last wildcard the host must end in two literal labels, as in \\.example\\.com");
	if (take_slash(lint))
		return path(lint);
	if (peek(lint) == '(')
		return path_group(lint);
	branch_end(lint);
}

/* "(https://a|https://b)" and then at most a path. */
static void url_group(struct lint *lint)
{
	if (!group_open(lint))
		return;
	urls(lint);
	group_close(lint);
	if (take_slash(lint))
		return path(lint);
	branch_end(lint);
}

static void urls(struct lint *lint)
{
	do {
		while (take(lint, SLICE("^")))
			;
		if (peek(lint) == '(')
			url_group(lint);
		else
			url(lint);
	} while (take(lint, SLICE("|")));
}

const char *pattern_lint(const char *source, size_t len)
{
	struct lint lint = { .rest = slice_of(source, len) };

	urls(&lint);
	if (!at_end(&lint))
		object(&lint, "a group does not end where the host does");
	return lint.why;
}
