#include "login/device.h"

#include "audit/trail.h"
#include "base/encode.h"
#include "base/json.h"
#include "handlers.gen.h"
#include "login/device_code.h"
#include "login/device_room.h"
#include "login/oauth.h"
#include "login/person.h"
#include "login/polls.h"
#include "service/invites.h"

#define SEAL_LABEL "device who"
#define INVITE_SEAL_LABEL "device invite"
#define WHO_BYTES_MAX ((size_t)32 * 1024)
#define DRAWS_MAX 4
#define PLACE_ON_PAGE "/activate"

typedef Reeve__V1__DeviceAuthorizationRequest begin_request;
typedef Reeve__V1__DeviceAuthorizationResponse begin_response;
typedef Reeve__V1__OauthTokenRequest token_request;
typedef Reeve__V1__OauthTokenResponse token_response;

static FALLIBLE bytes_of(struct call *call, const void *at, size_t len, slice *ret_bytes)
{
	*ret_bytes = arena_copy(call->arena, slice_of(at, len));
	TRY_NEW(ret_bytes->at);
	return OK;
}

static bool is_over(const struct call *call, const struct device *device)
{
	return call->now_us >= device->expires_us;
}

/* ---- beginning ---- */

/* Fresh codes; false in ret_kept when the user code is somebody's already. */
static FALLIBLE keep(struct call *call, struct device *device, Reeve__V1__KeepDeviceResponse *out, bool *ret_kept)
{
	uint8_t random[DEVICE_DRAW_BYTES], secret[DEVICE_SECRET_BYTES], digests[2][SHA256_BYTES];
	char letters[DEVICE_CODE_LETTERS], shown[DEVICE_CODE_SHOWN_BYTES], code[BASE64_TEXT_BYTES(DEVICE_SECRET_BYTES)];
	slice code_text;
	status kept;

	TRY(call_random(call, random, sizeof(random)));
	TRY(call_random(call, secret, sizeof(secret)));
	if (!user_code_draw(random, letters))
		return FAIL(FAULT_INTERNAL, "the random bytes hold no code");
	code_text = slice_of(code, base64_encode_into(BASE64_URL, slice_of(secret, sizeof(secret)), code));
	TRY(sha256(code_text, digests[0]));
	TRY(user_code_digest(letters, digests[1]));
	TRY(bytes_of(call, digests[0], SHA256_BYTES, &device->digest));
	TRY(bytes_of(call, digests[1], SHA256_BYTES, &device->user_code));
	kept = row_insert(call->tx, &table_devices, device);
	*ret_kept = !FAILED(kept);
	if (kept.fault == FAULT_EXISTS) {
		report_clear(report_current());
		return OK;
	}
	TRY(kept);
	user_code_format(letters, shown);
	TRY(put_text(call, slice_str(shown), &out->user_code));
	return put_text(call, code_text, &out->device_code);
}

status reeve_oauth_keep_device(struct call *call, const Reeve__V1__KeepDeviceRequest *in, Reeve__V1__KeepDeviceResponse *out)
{
	struct device device = { .client_id = slice_str(in->client_id),
				 .scope = slice_str(in->scope),
				 .peer = call->peer,
				 .agent = slice_is_text(call->user_agent) ? call->user_agent : SLICE(""),
				 .state = DEVICE_WAITING,
				 .created_us = call->now_us,
				 .expires_us = call->now_us + DEVICE_LIFE_S * US_PER_S,
				 .invite = data_slice(in->invite) };
	bool kept = false;

	for (int i = 0; i < DRAWS_MAX && !kept; i++)
		TRY(keep(call, &device, out, &kept));
	return kept ? OK : FAIL(FAULT_UNAVAILABLE, "no free code was found; try again");
}

static FALLIBLE put_urls(struct call *call, const char *user_code, begin_response *out)
{
	slice issuer = call->settings->issuer_url;

	out->verification_uri = arena_printf(call->arena, "%.*s" PLACE_ON_PAGE, SLICE_ARG(issuer));
	out->verification_uri_complete =
		arena_printf(call->arena, "%.*s" PLACE_ON_PAGE "?user_code=%s", SLICE_ARG(issuer), user_code);
	TRY_NEW(out->verification_uri);
	TRY_NEW(out->verification_uri_complete);
	return OK;
}

/* Only what somebody could accept now is kept, so that nothing else takes room. */
static FALLIBLE take_invite(struct call *call, const begin_request *in, ProtobufCBinaryData *ret_sealed)
{
	struct invite invite = { 0 };
	bool is_allowed = false;
	slice sealed;

	if (!*in->invite)
		return OK;
	TRY(invite_find(call, slice_str(in->invite), &invite));
	TRY(people_code_allowed(call, NULL, &invite.group, &is_allowed));
	if (!is_allowed)
		return FAIL(FAULT_DENIED, "the organization of this invitation has switched off signing in by a code");
	TRY(issuer_seal(call->parts->issuer, INVITE_SEAL_LABEL, call->arena, slice_trim(slice_str(in->invite)), &sealed));
	*ret_sealed = data_of(sealed);
	return OK;
}

static FALLIBLE begin(struct call *call, const begin_request *in, begin_response *out)
{
	Reeve__V1__KeepDeviceRequest asked;
	Reeve__V1__KeepDeviceResponse *kept;
	uint8_t digest[SHA256_BYTES];
	slice client_id = slice_str(in->client_id);

	TRY_MESSAGE(call, kept, reeve__v1__keep_device_response);
	reeve__v1__keep_device_request__init(&asked);
	asked.client_id = in->client_id;
	asked.scope = in->scope;
	TRY(take_invite(call, in, &asked.invite));
	TRY(call_nested(call, NULL, SLICE(""), METHOD_REEVE_OAUTH_KEEP_DEVICE, &asked, kept));
	TRY(sha256(slice_str(kept->device_code), digest));
	/* Known from the start, so that a code nobody knows is one that was guessed. */
	poll_note(digest, client_id, call_now_s(call) + DEVICE_LIFE_S, 0, store_revision(call->parts->store));
	out->device_code = kept->device_code;
	out->user_code = kept->user_code;
	out->expires_in = DEVICE_LIFE_S;
	out->interval = DEVICE_INTERVAL_S;
	return put_urls(call, kept->user_code, out);
}

status reeve_oauth_device_authorization(struct call *call, const begin_request *in, begin_response *out)
{
	if (!oauth_client_is_known(call->settings, slice_str(in->client_id)))
		return FAIL(FAULT_UNAUTHENTIC, "client_id must be one of the server's token.clients");
	TRY(oauth_scope_check(slice_str(in->scope)));
	if (!call->may_block) {
		TRY(device_room_take(call));
		return FAIL(FAULT_ELSEWHERE, "a code is written down");
	}
	return begin(call, in, out);
}

/* ---- the person's side ---- */

/* By the digest of the user code, or of the device's. */
static FALLIBLE look_up(struct call *call, int column, const uint8_t digest[SHA256_BYTES], struct device *ret_device,
			bool *ret_found)
{
	struct query query;

	query_init(&query);
	query_eq_text(&query, column, slice_of(digest, SHA256_BYTES));
	return store_first(call->parts->store, &table_devices, &query, ret_device, call->arena, ret_found);
}

FALLIBLE device_find(struct call *call, slice typed, struct device_request *ret_request, bool *ret_found)
{
	char letters[DEVICE_CODE_LETTERS], shown[DEVICE_CODE_SHOWN_BYTES];
	uint8_t digest[SHA256_BYTES];
	struct device device = { 0 };
	bool found = false;

	*ret_found = false;
	if (!user_code_parse(typed, letters))
		return OK;
	TRY(user_code_digest(letters, digest));
	TRY(look_up(call, DEVICES_USER_CODE, digest, &device, &found));
	if (!found || device.state != DEVICE_WAITING || is_over(call, &device))
		return OK;
	user_code_format(letters, shown);
	*ret_request = (struct device_request){ .client_id = device.client_id,
						.scope = device.scope,
						.peer = device.peer,
						.agent = device.agent,
						.user_code = arena_copy(call->arena, slice_str(shown)),
						.created_s = device.created_us / US_PER_S,
						.expires_s = device.expires_us / US_PER_S };
	TRY_NEW(ret_request->user_code.at);
	if (device.invite.len)
		TRY(issuer_open(call->parts->issuer, INVITE_SEAL_LABEL, call->arena, device.invite, &ret_request->invite));
	memcpy(ret_request->digest, device.digest.at, sizeof(ret_request->digest));
	*ret_found = true;
	return OK;
}

/* The device's digest in front, so that an answer fits its own row alone. */
static FALLIBLE seal_who(struct call *call, const struct device_request *request, const struct person *person, slice *ret_who)
{
	struct json_writer writer;
	struct buffer plain;

	buffer_init(&plain, call->arena, WHO_BYTES_MAX);
	buffer_add(&plain, slice_of(request->digest, sizeof(request->digest)));
	json_writer_init(&writer, &plain);
	person_put(&writer, person);
	if (buffer_failed(&plain))
		return FAIL(FAULT_INVALID, "what the provider tells of you is more than a code can hold");
	return issuer_seal(call->parts->issuer, SEAL_LABEL, call->arena, buffer_slice(&plain), ret_who);
}

static FALLIBLE open_who(struct call *call, const struct device *device, struct person *ret_person)
{
	const struct json *object;
	slice plain;

	TRY(issuer_open(call->parts->issuer, SEAL_LABEL, call->arena, device->who, &plain));
	if (!slice_starts(plain, device->digest))
		return FAIL(FAULT_LOST, "the answer stands in another device's row");
	TRY(json_parse_object(call->arena, slice_from(plain, device->digest.len), NULL, &object));
	return person_take(object, ret_person);
}

static FALLIBLE may_by_code(struct call *call, const struct person *person)
{
	bool allowed = false;

	TRY(people_code_allowed(call, person, NULL, &allowed));
	if (!allowed)
		return FAIL(FAULT_DENIED, "your organization has switched off signing in by a code");
	return OK;
}

static FALLIBLE record_decision(struct call *call, const struct device_request *request, const struct person *person)
{
	struct trail_record record = { .what = person ? "device.approve" : "device.refuse",
				       .method = call->method->label,
				       .audience = request->client_id,
				       .scope = request->scope,
				       .request_id = call->request_id,
				       .peer = call->peer };

	if (person) {
		record.issuer = person->issuer;
		record.subject = person->subject;
	}
	return trail_append(call->parts->trail, &record);
}

/* What they accept with their yes. */
static FALLIBLE ask_join(struct call *call, const struct device_request *request, const struct person *person, slice invite,
			 struct caller *ret_actor, Reeve__V1__JoinPeopleRequest **ret_join)
{
	slice login_token;

	TRY(people_login_token(call, person, request->client_id, &login_token));
	return people_join_request(call, login_token, invite, ret_actor, ret_join);
}

FALLIBLE device_decide(struct call *call, const struct device_request *request, const struct person *person, slice invite)
{
	Reeve__V1__DecideDeviceRequest decision;
	Google__Protobuf__Empty *nothing;
	struct caller actor = { 0 };
	slice who = SLICE("");

	TRY_MESSAGE(call, nothing, google__protobuf__empty);
	if (person) {
		TRY(may_by_code(call, person));
		TRY(seal_who(call, request, person, &who));
	}
	TRY(record_decision(call, request, person));
	reeve__v1__decide_device_request__init(&decision);
	decision.digest = data_of(slice_of(request->digest, sizeof(request->digest)));
	decision.who = data_of(who);
	if (person && invite.len)
		TRY(ask_join(call, request, person, invite, &actor, &decision.join));
	return call_nested(call, &actor, SLICE(""), METHOD_REEVE_OAUTH_DECIDE_DEVICE, &decision, nothing);
}

static FALLIBLE row_of(struct call *call, const ProtobufCBinaryData *digest, struct device *ret_device, bool *ret_found)
{
	struct device key = { .digest = data_slice(*digest) };

	TRY(row_find(call->tx, &table_devices, &key, ret_device, ret_found));
	return OK;
}

status reeve_oauth_decide_device(struct call *call, const Reeve__V1__DecideDeviceRequest *in, Google__Protobuf__Empty *out)
{
	struct device device = { .state = DEVICE_DENIED };
	bool found = false;

	(void)out;
	TRY(row_of(call, &in->digest, &device, &found));
	if (!found || device.state != DEVICE_WAITING || is_over(call, &device))
		return FAIL_STATE("DEVICE_DECIDED", "this code was answered already, or its fifteen minutes are over");
	device.state = in->who.len ? DEVICE_APPROVED : DEVICE_DENIED;
	device.who = data_slice(in->who);
	device.invite = SLICE("");
	TRY(row_update(call->tx, &table_devices, &device));
	return in->join ? people_join_by_code(call, in->join) : OK;
}

/* ---- the device's side ---- */

static FALLIBLE tell(struct call *call, const char *error, const char *description, token_response *out)
{
	TRY(put_text(call, slice_str(error), &out->error));
	return put_text(call, slice_str(description), &out->error_description);
}

static FALLIBLE tell_waiting(struct call *call, token_response *out)
{
	return tell(call, "authorization_pending", "nobody has entered the code yet", out);
}

static FALLIBLE tell_over(struct call *call, token_response *out)
{
	return tell(call, "expired_token", "the code's fifteen minutes are over; begin again", out);
}

static FALLIBLE tell_slow(struct call *call, const uint8_t digest[SHA256_BYTES], token_response *out)
{
	char *text = arena_printf(call->arena, "wait %lld seconds between two questions", (long long)poll_interval(digest));

	TRY_NEW(text);
	return tell(call, "slow_down", text, out);
}

static FALLIBLE no_such_code(void)
{
	return OAUTH_FAIL("invalid_grant", "the device_code is not one of this client's, or was used already");
}

status reeve_oauth_take_device(struct call *call, const Reeve__V1__TakeDeviceRequest *in, Google__Protobuf__Empty *out)
{
	struct device device = { .state = DEVICE_WAITING };
	bool found = false;

	(void)out;
	TRY(row_of(call, &in->digest, &device, &found));
	if (!found || device.state != DEVICE_APPROVED || is_over(call, &device))
		return no_such_code();
	return row_delete(call->tx, &table_devices, &device, &found);
}

/* The code is used up first: who loses the race gets nothing, and begins again. */
static FALLIBLE give(struct call *call, const struct device *device, const uint8_t digest[SHA256_BYTES], token_response *out)
{
	struct grant grant = { .client_id = device->client_id, .scope = device->scope };
	Reeve__V1__TakeDeviceRequest taken;
	Google__Protobuf__Empty *nothing;

	TRY_MESSAGE(call, nothing, google__protobuf__empty);
	TRY(open_who(call, device, &grant.person));
	TRY(may_by_code(call, &grant.person)); /* it may have been switched off since */
	reeve__v1__take_device_request__init(&taken);
	taken.digest = data_of(slice_of(digest, SHA256_BYTES));
	TRY(call_nested(call, NULL, SLICE(""), METHOD_REEVE_OAUTH_TAKE_DEVICE, &taken, nothing));
	poll_drop(digest);
	return oauth_issue(call, &grant, out);
}

static FALLIBLE ask_store(struct call *call, const token_request *in, const uint8_t digest[SHA256_BYTES], token_response *out)
{
	struct device device = { 0 };
	bool found = false;
	uint64_t revision = store_revision(call->parts->store); /* before the snapshot, which is at least that new */

	TRY(look_up(call, DEVICES_DIGEST, digest, &device, &found));
	if (!found || !slice_is(device.client_id, in->client_id))
		return no_such_code();
	if (is_over(call, &device))
		return tell_over(call, out);
	switch ((enum device_state)device.state) {
	case DEVICE_WAITING:
		poll_note(digest, device.client_id, device.expires_us / US_PER_S, call->now_us, revision);
		return tell_waiting(call, out);
	case DEVICE_APPROVED:
		return give(call, &device, digest, out);
	case DEVICE_DENIED:
		break;
	}
	return tell(call, "access_denied", "the person said no", out);
}

FALLIBLE device_poll(struct call *call, const token_request *in, token_response *out)
{
	uint8_t digest[SHA256_BYTES];

	if (!device_code_is_formed(slice_str(in->device_code)))
		return no_such_code();
	TRY(sha256(slice_str(in->device_code), digest));
	if (call->may_block)
		return ask_store(call, in, digest, out);
	switch (poll_take(digest, slice_str(in->client_id), call->now_us, store_revision(call->parts->store))) {
	case POLL_WAIT:
		return tell_waiting(call, out);
	case POLL_SLOW:
		return tell_slow(call, digest, out);
	case POLL_OVER:
		return tell_over(call, out);
	case POLL_UNKNOWN:
		TRY(device_room_guess(call));
		break;
	case POLL_ASK:
		break;
	}
	return FAIL(FAULT_ELSEWHERE, "the store knows whether the code was answered");
}
