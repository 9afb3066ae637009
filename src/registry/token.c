/*
 * token: reeve.v1.Registry.Token, from credentials and scopes to a bearer for the registry.
 *
 * On the loop as long as memory knows everything; a path or key that must be looked up sends the call to a worker, where a
 * missing path may also be made.
 */
#include "base/json.h"
#include "handlers.gen.h"
#include "reeve/v1/registry.pb-c.h"
#include "registry/basic.h"
#include "registry/make.h"
#include "registry/path.h"
#include "registry/registry.h"
#include "service/seen.h"
#include "service/support.h"

#define ACCESS_BYTES_MAX ((size_t)32 * 1024)
#define TOKEN_USER "_token"

typedef Reeve__V1__TokenRequest token_request;
typedef Reeve__V1__TokenResponse token_response;

/* ---- who asks ---- */

static FALLIBLE find_service(const struct settings *settings, const char *service, const struct registry_setting **ret_registry)
{
	if (!*service && settings->registries_count == 1) {
		*ret_registry = &settings->registries[0];
		return OK;
	}
	for (size_t i = 0; i < settings->registries_count; i++)
		if (slice_is(settings->registries[i].service, service)) {
			*ret_registry = &settings->registries[i];
			return OK;
		}
	return FAIL_FIELD("service", "must name a registry that this server is configured for");
}

static FALLIBLE credentials_of(struct call *call, const token_request *in, struct basic *ret_basic)
{
	TRY(basic_parse(call->arena, call->authorization, ret_basic));
	if (ret_basic->is_given || !*in->grant_type)
		return OK;
	if (strcmp(in->grant_type, "password") != 0)
		return FAIL(FAULT_UNAUTHENTIC, "only grant_type=password is taken; there are no offline tokens");
	*ret_basic = (struct basic){ .is_given = true, .user = slice_str(in->username), .password = slice_str(in->password) };
	return OK;
}

/* Any failure to prove oneself is a 401, or `docker login` would take it for a success. */
static FALLIBLE as_unauthentic(status result)
{
	switch (result.fault) {
	case FAULT_NONE:
	case FAULT_ELSEWHERE:
	case FAULT_UNAVAILABLE:
	case FAULT_BUSY:
	case FAULT_EXHAUSTED:
	case FAULT_INTERNAL:
	case FAULT_LOST:
	case FAULT_TOO_LATE:
	case FAULT_UNAUTHENTIC:
		return result;
	default:
		NOTE("was %s: %s", fault_row(result.fault)->grpc_name, report_current()->text);
		return FAIL(FAULT_UNAUTHENTIC, "the credentials are not valid");
	}
}

static FALLIBLE prove(struct call *call, const struct registry_setting *registry, const struct basic *basic,
		      struct asker *asker)
{
	struct uid identity;

	if (!basic->is_given)
		return OK;
	if (slice_is(basic->user, TOKEN_USER)) {
		TRY(as_unauthentic(token_verify(call->parts->issuer, TOKEN_ACCESS, slice_trim(basic->password),
						registry->service, &asker->verified)));
		asker->caller = &asker->verified->caller;
		asker->who = (struct assumed){ .identity = asker->caller->identity,
					       .act = asker->caller->act,
					       .not_after_s = asker->caller->expires_s };
		asker->is_known = true;
		return OK;
	}
	if (!uid_parse(basic->user, &identity))
		return FAIL(FAULT_UNAUTHENTIC, "the user name must be an identity's id, or _token");
	TRY(as_unauthentic(token_assume(call->parts->issuer, call->arena, slice_trim(basic->password), &identity,
					&(struct uid){ 0 }, call->may_block, &asker->who)));
	asker->is_known = true;
	return OK;
}

/* ---- what is allowed ---- */

static FALLIBLE place_of(struct call *call, slice name, struct path_place *ret_place)
{
	if (path_cached(name, ret_place))
		return OK;
	if (!call->may_block)
		return FAIL(FAULT_ELSEWHERE, "a path must be looked up");
	return path_find(call->parts->store, call->arena, name, ret_place);
}

/* What an assumed identity holds at a place, as a caller: the live grants there, within what bounds its credential. */
static FALLIBLE caller_at(struct call *call, struct asker *asker, const struct uid *place, const struct caller **ret_caller)
{
	struct token_grant *grants;
	struct caller *caller;
	bool is_operator;
	size_t count;

	if (asker->verified) {
		*ret_caller = asker->caller;
		return OK;
	}
	caller = NEW(call->arena, struct caller);
	TRY_NEW(caller);
	TRY(authz_grants(call->parts->authz, &asker->who.identity, place, 1, NULL, call_now_s(call), call->arena, &grants,
			 &count, &is_operator));
	*caller = (struct caller){ .is_known = true,
				   .identity = asker->who.identity,
				   .grants = grants,
				   .grants_count = count,
				   .claims_operator = is_operator,
				   .confined_to = asker->who.confined_to,
				   .act = asker->who.act,
				   .issued_s = call_now_s(call) };
	if (asker->who.is_bounded) { /* a re-exchanged token: no more than it carried */
		caller->grants = asker->who.bound_grants;
		caller->grants_count = asker->who.bound_grants_count;
		caller->claims_operator = false;
	}
	*ret_caller = caller;
	return OK;
}

static bool is_public(const struct registry_setting *registry, slice name)
{
	for (size_t i = 0; i < registry->public_count; i++) {
		slice entry = registry->public_repositories[i];
		bool is_prefix = entry.len && entry.at[entry.len - 1] == '/';
		if (is_prefix ? slice_starts(name, entry) : slice_eq(name, entry))
			return true;
	}
	return false;
}

static bool allows(const struct call *call, const struct caller *caller, const struct uid *place, unsigned bit)
{
	return authz_allows(call->parts->authz, caller, place, bit, call_now_s(call));
}

/* The capabilities behind each action. */
static unsigned actions_at(const struct call *call, const struct caller *caller, const struct uid *place)
{
	unsigned actions = 0;

	if (allows(call, caller, place, CAP_REPO_BLOBS_GET_BIT) && allows(call, caller, place, CAP_MANIFEST_LIST_BIT) &&
	    allows(call, caller, place, CAP_TAG_LIST_BIT))
		actions |= SCOPE_PULL;
	if (allows(call, caller, place, CAP_MANIFEST_CREATE_BIT) && allows(call, caller, place, CAP_TAG_CREATE_BIT))
		actions |= SCOPE_PUSH;
	if (allows(call, caller, place, CAP_MANIFEST_DELETE_BIT) && allows(call, caller, place, CAP_TAG_DELETE_BIT))
		actions |= SCOPE_DELETE;
	return actions;
}

static FALLIBLE allowed_repository(struct call *call, const struct registry_setting *registry, struct asker *asker,
				   const struct scope *scope, unsigned *ret_actions)
{
	const struct caller *caller;
	struct path_place place;

	*ret_actions = is_public(registry, scope->name) ? SCOPE_PULL : 0;
	if (!asker->is_known)
		return OK;
	TRY(place_of(call, scope->name, &place));
	if (uid_is_none(&place.nearest))
		return OK;
	TRY(caller_at(call, asker, &place.nearest, &caller));
	if (!place.is_complete && (scope->actions & SCOPE_PUSH)) {
		if (!make_may(call, caller, &place))
			return OK;
		if (!call->may_block)
			return FAIL(FAULT_ELSEWHERE, "a path must be made");
		TRY(make_path(call, caller, scope->name, &place));
	}
	if (place.is_complete)
		*ret_actions |= actions_at(call, caller, &place.nearest);
	return OK;
}

static FALLIBLE allowed(struct call *call, const struct registry_setting *registry, struct asker *asker, struct scope *scope)
{
	static const struct uid nowhere;
	const struct caller *caller;
	unsigned actions = 0;

	if (scope->type == SCOPE_REPOSITORY) {
		TRY(allowed_repository(call, registry, asker, scope, &actions));
	} else if (asker->is_known) {
		TRY(caller_at(call, asker, authz_system_group(call->parts->authz), &caller));
		if (scope->is_star && allows(call, caller, &nowhere, CAP_OPERATOR_CATALOG_BIT))
			actions = SCOPE_ALL; /* "*" is the one action there is */
	}
	scope->actions &= actions;
	return OK;
}

/* ---- the token ---- */

static void put_actions(struct json_writer *writer, const struct scope *scope)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = { { SCOPE_PULL, "pull" }, { SCOPE_PUSH, "push" }, { SCOPE_DELETE, "delete" } };

	json_put_name(writer, SLICE("actions"));
	json_open_array(writer);
	if (scope->type == SCOPE_CATALOG) {
		json_put_text(writer, SLICE("*"));
	} else {
		for (size_t i = 0; i < 3; i++)
			if (scope->actions & names[i].bit)
				json_put_text(writer, slice_str(names[i].name));
	}
	json_close_array(writer);
}

static FALLIBLE access_of(struct call *call, const struct scope *scopes, size_t count, slice *ret_json)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, call->arena, ACCESS_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_array(&writer);
	for (size_t i = 0; i < count; i++) {
		if (scopes[i].actions == 0)
			continue;
		json_open_object(&writer);
		json_pair_text(&writer, "type", scopes[i].type == SCOPE_CATALOG ? SLICE("registry") : SLICE("repository"));
		json_pair_text(&writer, "name", scopes[i].name);
		put_actions(&writer, &scopes[i]);
		json_close_object(&writer);
	}
	json_close_array(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "too much is asked at once");
	*ret_json = buffer_slice(&out);
	return OK;
}

/* The allowed scopes in the form they were asked, for POST answers and the record. */
static FALLIBLE scopes_text(struct call *call, const struct scope *scopes, size_t count, slice *ret_text)
{
	struct buffer out;

	buffer_init(&out, call->arena, ACCESS_BYTES_MAX);
	for (size_t i = 0; i < count; i++) {
		unsigned actions = scopes[i].actions;
		if (actions == 0)
			continue;
		buffer_printf(&out, "%s%s:%.*s:", out.len ? " " : "",
			      scopes[i].type == SCOPE_CATALOG ? "registry" : "repository", SLICE_ARG(scopes[i].name));
		if (scopes[i].type == SCOPE_CATALOG)
			buffer_text(&out, "*");
		else
			buffer_printf(&out, "%s%s%s%s%s", actions & SCOPE_PULL ? "pull" : "",
				      (actions & SCOPE_PULL) && (actions & SCOPE_PUSH) ? "," : "",
				      actions & SCOPE_PUSH ? "push" : "",
				      actions != SCOPE_DELETE && (actions & SCOPE_DELETE) ? "," : "",
				      actions & SCOPE_DELETE ? "delete" : "");
	}
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "too much is asked at once");
	*ret_text = buffer_slice(&out);
	return OK;
}

static FALLIBLE record(struct call *call, const struct registry_setting *registry, const struct asker *asker, slice scope,
		       const struct minted *minted)
{
	char identity[UID_TEXT_BYTES] = "";
	struct trail_record record = { .what = "registry.token",
				       .method = call->method->label,
				       .subject = asker->who.act,
				       .audience = registry->service,
				       .scope = scope,
				       .token_id = minted->token_id,
				       .request_id = call->request_id,
				       .peer = call->peer,
				       .expires_s = minted->expires_s };

	if (asker->is_known)
		uid_format(&asker->who.identity, identity);
	record.identity = slice_str(identity);
	return trail_append(call->parts->trail, &record);
}

static FALLIBLE issue(struct call *call, const struct registry_setting *registry, const struct asker *asker,
		      const struct scope *scopes, size_t count, token_response *out)
{
	struct mint mint = {
		.kind = TOKEN_REGISTRY, .who = &asker->who, .audiences = &registry->service, .audiences_count = 1
	};
	struct minted minted;
	char issued[CLOCK_TEXT_BYTES];
	slice scope;

	TRY(access_of(call, scopes, count, &mint.access));
	TRY(scopes_text(call, scopes, count, &scope));
	TRY(token_mint(call->parts->issuer, call->arena, &mint, &minted));
	TRY(record(call, registry, asker, scope, &minted));
	if (asker->is_known)
		seen_note(&asker->who.identity, call->now_us);
	TRY(put_text(call, minted.text, &out->token));
	out->access_token = out->token;
	out->expires_in = (int32_t)(minted.expires_s - minted.issued_s);
	clock_format(minted.issued_s, 0, issued);
	TRY(put_text(call, slice_str(issued), &out->issued_at));
	return put_text(call, scope, &out->scope);
}

static FALLIBLE answer_to(struct call *call, const token_request *in, struct asker *asker, token_response *out)
{
	const struct registry_setting *registry;
	slice texts[SCOPES_MAX];
	struct scope scopes[SCOPES_MAX];
	struct basic basic;
	size_t count;

	TRY(find_service(call->settings, in->service, &registry));
	TRY(credentials_of(call, in, &basic));
	TRY(prove(call, registry, &basic, asker));
	if (in->n_scope > SCOPES_MAX)
		return FAIL_FIELD("scope", "at most %d in one request", SCOPES_MAX);
	for (size_t i = 0; i < in->n_scope; i++)
		texts[i] = slice_str(in->scope[i]);
	TRY(scope_parse(texts, in->n_scope, scopes, &count));
	for (size_t i = 0; i < count; i++)
		TRY(allowed(call, registry, asker, &scopes[i]));
	return issue(call, registry, asker, scopes, count, out);
}

status reeve_registry_token(struct call *call, const token_request *in, token_response *out)
{
	struct asker asker = { .is_known = false };
	status result = answer_to(call, in, &asker, out);

	(void)verified_unref(asker.verified); /* what the answer needs was copied */
	return result;
}
