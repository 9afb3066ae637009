/*
 * call: one request on its way through the server, as the code that gives it meaning sees it.
 *
 * Owns      nothing but what its arena holds; rpc/ makes it, admits it, runs it, records it and answers it.
 * Promises  when a handler runs, the caller is authenticated and admitted as the method's row says; a writing method runs
 *           inside a transaction that commits only if it succeeds; clock and random bytes are drawn beforehand, so that a
 *           handler may run twice and give the same.
 * Start at  a handler in one of the files here: FALLIBLE groups_create_group(struct call *, const In *, Out *).
 */
#ifndef SERVICE_CALL_H
#define SERVICE_CALL_H

#include "audit/trail.h"
#include "authz/authz.h"
#include "base/clock.h"
#include "base/random.h"
#include "model/caller.h"
#include "schema/method.h"
#include "service/settings.h"
#include "store/store.h"
#include "token/token.h"

struct call;
struct mailer;
/* What every call shares; made by server/, lives as long as the process. */
struct parts {
	struct store *store;
	struct authz *authz;
	struct issuer *issuer;
	struct trail *trail;
	struct fetcher *fetcher;
	struct mailer *mailer; /* NULL: this server sends no mail */
	const struct clock *clock;
	struct random *random;
	_Atomic(const struct settings *) settings; /* replaced by settings_publish(); for calls: call.settings */
	/* rpc_nested(), which this room lies below; see call_nested. */
	status (*nested)(struct call *outer, const struct caller *caller, slice credential, enum method_id method,
			 const void *in, void *out);
};

/* What a page's row sees of the browser (option page: true); all empty for any other method. */
struct browser {
	slice cookies;    /* the Cookie header as sent; pages alone ever see it */
	slice origin;     /* Origin, "" when absent */
	slice fetch_site; /* Sec-Fetch-Site, "" when absent */
	slice verb;       /* GET or POST */
	bool is_tls;
};

#define CALL_SEED_BYTES 32

struct call {
	const struct parts *parts;
	const struct settings *settings; /* the same from the call's beginning to its end */
	const struct method *method;
	struct arena *arena;
	struct tx *tx;               /* inside a transaction or snapshot; NULL on the loop */
	const struct caller *caller; /* is_known is false for a public method without a token */
	struct authz_subject *subject;
	slice credential;    /* the Authorization value without its scheme, trimmed; "" when absent */
	slice authorization; /* the whole header, for Basic */
	slice request_id, peer, user_agent;
	struct browser browser;
	bool peer_is_safe; /* loopback or TLS: a one-time code may be taken */
	bool may_block;    /* on a worker: disk and network are allowed */
	bool by_operator;  /* an operator's standing allowed it */
	int64_t now_us;
	uint8_t seed[CALL_SEED_BYTES]; /* drawn by rpc/ */
	uint32_t drawn;                /* how often call_random was asked in this run; rpc/ sets it to 0 before each run */
	/* What happened, for the record and the event; set by call_touched. */
	bool has_touched;
	struct uid touched, touched_group;
	const void *touched_body; /* message for the event; NULL: the response, or the request of a delete */
	slice touched_subject;    /* overrides the subject's text (comma-joined ids of a v1 batch) */
	enum fault kept;          /* set by call_fail_kept; rpc/ clears it before each run */
	struct report report;
};

/* Random bytes that are the same when the handler runs again: HMAC-SHA256(seed, counter). size <= 64. */
FALLIBLE call_random(struct call *call, void *into, size_t size);
/* base64url of so many of them, in the call's arena. */
FALLIBLE call_random_text(struct call *call, size_t size, slice *ret_text);
FALLIBLE call_new_child(struct call *call, const struct uid *parent, struct uid *ret_uid);
FALLIBLE call_new_root(struct call *call, struct uid *ret_uid);

static inline int64_t call_now_s(const struct call *call)
{
	return call->now_us / US_PER_S;
}

/* Tells what was created, changed or deleted: its id, the group whose subscribers learn of it. Without it nothing is
 * recorded: for a write that turned out to be no change. */
void call_touched(struct call *call, const struct uid *what, const struct uid *group);

/* NOT_FOUND where the caller may list such things at `where`, else PERMISSION_DENIED as for a resource that exists. */
FALLIBLE call_absent(struct call *call, const char *noun, const struct uid *where, unsigned list_bit);
/* Places where the caller holds every capability of the method's row. */
FALLIBLE call_reach(struct call *call, struct uid **ret_places, size_t *ret_count, bool *ret_everywhere);
/* "No one hands out what he does not hold", in this call's transaction. */
FALLIBLE call_hand_out(struct call *call, const struct uid *place, const struct caps *given);
/* For a field that only operators may set to something new: PERMISSION_DENIED unless the live index allows the bit. */
FALLIBLE call_require_operator(struct call *call, unsigned bit, const char *what);

/* Refuses, but keeps what was written (a wrong guess counted): the handler returns this, the transaction commits, and the
 * caller sees the fault. text is a literal. */
status call_fail_kept(struct call *call, enum fault fault, const char *text);

/* Runs a writing method, INTERNAL ones too, on behalf of this call and through the same path, waiting for its commit: on a
 * worker (may_block), outside of any transaction. credential stands in for the Authorization value ("" for none); in and out
 * are the method's messages, out initialised. */
FALLIBLE call_nested(struct call *outer, const struct caller *caller, slice credential, enum method_id method, const void *in,
		     void *out);

/* A row of the table of places that a request names otherwise than by a scope field (service/resolve.c): rpc/ asks the
 * method's capabilities at the place it gives; *ret_is_open: the policy lets any signed-in caller do it. */
typedef status (*resolve_fn)(struct call *call, const void *in, struct uid *ret_place, bool *ret_is_open);
resolve_fn resolver_find(slice name); /* NULL when there is none of that name */

#endif
