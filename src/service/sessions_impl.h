/* What the ways to begin a session share, and the ways it is ended by what is presented again. */
#ifndef SERVICE_SESSIONS_IMPL_H
#define SERVICE_SESSIONS_IMPL_H

#include "reeve/v1/sessions.pb-c.h"
#include "service/families.h"

/* The internal row's request for the person of this login token. In the call's arena. */
FALLIBLE session_ask(struct call *call, slice login_token, Reeve__V1__BeginSessionRequest **ret_in);
/* Writes the session down under this id, in the call's transaction. ABSENT: nobody is registered; UNAUTHENTICATED: what they
 * signed in with has ended. */
FALLIBLE session_begin(struct call *call, const Reeve__V1__BeginSessionRequest *in, slice id);
/* The first refresh token of a session that was just begun; *ret_alive false: it has ended already. */
FALLIBLE session_first_token(struct call *call, slice id, bool *ret_alive, slice *ret_refresh_token);

/* The trail's record of a session that ended because something of it was presented again. */
FALLIBLE session_record_reuse(struct call *call, slice identity, slice act, const char *reason);

#endif
