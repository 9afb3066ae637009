#include "crypto/jws.h"

#include "base/encode.h"

/* Whatever is wrong with a token, its bearer is not authentic; what exactly goes to the log. */
static status not_a_token(const char *what)
{
	NOTE("%s", what);
	return FAIL(FAULT_UNAUTHENTIC, "not a signed token: %s", what);
}

/* A fault of the input becomes "not authentic"; one of memory stays what it is. */
static status blame_token(status st, const char *what)
{
	if (st.fault != FAULT_INVALID)
		return st;
	NOTE("%s", report_current()->text);
	return not_a_token(what);
}

static FALLIBLE decode_part(struct arena *arena, slice text, const char *what, slice *ret_bytes)
{
	status st = base64_decode(arena, BASE64_URL, text, ret_bytes);

	if (FAILED(st))
		return blame_token(st, what);
	return OK;
}

/* A member that must be a string where it stands. */
static bool read_text(const struct json *header, const char *name, bool *ret_has, slice *ret_text)
{
	const struct json *member = json_member(header, name);

	*ret_has = member != NULL;
	return !member || json_text(member, ret_text);
}

static FALLIBLE read_header(const struct json *header, struct jws *jws)
{
	/* What changes how a token is read or verified; we have none of it (RFC 7515 section 4.1.11, RFC 7797). */
	static const char *const refused[] = { "crit", "zip", "b64", "enc" };
	bool has_alg, has_typ;
	slice alg = { 0 };

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (json_member(header, refused[i]))
			return not_a_token("its header asks for what we do not have");
	if (!read_text(header, "alg", &has_alg, &alg) || !has_alg || (jws->alg = alg_find(alg)) == ALG_UNSET)
		return not_a_token("its alg is none we verify");
	if (!read_text(header, "kid", &jws->has_kid, &jws->kid) || !read_text(header, "typ", &has_typ, &jws->typ))
		return not_a_token("its kid or typ is no string");
	jws->header = header;
	return OK;
}

FALLIBLE jws_parse(struct arena *arena, slice token, size_t limit_bytes, struct jws *ret_jws)
{
	const struct json_limits limits = { .bytes = limit_bytes ? limit_bytes : JWS_BYTES_DEFAULT, .depth = JWS_DEPTH_MAX };
	slice head, body, tail, rest = token, header_text;
	const struct json *header;
	struct jws jws = { 0 };
	status st;

	if (token.len > limits.bytes)
		return not_a_token("it is too long");
	if (!slice_cut(rest, '.', &head, &rest) || !slice_cut(rest, '.', &body, &tail) || slice_find(tail, '.') < tail.len)
		return not_a_token("it has not three parts");
	TRY(decode_part(arena, head, "its header is not base64url", &header_text));
	st = json_parse_object(arena, header_text, &limits, &header);
	if (FAILED(st))
		return blame_token(st, "its header is no JSON object");
	TRY(read_header(header, &jws));
	TRY(decode_part(arena, body, "its payload is not base64url", &jws.payload));
	TRY(decode_part(arena, tail, "its signature is not base64url", &jws.signature));
	jws.input = slice_to(token, head.len + 1 + body.len);
	*ret_jws = jws;
	return OK;
}

FALLIBLE jws_claims(struct arena *arena, const struct jws *jws, const struct json **ret_claims)
{
	const struct json_limits limits = { .depth = JWS_DEPTH_MAX }; /* the length was limited with the token's */
	status st = json_parse_object(arena, jws->payload, &limits, ret_claims);

	if (FAILED(st))
		return blame_token(st, "its payload is no JSON object");
	return OK;
}

FALLIBLE jws_verify(const struct jws *jws, struct key *key)
{
	return key_verify(key, jws->alg, jws->input, jws->signature);
}

/* RFC 7515 section 4.1.6: standard base64, with padding, unlike everything around it. */
static FALLIBLE put_x5c(const struct jws_header *header, struct json_writer *writer)
{
	struct buffer text;

	buffer_init(&text, NULL, JWS_BYTES_DEFAULT);
	json_put_name(writer, SLICE("x5c"));
	json_open_array(writer);
	for (size_t i = 0; i < header->x5c_count && !buffer_failed(&text); i++) {
		buffer_clear(&text);
		base64_encode(&text, BASE64_STANDARD, header->x5c[i]);
		json_put_text(writer, buffer_slice(&text));
	}
	json_close_array(writer);
	if (buffer_failed(&text)) {
		buffer_done(&text);
		return FAIL(FAULT_EXHAUSTED, "no room for a certificate");
	}
	buffer_done(&text);
	return OK;
}

static FALLIBLE put_header(const struct key *key, const struct jws_header *header, struct buffer *out)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_open_object(&writer);
	json_pair_text(&writer, "alg", slice_str(alg_name(key_alg(key))));
	if (header->typ.len)
		json_pair_text(&writer, "typ", header->typ);
	if (!header->without_kid)
		json_pair_text(&writer, "kid", key_kid(key));
	if (header->x5c_count)
		TRY(put_x5c(header, &writer));
	json_close_object(&writer);
	if (buffer_failed(out))
		return FAIL(FAULT_EXHAUSTED, "no room for a token's header");
	return OK;
}

FALLIBLE jws_sign(struct key *key, const struct jws_header *header, slice payload, struct buffer *out)
{
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	struct buffer head;
	size_t start = out->len, len;
	status st;

	buffer_init(&head, NULL, JWS_BYTES_DEFAULT);
	st = put_header(key, header, &head);
	if (!FAILED(st))
		base64_encode(out, BASE64_URL, buffer_slice(&head));
	buffer_done(&head);
	TRY(st);
	buffer_byte(out, '.');
	base64_encode(out, BASE64_URL, payload);
	if (buffer_failed(out))
		return FAIL(FAULT_EXHAUSTED, "no room for a token");
	TRY(key_sign(key, slice_from(buffer_slice(out), start), signature, &len));
	buffer_byte(out, '.');
	base64_encode(out, BASE64_URL, slice_of(signature, len));
	if (buffer_failed(out))
		return FAIL(FAULT_EXHAUSTED, "no room for a token");
	return OK;
}
