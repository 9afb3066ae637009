#include "login/guess.h"

#include "base/encode.h"
#include "login/cookie.h"

#define SEAL_LABEL "login known browser"
#define BROWSER_BYTES 12
#define PLAIN_BYTES_MAX ((size_t)512)

static const struct throttle_rule pair_rule = { "password", GUESS_PAIR_MOST, GUESS_WINDOW_S },
				  attack_rule = { "password attacked", GUESS_ATTACK_MOST, GUESS_WINDOW_S },
				  account_rule = { "password account", GUESS_ACCOUNT_MOST, GUESS_WINDOW_S },
				  address_rule = { "password address", GUESS_ADDRESS_MOST, GUESS_WINDOW_S },
				  known_rule = { "password known", GUESS_PAIR_MOST, GUESS_WINDOW_S };

/* The random id of this browser when it signed in as `login` before; else "". Sealed: "<id> <made> <login>". */
static slice known_browser(struct call *call, slice login)
{
	slice value, sealed, plain, id, rest, made, whose;
	uint64_t made_s;

	if (!cookie_find(call->browser.cookies, SLICE(GUESS_KNOWN_COOKIE), &value) ||
	    FAILED(base64_decode(call->arena, BASE64_URL, value, &sealed)) ||
	    FAILED(issuer_open(call->parts->issuer, SEAL_LABEL, call->arena, sealed, &plain)) ||
	    !slice_cut(plain, ' ', &id, &rest) || !slice_cut(rest, ' ', &made, &whose) || !slice_eq(whose, login) ||
	    !slice_number(made, INT64_MAX, &made_s) || call_now_s(call) - (int64_t)made_s >= GUESS_KNOWN_LIFE_S) {
		report_clear(report_current()); /* a stranger, then */
		return SLICE("");
	}
	return id;
}

FALLIBLE guess_may(struct call *call, slice login, bool *ret_may)
{
	struct throttle *throttle = shown_throttle();
	slice address = throttle_address(call->arena, call->peer), id = known_browser(call, login);
	int64_t now_s = call_now_s(call);
	bool is_calm;

	if (id.len) {
		*ret_may = throttle_try(throttle, &known_rule, login, id, now_s);
		return OK;
	}
	*ret_may = throttle_try(throttle, &address_rule, address, SLICE(""), now_s) &&
		   throttle_try(throttle, &pair_rule, login, address, now_s);
	if (!*ret_may)
		return OK;
	is_calm = throttle_try(throttle, &account_rule, login, SLICE(""), now_s);
	*ret_may = is_calm || throttle_try(throttle, &attack_rule, login, address, now_s);
	return OK;
}

FALLIBLE guess_right(struct call *call, slice login, Reeve__V1__Page *out)
{
	struct throttle *throttle = shown_throttle();
	slice address = throttle_address(call->arena, call->peer), id = known_browser(call, login), sealed;
	unsigned char bytes[BROWSER_BYTES];
	char *plain, fresh[BASE64_TEXT_BYTES(BROWSER_BYTES)];
	struct buffer value;

	throttle_forget(throttle, &pair_rule, login, address);
	throttle_forget(throttle, &attack_rule, login, address);
	if (id.len)
		throttle_forget(throttle, &known_rule, login, id);
	TRY(call_random(call, bytes, sizeof(bytes)));
	id = slice_of(fresh, base64_encode_into(BASE64_URL, slice_of(bytes, sizeof(bytes)), fresh));
	plain = arena_printf(call->arena, "%.*s %lld %.*s", SLICE_ARG(id), (long long)call_now_s(call), SLICE_ARG(login));
	TRY_NEW(plain);
	TRY(issuer_seal(call->parts->issuer, SEAL_LABEL, call->arena, slice_str(plain), &sealed));
	buffer_init(&value, call->arena, PLAIN_BYTES_MAX * 2);
	base64_encode(&value, BASE64_URL, sealed);
	if (buffer_failed(&value)) /* a very long address: this browser stays a stranger */
		return OK;
	return show_cookie(call, SLICE(GUESS_KNOWN_COOKIE), buffer_slice(&value), GUESS_KNOWN_LIFE_S, out);
}
