/*
 * error: how a failed call is told, as JSON and as google.rpc.Status (spec model.md 2.4).
 *
 * Both are made from the report that FAIL wrote: ErrorInfo always, BadRequest for a field, PreconditionFailure for a state,
 * ResourceInfo for what is absent or in the way.
 */
#ifndef SCHEMA_ERROR_H
#define SCHEMA_ERROR_H

#include "base/buffer.h"
#include "base/status.h"

#define ERROR_DOMAIN "iam.chainguard.dev"
/* Room that both forms always fit into. */
#define ERROR_BYTES 12288

/* The caller's text: the report's, or the fault's own. Never NULL. */
const char *error_text(const struct report *report);
/* {"code":5,"message":"…","details":[…]} */
void error_to_json(const struct report *report, struct buffer *out);
/* The bytes of grpc-status-details-bin, before base64. */
void error_to_wire(const struct report *report, struct buffer *out);

#endif
