/*
 * load: the whole index from the tables, before anybody asks.
 *
 * Bindings are read in the order of their identities, so that an entry is made once, with its block behind it.
 */
#include "authz/authz_impl.h"
#include "base/mem.h"

struct loading {
	struct authz *authz;
	struct uid identity; /* whose grants are being gathered; none before the first */
	struct block *block;
};

static status load_group(void *user, const void *row)
{
	const struct loading *loading = user;

	return index_put_group(loading->authz, row);
}

static status load_role(void *user, const void *row)
{
	const struct loading *loading = user;
	const struct role *role = row;
	struct role_slot *slot;

	TRY(index_make_role(loading->authz, &role->uid, &slot));
	return index_put_caps(loading->authz, slot, &role->caps);
}

static status load_identity(void *user, const void *row)
{
	const struct loading *loading = user;

	return index_put_identity(loading->authz, row);
}

/* Makes the entry of whoever's grants are gathered. */
static FALLIBLE end_identity(struct loading *loading)
{
	struct authz *authz = loading->authz;
	struct block *block = loading->block;
	struct entry *entry;

	if (uid_is_none(&loading->identity))
		return OK;
	if (index_entry(authz, &loading->identity)) /* it would lose those read before */
		return FAIL(FAULT_LOST, "the bindings of an identity do not stand together in their index");
	if (block->count <= FIRST_GRANTS_MAX) {
		TRY(index_add_entry(authz, &loading->identity, block->grants, block->count));
		block->count = 0;
		return OK;
	}
	TRY(index_make_entry(authz, &loading->identity, &entry));
	index_put_block(authz, entry, block);
	loading->block = NULL;
	return OK;
}

static status load_binding(void *user, const void *row)
{
	struct loading *loading = user;
	const struct binding *binding = row;
	struct grant grant;

	if (!uid_eq(&loading->identity, &binding->identity)) {
		TRY(end_identity(loading));
		loading->identity = binding->identity;
	}
	TRY(index_grant(loading->authz, binding, &grant));
	return block_add(&loading->block, &grant);
}

static FALLIBLE load_bindings(struct loading *loading, struct tx *tx)
{
	struct query query;

	query_init(&query);
	query.order_by = BINDINGS_IDENTITY;
	TRY(row_scan(tx, &table_bindings, &query, load_binding, loading));
	return end_identity(loading);
}

FALLIBLE authz_load(struct authz *authz, struct tx *tx)
{
	struct loading loading = { .authz = authz };
	status result;

	TRY(row_scan(tx, &table_groups, NULL, load_group, &loading));
	TRY(row_scan(tx, &table_roles, NULL, load_role, &loading));
	result = load_bindings(&loading, tx);
	(void)mem_free(loading.block); /* gives NULL */
	TRY(result);
	return row_scan(tx, &table_identities, NULL, load_identity, &loading);
}
