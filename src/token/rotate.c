/*
 * rotate: when there is another signing key, and the registry's long-lived authority.
 *
 * Promises  a key is published PUBLISH_AHEAD_S before it signs and believed until the last token it signed has ended; a forced
 *           rotation signs with the new key at once, and one that waits for its hour goes unused.
 */
#include "base/mem.h"
#include "crypto/seal.h"
#include "token/issuer_impl.h"

#define PUBLISH_AHEAD_S 3600
#define AFTER_LAST_S (TOKEN_LIFE_MAX_S + LEEWAY_S)
#define BACKDATE_S S_PER_DAY /* certificates begin earlier than now: clocks differ */
#define LEAF_LIFE_S (2 * 365 * S_PER_DAY)
#define AUTHORITY_LIFE_S (20 * 365 * S_PER_DAY)
#define WORK_BYTES ((size_t)2 * 1024 * 1024)
#define FACT_AUTHORITY_KEY "registry_ca_key"
#define FACT_AUTHORITY_KID "registry_ca_kid"
#define FACT_AUTHORITY_DER "registry_ca"

/* What is in the store. */
struct kept {
	struct rows keys;
	struct fact authority_key, authority_kid, authority_der;
	bool has_authority;
};

static status read_kept(struct tx *tx, void *arg)
{
	struct kept *kept = arg;
	bool has_key, has_kid, has_der;

	kept->authority_key.name = SLICE(FACT_AUTHORITY_KEY);
	kept->authority_kid.name = SLICE(FACT_AUTHORITY_KID);
	kept->authority_der.name = SLICE(FACT_AUTHORITY_DER);
	TRY(row_find(tx, &table_facts, &kept->authority_key, &kept->authority_key, &has_key));
	TRY(row_find(tx, &table_facts, &kept->authority_kid, &kept->authority_kid, &has_kid));
	TRY(row_find(tx, &table_facts, &kept->authority_der, &kept->authority_der, &has_der));
	kept->has_authority = has_key && has_kid && has_der;
	return row_list(tx, &table_signing_keys, NULL, &kept->keys);
}

/* What a rotation writes; made before the transaction. */
struct plan {
	struct signing_key fresh;
	bool has_fresh, is_forced;
	int64_t now_us;
	struct fact facts[3];
	size_t facts_count;
};

static status write_plan(struct tx *tx, void *arg)
{
	struct plan *plan = arg;
	struct rows rows;

	for (size_t i = 0; i < plan->facts_count; i++)
		TRY(row_put(tx, &table_facts, &plan->facts[i]));
	TRY(row_list(tx, &table_signing_keys, NULL, &rows));
	for (size_t i = 0; i < rows.count; i++) {
		struct signing_key *row = (struct signing_key *)rows.at + i;
		bool deleted;
		bool is_over = row->retired_us && row->retired_us < plan->now_us;
		bool is_unused = plan->is_forced && row->active_us > plan->now_us;
		if (is_over || is_unused) {
			TRY(row_delete(tx, &table_signing_keys, row, &deleted));
		} else if (plan->has_fresh && row->retired_us == 0) {
			row->retired_us = plan->fresh.active_us + AFTER_LAST_S * US_PER_S;
			TRY(row_update(tx, &table_signing_keys, row));
		}
	}
	return plan->has_fresh ? row_insert(tx, &table_signing_keys, &plan->fresh) : OK;
}

static FALLIBLE write(struct issuer *issuer, struct plan *plan, struct arena *arena)
{
	uint64_t revision;
	status result;

	authz_thread_offline(); /* the commit may wait for every reader */
	result = store_write(issuer->store, write_plan, plan, arena, &revision);
	authz_thread_online();
	return result;
}

static FALLIBLE terms_of(struct issuer *issuer, const char *name, int64_t life_s, struct x509_terms *ret_terms)
{
	int64_t now_s = issuer_now_us(issuer) / US_PER_S;

	*ret_terms = (struct x509_terms){ .name = slice_str(name),
					  .not_before_s = now_s - BACKDATE_S,
					  .not_after_s = now_s + life_s };
	return random_fill(issuer->options.random, ret_terms->serial, sizeof(ret_terms->serial));
}

/* ---- the registry's authority ---- */

static FALLIBLE make_authority(struct issuer *issuer, struct arena *arena)
{
	struct plan plan = { .now_us = issuer_now_us(issuer), .facts_count = 3 };
	struct x509_terms terms;
	slice sealed, der, kid;

	TRY(terms_of(issuer, "Reeve registry authority", AUTHORITY_LIFE_S, &terms));
	TRY(vault_make(issuer->vault, ALG_ES256, arena, &issuer->authority, &sealed));
	TRY(vault_certify_authority(issuer->authority, &terms, arena, &der));
	kid = key_thumbprint(vault_public(issuer->authority));
	plan.facts[0] = (struct fact){ SLICE(FACT_AUTHORITY_KEY), sealed };
	plan.facts[1] = (struct fact){ SLICE(FACT_AUTHORITY_KID), kid };
	plan.facts[2] = (struct fact){ SLICE(FACT_AUTHORITY_DER), der };
	TRY(write(issuer, &plan, arena));
	issuer->authority_der = arena_copy(issuer->own, der);
	TRY_NEW(issuer->authority_der.at);
	return OK;
}

static FALLIBLE open_authority(struct issuer *issuer, const struct kept *kept, struct arena *arena)
{
	if (!kept->has_authority)
		return make_authority(issuer, arena);
	TRY(vault_unseal(issuer->vault, kept->authority_kid.value, kept->authority_key.value, &issuer->authority));
	issuer->authority_der = arena_copy(issuer->own, kept->authority_der.value);
	TRY_NEW(issuer->authority_der.at);
	return OK;
}

/* ---- keys ---- */

static FALLIBLE make_key(struct issuer *issuer, int64_t active_us, struct arena *arena, struct signing_key *ret_row)
{
	CLEANUP(vault_key_unrefp) struct vault_key *key = NULL;
	enum alg alg = slice_is(issuer->options.algorithm, "RS256") ? ALG_RS256 : ALG_ES256;
	struct x509_terms terms;
	slice sealed, der, kid;

	TRY(terms_of(issuer, "Reeve registry tokens", LEAF_LIFE_S, &terms));
	TRY(vault_make(issuer->vault, alg, arena, &key, &sealed));
	TRY(vault_certify(issuer->authority, issuer->authority_der, key, &terms, arena, &der));
	kid = arena_copy(arena, key_thumbprint(vault_public(key)));
	TRY_NEW(kid.at);
	*ret_row = (struct signing_key){ .kid = kid,
					 .algorithm = slice_str(alg_name(alg)),
					 .sealed = sealed,
					 .certificate = der,
					 .created_us = issuer_now_us(issuer),
					 .active_us = active_us };
	return OK;
}

/* Of those that sign by then. */
static const struct signing_key *newest_of(const struct rows *rows, int64_t by_us)
{
	const struct signing_key *newest = NULL;

	for (size_t i = 0; i < rows->count; i++) {
		const struct signing_key *row = (const struct signing_key *)rows->at + i;
		if (row->retired_us == 0 && row->active_us <= by_us && (!newest || row->active_us > newest->active_us))
			newest = row;
	}
	return newest;
}

static bool has_retired(const struct rows *rows, int64_t now_us)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct signing_key *row = (const struct signing_key *)rows->at + i;
		if (row->retired_us && row->retired_us < now_us)
			return true;
	}
	return false;
}

static FALLIBLE rotate(struct issuer *issuer, bool force, struct arena *arena)
{
	int64_t now_us = issuer_now_us(issuer), due_us;
	struct plan plan = { .now_us = now_us, .is_forced = force };
	const struct signing_key *newest;
	struct kept kept = { 0 };

	TRY(store_read(issuer->store, read_kept, &kept, arena));
	newest = newest_of(&kept.keys, force ? now_us : INT64_MAX);
	due_us = newest ? newest->active_us + issuer->options.rotate_every_s * US_PER_S : now_us;
	if (force || !newest || due_us - PUBLISH_AHEAD_S * US_PER_S <= now_us) {
		int64_t ahead_us = now_us + PUBLISH_AHEAD_S * US_PER_S;
		int64_t active_us = force || !newest ? now_us : due_us > ahead_us ? due_us : ahead_us;
		if (newest && active_us <= newest->active_us)
			active_us = newest->active_us + 1; /* the later one signs */
		TRY(make_key(issuer, active_us, arena, &plan.fresh));
		plan.has_fresh = true;
	}
	if (!plan.has_fresh && !has_retired(&kept.keys, now_us))
		return OK;
	return write(issuer, &plan, arena);
}

FALLIBLE issuer_rotate(struct issuer *issuer, bool force)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WORK_BYTES);
	status result;

	TRY_NEW(arena);
	authz_thread_offline(); /* whoever rotates already waits for its commit */
	pthread_mutex_lock(&issuer->rotate_lock);
	authz_thread_online();
	result = rotate(issuer, force, arena);
	pthread_mutex_unlock(&issuer->rotate_lock);
	return result;
}

static FALLIBLE adopt(struct issuer *issuer, const struct rows *rows)
{
	struct keyset *fresh, *old;

	TRY(keyset_load(issuer->vault, rows->at, rows->count, issuer->keyset, &fresh));
	pthread_mutex_lock(&issuer->keyset_lock);
	old = issuer->keyset;
	issuer->keyset = fresh;
	pthread_mutex_unlock(&issuer->keyset_lock);
	issuer->generation++;
	(void)keyset_unref(old); /* readers may hold it still */
	return OK;
}

FALLIBLE rotate_reload(struct issuer *issuer, struct tx *tx)
{
	struct rows rows;

	TRY(row_list(tx, &table_signing_keys, NULL, &rows));
	return adopt(issuer, &rows);
}

static status reload(struct tx *tx, void *issuer)
{
	return rotate_reload(issuer, tx);
}

FALLIBLE rotate_start(struct issuer *issuer)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WORK_BYTES);
	struct kept kept = { 0 };

	TRY_NEW(arena);
	TRY(store_read(issuer->store, read_kept, &kept, arena));
	TRY(open_authority(issuer, &kept, arena));
	TRY(store_read(issuer->store, reload, issuer, arena)); /* what is there, before the hook may load more */
	TRY(issuer_rotate(issuer, false));
	return store_read(issuer->store, reload, issuer, arena);
}
