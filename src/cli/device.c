/*
 * device: signing in by a code that is typed on another device (RFC 8628).
 */
#include "cli/client.h"
#include "cli/interrupt.h"
#include "cli/oauth.h"
#include "cli/waiting.h"

#define FORM_BYTES_MAX ((size_t)8 * 1024)
#define GRANT_DEVICE "urn:ietf:params:oauth:grant-type:device_code"
#define INTERVAL_S 5        /* RFC 8628 section 3.2 */
#define SLOW_DOWN_S 5       /* section 3.5 */
#define SHOWN_BYTES_MAX 256 /* of the page's address and the code */

/* What the server gave, and how far the waiting is. */
struct device {
	slice device_code, user_code, page, page_with_code;
	int64_t interval_s, until_us;
};

/* --- beginning --- */

/* Something to show a person: short, without control characters. */
static bool is_shown(slice text)
{
	return text.len > 0 && text.len <= SHOWN_BYTES_MAX && slice_plain_len(text) == text.len;
}

static int64_t seconds_at(const struct json *answer, const char *name, int64_t absent, int64_t most)
{
	int64_t seconds = absent;

	if (!json_int64(json_member(answer, name), &seconds) || seconds < 1)
		seconds = absent;
	return seconds < most ? seconds : most;
}

static FALLIBLE begin(struct cli *cli, const struct way *way, struct device *device)
{
	const struct json *answer = NULL;
	struct buffer form;
	slice error = { 0 };

	buffer_init(&form, cli->arena, FORM_BYTES_MAX);
	form_add(&form, "client_id", SLICE(OAUTH_CLIENT_ID));
	form_add(&form, "scope", oauth_scope(way));
	if (way->invite.len > 0)
		form_add(&form, "invite", way->invite); /* a secret: in the form, never in an address */
	TRY(oauth_post(cli, "/oauth2/device_authorization", buffer_slice(&form), "asking for a code", &answer, &error));
	if (error.len > 0)
		return FAIL(slice_is(error, "temporarily_unavailable") ? FAULT_EXHAUSTED : FAULT_DENIED,
			    "asking for a code: %.*s: %.*s", SLICE_ARG(error), SLICE_ARG(json_at(answer, "error_description")));
	*device = (struct device){ .device_code = json_at(answer, "device_code"),
				   .user_code = json_at(answer, "user_code"),
				   .page = json_at(answer, "verification_uri"),
				   .page_with_code = json_at(answer, "verification_uri_complete"),
				   .interval_s = seconds_at(answer, "interval", INTERVAL_S, DEVICE_INTERVAL_S_MAX),
				   .until_us = clock_ticks_us() +
					       seconds_at(answer, "expires_in", 1, DEVICE_WAIT_S_MAX) * US_PER_S };
	if (device->device_code.len == 0 || !is_shown(device->user_code) || !is_shown(device->page))
		return FAIL(FAULT_INTERNAL, "asking for a code: the server's answer holds none");
	return OK;
}

/* --- waiting --- */

FALLIBLE device_answer(struct cli *cli, const struct json *answer, slice error, int64_t *interval_s, struct proof *ret_proof,
		       bool *ret_is_over)
{
	*ret_is_over = false;
	if (slice_is(error, "authorization_pending"))
		return OK;
	if (slice_is(error, "slow_down")) {
		*interval_s =
			*interval_s + SLOW_DOWN_S < DEVICE_INTERVAL_S_MAX ? *interval_s + SLOW_DOWN_S : DEVICE_INTERVAL_S_MAX;
		return OK;
	}
	if (slice_is(error, "temporarily_unavailable") || slice_is(error, "server_error"))
		return OK; /* the code still counts */
	if (slice_is(error, "expired_token"))
		return FAIL(FAULT_TOO_LATE, "the code has run out; `reeve auth login --headless` gives a new one");
	if (slice_is(error, "access_denied"))
		return FAIL(FAULT_DENIED, "the sign-in was refused on the other device");
	if (error.len > 0)
		return FAIL(FAULT_UNAUTHENTIC, "signing in: %.*s: %.*s", SLICE_ARG(error),
			    SLICE_ARG(json_at(answer, "error_description")));
	*ret_is_over = true;
	return oauth_proof(cli, answer, ret_proof);
}

/* One question. A network that fails for a moment is asked again at the next turn. */
static FALLIBLE poll_once(struct cli *cli, struct device *device, struct proof *ret_proof, bool *ret_is_over)
{
	const struct json *answer = NULL;
	struct buffer form;
	slice error = { 0 };
	status st;

	*ret_is_over = false;
	buffer_init(&form, cli->arena, FORM_BYTES_MAX);
	form_add(&form, "client_id", SLICE(OAUTH_CLIENT_ID));
	form_add(&form, "grant_type", SLICE(GRANT_DEVICE));
	form_add(&form, "device_code", device->device_code);
	st = oauth_post(cli, "/oauth2/token", buffer_slice(&form), "signing in", &answer, &error);
	if (st.fault == FAULT_UNAVAILABLE || st.fault == FAULT_TOO_LATE) {
		report_clear(report_current());
		return OK;
	}
	TRY(st);
	return device_answer(cli, answer, error, &device->interval_s, ret_proof, ret_is_over);
}

static FALLIBLE wait_for_person(struct cli *cli, struct device *device, struct proof *ret_proof)
{
	bool is_over = false;

	while (!is_over) {
		TRY(waiting_turn(cli, device->interval_s, device->until_us));
		TRY(poll_once(cli, device, ret_proof, &is_over));
	}
	return OK;
}

FALLIBLE device_sign_in(struct cli *cli, const struct way *way, struct proof *ret_proof)
{
	struct device device = { 0 };
	status st;

	TRY(begin(cli, way, &device));
	waiting_show(cli, device.page, is_shown(device.page_with_code) ? device.page_with_code : device.page);
	fprintf(cli->err, "and enter the code\n\n    %.*s\n\n", SLICE_ARG(device.user_code));
	if (way->invite.len > 0)
		fprintf(cli->err,
			"It shows the invitation before you accept it. To make an account with a password, enter the\n"
			"invitation's code there, too.\n\n");
	interrupt_watch();
	st = wait_for_person(cli, &device, ret_proof);
	interrupt_unwatch();
	waiting_end(cli);
	return st;
}
