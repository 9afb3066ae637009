/*
 * exchange: a credential for an access token (tokens.md 3).
 */
#include "model/caps.h"
#include "token/issuer_impl.h"

#define SCOPES_MAX CALLER_GRANTS_MAX

/* ---- scopes by name ---- */

struct lookup {
	struct issuer *issuer;
	const struct uid *within;
	size_t within_count;
	slice name;
	struct uid found;
};

static status find_group(struct tx *tx, void *arg)
{
	struct lookup *lookup = arg;
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_text(&query, GROUPS_NAME, lookup->name);
	query_uids(&query, WHERE_UNDER, GROUPS_UID, lookup->within, lookup->within_count);
	query.limit = 2;
	TRY(row_list(tx, &table_groups, &query, &rows));
	if (rows.count == 0)
		return FAIL_FIELD("scopes", "no group of the identity has the name \"%.*s\"",
				  SLICE_ARG(slice_to(lookup->name, 100)));
	if (rows.count > 1)
		return FAIL_FIELD("scopes", "several groups have the name \"%.*s\"; give the id",
				  SLICE_ARG(slice_to(lookup->name, 100)));
	lookup->found = ((const struct group *)rows.at)->uid;
	return OK;
}

static bool is_covered(const struct token_grant *grants, size_t count, const struct uid *group)
{
	for (size_t i = 0; i < count; i++)
		if (uid_covers(&grants[i].group, group))
			return true;
	return false;
}

/* Where the identity is bound, as far as a token for it may hold anything there: for the rest no group has any name. */
static FALLIBLE places_of(struct issuer *issuer, struct arena *arena, const struct assumed *who, struct lookup *lookup)
{
	const struct uid *confined_to = &who->confined_to;
	struct token_grant *grants;
	struct uid *within;
	bool is_operator;
	size_t count, n = 0;

	TRY(authz_grants(issuer->authz, &who->identity, NULL, 0, NULL, issuer_now_us(issuer) / US_PER_S, arena, &grants, &count,
			 &is_operator));
	within = NEW_N(arena, struct uid, count + who->bound_grants_count);
	TRY_NEW(within);
	for (size_t i = 0; i < count; i++)
		if (!who->is_bounded || is_covered(who->bound_grants, who->bound_grants_count, &grants[i].group))
			within[n++] = grants[i].group;
	for (size_t i = 0; who->is_bounded && i < who->bound_grants_count; i++)
		if (is_covered(grants, count, &who->bound_grants[i].group))
			within[n++] = who->bound_grants[i].group;
	for (size_t i = 0; i < n; i++)
		if (uid_is_none(confined_to) || uid_covers(confined_to, &within[i]))
			within[lookup->within_count++] = within[i];
	lookup->within = within;
	return OK;
}

/* A name is looked for at these places and below. */
static FALLIBLE scope_by_name(struct issuer *issuer, struct arena *arena, const struct assumed *who, slice name, bool may_block,
			      struct uid *ret_uid)
{
	struct lookup lookup = { .issuer = issuer, .name = name };

	if (!may_block)
		return FAIL(FAULT_ELSEWHERE, "a group must be looked up");
	TRY(places_of(issuer, arena, who, &lookup));
	TRY(store_read(issuer->store, find_group, &lookup, arena));
	*ret_uid = lookup.found;
	return OK;
}

static FALLIBLE read_scopes(struct issuer *issuer, struct arena *arena, const struct exchange *in, const struct assumed *who,
			    struct uid **ret_scopes, size_t *ret_count)
{
	struct uid *scopes = NEW_N(arena, struct uid, in->scopes_count);
	size_t count = 0;

	TRY_NEW(scopes);
	if (in->scopes_count > SCOPES_MAX)
		return FAIL_FIELD("scopes", "at most %d groups", SCOPES_MAX);
	for (size_t i = 0; i < in->scopes_count; i++) {
		struct uid uid;
		bool is_new = true;
		if (!uid_parse(in->scopes[i], &uid))
			TRY(scope_by_name(issuer, arena, who, in->scopes[i], in->may_block, &uid));
		for (size_t k = 0; k < count; k++)
			is_new = is_new && !uid_eq(&scopes[k], &uid);
		if (is_new)
			scopes[count++] = uid;
	}
	*ret_scopes = scopes;
	*ret_count = count;
	return OK;
}

static FALLIBLE read_narrow(const struct exchange *in, struct caps *ret_caps)
{
	*ret_caps = (struct caps){ 0 };
	for (size_t i = 0; i < in->capabilities_count; i++) {
		const struct cap_row *row = cap_by_name(in->capabilities[i]);
		if (!row)
			return FAIL_FIELD("cap", "unknown capability \"%.*s\"", SLICE_ARG(slice_to(in->capabilities[i], 64)));
		caps_add(ret_caps, row->bit);
	}
	return OK;
}

/* ---- what the token will hold ---- */

static struct caps bound_at(const struct assumed *who, const struct uid *group)
{
	struct caps sum = { 0 };

	for (size_t i = 0; i < who->bound_grants_count; i++)
		if (uid_covers(&who->bound_grants[i].group, group))
			sum = caps_or(sum, who->bound_grants[i].caps);
	return sum;
}

/* A session begun at an organization's own provider: nothing outside it, no operator's standing. */
static void confine(const struct assumed *who, struct mint *mint, struct token_grant *grants, size_t *count)
{
	size_t kept = 0;

	if (uid_is_none(&who->confined_to))
		return;
	for (size_t i = 0; i < *count; i++)
		if (uid_covers(&who->confined_to, &grants[i].group))
			grants[kept++] = grants[i];
	*count = kept;
	mint->is_operator = false;
}

/* A re-exchanged token: what the index gives where the old token holds something, and no more than it holds there. */
static void bound_grants(const struct assumed *who, struct token_grant *grants, size_t *count)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		grants[i].caps = caps_and(grants[i].caps, bound_at(who, &grants[i].group));
		if (!caps_is_empty(&grants[i].caps))
			grants[kept++] = grants[i];
	}
	*count = kept;
}

static FALLIBLE bound_scopes(struct arena *arena, const struct assumed *who, struct uid **scopes, size_t *count)
{
	if (!who->is_bounded || *count)
		return OK;
	*scopes = NEW_N(arena, struct uid, who->bound_grants_count);
	TRY_NEW(*scopes);
	for (size_t i = 0; i < who->bound_grants_count; i++)
		(*scopes)[(*count)++] = who->bound_grants[i].group;
	return OK;
}

static FALLIBLE grants_of(struct issuer *issuer, struct arena *arena, const struct exchange *in, const struct assumed *who,
			  struct mint *mint)
{
	struct token_grant *grants = NULL;
	struct caps narrow;
	struct uid *scopes;
	size_t count = 0, scopes_count;
	bool is_narrowed = in->capabilities_count > 0;

	TRY(read_narrow(in, &narrow));
	TRY(read_scopes(issuer, arena, in, who, &scopes, &scopes_count));
	TRY(bound_scopes(arena, who, &scopes, &scopes_count));
	if (scopes_count || !who->is_bounded)
		TRY(authz_grants(issuer->authz, &who->identity, scopes, scopes_count, is_narrowed ? &narrow : NULL,
				 issuer_now_us(issuer) / US_PER_S, arena, &grants, &count, &mint->is_operator));
	if (who->is_bounded)
		bound_grants(who, grants, &count);
	/* A narrowed token never carries an operator's standing. */
	mint->is_operator =
		mint->is_operator && !is_narrowed && in->scopes_count == 0 && (!who->is_bounded || who->bound_operator);
	if (who->is_bounded && !scopes_count && !in->scopes_count && who->bound_operator && !is_narrowed) {
		struct token_grant *none;
		size_t none_count;
		TRY(authz_grants(issuer->authz, &who->identity, NULL, 0, NULL, issuer_now_us(issuer) / US_PER_S, arena, &none,
				 &none_count, &mint->is_operator));
	}
	confine(who, mint, grants, &count);
	mint->grants = grants;
	mint->grants_count = count;
	return OK;
}

FALLIBLE token_exchange(struct issuer *issuer, struct arena *arena, const struct exchange *in, struct exchanged *ret_exchanged)
{
	struct exchanged done = { 0 };
	struct mint mint = {
		.kind = TOKEN_ACCESS, .who = &done.who, .audiences = in->audiences, .audiences_count = in->audiences_count
	};
	struct uid identity = { 0 }, provider = { 0 };
	struct asked asked;

	if (in->audiences_count == 0)
		return FAIL(FAULT_INVALID, "audience must be specified");
	if (in->identity.len)
		TRY(uid_parse_field(in->identity, "identity", &identity));
	if (in->identity_provider.len)
		TRY(uid_parse_field(in->identity_provider, "identity_provider", &provider));
	asked = (struct asked){ &identity, &provider, in->may_block, .is_exchange = true };
	TRY(assume_any(issuer, arena, in->upstream, &asked, &done.who));
	TRY(grants_of(issuer, arena, in, &done.who, &mint));
	TRY(token_mint(issuer, arena, &mint, &done.token));
	*ret_exchanged = done;
	return OK;
}

FALLIBLE token_issue(struct issuer *issuer, struct arena *arena, const struct exchange *in, const struct assumed *who,
		     struct exchanged *ret_exchanged)
{
	struct exchanged done = { .who = *who };
	struct mint mint = {
		.kind = TOKEN_ACCESS, .who = &done.who, .audiences = in->audiences, .audiences_count = in->audiences_count
	};

	if (in->audiences_count == 0)
		return FAIL(FAULT_INVALID, "audience must be specified");
	TRY(grants_of(issuer, arena, in, &done.who, &mint));
	TRY(token_mint(issuer, arena, &mint, &done.token));
	*ret_exchanged = done;
	return OK;
}
