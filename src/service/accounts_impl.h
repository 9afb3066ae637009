/* What the files about accounts share. */
#ifndef SERVICE_ACCOUNTS_IMPL_H
#define SERVICE_ACCOUNTS_IMPL_H

#include "reeve/v1/accounts.pb-c.h"
#include "service/accounts.h"
#include "service/invites_impl.h"

#define ACCOUNT_SUBJECT_BYTES 16
#define ACCOUNT_SECRET_BYTES 32

/* A link's secret begins with how it leaves: only what was sent to the address itself proves the address. The digest covers it.
 */
#define ACCOUNT_LINK_SHOWN 'o'
#define ACCOUNT_LINK_MAILED 'm'

/* `iss` of local accounts: <ISSUER>/local. */
FALLIBLE account_issuer(struct call *call, slice *ret_issuer);
/* The identity its person has, or will have. */
FALLIBLE account_identity(struct call *call, const struct account *account, struct uid *ret_identity);
/* A fresh row with a subject nobody ever had, not written yet. */
FALLIBLE account_new(struct call *call, slice login, slice name, struct account *ret_account);
FALLIBLE account_find(struct call *call, slice login, struct account *ret_account, bool *ret_found);
/* The live account behind a link's secret; NOT_FOUND, with one text for all reasons. */
FALLIBLE account_by_link(struct call *call, slice secret, struct account *ret_account);
/* Puts a new link into the row, replacing any; its whole URL. */
FALLIBLE account_add_link(struct call *call, char kind, struct account *account, slice *ret_url);
/* Ends the person's sessions. */
FALLIBLE account_end_sessions(struct call *call, const struct uid *identity);
FALLIBLE account_fill(struct call *call, const struct account *account, Reeve__V1__Account *out);
/* Names the account as what changed; the record holds no link. */
FALLIBLE account_touched(struct call *call, const struct account *account);

#endif
