/*
 * goal: what a sign-in was asked for, and how whoever asked learns that it failed.
 *
 * Promises  every parameter of a link is checked before anything is shown or fetched; a target is read anew each time it is
 * used. Start at  goal_read(), goal_answer().
 */
#ifndef LOGIN_GOAL_H
#define LOGIN_GOAL_H

#include "login/flow.h"

#define GOAL_TEXT_BYTES_MAX 1024 /* of one parameter */
#define CLIENT_ID_DEFAULT "auth0"

/* INVALID_ARGUMENT names the parameter. What is known of the target is in ret_goal also on a failure. */
FALLIBLE goal_read(struct call *call, const Reeve__V1__BeginRequest *in, struct goal *ret_goal);
/* The invitation to accept on the way; "" = none. */
FALLIBLE goal_take_invite(const char *invite, struct goal *goal);
/* Where the answer goes; only for END_REDIRECT and END_CODE. */
FALLIBLE goal_target(struct call *call, const struct goal *goal, struct redirect *ret_redirect);
/* Lets the page's forms end at the target. */
FALLIBLE goal_allow_target(struct call *call, const struct goal *goal, Reeve__V1__Page *out);
/* The audiences asked for, or our API. */
FALLIBLE goal_audiences(struct call *call, const struct goal *goal, const slice **ret_audiences, size_t *ret_count);
/* A handler's end: a failure goes to the client that reads errors at its target, else it stays a failure and is shown. */
FALLIBLE goal_answer(struct call *call, const struct goal *goal, status result, Reeve__V1__Page *out);
/* The client's program as people know it. */
slice goal_client(const struct goal *goal);
/* Eight characters of the SHA-256 of a headless code, in two groups of four. */
FALLIBLE goal_key_hash(struct call *call, slice headless_code, slice *ret_text);

#endif
