#include "service/sts.h"

static FALLIBLE take(size_t count, char *const *texts, const char *field, slice *into, size_t *ret_count)
{
	if (count > STS_VALUES_MAX)
		return FAIL_FIELD(field, "at most %d values", STS_VALUES_MAX);
	for (size_t i = 0; i < count; i++)
		into[i] = slice_str(texts[i]);
	*ret_count = count;
	return OK;
}

/* `scope` is the old, single form of `scopes`: their union. */
static void add_scope(slice scope, slice *scopes, size_t *count)
{
	bool is_new = scope.len > 0;

	for (size_t i = 0; i < *count; i++)
		is_new = is_new && !slice_eq(scopes[i], scope);
	if (is_new)
		scopes[(*count)++] = scope;
}

FALLIBLE sts_take(const struct sts_in *in, struct sts_values *values, struct exchange *exchange)
{
	TRY(take(in->n_aud, in->aud, "aud", values->audiences, &exchange->audiences_count));
	TRY(take(in->n_scopes, in->scopes, "scopes", values->scopes, &exchange->scopes_count));
	add_scope(slice_str(in->scope), values->scopes, &exchange->scopes_count);
	TRY(take(in->n_cap, in->cap, "cap", values->capabilities, &exchange->capabilities_count));
	exchange->audiences = values->audiences;
	exchange->scopes = values->scopes;
	exchange->capabilities = values->capabilities;
	return OK;
}
