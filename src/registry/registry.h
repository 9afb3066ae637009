/*
 * registry: the token service in front of an image registry (distribution, zot).
 *
 * Owns      the token endpoint's credentials, scopes and answers; the mapping of repository actions to capabilities; making
 *           the folders and the repository of a first push.
 * Promises  the answer is the intersection of asked and allowed, never an error for less; wrong credentials are always 401;
 *           nothing is issued unrecorded.
 * Start at  reeve_registry_token(), the handler of reeve.v1.Registry.Token; scope_parse() for the grammar.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "rpc/rpc.h"

/* How the token endpoint answers over REST; before serving. */
void registry_speak(struct rpc *rpc);

#endif
