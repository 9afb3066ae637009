/*
 * match: a token's claims against what an identity asks for (model.md 5.2, tokens.md 3.4).
 *
 * Promises  every condition must hold; a claim that is absent, too long or of another type holds for none; the text of a
 * refusal says `invalid "<claim>"` and never repeats a value.
 */
#include "model/pattern.h"
#include "token/issuer_impl.h"

#define CLAIM_BYTES_MAX 1024

static FALLIBLE refuse(slice claim)
{
	return FAIL(FAULT_DENIED, "token has invalid \"%.*s\": it is not what the identity asks for",
		    SLICE_ARG(slice_to(claim, 100)));
}

static bool fits(int64_t kind, slice wanted, slice value)
{
	if (value.len > CLAIM_BYTES_MAX)
		return false;
	return kind == MATCH_PATTERN ? pattern_matches(wanted, value) : slice_eq(wanted, value);
}

FALLIBLE match_issuer(const struct relation *relation, slice url)
{
	return fits(relation->row.issuer_kind, relation->row.issuer, url) ? OK : refuse(SLICE("iss"));
}

/* A scalar as text: strings as they are, numbers as written, true and false. */
static bool text_of(const struct json *value, slice *ret_text)
{
	if (value->kind == JSON_STRING || value->kind == JSON_NUMBER)
		*ret_text = value->text;
	else if (value->kind == JSON_BOOL)
		*ret_text = value->truth ? SLICE("true") : SLICE("false");
	else
		return false;
	return true;
}

/* A list fits when one of its elements does. */
static bool value_fits(int64_t kind, slice wanted, const struct json *value)
{
	slice text;

	if (!value)
		return false;
	if (value->kind == JSON_ARRAY) {
		JSON_EACH (item, value)
			if (text_of(item, &text) && fits(kind, wanted, text))
				return true;
		return false;
	}
	return text_of(value, &text) && fits(kind, wanted, text);
}

static const struct json *claim_of(const struct json *claims, slice name)
{
	JSON_EACH (member, claims)
		if (slice_eq(member->name, name))
			return member;
	return NULL;
}

static FALLIBLE match_further(int64_t kind, const struct json *wanted, const struct json *claims)
{
	if (!wanted)
		return OK;
	JSON_EACH (want, wanted)
		if (!value_fits(kind, want->text, claim_of(claims, want->name)))
			return refuse(want->name);
	return OK;
}

/* ---- times ---- */

static FALLIBLE match_times(const struct issuer *issuer, const struct relation *relation, const struct json *claims)
{
	int64_t now_s = issuer_now_us(issuer) / US_PER_S, expires_s, other_s;
	bool has_issued = json_int64(json_member(claims, "iat"), &other_s);
	char text[CLOCK_TEXT_BYTES];

	if (!json_int64(json_member(claims, "exp"), &expires_s) || expires_s < 0)
		return refuse(SLICE("exp"));
	if (now_s >= expires_s) {
		clock_format(expires_s, 0, text);
		return FAIL(FAULT_DENIED, "token is expired: it was valid until %s", text);
	}
	if (json_member(claims, "iat") && (!has_issued || other_s < 0 || other_s > now_s + LEEWAY_S))
		return refuse(SLICE("iat"));
	if (relation->is_operator && (!has_issued || expires_s - other_s > ASSERTION_LIFE_S))
		return FAIL(FAULT_DENIED,
			    "token has invalid \"exp\": an operator's assertion lives at most %d seconds from its iat",
			    ASSERTION_LIFE_S);
	if (json_member(claims, "nbf") && (!json_int64(json_member(claims, "nbf"), &other_s) || other_s > now_s + LEEWAY_S))
		return refuse(SLICE("nbf"));
	if (relation->row.relationship == RELATIONSHIP_STATIC && relation->row.expires_us &&
	    now_s >= relation->row.expires_us / US_PER_S) {
		clock_format(relation->row.expires_us / US_PER_S, 0, text);
		return FAIL(FAULT_DENIED, "the identity is expired: it was valid until %s", text);
	}
	return OK;
}

/* ---- the audience ---- */

static bool audience_fits(const struct issuer *issuer, const struct relation *relation, slice audience)
{
	const struct identity *row = &relation->row;

	if (row->relationship == RELATIONSHIP_STATIC && relation->audiences)
		return relation->audiences->first && slice_eq(relation->audiences->first->text, audience);
	if (row->relationship == RELATIONSHIP_CLAIM_MATCH && row->audience_kind != MATCH_UNSET)
		return fits(row->audience_kind, row->audience, audience);
	return slice_eq(audience, issuer->options.url) || slice_eq(audience, issuer->host);
}

static FALLIBLE match_audience(const struct issuer *issuer, const struct relation *relation, const struct json *claims,
			       slice *ret_audience)
{
	const struct json *audience = json_member(claims, "aud");

	if (json_is(audience, JSON_STRING) && audience_fits(issuer, relation, audience->text)) {
		*ret_audience = audience->text;
		return OK;
	}
	if (json_is(audience, JSON_ARRAY)) {
		JSON_EACH (item, audience)
			if (item->kind == JSON_STRING && audience_fits(issuer, relation, item->text)) {
				*ret_audience = item->text;
				return OK;
			}
	}
	return refuse(SLICE("aud"));
}

FALLIBLE match_claims(const struct issuer *issuer, const struct relation *relation, const struct json *claims,
		      slice *ret_audience)
{
	const struct identity *row = &relation->row;
	slice subject;

	TRY(match_times(issuer, relation, claims));
	TRY(match_audience(issuer, relation, claims, ret_audience));
	if (!json_text(json_member(claims, "sub"), &subject) || !fits(row->subject_kind, row->subject, subject))
		return refuse(SLICE("sub"));
	if (row->relationship != RELATIONSHIP_CLAIM_MATCH)
		return OK;
	TRY(match_further(MATCH_EXACT, relation->claims, claims));
	return match_further(MATCH_PATTERN, relation->claim_patterns, claims);
}
