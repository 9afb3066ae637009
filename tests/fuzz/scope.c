/*
 * scope: what a registry's client asks for, one text a line. A scope that is kept names a path distribution would store, and
 * never asks for more than there is.
 */
#include <assert.h>

#include "fuzz.h"
#include "registry/scope.h"

#define TEXTS_MAX 8
#define PARTS_MAX 32

static void check(const struct scope *scope)
{
	slice parts[PARTS_MAX];
	size_t count;

	assert(scope->actions <= SCOPE_ALL);
	if (scope->type != SCOPE_REPOSITORY)
		return;
	assert(scope->name.len > 0 && scope->name.len <= SCOPE_NAME_BYTES_MAX);
	if (scope_split(scope->name, parts, PARTS_MAX, &count))
		for (size_t i = 0; i < count; i++)
			assert(parts[i].len > 0 && !slice_is(parts[i], "..") && !slice_is(parts[i], "."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slice texts[TEXTS_MAX], rest = slice_of(data, size);
	struct scope scopes[SCOPES_MAX];
	size_t n = 0, count;

	for (bool more = true; more && n < TEXTS_MAX; n++)
		more = slice_cut(rest, '\n', &texts[n], &rest);
	if (FAILED(scope_parse(texts, n, scopes, &count)))
		return 0;
	assert(count <= SCOPES_MAX);
	for (size_t i = 0; i < count; i++) {
		check(&scopes[i]);
		for (size_t k = 0; k < i; k++)
			assert(scopes[i].type != scopes[k].type || !slice_eq(scopes[i].name, scopes[k].name));
	}
	return 0;
}
