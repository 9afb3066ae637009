/*
 * invite_accept: joining by a code: everything is asked again at this moment, in the transaction that binds.
 */
#include "audit/event.h"
#include "crypto/secret.h"
#include "iam/v2/role_bindings.pb-c.h"
#include "model/email.h"
#include "schema/json.h"
#include "service/bindings.h"
#include "service/invites_impl.h"

#define BINDING_EVENT "dev.chainguard.api.iam.rolebindings.created.v1"
#define BODY_BYTES_MAX ((size_t)16 * 1024)

static FALLIBLE check_person(struct call *call, const struct invite *invite, const struct person *person)
{
	slice email;

	if (!uid_is_none(&person->confined_to) && !uid_covers(&person->confined_to, &invite->group))
		return FAIL(FAULT_DENIED,
			    "the invite is to another organization than the one whose provider you signed in with");
	if (invite->email.len == 0)
		return OK;
	if (!person->email_is_verified || FAILED(email_canonical(call->arena, person->email, "email", &email)) ||
	    !slice_eq(email, invite->email))
		return FAIL(FAULT_DENIED, "the invite is for another e-mail address; sign in with the account it was sent to, "
					  "whose provider has verified the address");
	return OK;
}

/* The author as they stand now: nothing bounds them but their bindings, and where their session was confined when they wrote
 * it. */
static FALLIBLE check_author(struct call *call, const struct invite *invite, const struct role *role)
{
	struct token_grant everything = { .group = uid_root(&invite->group) };
	struct caller author = { .is_known = true,
				 .identity = invite->author,
				 .grants = &everything,
				 .grants_count = 1,
				 .claims_operator = true,
				 .confined_to = invite->author_confined_to };
	struct caps need = role->caps, held;

	for (int i = 0; i < CAPS_BITS / 64; i++)
		everything.caps.words[i] = UINT64_MAX;
	caps_add(&need, CAP_IAM_ROLE_BINDINGS_CREATE_BIT);
	TRY(authz_held(call->tx, &author, &invite->group, call_now_s(call), &held));
	if (!caps_within(&need, &held))
		return FAIL(FAULT_DENIED, "whoever wrote the invite may not give this role any more; ask for a new one");
	return OK;
}

static FALLIBLE get_role(struct call *call, const struct invite *invite, struct role *ret_role)
{
	bool found;

	ret_role->uid = invite->role;
	TRY(row_find(call->tx, &table_roles, ret_role, ret_role, &found));
	if (!found)
		return FAIL(FAULT_ABSENT, "Not found: the role of the invite was deleted; ask for a new one");
	return OK;
}

/* ---- the binding and its event ---- */

static FALLIBLE body_of(struct call *call, const struct binding *binding, slice *ret_type, slice *ret_json)
{
	Chainguard__Platform__Iam__V2__RoleBinding *body;
	struct buffer json;

	TRY_MESSAGE(call, body, chainguard__platform__iam__v2__role_binding);
	TRY(put_uid(call, &binding->uid, &body->uid));
	TRY(put_uid(call, &binding->identity, &body->identity_uid));
	TRY(put_uid(call, &binding->role, &body->role_uid));
	TRY(put_time(call, binding->created_us, &body->create_time));
	buffer_init(&json, call->arena, BODY_BYTES_MAX);
	message_to_json(message_type_of(body->base.descriptor), &body->base, JSON_SPARSE, &json);
	if (buffer_failed(&json))
		return FAIL(FAULT_EXHAUSTED, "the record of this change is too large");
	*ret_type = slice_str(body->base.descriptor->name);
	*ret_json = buffer_slice(&json);
	return OK;
}

static FALLIBLE record_binding(struct call *call, const struct binding *binding)
{
	const struct method *method = &methods[METHOD_ROLE_BINDINGS_CREATE_ROLE_BINDING];
	char *source = arena_printf(call->arena, "%.*s%.*s", SLICE_ARG(call->parts->settings->api_url),
				    SLICE_ARG(method->routes[0].prefix));
	char *subject = uid_text(&binding->uid, call->arena);
	struct event_in event = { .method = call->method->label,
				  .type = SLICE(BINDING_EVENT),
				  .group = binding->group,
				  .actor = binding->identity,
				  .request_id = call->request_id,
				  .peer = call->peer,
				  .at_us = call->now_us };

	TRY_NEW(source);
	TRY_NEW(subject);
	event.source = slice_str(source);
	event.subject = slice_str(subject);
	TRY(body_of(call, binding, &event.body_type, &event.body));
	TRY(call_random(call, event.random, sizeof(event.random)));
	return event_record(call->tx, &event);
}

static FALLIBLE is_bound(struct call *call, const struct uid *identity, const struct invite *invite, bool *ret_is_bound)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, identity);
	query_eq_uid(&query, BINDINGS_GROUP, &invite->group);
	query_eq_uid(&query, BINDINGS_ROLE, &invite->role);
	TRY(row_count(call->tx, &table_bindings, &query, &count));
	*ret_is_bound = count > 0;
	return OK;
}

static FALLIBLE bind(struct call *call, const struct uid *identity, const struct invite *invite)
{
	struct binding binding = {
		.group = invite->group, .identity = *identity, .role = invite->role, .created_us = call->now_us
	};

	TRY(limit_check(call, &invite->group, &table_bindings, "bindings", call->parts->settings->limit_bindings));
	TRY(call_new_child(call, &invite->group, &binding.uid));
	TRY(row_insert(call->tx, &table_bindings, &binding));
	return record_binding(call, &binding);
}

/* A single-use invite goes; two marks tell later whether it was used, and whether by the same person. */
static FALLIBLE use_up(struct call *call, const struct invite_code *code, const struct invite *invite,
		       const struct uid *identity)
{
	struct mark anyone, self;
	bool deleted;

	TRY(invite_mark(call, code, NULL, &anyone));
	TRY(invite_mark(call, code, identity, &self));
	anyone.expires_us = self.expires_us = invite->expires_us;
	TRY(row_put(call->tx, &table_marks, &anyone));
	TRY(row_put(call->tx, &table_marks, &self));
	return row_delete(call->tx, &table_invites, invite, &deleted);
}

/* No row: harmless for who accepted it before; else it says why. */
static FALLIBLE accepted_before(struct call *call, const struct invite_code *code, const struct uid *identity,
				struct uid *ret_group)
{
	struct mark mark;
	bool found;

	TRY(invite_mark(call, code, identity, &mark));
	TRY(row_find(call->tx, &table_marks, &mark, &mark, &found));
	if (!found)
		return invite_gone(call, code);
	*ret_group = code->group; /* the mark is under the digest of the whole code */
	return OK;
}

FALLIBLE invite_accept(struct call *call, slice text, const struct uid *identity, const struct person *person,
		       struct uid *ret_group)
{
	struct invite_code code;
	struct invite invite;
	struct role role;
	bool found, bound;

	TRY(invite_lookup(call, text, &code, &invite, &found));
	if (!found)
		return accepted_before(call, &code, identity, ret_group);
	TRY(check_person(call, &invite, person));
	TRY(get_role(call, &invite, &role));
	TRY(check_author(call, &invite, &role));
	TRY(is_bound(call, identity, &invite, &bound));
	if (!bound)
		TRY(bind(call, identity, &invite));
	if (invite.is_single_use)
		TRY(use_up(call, &code, &invite, identity));
	*ret_group = invite.group;
	return OK;
}
