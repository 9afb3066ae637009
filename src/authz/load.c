/*
 * load: the whole index from the tables, before anybody asks.
 *
 * Bindings are read in the order of their identities, so that an entry is made once, with its block behind it.
 */
#include "authz/authz_impl.h"
#include "base/mem.h"

#define KEPT 64

struct loading {
	struct authz *authz;
	struct uid identity; /* whose grants are being gathered; none before the first */
	struct block *block;
	struct place *places[KEPT]; /* found lately, by the last byte of their ids: neighbours are bound at the same few */
	struct role_slot *roles[KEPT];
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

static bool is_id(const void *at, size_t len, const struct uid *uid)
{
	return len == uid->len && memcmp(at, uid->at, len) == 0;
}

static size_t kept_at(const struct uid *uid)
{
	return uid->at[uid->len - 1] % KEPT;
}

static FALLIBLE grant_of(struct loading *loading, const struct binding *binding, struct grant *ret_grant)
{
	struct place **place = &loading->places[kept_at(&binding->group)];
	struct role_slot **role = &loading->roles[kept_at(&binding->role)];

	if (!*place || !is_id((*place)->at, (*place)->len, &binding->group))
		TRY(index_make_place(loading->authz, &binding->group, place));
	if (!*role || !is_id((*role)->at, (*role)->len, &binding->role))
		TRY(index_make_role(loading->authz, &binding->role, role));
	*ret_grant = grant_make(*place, *role, binding);
	return OK;
}

static status load_binding(void *user, const void *row)
{
	struct loading *loading = user;
	const struct binding *binding = row;
	struct grant grant;

	if (uid_is_none(&binding->identity) || uid_is_none(&binding->group) || uid_is_none(&binding->role))
		return FAIL(FAULT_LOST, "a stored binding lacks one of its ids");
	if (!uid_eq(&loading->identity, &binding->identity)) {
		TRY(end_identity(loading));
		loading->identity = binding->identity;
	}
	TRY(grant_of(loading, binding, &grant));
	return block_add(&loading->block, &grant);
}

static FALLIBLE load_bindings(struct loading *loading, struct tx *tx)
{
	struct query query;

	query_init(&query);
	query.order_by = BINDINGS_IDENTITY;
	query.columns = query_column(BINDINGS_IDENTITY) | query_column(BINDINGS_GROUP) | query_column(BINDINGS_ROLE) |
			query_column(BINDINGS_NOT_BEFORE_S) | query_column(BINDINGS_EXPIRES_S);
	TRY(row_scan(tx, &table_bindings, &query, load_binding, loading));
	return end_identity(loading);
}

static FALLIBLE load_identities(struct loading *loading, struct tx *tx)
{
	struct query query;

	query_init(&query);
	query.columns = query_column(IDENTITIES_UID) | query_column(IDENTITIES_CREATED_US);
	return row_scan(tx, &table_identities, &query, load_identity, loading);
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
	return load_identities(&loading, tx);
}
