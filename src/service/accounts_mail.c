/*
 * accounts_mail: a one-time link on its way to the address it proves.
 */
#include "crypto/digest.h"
#include "fetch/mail.h"
#include "handlers.gen.h"
#include "service/accounts_impl.h"

#define MAILED_LABEL "reeve mailed link:"
#define SUBJECT "A link to set your password"

bool account_can_mail(const struct call *call)
{
	return call->parts->mailer != NULL;
}

static FALLIBLE letter(struct call *call, const Reeve__V1__AccountLink *link)
{
	slice url = call->settings->issuer_url;
	char *text = arena_printf(call->arena,
				  "Somebody asked for a way to set the password of your account at\n%.*s\n\n"
				  "If that was you, open this link within a day; it works once:\n\n%s\n\n"
				  "If it was not you, do nothing: your password stays as it is.\n",
				  SLICE_ARG(url), link->link);

	TRY_NEW(text);
	return mailer_send(call->parts->mailer, slice_str(link->account->login), SLICE(SUBJECT), slice_str(text));
}

FALLIBLE account_mail_link(struct call *call, slice login)
{
	Reeve__V1__AddMailedLinkRequest *in;
	Reeve__V1__AccountLink *out;
	slice canonical;

	TRY(account_login(call, login, "login", &canonical));
	if (!mailer_has_room(call->parts->mailer)) /* said to everybody alike, whether there is somebody to write to or not */
		return FAIL(FAULT_EXHAUSTED, "too many letters wait for the mail server; try again later");
	TRY_MESSAGE(call, in, reeve__v1__add_mailed_link_request);
	TRY_MESSAGE(call, out, reeve__v1__account_link);
	TRY(put_text(call, canonical, &in->login));
	TRY(call_nested(call, NULL, SLICE(""), METHOD_REEVE_ACCOUNTS_ADD_MAILED_LINK, in, out));
	return out->account ? letter(call, out) : OK;
}

/* The mark of a letter to this address: written for whoever is asked about, so that both take the same time. */
static FALLIBLE mark_of(struct call *call, slice login, struct mark *ret_mark)
{
	unsigned char *digest = arena_alloc(call->arena, SHA256_BYTES);
	char *text = arena_printf(call->arena, MAILED_LABEL "%.*s", SLICE_ARG(login));

	TRY_NEW(digest);
	TRY_NEW(text);
	TRY(sha256(slice_str(text), digest));
	*ret_mark = (struct mark){ .digest = slice_of(digest, SHA256_BYTES) };
	return OK;
}

/* Leaves the answer empty when there is nobody to write to, or it was done a moment ago. */
status reeve_accounts_add_mailed_link(struct call *call, const Reeve__V1__AddMailedLinkRequest *in, Reeve__V1__AccountLink *out)
{
	struct account account = { 0 };
	struct mark mark, before;
	bool found, is_soon;
	slice url;

	TRY(mark_of(call, slice_str(in->login), &mark));
	TRY(row_find(call->tx, &table_marks, &mark, &before, &is_soon));
	is_soon = is_soon && before.expires_us > call->now_us;
	mark.expires_us = is_soon ? before.expires_us : call->now_us + ACCOUNT_MAIL_AGAIN_S * US_PER_S;
	TRY(row_put(call->tx, &table_marks, &mark));
	TRY(account_find(call, slice_str(in->login), &account, &found));
	if (!found || account.is_disabled || is_soon)
		return OK;
	TRY(account_add_link(call, ACCOUNT_LINK_MAILED, &account, &url));
	TRY(row_update(call->tx, &table_accounts, &account));
	TRY_MESSAGE(call, out->account, reeve__v1__account);
	TRY(account_fill(call, &account, out->account));
	TRY(put_text(call, url, &out->link));
	return account_touched(call, &account);
}
