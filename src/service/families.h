/*
 * families: sessions of people: a family of refresh tokens, of which one is good (spec tokens.md 3.7, design.md 6).
 *
 * Form      standard base64 of JSON {iss, sub, aud, iat, exp, fam, gen, sec}; sec is an HMAC of this server over the whole
 * rest, so a token can be made again from its family's row, and one that differs anywhere is none. Promises  a token is good
 * once; the one before it, presented again within FAMILY_RETRY_S while its successor was not used, gets that same successor;
 * any other earlier one ends the family. Ends are asked at each use. A session lives only as long as its identity. Start at
 * family_judge() for the rule, refresh_token_make() and refresh_token_read() for the form.
 */
#ifndef SERVICE_FAMILIES_H
#define SERVICE_FAMILIES_H

#include "service/people.h"

#define FAMILY_ID_BYTES 16
#define FAMILY_IDLE_S (30 * S_PER_DAY)
#define FAMILY_LIFE_S (90 * S_PER_DAY)
#define FAMILY_RETRY_S 10
#define FAMILIES_OF_ONE_MAX 100 /* sessions of a person: the one unused longest makes room */
#define REFRESH_TOKEN_BYTES_MAX ((size_t)2048)

enum family_verdict {
	FAMILY_FRESH, /* the newest: it is used now */
	FAMILY_RETRY, /* the one before, again: the same successor */
	FAMILY_ENDED,
	FAMILY_REUSED, /* somebody has an old one: the family has to end */
};
/* What presenting that generation means now. */
enum family_verdict family_judge(const struct family *family, int64_t generation, int64_t now_us);

/* The token of the family's newest generation. In the call's arena. */
FALLIBLE refresh_token_make(struct call *call, const struct family *family, slice *ret_token);

struct refresh_token {
	uint8_t family[FAMILY_ID_BYTES];
	int64_t generation;
	slice client_id;
};
/* UNAUTHENTICATED when this server did not make it, all of it. */
FALLIBLE refresh_token_read(struct call *call, slice text, struct refresh_token *ret_token);

/* The family's row, in a snapshot of its own. On a worker. */
FALLIBLE family_find(struct call *call, const uint8_t id[FAMILY_ID_BYTES], struct family *ret_family, bool *ret_found);
/* Uses a token: exchanges it for an access token as `in` asks (in->upstream is not looked at) and for its successor. client_id:
 * that has to be the family's, unless "". Recorded. On a worker, outside of a transaction. */
FALLIBLE family_use(struct call *call, slice token, slice client_id, const struct exchange *in, struct exchanged *ret_exchanged,
		    slice *ret_refresh_token);

/* ---- ends, in the call's transaction ---- */

/* All sessions of the identity, or only those confined to the organization. */
FALLIBLE families_end(struct call *call, const struct uid *identity, const struct uid *confined_to);
/* A binding at `group` was taken from the identity: when it was the last one in that organization, sessions begun at the
 * organization's own provider end. */
FALLIBLE families_left(struct call *call, const struct uid *identity, const struct uid *group);
/* Whether families_left could end any: the identity has a session begun at the own provider of the group's organization. Reads
 * alone. */
FALLIBLE families_may_leave(struct call *call, const struct uid *identity, const struct uid *group, bool *ret_may);

#endif
