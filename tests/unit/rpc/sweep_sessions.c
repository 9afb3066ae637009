/*
 * sweep_sessions: a session is used, or ends, while the store or memory fails at each place in turn.
 *
 * Either all of it happened or none, and who is told that it did is told the truth (CVE-2020-15223): a refresh token that was
 * answered with the next one is used up and the next one is kept; a session that is said to be over is gone.
 */
#include "swept.h"

#include "service/families.h"

#define LOGIN "ada@example.com"
#define LOCAL URL "/local"
#define SUBJECT "the-subject-of-ada"
#define OTHERS 2 /* further sessions of the same person */

static struct uid person;
static char operator_token[TOKEN_ACCESS_BYTES_MAX + 1], person_token[TOKEN_ACCESS_BYTES_MAX + 1];
static char refresh_token[REFRESH_TOKEN_BYTES_MAX + 1];

/* ---- a person with sessions ---- */

static struct family family_number(int number, int64_t generation)
{
	static char ids[OTHERS + 1][FAMILY_ID_BYTES];
	struct family family = { .identity = person,
				 .client_id = SLICE("reeve"),
				 .act = SLICE("{\"iss\":\"" LOCAL "\",\"sub\":\"" SUBJECT "\"}"),
				 .email = SLICE(LOGIN),
				 .generation = generation,
				 .rotated_us = (NOW_S - 3600) * US_PER_S,
				 .created_us = (NOW_S - 7200) * US_PER_S,
				 .idle_us = (NOW_S + 3600) * US_PER_S,
				 .expires_us = (NOW_S + 7200) * US_PER_S };

	memset(ids[number], 'a' + number, FAMILY_ID_BYTES);
	family.id = slice_of(ids[number], FAMILY_ID_BYTES);
	return family;
}

/* As it was before: whatever the last try left of it. */
static status put_all(struct tx *tx, void *arg)
{
	const int64_t *generation = arg;
	struct identity identity = { .uid = person, .name = SLICE("Ada"), .created_us = (NOW_S - 10) * US_PER_S };
	struct account account = { .login = SLICE(LOGIN), .subject = SLICE(SUBJECT), .name = SLICE("Ada") };
	struct binding binding = { .group = org, .identity = person, .role = role_builtin(ROLE_VIEWER)->uid };

	TRY(row_put(tx, &table_accounts, &account));
	TRY(row_put(tx, &table_identities, &identity));
	TRY(uid_new_child(&org, (const uint8_t *)"adas-own", &binding.uid));
	TRY(row_put(tx, &table_bindings, &binding));
	for (int i = 0; i <= OTHERS; i++) {
		struct family family = family_number(i, i == 0 ? *generation : 1);
		TRY(row_put(tx, &table_families, &family));
	}
	return OK;
}

static void take_token(const struct family *family)
{
	slice text = SLICE("");

	CHECK_OK(refresh_token_make(&as(NULL, METHOD_REEVE_SESSIONS_END)->call, family, &text));
	CHECK(text.len < sizeof(refresh_token));
	(void)snprintf(refresh_token, sizeof(refresh_token), "%.*s", SLICE_ARG(text));
}

/* ---- what is there ---- */

struct standing {
	bool is_registered, is_enabled, is_bound, has_session;
	int64_t others, generation, events;
};

static status look(struct tx *tx, void *arg)
{
	struct standing *standing = arg;
	struct identity identity = { .uid = person };
	struct account account = { .login = SLICE(LOGIN) };
	struct family family = family_number(0, 0);
	struct query query;
	int64_t count;
	bool found;

	TRY(row_find(tx, &table_identities, &identity, &identity, &standing->is_registered));
	TRY(row_find(tx, &table_accounts, &account, &account, &found));
	CHECK(found == standing->is_registered);
	standing->is_enabled = found && !account.is_disabled;
	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, &person);
	TRY(row_count(tx, &table_bindings, &query, &count));
	standing->is_bound = count == 1;
	TRY(row_find(tx, &table_families, &family, &family, &standing->has_session));
	standing->generation = standing->has_session ? family.generation : 0;
	query_init(&query);
	query_eq_uid(&query, FAMILIES_IDENTITY, &person);
	TRY(row_count(tx, &table_families, &query, &standing->others));
	standing->others -= standing->has_session;
	query_init(&query);
	return row_count(tx, &table_events, &query, &standing->events);
}

static struct standing standing_now(void)
{
	struct standing standing = { 0 };

	CHECK_OK(store_read(parts.store, look, &standing, arena));
	return standing;
}

static bool is_same(const struct standing *a, const struct standing *b)
{
	return a->is_registered == b->is_registered && a->is_enabled == b->is_enabled && a->is_bound == b->is_bound &&
	       a->has_session == b->has_session && a->others == b->others && a->generation == b->generation &&
	       a->events == b->events;
}

/* ---- a case ---- */

enum bearer { BEARER_SESSION, BEARER_PERSON, BEARER_OPERATOR };

/* $ in target and body stands for the person's id, ~ for the session's. */
struct session_case {
	const char *verb, *target, *body;
	enum bearer bearer;
	int64_t generation;     /* of the session; the token presented is its first */
	int code;               /* of the answer that says it is done */
	struct standing after;  /* it; events: those more than before */
	bool gives_a_successor; /* which is good */
};

static void fill_in(const char *template, char *into, size_t room)
{
	struct family family = family_number(0, 1);
	char uid[UID_TEXT_BYTES], id[2 * FAMILY_ID_BYTES + 1] = "";
	size_t len = 0;

	uid_format(&person, uid);
	hex_encode_into(family.id, id);
	for (; *template && len < room; template ++)
		len += (size_t)(*template == '$'   ? snprintf(into + len, room - len, "%s", uid)
				: *template == '~' ? snprintf(into + len, room - len, "%s", id)
						   : snprintf(into + len, room - len, "%c", *template));
	CHECK(len < room);
}

static int present(const char *verb, const char *target, const char *body, const char *credential)
{
	int code;

	authz_thread_offline();
	code = ask(verb, target, body, "Bearer", credential);
	authz_thread_online();
	return code;
}

static int try(const struct session_case *sweep)
{
	static const char *const credentials[] = { refresh_token, person_token, operator_token };
	char target[512] = "", body[512] = "";

	fill_in(sweep->target, target, sizeof(target));
	fill_in(sweep->body, body, sizeof(body));
	return present(sweep->verb, target, body, credentials[sweep->bearer]);
}

#define REFRESH "/sts/exchange_refresh_token?aud=" URL

/* With everything there again: the successor that was given is good, or, where none was, the token that was presented. */
static void check_goes_on(int code)
{
	static const char before[] = "\"refreshToken\":{\"token\":\"";
	char next[sizeof(refresh_token)] = "";
	const char *at = strstr(answer, before);

	if (code == 200) {
		CHECK(at && sscanf(at + strlen(before), "%2048[^\"]", next) == 1 && strcmp(next, refresh_token) != 0);
		memcpy(refresh_token, next, sizeof(next));
	}
	CHECK_INT(present("POST", REFRESH, "", refresh_token), 200);
}

/* All or nothing, and who is told that it is done is told the truth. */
static void check_whole(const struct session_case *sweep, int code, const struct standing *before)
{
	struct standing now_there = standing_now(), done = sweep->after;
	bool is_done;

	done.events += before->events;
	is_done = is_same(&now_there, &done);
	CHECK(is_done || is_same(&now_there, before));
	CHECK(is_done || code != sweep->code);
	CHECK(code == sweep->code || code == 0 || code == 429 || code >= 500);
}

static int prepare_and_try(const struct session_case *sweep, struct armed *armed, uint64_t n, bool *ret_is_through)
{
	struct family first = family_number(0, 1);
	int64_t generation = sweep->generation;
	struct standing before;
	int code;

	CHECK_OK(world_change(put_all, &generation));
	take_token(&first);
	before = standing_now();
	arm(armed, n);
	code = try(sweep);
	*ret_is_through = n > 0 && counted(armed) < n;
	disarm(armed);
	check_whole(sweep, code, &before);
	if (sweep->gives_a_successor)
		check_goes_on(code);
	return code;
}

static void sweep_once(const struct session_case *sweep, struct armed *armed)
{
	uint64_t n, failed = 0;
	bool is_through = false;

	CHECK_INT(prepare_and_try(sweep, armed, 0, &is_through), sweep->code);
	for (n = 1; n < SWEEP_MAX && !is_through; n++)
		failed += prepare_and_try(sweep, armed, n, &is_through) != sweep->code;
	if (getenv("SWEEP_SHOWS"))
		print_error("%s %s: %u of %u failed\n", sweep->verb, sweep->target, (unsigned)failed, (unsigned)n);
	CHECK(is_through && failed >= 2);
}

#define UNTOUCHED .is_registered = true, .is_enabled = true, .is_bound = true, .others = OTHERS

static const struct session_case cases[] = {
	{ "POST", REFRESH, "", BEARER_SESSION, 1, 200, { UNTOUCHED, .has_session = true, .generation = 2 }, true },
	/* somebody has an old one */
	{ "POST", REFRESH, "", BEARER_SESSION, 5, 401, { UNTOUCHED }, false },
	{ "POST", "/reeve/v1/sessions:end", "{}", BEARER_SESSION, 1, 200, { UNTOUCHED }, false },
	{ "DELETE", "/reeve/v1/sessions/~", "", BEARER_PERSON, 1, 200, { UNTOUCHED, .events = 1 }, false },
	{ "POST",
	  "/reeve/v1/people/$/sessions:revoke",
	  "{\"uid\":\"~\"}",
	  BEARER_OPERATOR,
	  1,
	  200,
	  { UNTOUCHED, .events = 1 },
	  false },
	{ "POST",
	  "/reeve/v1/accounts/" LOGIN ":disable",
	  "{}",
	  BEARER_OPERATOR,
	  1,
	  200,
	  { .is_registered = true, .is_bound = true, .events = 1 },
	  false },
	{ "DELETE", "/reeve/v1/accounts/" LOGIN, "", BEARER_OPERATOR, 1, 200, { .events = 2 }, false },
};
#define CASES (sizeof(cases) / sizeof(*cases))

TEST(every_store_call_of_a_sessions_use_or_end_may_fail_CVE_2020_15223)
{
	for (size_t i = 0; i < CASES; i++)
		sweep_once(&cases[i], &disk);
}

TEST(every_allocation_of_a_sessions_use_or_end_may_fail)
{
	for (size_t i = 0; i < CASES; i++)
		sweep_once(&cases[i], &memory);
}

/* ---- who asks ---- */

static status make_operator(struct tx *tx, void *arg)
{
	struct binding binding = { .group = *authz_system_group(parts.authz),
				   .identity = owner,
				   .role = role_builtin(ROLE_OPERATOR)->uid };

	(void)arg;
	TRY(uid_new_child(&binding.group, (const uint8_t *)"operator", &binding.uid));
	return row_put(tx, &table_bindings, &binding);
}

static int sessions_open(void **state)
{
	int64_t generation = 1;

	CHECK(sweep_open(state) == 0);
	CHECK_OK(user_uid(SLICE(LOCAL), SLICE(SUBJECT), &person));
	CHECK_OK(world_change(make_operator, NULL));
	CHECK_OK(world_change(put_all, &generation));
	mint_for(&owner, operator_token);
	mint_for(&person, person_token);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_store_call_of_a_sessions_use_or_end_may_fail_CVE_2020_15223),
					    cmocka_unit_test(every_allocation_of_a_sessions_use_or_end_may_fail) };

	return cmocka_run_group_tests(tests, sessions_open, sweep_close);
}
