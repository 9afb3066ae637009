/*
 * refresh: the long-lived half of a person's session.
 *
 * Owns      the refresh token beside the API's access token, and its use: each use gives a new one.
 * Promises  it is used under the lock of its folder, so that two processes never use one twice; the new one is on disk before
 *           anything else happens; one that the server refuses is forgotten; nothing in it is trusted, it is only looked at.
 * Source    spec/tokens.md 3.7, 9.
 * Start at  refresh_find(), refresh_use(), refresh_end().
 */
#ifndef CLI_REFRESH_H
#define CLI_REFRESH_H

#include "cli/cli.h"

#define REFRESH_TOKEN_BYTES_MAX ((size_t)8 * 1024)

/* What it says of itself. */
struct refresh_claims {
	slice issuer, subject;
	int64_t expires_s;
};
/* FAULT_INVALID unless it is standard base64 of a JSON object with `sub` and a whole `exp`. */
FALLIBLE refresh_read(struct arena *arena, slice token, struct refresh_claims *ret_claims);

/* The session's refresh token while it has time left; empty when there is none. */
FALLIBLE refresh_find(struct cli *cli, slice *ret_token, struct refresh_claims *ret_claims);
/* Keeps a new session's, and forgets the API's token of whoever was signed in before. Takes the lock. */
FALLIBLE refresh_keep(struct cli *cli, slice token);
/* A new access token for the API, kept, by the session's refresh token, which is replaced. The caller holds the lock of
 * home_audience. FAULT_UNAUTHENTIC when the session has ended. */
FALLIBLE refresh_use(struct cli *cli, slice *ret_access_token);
/* Ends the session at the server; true too when there is none. False when the server did not confirm it: then the session goes
 * on there until it runs out. The file stays. */
bool refresh_end(struct cli *cli);

#endif
