/*
 * assume: who a credential proves the bearer to be (tokens.md 3.4).
 *
 * In order: parse, issuer, key, signature, times, audience, subject, further claims; whatever fails first is told, and nothing
 * is fetched before the issuer matched what is stored.
 */
#include "token/issuer_impl.h"

#define ACT_BYTES_MAX ((size_t)16 * 1024)

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

static FALLIBLE assume_foreign(struct issuer *issuer, struct arena *arena, const struct jws *jws, const struct json *claims,
			       slice url, const struct uid *identity, bool may_block, struct assumed *ret_assumed)
{
	CLEANUP(relation_unrefp) struct relation *relation = NULL;
	CLEANUP(jwks_unrefp) struct jwks *keys = NULL;
	struct key *key;
	slice audience, subject = SLICE("");

	if (uid_is_none(identity))
		return FAIL(FAULT_ABSENT, "no user is registered for this token; name the identity to assume");
	TRY(relation_get(issuer, identity, may_block, &relation));
	if (relation->row.relationship == RELATIONSHIP_STATIC || relation->row.relationship == RELATIONSHIP_CLAIM_MATCH)
		TRY(match_issuer(relation, url));
	TRY(keys_for(issuer, relation, url, jws->kid, may_block, &keys));
	if (FAILED(jwks_verify(keys, jws, &key)))
		return FAIL(FAULT_UNAUTHENTIC, "no key of the issuer made the token's signature");
	TRY(match_claims(issuer, relation, claims, &audience));
	(void)json_text(json_member(claims, "sub"), &subject); /* match_claims saw it */
	*ret_assumed = (struct assumed){ .identity = *identity };
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
	*ret_assumed = (struct assumed){ .identity = caller->identity,
					 .not_after_s = caller->expires_s,
					 .is_bounded = true,
					 .bound_operator = caller->claims_operator,
					 .confined_to = caller->confined_to };
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

static FALLIBLE use_own(struct issuer *issuer, struct arena *arena, const struct verified *verified, const struct json *claims,
			const struct uid *identity, bool may_block, struct assumed *ret_assumed)
{
	const struct caller *caller = &verified->caller;

	if (uid_is_none(identity) || uid_eq(identity, &caller->identity))
		return narrow_own(arena, caller, ret_assumed);
	return cross_own(issuer, arena, caller, claims, identity, may_block, ret_assumed);
}

static FALLIBLE assume_own(struct issuer *issuer, struct arena *arena, const struct jws *jws, slice text,
			   const struct json *claims, const struct uid *identity, bool may_block, struct assumed *ret_assumed)
{
	enum token_kind kind = kind_by_typ(jws->typ);
	struct verified *verified;
	status result;

	if (kind != TOKEN_ACCESS)
		return FAIL(FAULT_UNAUTHENTIC, "this kind of token cannot be exchanged");
	TRY(token_verify(issuer, kind, text, SLICE(""), &verified));
	result = use_own(issuer, arena, verified, claims, identity, may_block, ret_assumed);
	(void)verified_unref(verified); /* what is needed was copied */
	return result;
}

FALLIBLE token_assume(struct issuer *issuer, struct arena *arena, slice text, const struct uid *identity,
		      const struct uid *identity_provider, bool may_block, struct assumed *ret_assumed)
{
	const struct json *claims;
	struct jws jws;
	slice url;

	if (!uid_is_none(identity_provider))
		return FAIL(FAULT_UNIMPLEMENTED, "organizations' own identity providers are not served here yet");
	if (text.len && slice_find(text, '.') == text.len)
		return FAIL(FAULT_UNIMPLEMENTED, "signed AWS requests are not taken here yet");
	TRY(jws_parse(arena, text, TOKEN_BYTES_MAX, &jws));
	TRY(jws_claims(arena, &jws, &claims));
	if (!json_text(json_member(claims, "iss"), &url))
		return FAIL(FAULT_DENIED, "token has invalid \"iss\": it names no issuer");
	if (slice_eq(url, issuer->options.url))
		return assume_own(issuer, arena, &jws, text, claims, identity, may_block, ret_assumed);
	return assume_foreign(issuer, arena, &jws, claims, url, identity, may_block, ret_assumed);
}
