/*
 * nested: a call made on behalf of another, through the same path: admitted in its transaction, run, recorded.
 */
#ifndef RPC_NESTED_H
#define RPC_NESTED_H

#include "service/call.h"

/* Runs a writing method as `caller` (NULL: nobody), waiting for its commit. On a worker, outside of any transaction (outer->tx
 * is NULL). credential stands in for the Authorization value. in and out are the method's messages; out initialised. */
FALLIBLE rpc_nested(struct call *outer, const struct caller *caller, slice credential, enum method_id method, const void *in,
		    void *out);

#endif
