/*
 * sts: one token for another (spec tokens.md 3).
 *
 * Promises  nothing is issued unrecorded: the trail takes the record before the answer leaves; what may be exchanged once is
 *           written down as used, durably, before that.
 */
#include "handlers.gen.h"
#include "oidc/v1/security_token.pb-c.h"
#include "service/people_impl.h"
#include "service/seen.h"

#define EXCHANGE_VALUES_MAX 64

static FALLIBLE take_values(struct call *call, size_t count, char *const *texts, const char *field, slice *into,
			    size_t *ret_count)
{
	(void)call;
	if (count > EXCHANGE_VALUES_MAX)
		return FAIL_FIELD(field, "at most %d values", EXCHANGE_VALUES_MAX);
	for (size_t i = 0; i < count; i++)
		into[i] = slice_str(texts[i]);
	*ret_count = count;
	return OK;
}

/* `scope` is the old, single form of `scopes`: their union. */
static FALLIBLE take_scopes(struct call *call, const Chainguard__Platform__Oidc__ExchangeRequest *in, slice *into,
			    size_t *ret_count)
{
	TRY(take_values(call, in->n_scopes, in->scopes, "scopes", into, ret_count));
	if (!*in->scope)
		return OK;
	for (size_t i = 0; i < *ret_count; i++)
		if (slice_is(into[i], in->scope))
			return OK;
	into[(*ret_count)++] = slice_str(in->scope);
	return OK;
}

/* Several audiences as one text for the record. */
static slice joined(struct call *call, const slice *texts, size_t count)
{
	struct buffer out;

	buffer_init(&out, call->arena, 4096);
	for (size_t i = 0; i < count; i++)
		buffer_printf(&out, "%s%.*s", i ? "," : "", SLICE_ARG(texts[i]));
	return buffer_slice(&out);
}

static FALLIBLE record(struct call *call, const struct exchange *exchange, const struct exchanged *done)
{
	char identity[UID_TEXT_BYTES];
	struct trail_record record = { .what = "exchange",
				       .method = call->method->label,
				       .subject = done->who.act,
				       .audience = joined(call, exchange->audiences, exchange->audiences_count),
				       .scope = joined(call, exchange->scopes, exchange->scopes_count),
				       .token_id = done->token.token_id,
				       .request_id = call->request_id,
				       .peer = call->peer,
				       .expires_s = done->token.expires_s };

	uid_format(&done->who.identity, identity);
	record.identity = slice_str(identity);
	return trail_append(call->parts->trail, &record);
}

FALLIBLE sts_exchange(struct call *call, const struct exchange *exchange, struct exchanged *ret_done)
{
	struct exchanged done;

	TRY(token_exchange(call->parts->issuer, call->arena, exchange, &done));
	if (done.who.once.len)
		TRY(people_spend(call, &done.who, exchange->audiences, exchange->audiences_count));
	TRY(record(call, exchange, &done));
	seen_note(&done.who.identity, call->now_us);
	*ret_done = done;
	return OK;
}

status v1_security_token_exchange(struct call *call, const Chainguard__Platform__Oidc__ExchangeRequest *in,
				  Chainguard__Platform__Oidc__RawToken *out)
{
	slice audiences[EXCHANGE_VALUES_MAX], scopes[EXCHANGE_VALUES_MAX + 1], capabilities[EXCHANGE_VALUES_MAX];
	struct exchange exchange = { .upstream = call->credential,
				     .audiences = audiences,
				     .identity = slice_trim(slice_str(in->identity)),
				     .identity_provider = slice_str(in->identity_provider),
				     .scopes = scopes,
				     .capabilities = capabilities,
				     .may_block = call->may_block };
	struct exchanged done;

	if (call->credential.len == 0)
		return FAIL(FAULT_UNAUTHENTIC, "send the token to exchange in the authorization header");
	TRY(take_values(call, in->n_aud, in->aud, "aud", audiences, &exchange.audiences_count));
	TRY(take_scopes(call, in, scopes, &exchange.scopes_count));
	TRY(take_values(call, in->n_cap, in->cap, "cap", capabilities, &exchange.capabilities_count));
	TRY(sts_exchange(call, &exchange, &done));
	TRY(put_text(call, done.token.text, &out->token));
	return put_time(call, done.token.expires_s * US_PER_S, &out->expiry);
}
