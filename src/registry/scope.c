#include "registry/scope.h"

#include "model/rules.h"

#define PARTS_MAX 32

static unsigned action_of(slice word, bool *star)
{
	if (slice_is(word, "pull"))
		return SCOPE_PULL;
	if (slice_is(word, "push"))
		return SCOPE_PUSH;
	if (slice_is(word, "delete"))
		return SCOPE_DELETE;
	if (slice_is(word, "*")) {
		*star = true;
		return SCOPE_ALL;
	}
	return 0;
}

static unsigned actions_of(slice text, bool *star)
{
	unsigned actions = 0;
	bool more = true;

	while (more) {
		slice word;
		more = slice_cut(text, ',', &word, &text);
		actions |= action_of(word, star);
	}
	return actions;
}

bool scope_split(slice name, slice *ret_parts, size_t most, size_t *ret_count)
{
	size_t count = 0;
	bool more = true;

	if (name.len == 0 || name.len > SCOPE_NAME_BYTES_MAX)
		return false;
	while (more) {
		slice part;
		more = slice_cut(name, '/', &part, &name);
		if (count == most || !rule_is_path_component(part))
			return false;
		ret_parts[count++] = part;
	}
	*ret_count = count;
	return true;
}

static bool type_of(slice text, slice name, enum scope_type *ret_type)
{
	slice parts[PARTS_MAX];
	size_t count;

	if (slice_is(text, "registry") && slice_is(name, "catalog")) {
		*ret_type = SCOPE_CATALOG;
		return true;
	}
	*ret_type = SCOPE_REPOSITORY;
	return (slice_is(text, "repository") || slice_is(text, "repository(plugin)")) &&
	       scope_split(name, parts, PARTS_MAX, &count);
}

static FALLIBLE add(slice text, struct scope *scopes, size_t *count)
{
	slice type, rest;
	size_t last;
	struct scope scope = { .actions = 0 };

	if (!slice_cut(text, ':', &type, &rest))
		return FAIL_FIELD("scope", "must be type:name:actions");
	for (last = rest.len; last && rest.at[last - 1] != ':';)
		last--;
	if (last == 0)
		return FAIL_FIELD("scope", "must be type:name:actions");
	scope.name = slice_to(rest, last - 1);
	scope.actions = actions_of(slice_from(rest, last), &scope.is_star);
	if (!type_of(type, scope.name, &scope.type) || scope.actions == 0)
		return OK;
	for (size_t i = 0; i < *count; i++)
		if (scopes[i].type == scope.type && slice_eq(scopes[i].name, scope.name)) {
			scopes[i].actions |= scope.actions;
			scopes[i].is_star = scopes[i].is_star || scope.is_star;
			return OK;
		}
	if (*count == SCOPES_MAX)
		return FAIL_FIELD("scope", "at most %d in one request", SCOPES_MAX);
	scopes[(*count)++] = scope;
	return OK;
}

FALLIBLE scope_parse(const slice *texts, size_t count, struct scope *ret_scopes, size_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = 0; i < count; i++) {
		slice rest = texts[i], one;
		bool more = true;
		while (more) {
			more = slice_cut(rest, ' ', &one, &rest);
			if (one.len)
				TRY(add(one, ret_scopes, ret_count));
		}
	}
	return OK;
}
