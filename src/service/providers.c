/*
 * providers: the rows of organizations' own identity providers.
 */
#include "model/rules.h"
#include "service/groups.h"
#include "service/providers_impl.h"

#define SECRET_LABEL "provider secret"
#define CORRELATION_BY_SUB 1 /* CORRELATION_RULE_SUB_EQUALS_EXTERNAL_ID, and what unspecified means */
#define STATUS_SUSPENDED 3

static const struct page_field fields[] = {
	{ "uid", -1, false },
	{ "name", PROVIDERS_NAME, false },
	{ "create_time", PROVIDERS_CREATED_US, true },
	{ "update_time", PROVIDERS_UPDATED_US, true },
};

const struct list_noun provider_noun = { .table = &table_providers,
					 .parent_column = PROVIDERS_PARENT,
					 .fields = fields,
					 .field_count = sizeof(fields) / sizeof(*fields),
					 .by_default = { &fields[0], false } };

/* ---- what may stand in a row ---- */

FALLIBLE provider_field(struct call *call, const struct provider_in *in, const char *name, const char **ret_field)
{
	*ret_field = arena_printf(call->arena, "%s%s", in->prefix, name);
	TRY_NEW(*ret_field);
	return OK;
}

/* RFC 6749 appendix A.4: what may stand in a scope. */
static bool is_scope(slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\')
			return false;
	}
	return text.len > 0 && text.len <= PROVIDER_TEXT_BYTES_MAX;
}

static FALLIBLE check_scopes(struct call *call, const struct provider_in *in)
{
	const char *field;
	size_t count;
	char **texts;

	TRY(provider_field(call, in, "oidc.additional_scopes", &field));
	TRY(put_list(call, in->scopes, &count, &texts));
	if (count > PROVIDER_SCOPES_MAX)
		return FAIL_FIELD(field, "must be at most %d scopes", PROVIDER_SCOPES_MAX);
	for (size_t i = 0; i < count; i++)
		if (!is_scope(slice_str(texts[i])))
			return FAIL_FIELD(field,
					  "each must be one scope: visible ASCII without blanks, quotes and backslashes");
	return OK;
}

static FALLIBLE check_text(struct call *call, const struct provider_in *in, const char *name, slice text, bool is_optional)
{
	const char *field;

	TRY(provider_field(call, in, name, &field));
	TRY(rule_text(text, PROVIDER_TEXT_BYTES_MAX, is_optional, field));
	return rule_line(text, field);
}

static FALLIBLE check_texts(struct call *call, const struct provider_in *in)
{
	const char *field;

	if (in->has_name)
		TRY(check_text(call, in, "name", in->name, false));
	if (in->has_description) {
		TRY(provider_field(call, in, "description", &field));
		TRY(rule_description(in->description, field));
	}
	if (in->has_client_id)
		TRY(check_text(call, in, "oidc.client_id", in->client_id, false));
	if (in->has_secret)
		TRY(check_text(call, in, "oidc.client_secret", in->secret, true));
	if (in->has_groups_claim)
		TRY(check_text(call, in, "oidc.groups_claim", in->groups_claim, true));
	return in->has_scopes ? check_scopes(call, in) : OK;
}

/* Repeated as it stands it is no change, whatever the configuration says of it by now: sign-ins ask that each time. */
static FALLIBLE change_issuer(struct call *call, const struct provider_in *in, bool is_new, struct provider *row)
{
	if (is_new || !slice_eq(in->issuer, row->issuer))
		TRY(provider_check_issuer(call, in));
	row->issuer = in->issuer;
	return OK;
}

static FALLIBLE seal_secret(struct call *call, slice plain, slice *ret_sealed)
{
	*ret_sealed = SLICE("");
	return plain.len ? issuer_seal(call->parts->issuer, SECRET_LABEL, call->arena, plain, ret_sealed) : OK;
}

/* The role may be given at the organization; "" for none. */
static FALLIBLE role_of(struct call *call, const struct provider_in *in, const struct uid *organization, struct uid *ret_role)
{
	struct role role = { 0 };
	const char *field;
	bool found;

	*ret_role = (struct uid){ 0 };
	if (in->role.len == 0)
		return OK;
	TRY(provider_field(call, in, "default_role", &field));
	TRY(uid_parse_field(in->role, field, &role.uid));
	TRY(row_find(call->tx, &table_roles, &role, &role, &found));
	if (!found || (!uid_is_none(&role.parent) && !uid_eq(&role.parent, organization)))
		return FAIL_FIELD(field, "must be a built-in role or one defined at the organization itself");
	*ret_role = role.uid;
	return OK;
}

/* Whoever decides who gets the role must hold it. */
static FALLIBLE hand_out_role(struct call *call, const struct provider *row)
{
	struct role role = { .uid = row->role };
	bool found;

	if (uid_is_none(&row->role))
		return OK;
	TRY(row_find(call->tx, &table_roles, &role, &role, &found));
	return found ? call_hand_out(call, &row->parent, &role.caps) : OK;
}

static FALLIBLE check_proof(struct call *call, const struct provider_in *in, const struct provider *row)
{
	const char *field;

	if (row->secret.len || row->is_pkce)
		return OK;
	TRY(provider_field(call, in, "oidc.pkce_enabled", &field));
	return FAIL_FIELD(field, "a provider needs a client secret, PKCE, or both");
}

static FALLIBLE correlate(struct call *call, const struct provider_in *in, bool is_new, struct provider *row)
{
	int64_t before = row->correlation ? row->correlation : CORRELATION_BY_SUB;
	const char *field;

	TRY(provider_field(call, in, "oidc.correlation_rule", &field));
	if (in->correlation < 0 || in->correlation > 2)
		return FAIL_FIELD(field, "is no correlation rule");
	if (is_new)
		row->correlation = in->correlation;
	else if (in->correlation && in->correlation != before)
		return FAIL_FIELD(field, "is fixed at creation; make a new provider instead");
	return OK;
}

static FALLIBLE apply(struct call *call, const struct provider_in *in, bool is_new, struct provider *row)
{
	TRY(check_texts(call, in));
	if (in->has_name)
		row->name = in->name;
	if (in->has_description)
		row->description = in->description;
	if (in->has_issuer)
		TRY(change_issuer(call, in, is_new, row));
	if (in->has_client_id)
		row->client_id = in->client_id;
	if (in->has_secret)
		TRY(seal_secret(call, in->secret, &row->secret));
	if (in->has_scopes)
		row->scopes = in->scopes;
	if (in->has_groups_claim)
		row->groups_claim = in->groups_claim;
	if (in->has_pkce)
		row->is_pkce = in->is_pkce;
	if (in->has_correlation)
		TRY(correlate(call, in, is_new, row));
	if (in->has_role)
		TRY(role_of(call, in, &row->parent, &row->role));
	row->updated_us = call->now_us;
	return check_proof(call, in, row);
}

/* ---- create, update, delete ---- */

FALLIBLE provider_create(struct call *call, const struct uid *organization, const struct provider_in *in,
			 struct provider *ret_provider)
{
	struct provider row = { .parent = *organization, .created_us = call->now_us };
	struct group group;

	if (!uid_is_root(organization))
		return FAIL_FIELD("parent", "must be an organization: folders have no identity providers of their own");
	TRY(group_at(call, organization, CAP_IAM_GROUPS_LIST_BIT, &group));
	if (group.is_system)
		return FAIL_STATE("SYSTEM_GROUP", "operators sign in with what the configuration names");
	TRY(apply(call, in, true, &row));
	TRY(hand_out_role(call, &row));
	TRY(limit_check(call, organization, &table_providers, "idps", PROVIDERS_PER_ORGANIZATION_MAX));
	TRY(call_new_child(call, organization, &row.uid));
	TRY(row_insert(call->tx, &table_providers, &row));
	call_touched(call, &row.uid, organization);
	*ret_provider = row;
	return OK;
}

/* Sessions begun at the organization's own providers: who asks again signs in again. */
static FALLIBLE end_sessions(struct call *call, const struct uid *organization)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, FAMILIES_CONFINED_TO, organization);
	return row_delete_all(call->tx, &table_families, &query, &count);
}

FALLIBLE provider_update(struct call *call, const struct uid *uid, const struct provider_in *in, struct provider *ret_provider)
{
	struct provider before, row;
	bool moves;

	TRY(provider_at(call, uid, &before));
	row = before;
	TRY(apply(call, in, false, &row));
	moves = !slice_eq(row.issuer, before.issuer) || !slice_eq(row.client_id, before.client_id);
	if (moves || !uid_eq(&row.role, &before.role))
		TRY(hand_out_role(call, &row));
	if (moves)
		TRY(end_sessions(call, &row.parent));
	TRY(row_update(call->tx, &table_providers, &row));
	call_touched(call, uid, &row.parent);
	*ret_provider = row;
	return OK;
}

FALLIBLE provider_delete(struct call *call, const struct uid *uid)
{
	struct provider row;
	bool deleted;

	TRY(provider_at(call, uid, &row));
	TRY(end_sessions(call, &row.parent));
	TRY(row_delete(call->tx, &table_providers, &row, &deleted));
	call_touched(call, uid, &row.parent);
	return OK;
}

/* ---- look ---- */

FALLIBLE provider_at(struct call *call, const struct uid *uid, struct provider *ret_provider)
{
	struct provider key = { .uid = *uid };
	bool found;

	TRY(row_find(call->tx, &table_providers, &key, ret_provider, &found));
	return found ? OK : call_absent(call, "identity provider", uid, CAP_IAM_IDENTITY_PROVIDERS_LIST_BIT);
}

static FALLIBLE nothing_found(void)
{
	return FAIL(FAULT_ABSENT,
		    "Not found: no identity provider has this id, and no verified organization of this name has one");
}

static FALLIBLE organization_of_name(struct call *call, slice name, struct uid *ret_organization)
{
	struct group group;
	bool found;

	TRY(group_find_verified(call, name, &group, &found));
	if (!found)
		return nothing_found();
	*ret_organization = group.uid;
	return OK;
}

static FALLIBLE only_one_of(struct call *call, const struct uid *organization, struct provider *ret_provider)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_uid(&query, PROVIDERS_PARENT, organization);
	query.limit = 2;
	TRY(row_list(call->tx, &table_providers, &query, &rows));
	if (rows.count > 1)
		return FAIL(FAULT_ABSENT, "Not found: the organization has several identity providers; name one by its id");
	if (rows.count == 0)
		return nothing_found();
	*ret_provider = *(const struct provider *)rows.at;
	return OK;
}

struct finding {
	struct call call; /* a copy, with the snapshot */
	slice what;
	struct provider provider;
};

static FALLIBLE check_organization(struct call *call, const struct uid *organization)
{
	struct group group = { .uid = *organization };
	bool found;

	TRY(row_find(call->tx, &table_groups, &group, &group, &found));
	if (!found || group.status == STATUS_SUSPENDED)
		return FAIL(FAULT_DENIED, "the organization is suspended or gone");
	return OK;
}

static status find_in(struct tx *tx, void *arg)
{
	struct finding *finding = arg;
	struct provider *provider = &finding->provider;
	struct uid organization;
	bool found;

	finding->call.tx = tx;
	if (uid_parse(finding->what, &provider->uid)) {
		TRY(row_find(tx, &table_providers, provider, provider, &found));
		if (!found)
			return nothing_found();
	} else {
		TRY(organization_of_name(&finding->call, finding->what, &organization));
		TRY(only_one_of(&finding->call, &organization, provider));
	}
	return check_organization(&finding->call, &provider->parent);
}

FALLIBLE provider_find(struct call *call, slice id_or_name, struct provider *ret_provider, slice *ret_secret)
{
	struct finding finding = { .call = *call, .what = id_or_name };

	if (call->tx)
		TRY(find_in(call->tx, &finding));
	else
		TRY(store_read(call->parts->store, find_in, &finding, call->arena));
	*ret_secret = SLICE("");
	if (finding.provider.secret.len)
		TRY(issuer_open(call->parts->issuer, SECRET_LABEL, call->arena, finding.provider.secret, ret_secret));
	*ret_provider = finding.provider;
	return OK;
}
