/*
 * steps: the pages of a sign-in, in the order a person sees them, and how it ends.
 *
 * Promises  whoever signed in is asked before anything is given out, unless they typed their password here in this pass and
 * the program is none that waits elsewhere. Start at  step_choose(), step_signed_in().
 */
#ifndef LOGIN_STEPS_H
#define LOGIN_STEPS_H

#include "login/goal.h"
#include "login/upstream.h"

/* ---- choosing: ways.c ---- */

FALLIBLE step_choose(struct call *call, const struct flow *flow, Reeve__V1__Page *out);
/* Where one goes with an organization's own provider. */
FALLIBLE step_provider(struct call *call, const struct flow *flow, const struct upstream *upstream, Reeve__V1__Page *out);
/* The form for a password; problem "" at first. */
FALLIBLE step_local(struct call *call, const struct flow *flow, slice login, slice problem, Reeve__V1__Page *out);
/* Does this server have accounts of its own? */
bool step_has_local(const struct call *call);
/* NOT_FOUND when it has none. */
FALLIBLE step_need_local(const struct call *call);

/* ---- invitations: invitation.c ---- */

/* RESOURCE_EXHAUSTED when this address looked at too many. */
FALLIBLE step_may_look(struct call *call);
/* The live invitation of a code that was typed; else what is wrong with it in ret_problem, for the form: also that it is not
 * for `person`, unless that is NULL. */
FALLIBLE step_find_invite(struct call *call, slice code, const struct person *person, struct invite *ret_invite,
			  slice *ret_problem);

/* ---- signed in: confirm.c ---- */

/* flow->person is there; flow itself is spent. Asks, or ends. */
FALLIBLE step_signed_in(struct call *call, struct flow *flow, Reeve__V1__Page *out);
FALLIBLE step_confirm(struct call *call, struct flow *flow, Reeve__V1__Page *out);
/* PERMISSION_DENIED where the sign-in ends on another machine and an organization of the person, or of their invitation, does
 * not want that. */
FALLIBLE step_code_allowed(struct call *call, const struct flow *flow);

/* ---- the end: finish.c, test.c ---- */

FALLIBLE step_finish(struct call *call, const struct flow *flow, Reeve__V1__Page *out);
FALLIBLE step_done(struct call *call, slice heading, slice text, slice detail, Reeve__V1__Page *out);
/* What a provider said, or why it failed. */
FALLIBLE step_tried(struct call *call, const struct flow *flow, status result, Reeve__V1__Page *out);

/* ---- codes of devices: activate.c ---- */

FALLIBLE step_activate(struct call *call, struct flow *flow, slice problem, Reeve__V1__Page *out);
/* Facts of the device's request behind goal.user_code; FAILED_PRECONDITION when it no longer waits. */
FALLIBLE step_device_facts(struct call *call, const struct flow *flow, struct values *values);
FALLIBLE step_device_finish(struct call *call, const struct flow *flow, bool is_yes, Reeve__V1__Page *out);

/* ---- words: words.c ---- */

/* "Ada Lovelace <ada@example.com>", or what there is. */
FALLIBLE word_person(struct call *call, const struct person *person, slice *ret_text);
/* The way they signed in, as people read it. */
FALLIBLE word_way(struct call *call, const struct person *person, slice *ret_text);
/* Name of a group or role; its id when it is gone. */
FALLIBLE word_group(struct call *call, const struct uid *uid, slice *ret_text);
FALLIBLE word_role(struct call *call, const struct uid *uid, slice *ret_text);
/* "2026-11-26 14:33 UTC" */
FALLIBLE word_time(struct call *call, int64_t at_us, slice *ret_text);
/* Facts about an invite; the faults of invite_find(). */
FALLIBLE word_invite(struct call *call, slice code, struct values *values);

#endif
