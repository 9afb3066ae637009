/*
 * organizations: how an organization's people sign in, and who would like to join (reeve.v1).
 */
#include "handlers.gen.h"
#include "reeve/v1/organizations.pb-c.h"
#include "service/access_requests.h"
#include "service/groups.h"

static FALLIBLE organization_at(struct call *call, const char *text, struct uid *ret_uid)
{
	struct group group;

	TRY(uid_parse_field(slice_str(text), "organization_uid", ret_uid));
	if (!uid_is_root(ret_uid))
		return FAIL_FIELD("organization_uid", "must be an organization, not a folder");
	return group_at(call, ret_uid, CAP_IAM_GROUPS_LIST_BIT, &group);
}

/* ---- /orgcheck ---- */

static FALLIBLE has_provider(struct call *call, const struct uid *organization, bool *ret_has)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_uid(&query, PROVIDERS_PARENT, organization);
	query.limit = 1;
	TRY(row_list(call->tx, &table_providers, &query, &rows));
	*ret_has = rows.count > 0;
	return OK;
}

status reeve_organizations_check(struct call *call, const Reeve__V1__CheckOrganizationRequest *in,
				 Reeve__V1__CheckOrganizationResponse *out)
{
	struct group group;
	bool found, has = false;

	if (!*in->name)
		return FAIL_FIELD("name", "is required: /orgcheck?name=example.com");
	TRY(group_find_verified(call, slice_str(in->name), &group, &found));
	if (found)
		TRY(has_provider(call, &group.uid, &has));
	out->exists = has;
	return OK;
}

/* ---- rules ---- */

static FALLIBLE fill_rules(struct call *call, const struct uid *organization, Reeve__V1__SignInRules *out)
{
	struct signin_rule rule = { .group = *organization };
	bool found;

	TRY(row_find(call->tx, &table_signin_rules, &rule, &rule, &found));
	out->code_sign_in_off = found && rule.is_code_off;
	return put_uid(call, organization, &out->organization_uid);
}

status reeve_organizations_get_sign_in_rules(struct call *call, const Reeve__V1__GetSignInRulesRequest *in,
					     Reeve__V1__SignInRules *out)
{
	struct uid uid;

	TRY(organization_at(call, in->organization_uid, &uid));
	return fill_rules(call, &uid, out);
}

status reeve_organizations_set_sign_in_rules(struct call *call, const Reeve__V1__SignInRules *in, Reeve__V1__SignInRules *out)
{
	struct signin_rule rule = { .is_code_off = in->code_sign_in_off };

	TRY(organization_at(call, in->organization_uid, &rule.group));
	TRY(row_put(call->tx, &table_signin_rules, &rule));
	call_touched(call, &rule.group, &rule.group);
	return fill_rules(call, &rule.group, out);
}

/* ---- requests ---- */

static FALLIBLE fill_request(struct call *call, const struct access_request *row, Reeve__V1__AccessRequest *out)
{
	struct identity identity = { .uid = row->identity };
	bool found;

	TRY(row_find(call->tx, &table_identities, &identity, &identity, &found));
	TRY(put_uid(call, &row->identity, &out->identity_uid));
	if (found) {
		TRY(put_text(call, identity.name, &out->name));
		TRY(put_text(call, identity.email, &out->email));
	}
	return put_time(call, row->created_us, &out->create_time);
}

status reeve_organizations_list_access_requests(struct call *call, const Reeve__V1__ListAccessRequestsRequest *in,
						Reeve__V1__ListAccessRequestsResponse *out)
{
	struct query query;
	struct rows rows;
	struct uid uid;

	TRY(organization_at(call, in->organization_uid, &uid));
	query_init(&query);
	query_eq_uid(&query, ACCESS_REQUESTS_GROUP, &uid);
	query.order_by = ACCESS_REQUESTS_CREATED_US;
	query.is_descending = true;
	query.limit = ACCESS_REQUESTS_MAX;
	TRY(row_list(call->tx, &table_access_requests, &query, &rows));
	out->access_requests = NEW_N(call->arena, Reeve__V1__AccessRequest *, rows.count);
	TRY_NEW(out->access_requests);
	for (size_t i = 0; i < rows.count; i++) {
		TRY_MESSAGE(call, out->access_requests[i], reeve__v1__access_request);
		TRY(fill_request(call, (const struct access_request *)rows.at + i, out->access_requests[i]));
		out->n_access_requests++;
	}
	return OK;
}

status reeve_organizations_dismiss_access_request(struct call *call, const Reeve__V1__DismissAccessRequestRequest *in,
						  Google__Protobuf__Empty *out)
{
	struct uid identity, organization;
	bool dismissed;

	(void)out;
	TRY(organization_at(call, in->organization_uid, &organization));
	TRY(uid_parse_field(slice_str(in->identity_uid), "identity_uid", &identity));
	TRY(access_request_dismiss(call, &identity, &organization, &dismissed));
	if (!dismissed)
		return FAIL(FAULT_ABSENT, "Not found: nobody of this id asks to join");
	call_touched(call, &identity, &organization);
	return OK;
}
