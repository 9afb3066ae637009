/*
 * sts: one token for another (spec tokens.md 3).
 *
 * Promises  nothing is issued unrecorded: the trail takes the record before the answer leaves; what may be exchanged once is
 *           written down as used, durably, before that.
 */
#include "service/sts.h"
#include "handlers.gen.h"
#include "oidc/v1/security_token.pb-c.h"
#include "service/people_impl.h"
#include "service/seen.h"

/* Several audiences as one text for the record. */
static slice joined(struct call *call, const slice *texts, size_t count)
{
	struct buffer out;

	buffer_init(&out, call->arena, 4096);
	for (size_t i = 0; i < count; i++)
		buffer_printf(&out, "%s%.*s", i ? "," : "", SLICE_ARG(texts[i]));
	return buffer_slice(&out);
}

FALLIBLE sts_record(struct call *call, const char *what, const struct exchange *exchange, const struct exchanged *done)
{
	char identity[UID_TEXT_BYTES];
	struct trail_record record = { .what = what,
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
	TRY(sts_record(call, "exchange", exchange, &done));
	seen_note(&done.who.identity, call->now_us);
	*ret_done = done;
	return OK;
}

status v1_security_token_exchange(struct call *call, const Chainguard__Platform__Oidc__ExchangeRequest *in,
				  Chainguard__Platform__Oidc__RawToken *out)
{
	struct sts_values values;
	struct exchange exchange = { .upstream = call->credential,
				     .identity = slice_trim(slice_str(in->identity)),
				     .identity_provider = slice_str(in->identity_provider),
				     .may_block = call->may_block };
	struct exchanged done;

	if (call->credential.len == 0)
		return FAIL(FAULT_UNAUTHENTIC, "send the token to exchange in the authorization header");
	TRY(sts_take(&(struct sts_in){ in->n_aud, in->aud, in->scope, in->n_scopes, in->scopes, in->n_cap, in->cap }, &values,
		     &exchange));
	TRY(sts_exchange(call, &exchange, &done));
	TRY(put_text(call, done.token.text, &out->token));
	return put_time(call, done.token.expires_s * US_PER_S, &out->expiry);
}
