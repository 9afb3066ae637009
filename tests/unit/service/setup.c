/* The one-time code by which operators come in: how long it lives, how often it is tried, what replaces it. */
#include "world.h"

#include "crypto/digest.h"
#include "reeve/v1/setup.pb-c.h"
#include "server/config.h"

/* RFC 7517, appendix A.1 */
#define JWK                                                                                        \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"," \
	"\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}"

/* As the server does at its first start and for "reeved setup-code", at `now`; the life is that of the configuration. */
static void print_code(char ret_code[SETUP_CODE_BYTES])
{
	struct config config;
	struct setup_code row;
	uint8_t digest[32];

	CHECK_OK(config_read_text(arena, SLICE(""), &config));
	CHECK_OK(setup_code_new(&random_system, clock_now_us(&now), config.setup_code_life, ret_code, digest, &row));
	CHECK_OK(world_change(setup_code_put, &row));
}

static status any_handler(struct call *call, void *in, void *out)
{
	return method_handlers[call->method->id](call, in, out);
}

/* Somebody on this machine tries it at `now`. */
static bool opens(const char *code)
{
	struct world_call *made = as(NULL, METHOD_REEVE_SETUP_REGISTER);
	Reeve__V1__RegisterRequest in;
	Reeve__V1__RegisterResponse out;

	reeve__v1__register_request__init(&in);
	reeve__v1__register_response__init(&out);
	in.name = (char *)(uintptr_t) "ada";
	in.code = (char *)(uintptr_t)code;
	in.jwk = (char *)(uintptr_t)JWK;
	made->call.peer_is_safe = true;
	CHECK_OK(world_write(made, any_handler, &in, &out));
	CHECK(made->call.kept == FAULT_NONE || made->call.kept == FAULT_DENIED);
	CHECK((made->call.kept == FAULT_NONE) == (out.identity_uid && *out.identity_uid));
	return made->call.kept == FAULT_NONE;
}

/* Another code than this one. */
static const char *wrong(const char *code)
{
	char *other = arena_printf(arena, "%s", code);

	CHECK(other);
	other[0] = other[0] == 'A' ? 'B' : 'A';
	return other;
}

static void move_s(int64_t seconds)
{
	clock_move(&now, clock_now_us(&now) + seconds * US_PER_S);
}

TEST(a_code_is_taken_after_59_minutes_and_59_seconds)
{
	char code[SETUP_CODE_BYTES];

	print_code(code);
	move_s(59 * 60 + 59);
	CHECK(opens(code));
}

TEST(a_code_is_refused_after_an_hour_and_a_second)
{
	char code[SETUP_CODE_BYTES];

	print_code(code);
	move_s(60 * 60 + 1);
	CHECK(!opens(code));
	CHECK(!opens(code)); /* it is gone, whatever the clock says then */
	move_s(-60 * 60);
	CHECK(!opens(code));
}

TEST(a_code_is_refused_at_the_very_hour)
{
	char code[SETUP_CODE_BYTES];

	print_code(code);
	move_s(60 * 60);
	CHECK(!opens(code));
}

TEST(a_code_opens_once)
{
	char code[SETUP_CODE_BYTES];

	print_code(code);
	CHECK(opens(code));
	CHECK(!opens(code));
}

TEST(a_code_is_taken_after_nine_wrong_tries_and_burnt_by_the_tenth)
{
	char code[SETUP_CODE_BYTES];

	print_code(code);
	for (int i = 0; i < 9; i++)
		CHECK(!opens(i % 2 ? "no code at all" : wrong(code)));
	CHECK(opens(code));
	print_code(code);
	for (int i = 0; i < 10; i++)
		CHECK(!opens(i % 2 ? "no code at all" : wrong(code)));
	CHECK(!opens(code));
}

TEST(a_new_code_replaces_the_one_before_and_has_its_own_hour_and_tries)
{
	char first[SETUP_CODE_BYTES], second[SETUP_CODE_BYTES], third[SETUP_CODE_BYTES];
	struct query all;

	print_code(first);
	for (int i = 0; i < 5; i++)
		CHECK(!opens(wrong(first)));
	move_s(30 * 60);
	print_code(second);
	CHECK(!opens(first)); /* counts as a wrong try */
	for (int i = 0; i < 8; i++)
		CHECK(!opens(wrong(second)));
	move_s(59 * 60 + 59);
	CHECK(opens(second));
	print_code(first); /* one that is too old and one that is burnt are replaced as well */
	move_s(2 * 60 * 60);
	print_code(second);
	for (int i = 0; i < 10; i++)
		CHECK(!opens(first));
	print_code(third);
	query_init(&all);
	CHECK_INT(world_count(&table_setup_codes, &all), 1);
	CHECK(!opens(second));
	CHECK(opens(third));
}

TEST(of_a_code_only_its_digest_is_kept)
{
	char code[SETUP_CODE_BYTES], canonical[8];
	struct query all;
	struct setup_code row;
	uint8_t digest[32];
	bool found;

	print_code(code);
	memcpy(canonical, code, 4);
	memcpy(canonical + 4, code + 5, 4);
	CHECK_OK(sha256(slice_of(canonical, sizeof(canonical)), digest));
	query_init(&all);
	CHECK_OK(store_first(parts.store, &table_setup_codes, &all, &row, arena, &found));
	CHECK(found && slice_eq(row.digest, slice_of(digest, sizeof(digest))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_is_taken_after_59_minutes_and_59_seconds),
		cmocka_unit_test(a_code_is_refused_after_an_hour_and_a_second),
		cmocka_unit_test(a_code_is_refused_at_the_very_hour),
		cmocka_unit_test(a_code_opens_once),
		cmocka_unit_test(a_code_is_taken_after_nine_wrong_tries_and_burnt_by_the_tenth),
		cmocka_unit_test(a_new_code_replaces_the_one_before_and_has_its_own_hour_and_tries),
		cmocka_unit_test(of_a_code_only_its_digest_is_kept),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
