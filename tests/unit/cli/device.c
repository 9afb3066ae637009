/*
 * What the answers to a waiting device mean (RFC 8628 section 3.5).
 */
#include "cli/oauth.h"

#include "test.h"

static status answered(struct cli *cli, const char *error, int64_t *interval_s, bool *ret_is_over)
{
	const struct json empty = { .kind = JSON_OBJECT };
	struct proof proof;

	return device_answer(cli, &empty, slice_str(error), interval_s, &proof, ret_is_over);
}

TEST(a_code_that_waits_goes_on_waiting)
{
	struct cli cli = { 0 };
	int64_t interval_s = 5;
	bool is_over = true;

	CHECK_OK(answered(&cli, "authorization_pending", &interval_s, &is_over));
	CHECK(!is_over);
	CHECK_INT(interval_s, 5);
	CHECK_OK(answered(&cli, "temporarily_unavailable", &interval_s, &is_over));
	CHECK(!is_over);
}

TEST(slow_down_never_ends_a_code_and_has_a_bound)
{
	struct cli cli = { 0 };
	int64_t interval_s = 5;
	bool is_over = true;

	CHECK_OK(answered(&cli, "slow_down", &interval_s, &is_over));
	CHECK(!is_over);
	CHECK_INT(interval_s, 10);
	for (int i = 0; i < 100; i++)
		CHECK_OK(answered(&cli, "slow_down", &interval_s, &is_over));
	CHECK_INT(interval_s, DEVICE_INTERVAL_S_MAX);
}

TEST(an_end_has_its_reason)
{
	struct cli cli = { 0 };
	int64_t interval_s = 5;
	bool is_over;

	CHECK_FAULT(FAULT_TOO_LATE, answered(&cli, "expired_token", &interval_s, &is_over));
	CHECK_FAULT(FAULT_DENIED, answered(&cli, "access_denied", &interval_s, &is_over));
	CHECK_FAULT(FAULT_UNAUTHENTIC, answered(&cli, "invalid_grant", &interval_s, &is_over));
	CHECK_FAULT(FAULT_INTERNAL, answered(&cli, "", &interval_s, &is_over)); /* success without an id_token */
}

TESTS(a_code_that_waits_goes_on_waiting, slow_down_never_ends_a_code_and_has_a_bound, an_end_has_its_reason)
