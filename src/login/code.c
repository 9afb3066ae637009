#include "login/code.h"

#include "base/encode.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "login/code_impl.h"
#include "login/person.h"

#define SEAL_LABEL "oauth code"
#define NONCE_BYTES_MAX 512
#define VERIFIER_BYTES_MIN 43 /* RFC 7636 section 4.1 */
#define VERIFIER_BYTES_MAX 128
#define CHALLENGE_CHARACTERS 43
/* All the groups a login token takes fit; and the code, in a URL, still fits what programs on loopback read. */
#define PLAIN_BYTES_MAX ((size_t)10 * 1024)
#define CODE_BYTES_MAX ((size_t)14 * 1024)

/* ---- what is asked ---- */

static FALLIBLE check_challenge(const struct authorize *in)
{
	unsigned char digest[SHA256_BYTES];
	size_t len;

	if (in->challenge.len == 0)
		return FAIL_FIELD("code_challenge", "must be given: every client uses PKCE here");
	if (!slice_is(in->challenge_method, "S256"))
		return FAIL_FIELD("code_challenge_method", "must be S256");
	if (in->challenge.len != CHALLENGE_CHARACTERS ||
	    !base64_decode_into(BASE64_URL, in->challenge, digest, sizeof(digest), &len) || len != sizeof(digest))
		return FAIL_FIELD("code_challenge", "must be a SHA-256 in base64url without padding, 43 characters");
	return OK;
}

FALLIBLE authorize_check(struct call *call, const struct authorize *in, struct redirect *ret_redirect, bool *ret_may_answer)
{
	const struct settings *settings = call->settings;

	*ret_may_answer = false;
	if (!oauth_client_is_known(settings, in->client_id))
		return FAIL_FIELD("client_id", "must be one of the server's token.clients");
	TRY(redirect_parse(in->redirect_uri, settings->redirect_origins, settings->redirect_origins_count, "redirect_uri",
			   ret_redirect));
	*ret_may_answer = true;
	if (!slice_is(in->response_type, "code"))
		return FAIL_FIELD("response_type", "must be code");
	TRY(check_challenge(in));
	if (in->state.len > CODE_STATE_BYTES_MAX)
		return FAIL_FIELD("state", "must have at most %d bytes", CODE_STATE_BYTES_MAX);
	if (in->nonce.len > NONCE_BYTES_MAX || slice_plain_len(in->nonce) != in->nonce.len)
		return FAIL_FIELD("nonce", "must have at most %d plain characters", NONCE_BYTES_MAX);
	if (FAILED(oauth_scope_check(in->scope))) {
		report_clear(report_current());
		return FAIL_FIELD("scope", "must be names separated by blanks, at most %d bytes", OAUTH_SCOPE_BYTES_MAX);
	}
	return OK;
}

/* ---- the inside of a code ---- */

FALLIBLE coded_write(const struct coded *coded, struct buffer *out)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_open_object(&writer);
	json_pair_int(&writer, "exp", coded->expires_s);
	json_pair_text(&writer, "client", coded->grant.client_id);
	json_pair_text(&writer, "redirect", coded->redirect_uri);
	json_pair_text(&writer, "challenge", coded->challenge);
	json_pair_text(&writer, "scope", coded->grant.scope);
	json_pair_text(&writer, "nonce", coded->nonce);
	json_put_name(&writer, SLICE("who"));
	person_put(&writer, &coded->grant.person);
	json_close_object(&writer);
	if (buffer_failed(out))
		return FAIL(FAULT_INVALID, "what the provider tells of you is more than a code can hold");
	return OK;
}

FALLIBLE coded_read(struct arena *arena, slice text, struct coded *ret_coded)
{
	struct coded coded = { .expires_s = 0 };
	const struct json *object;

	TRY(json_parse_object(arena, text, NULL, &object));
	if (!json_int64(json_member(object, "exp"), &coded.expires_s) ||
	    !json_text(json_member(object, "client"), &coded.grant.client_id) ||
	    !json_text(json_member(object, "redirect"), &coded.redirect_uri) ||
	    !json_text(json_member(object, "challenge"), &coded.challenge) ||
	    !json_text(json_member(object, "scope"), &coded.grant.scope) ||
	    !json_text(json_member(object, "nonce"), &coded.nonce))
		return FAIL(FAULT_LOST, "a code without all its members");
	TRY(person_take(json_member(object, "who"), &coded.grant.person));
	*ret_coded = coded;
	return OK;
}

FALLIBLE code_make(struct call *call, const struct authorize *in, const struct person *person, slice *ret_code)
{
	struct coded coded = { .grant = { .person = *person, .client_id = in->client_id, .scope = in->scope },
			       .nonce = in->nonce,
			       .redirect_uri = in->redirect_uri,
			       .challenge = in->challenge,
			       .expires_s = call_now_s(call) + CODE_LIFE_S };
	struct buffer plain, code;
	slice sealed;

	buffer_init(&plain, call->arena, PLAIN_BYTES_MAX);
	TRY(coded_write(&coded, &plain));
	TRY(issuer_seal(call->parts->issuer, SEAL_LABEL, call->arena, buffer_slice(&plain), &sealed));
	buffer_init(&code, call->arena, CODE_BYTES_MAX);
	base64_encode(&code, BASE64_URL, sealed);
	if (buffer_failed(&code))
		return FAIL(FAULT_EXHAUSTED, "no memory for a code");
	*ret_code = buffer_slice(&code);
	return OK;
}

/* ---- what is given for it ---- */

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

static bool verifier_is_formed(slice verifier)
{
	for (size_t i = 0; i < verifier.len; i++)
		if (!is_unreserved(verifier.at[i]))
			return false;
	return verifier.len >= VERIFIER_BYTES_MIN && verifier.len <= VERIFIER_BYTES_MAX;
}

/* RFC 7636 section 4.6. A code was never made without a challenge, so there is nothing to fall back to. */
static FALLIBLE check_verifier(slice challenge, slice verifier)
{
	char text[BASE64_TEXT_BYTES(SHA256_BYTES)];
	unsigned char digest[SHA256_BYTES];
	size_t len;

	if (!verifier_is_formed(verifier))
		return OAUTH_FAIL("invalid_grant",
				  "code_verifier must be the 43 to 128 characters the challenge was made from");
	TRY(sha256(verifier, digest));
	len = base64_encode_into(BASE64_URL, slice_of(digest, sizeof(digest)), text);
	if (!bytes_equal(slice_of(text, len), challenge))
		return OAUTH_FAIL("invalid_grant", "code_verifier does not fit the code_challenge");
	return OK;
}

static FALLIBLE unseal(struct call *call, slice code, struct coded *ret_coded)
{
	slice sealed, plain;

	if (code.len == 0 || code.len > CODE_BYTES_MAX)
		return FAIL(FAULT_INVALID, "no code has this length");
	TRY(base64_decode(call->arena, BASE64_URL, code, &sealed));
	TRY(issuer_open(call->parts->issuer, SEAL_LABEL, call->arena, sealed, &plain));
	return coded_read(call->arena, plain, ret_coded);
}

static FALLIBLE open_code(struct call *call, slice code, struct coded *ret_coded)
{
	status result = unseal(call, code, ret_coded);

	if (result.fault == FAULT_INVALID || result.fault == FAULT_LOST) {
		report_clear(report_current()); /* whatever was wrong with it, it is none of ours */
		return OAUTH_FAIL("invalid_grant", "the code was not made here");
	}
	TRY(result);
	return OK;
}

static FALLIBLE check_use(struct call *call, const Reeve__V1__OauthTokenRequest *in, const struct coded *coded)
{
	if (!slice_is(coded->grant.client_id, in->client_id))
		return OAUTH_FAIL("invalid_grant", "the code was made for another client");
	if (!slice_is(coded->redirect_uri, in->redirect_uri))
		return OAUTH_FAIL("invalid_grant", "redirect_uri must be the one the code was asked with");
	if (call_now_s(call) >= coded->expires_s)
		return OAUTH_FAIL("invalid_grant", "the code's %d seconds are over", CODE_LIFE_S);
	return check_verifier(coded->challenge, slice_str(in->code_verifier));
}

/* Whoever comes with a code that was used shows that it is in two hands, whatever else they bring. */
static FALLIBLE refuse(struct call *call, slice code, status why)
{
	struct report kept = *report_current();

	TRY(people_refuse_code(call, code));
	*report_current() = kept;
	return why;
}

FALLIBLE code_take(struct call *call, const Reeve__V1__OauthTokenRequest *in, struct grant *ret_grant)
{
	struct coded coded = { .expires_s = 0 };
	slice code = slice_str(in->code);
	status result;

	TRY(open_code(call, code, &coded)); /* what is no code is refused on the loop, before it can wait for anything */
	result = check_use(call, in, &coded);
	if (FAILED(result) && result.fault != FAULT_STATE)
		return result;
	if (!call->may_block) {
		report_clear(report_current());
		return FAIL(FAULT_ELSEWHERE, "a code is used up, or ends what it began");
	}
	if (FAILED(result))
		return refuse(call, code, result);
	*ret_grant = coded.grant;
	ret_grant->person.nonce = coded.nonce;
	ret_grant->code = code;
	ret_grant->code_expires_s = coded.expires_s;
	return OK;
}
