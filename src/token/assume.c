/*
 * assume: who a credential proves the bearer to be (tokens.md 3.4).
 *
 * In order: parse, issuer, key, signature, times, audience, subject, further claims; whatever fails first is told, and nothing
 * is fetched before the issuer matched what is stored.
 */
#include "base/encode.h"
#include "token/issuer_impl.h"

#define ACT_BYTES_MAX ((size_t)16 * 1024)
#define PROFILE_TEXT_BYTES_MAX 1024 /* longer ones are left out */

/* {"iss":…,"sub":…,"aud":…}: every value a text (tokens.md 2). */
static FALLIBLE make_act(struct arena *arena, slice url, slice subject, slice audience, slice *ret_act)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, arena, ACT_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	json_pair_text(&writer, "iss", url);
	json_pair_text(&writer, "sub", subject);
	json_pair_text(&writer, "aud", audience);
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "the token's claims are too large");
	*ret_act = buffer_slice(&out);
	return OK;
}

/* The `upstream` claim; "" when there is nothing to say. */
static FALLIBLE make_profile(struct arena *arena, const struct person *person, slice *ret_profile)
{
	const struct {
		const char *name;
		slice text;
	} members[] = { { "name", person->name },
			{ "given_name", person->given_name },
			{ "family_name", person->family_name },
			{ "picture", person->picture } };
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, arena, ACT_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (members[i].text.len && members[i].text.len <= PROFILE_TEXT_BYTES_MAX)
			json_pair_text(&writer, members[i].name, members[i].text);
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "the token's claims are too large");
	*ret_profile = buffer_slice(&out).len > 2 ? buffer_slice(&out) : SLICE("");
	return OK;
}

/* ---- tokens of other issuers ---- */

static FALLIBLE keys_for(struct issuer *issuer, const struct relation *relation, slice url, slice kid, bool may_block,
			 struct jwks **ret_keys)
{
	switch ((enum relationship)relation->row.relationship) {
	case RELATIONSHIP_STATIC:
		if (!relation->keys)
			return FAIL(FAULT_DENIED, "the identity's issuer_keys hold no usable key");
		*ret_keys = jwks_ref(relation->keys);
		return OK;
	case RELATIONSHIP_CLAIM_MATCH:
		return upstream_keys(issuer, url, kid, may_block, ret_keys);
	default:
		return FAIL(FAULT_UNIMPLEMENTED, "identities of AWS and of services cannot be assumed here yet");
	}
}

/* Static keys end with their identity, and so does what was had for them; 0: never. */
static int64_t end_of(const struct relation *relation)
{
	return relation->row.relationship == RELATIONSHIP_STATIC ? relation->row.expires_us / US_PER_S : 0;
}

static FALLIBLE assume_foreign(struct issuer *issuer, struct arena *arena, const struct jws *jws, const struct json *claims,
			       slice url, const struct uid *identity, bool may_block, struct assumed *ret_assumed)
{
	CLEANUP(relation_unrefp) struct relation *relation = NULL;
	CLEANUP(jwks_unrefp) struct jwks *keys = NULL;
	slice audience, subject = SLICE("");

	if (uid_is_none(identity))
		return FAIL(FAULT_ABSENT, "Not found: no user is registered for this token; name the identity to assume");
	if (uid_is_root(identity))
		return FAIL(FAULT_DENIED, "a user is nobody's to assume: people sign in");
	TRY(relation_get(issuer, identity, may_block, &relation));
	if (relation->row.relationship == RELATIONSHIP_STATIC || relation->row.relationship == RELATIONSHIP_CLAIM_MATCH)
		TRY(match_issuer(relation, url));
	TRY(keys_for(issuer, relation, url, jws->kid, may_block, &keys));
	TRY(upstream_verify(keys, jws));
	TRY(match_claims(issuer, relation, claims, &audience));
	(void)json_text(json_member(claims, "sub"), &subject); /* match_claims saw it */
	*ret_assumed = (struct assumed){ .identity = *identity, .not_after_s = end_of(relation) };
	return make_act(arena, url, subject, audience, &ret_assumed->act);
}

/* ---- our own ---- */

static FALLIBLE copy_caller(struct arena *arena, const struct caller *caller, struct assumed *assumed)
{
	struct token_grant *grants = NEW_N(arena, struct token_grant, caller->grants_count);

	TRY_NEW(grants);
	if (caller->grants_count)
		memcpy(grants, caller->grants, caller->grants_count * sizeof(*grants));
	assumed->bound_grants = grants;
	assumed->bound_grants_count = caller->grants_count;
	assumed->act = arena_copy(arena, caller->act);
	assumed->email = arena_copy(arena, caller->email);
	TRY_NEW(assumed->act.at);
	TRY_NEW(assumed->email.at);
	assumed->email_is_verified = caller->email_is_verified;
	return OK;
}

/* Our access token for the same subject: no more than it carries, no longer than it lives. */
static FALLIBLE narrow_own(struct arena *arena, const struct caller *caller, struct assumed *ret_assumed)
{
	struct person person = { .name = caller->name,
				 .given_name = caller->given_name,
				 .family_name = caller->family_name,
				 .picture = caller->picture };

	*ret_assumed = (struct assumed){ .identity = caller->identity,
					 .not_after_s = caller->expires_s,
					 .is_bounded = true,
					 .bound_operator = caller->claims_operator,
					 .confined_to = caller->confined_to };
	TRY(make_profile(arena, &person, &ret_assumed->upstream));
	return copy_caller(arena, caller, ret_assumed);
}

/* Our access token for another identity: only where that identity's claim match names us. */
static FALLIBLE cross_own(struct issuer *issuer, struct arena *arena, const struct caller *caller, const struct json *claims,
			  const struct uid *identity, bool may_block, struct assumed *ret_assumed)
{
	CLEANUP(relation_unrefp) struct relation *relation = NULL;
	slice audience;

	TRY(relation_get(issuer, identity, may_block, &relation));
	if (relation->row.relationship != RELATIONSHIP_CLAIM_MATCH || relation->row.issuer_kind != MATCH_EXACT ||
	    !slice_eq(relation->row.issuer, issuer->options.url))
		return FAIL(FAULT_DENIED,
			    "token has invalid \"iss\": the identity may not be assumed with a token of this server");
	if (!uid_is_none(&caller->confined_to) && !uid_covers(&caller->confined_to, identity))
		return FAIL(FAULT_DENIED, "this session may act inside its own organization only");
	TRY(match_claims(issuer, relation, claims, &audience));
	*ret_assumed =
		(struct assumed){ .identity = *identity, .not_after_s = caller->expires_s, .confined_to = caller->confined_to };
	return make_act(arena, issuer->options.url, caller->subject, audience, &ret_assumed->act);
}

/* With an identity provider named, a token of ours must have begun there. */
static FALLIBLE check_begun(const struct caller *caller, const struct uid *identity_provider)
{
	struct uid organization = uid_parent(identity_provider);

	if (uid_is_none(identity_provider) || (!uid_is_none(&organization) && uid_eq(&caller->confined_to, &organization)))
		return OK;
	return FAIL(FAULT_DENIED, "the token was not made by a sign-in at this identity provider");
}

static FALLIBLE use_own(struct issuer *issuer, struct arena *arena, const struct caller *caller, const struct json *claims,
			const struct asked *asked, struct assumed *ret_assumed)
{
	TRY(check_begun(caller, asked->identity_provider));
	if (uid_is_none(asked->identity) || uid_eq(asked->identity, &caller->identity))
		return narrow_own(arena, caller, ret_assumed);
	return cross_own(issuer, arena, caller, claims, asked->identity, asked->may_block, ret_assumed);
}

static FALLIBLE assume_own(struct issuer *issuer, struct arena *arena, slice text, const struct json *claims,
			   const struct asked *asked, struct assumed *ret_assumed)
{
	struct verified *verified;
	status result;

	TRY(token_verify(issuer, TOKEN_ACCESS, text, SLICE(""), &verified));
	result = use_own(issuer, arena, &verified->caller, claims, asked, ret_assumed);
	(void)verified_unref(verified); /* what is needed was copied */
	return result;
}

/* ---- people who just signed in ---- */

FALLIBLE token_login_assume(struct arena *arena, const struct login *login, struct assumed *ret_assumed)
{
	const struct person *person = &login->person;

	*ret_assumed = (struct assumed){ .identity = login->identity,
					 .email = person->email,
					 .email_is_verified = person->email_is_verified,
					 .confined_to = person->confined_to,
					 .is_person = true };
	/* What an organization's own provider says of an address holds inside that organization alone. */
	if (!uid_is_none(&person->confined_to))
		ret_assumed->email_is_verified = false;
	TRY(make_profile(arena, person, &ret_assumed->upstream));
	return make_act(arena, person->issuer, person->subject, login->client_id, &ret_assumed->act);
}

/* The claims of the access token they would get for themselves: what another identity's claim match is held against. */
static FALLIBLE own_claims(const struct issuer *issuer, struct arena *arena, const struct assumed *self, slice subject,
			   int64_t expires_s, const struct json **ret_claims)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, arena, ACT_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	json_pair_text(&writer, "iss", issuer->options.url);
	json_pair_text(&writer, "sub", subject);
	json_put_name(&writer, SLICE("aud"));
	json_open_array(&writer);
	json_put_text(&writer, issuer->options.url);
	json_put_text(&writer, issuer->options.api_url);
	json_close_array(&writer);
	json_pair_int(&writer, "iat", issuer_now_us(issuer) / US_PER_S);
	json_pair_int(&writer, "exp", expires_s);
	if (self->email.len) {
		json_pair_text(&writer, "email", self->email);
		json_pair_bool(&writer, "email_verified", self->email_is_verified);
	}
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "the token's claims are too large");
	return json_parse_object(arena, buffer_slice(&out), NULL, ret_claims);
}

static FALLIBLE cross_login(struct issuer *issuer, struct arena *arena, const struct login *login, const struct asked *asked,
			    struct assumed *ret_assumed)
{
	struct caller caller = { .identity = login->identity, .confined_to = login->person.confined_to };
	char *subject = uid_text(&login->identity, arena);
	const struct json *claims;
	struct assumed self;

	TRY_NEW(subject);
	TRY(token_login_assume(arena, login, &self));
	caller.subject = slice_str(subject);
	caller.expires_s =
		issuer_now_us(issuer) / US_PER_S + atomic_load_explicit(&issuer->access_life_s, memory_order_relaxed);
	TRY(own_claims(issuer, arena, &self, caller.subject, caller.expires_s, &claims));
	return cross_own(issuer, arena, &caller, claims, asked->identity, asked->may_block, ret_assumed);
}

static FALLIBLE assume_login(struct issuer *issuer, struct arena *arena, slice text, const struct asked *asked,
			     struct assumed *ret_assumed)
{
	struct login *login = NEW(arena, struct login);

	TRY_NEW(login);
	if (!asked->is_exchange)
		return FAIL(FAULT_UNAUTHENTIC, "a sign-in's token must be exchanged for an access token first");
	TRY(token_login_read(issuer, arena, text, asked->identity_provider, asked->may_block, login));
	if (authz_identity_life(issuer->authz, &login->identity, 0) != LIFE_ALIVE)
		return FAIL(FAULT_ABSENT, "Not found: nobody is registered with this sign-in; register first");
	if (!asked->may_block)
		return FAIL(FAULT_ELSEWHERE, "what is good once must be written down");
	if (uid_is_none(asked->identity) || uid_eq(asked->identity, &login->identity))
		TRY(token_login_assume(arena, login, ret_assumed));
	else
		TRY(cross_login(issuer, arena, login, asked, ret_assumed));
	ret_assumed->once = login->token_id;
	ret_assumed->once_until_s = login->expires_s;
	ret_assumed->login = login;
	return OK;
}

/* ---- which of them ---- */

/* People's: the request names a provider, or nobody (or a user) to assume and the token says that it is for our client at an
 * issuer they sign in at. A job's token of the same issuer has another audience. */
static bool is_of_a_person(const struct issuer *issuer, slice url, const struct json *claims, const struct asked *asked)
{
	const struct issuer_connection *connection = idtoken_connection(issuer, url);

	if (!uid_is_none(asked->identity_provider))
		return true;
	return (uid_is_none(asked->identity) || uid_is_root(asked->identity)) && connection &&
	       idtoken_names(claims, connection->client_id);
}

/* A request signed for AWS has no dot, unlike a token (tokens.md 3.6); other text without one is a token gone wrong. */
static FALLIBLE refuse_request(struct arena *arena, slice text)
{
	size_t size = BASE64_DATA_BYTES(text.len), len;
	char *bytes;

	if (text.len > TOKEN_BYTES_MAX)
		return OK;
	bytes = arena_alloc(arena, size);
	TRY_NEW(bytes);
	if (base64_decode_into(BASE64_URL_EITHER, text, bytes, size, &len) &&
	    slice_starts(slice_of(bytes, len), SLICE("POST /")))
		return FAIL(FAULT_UNIMPLEMENTED, "signed AWS requests are not taken here yet");
	return OK;
}

FALLIBLE assume_any(struct issuer *issuer, struct arena *arena, slice text, const struct asked *asked,
		    struct assumed *ret_assumed)
{
	const struct json *claims;
	enum token_kind kind;
	struct jws jws;
	slice url;

	if (slice_find(text, '.') == text.len)
		TRY(refuse_request(arena, text));
	TRY(jws_parse(arena, text, TOKEN_BYTES_MAX, &jws));
	TRY(jws_claims(arena, &jws, &claims));
	kind = kind_by_typ(jws.typ);
	if (!json_text(json_member(claims, "iss"), &url))
		return FAIL(FAULT_DENIED, "token has invalid \"iss\": it names no issuer");
	if (!slice_eq(url, issuer->options.url))
		return is_of_a_person(issuer, url, claims, asked)
			       ? assume_login(issuer, arena, text, asked, ret_assumed)
			       : assume_foreign(issuer, arena, &jws, claims, url, asked->identity, asked->may_block,
						ret_assumed);
	if (kind == TOKEN_LOGIN)
		return assume_login(issuer, arena, text, asked, ret_assumed);
	if (kind != TOKEN_ACCESS)
		return FAIL(FAULT_UNAUTHENTIC, "this kind of token cannot be exchanged");
	return assume_own(issuer, arena, text, claims, asked, ret_assumed);
}

FALLIBLE token_assume(struct issuer *issuer, struct arena *arena, slice text, const struct uid *identity,
		      const struct uid *identity_provider, bool may_block, struct assumed *ret_assumed)
{
	struct asked asked = { .identity = identity, .identity_provider = identity_provider, .may_block = may_block };

	return assume_any(issuer, arena, text, &asked, ret_assumed);
}
