/*
 * openapi: the description of the REST side, made from the method table.
 */
#ifndef SCHEMA_OPENAPI_H
#define SCHEMA_OPENAPI_H

#include "base/buffer.h"
#include "schema/method.h"

/* The OpenAPI 3.1 document of the methods that have a handler (handlers[id] is not NULL; NULL for handlers: of all). `version`
 * and `server_url` go into info.version and servers. Some hundred kB; check buffer_failed(out). */
void openapi_write(const method_run *handlers, const char *version, const char *server_url, struct buffer *out);

#endif
