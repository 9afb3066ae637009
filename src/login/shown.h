/*
 * shown: how a row's handler answers a browser.
 *
 * Owns      what all handlers here share: templates, throttle, the documents of providers.
 * Promises  an answer goes through pages.h alone; a fault that no client asked for becomes a page with the same headers.
 * Start at  shown_open() at start, show() in a handler.
 */
#ifndef LOGIN_SHOWN_H
#define LOGIN_SHOWN_H

#include "handlers.gen.h"
#include "login/pages.h"
#include "login/throttle.h"
#include "rpc/rpc.h"

/* Before serving; the arena lives as long as the process. */
FALLIBLE shown_open(struct arena *arena, slice issuer);
void shown_close(void);
/* How the rows answer over REST. */
void shown_speak(struct rpc *rpc);

struct throttle *shown_throttle(void);

FALLIBLE show(struct call *call, enum page page, struct values *values, Reeve__V1__Page *out);
FALLIBLE show_location(struct call *call, slice location, Reeve__V1__Page *out);
FALLIBLE show_cookie(struct call *call, slice name, slice value, int64_t life_s, Reeve__V1__Page *out);
/* At most `most` bytes of a text, cut between characters. */
slice show_cut(slice text, size_t most);
/* A row of a list of facts; nothing when the value is empty; a stranger's bytes that are no text are not shown. */
void show_fact(struct values *values, const char *fact, slice value);

/* Pages wait for tables and networks: never on a loop. First line of a handler. */
#define ON_WORKER(call)                                                             \
	do {                                                                        \
		if (!(call)->may_block)                                             \
			return FAIL(FAULT_ELSEWHERE, "a page is made by a worker"); \
	} while (0)

#endif
