/*
 * people_world: a service in process with people in it, and its /oauth2 rows called as rpc/ calls them: on the loop, and once
 * more on a worker when memory does not know.
 */
#ifndef TESTS_UNIT_LOGIN_PEOPLE_WORLD_H
#define TESTS_UNIT_LOGIN_PEOPLE_WORLD_H

#include "base/encode.h"
#include "service/world.h"

#include <dirent.h>

#include "handlers.gen.h"
#include "login/oauth.h"
#include "rpc/nested.h"

#define REDIRECT "http://127.0.0.1:4567/callback"
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" /* RFC 7636 appendix B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

typedef Reeve__V1__OauthTokenResponse token_answer;
typedef Reeve__V1__OauthTokenRequest token_question;

static char trail_folder[] = "/tmp/reeve-trail-XXXXXX";

static int oauth_open(void **state)
{
	static const slice clients[] = { { "reeve", 5 }, { "auth0", 5 } };
	struct trail_options options = { .clock = &now };

	if (world_open(state) != 0)
		return -1;
	settings.clients = clients;
	settings.clients_count = 2;
	parts.nested = rpc_nested;
	CHECK(mkdtemp(trail_folder));
	options.folder = slice_str(trail_folder);
	CHECK_OK(trail_open(&options, &parts.trail));
	return 0;
}

static int oauth_close(void **state)
{
	DIR *trail;

	parts.trail = trail_close(parts.trail);
	trail = opendir(trail_folder);
	for (struct dirent *file; trail && (file = readdir(trail));)
		(void)unlinkat(dirfd(trail), file->d_name, 0); /* its own two entries stay */
	if (trail)
		(void)closedir(trail);
	(void)rmdir(trail_folder);
	return world_close(state);
}

static inline void later(int64_t seconds)
{
	clock_move(&now, now.fixed_us + seconds * US_PER_S);
}

static inline struct call *worker_call(enum method_id method)
{
	return &as(NULL, method)->call;
}

/* As the loop first and then a worker would; *ret_by_memory: the loop knew. */
static inline FALLIBLE token_call(const token_question *in, token_answer *out, bool *ret_by_memory)
{
	struct call *call = worker_call(METHOD_REEVE_OAUTH_TOKEN);
	status result;

	reeve__v1__oauth_token_response__init(out);
	call->may_block = false;
	result = reeve_oauth_token(call, in, out);
	*ret_by_memory = result.fault != FAULT_ELSEWHERE;
	if (*ret_by_memory)
		return result;
	call->may_block = true;
	return reeve_oauth_token(call, in, out);
}

#define CHECK_STATE_TYPE(name, call)                                     \
	do {                                                             \
		CHECK_FAULT(FAULT_STATE, call);                          \
		assert_string_equal(report_current()->state_type, name); \
	} while (0)

static inline struct person somebody(const char *subject)
{
	return (struct person){ .issuer = SLICE("https://accounts.google.com"),
				.subject = slice_str(subject),
				.connection = SLICE("google-oauth2"),
				.email = SLICE("ada@example.com"),
				.email_is_verified = true,
				.name = SLICE("Ada \"the\" Countess"),
				.groups = SLICE("[\"a\",\"b\"]") };
}

static status add_identity(struct tx *tx, void *arg)
{
	return row_put(tx, &table_identities, arg);
}

static inline void register_person(const struct person *person)
{
	struct identity row = { .name = SLICE("somebody"), .created_us = (NOW_S - 10) * US_PER_S };

	CHECK_OK(user_uid(person->issuer, person->subject, &row.uid));
	CHECK_OK(world_change(add_identity, &row));
}

/* ---- an organization's word against codes ---- */

static status put_signin_rule(struct tx *tx, void *arg)
{
	return row_put(tx, &table_signin_rules, arg);
}

/* The organization lets its people sign in with codes and on machines elsewhere, or does not. */
static inline FALLIBLE switch_codes(bool is_on)
{
	struct signin_rule rule = { .group = org, .is_code_off = !is_on };

	return world_change(put_signin_rule, &rule);
}

static status put_binding(struct tx *tx, void *arg)
{
	return row_put(tx, &table_bindings, arg);
}

/* This identity belongs to the organization, as a viewer. */
static inline FALLIBLE bind_at_org(const struct uid *identity)
{
	struct binding row = { .group = org, .identity = *identity, .role = role_builtin_by_name(SLICE("viewer"))->uid };

	TRY(uid_new_child(&org, (const uint8_t *)"a-viewer", &row.uid));
	return world_change(put_binding, &row);
}

#endif
