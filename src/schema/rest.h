/*
 * rest: a REST call's path capture, query and body become one request message.
 *
 * Promises  the capture wins over the body; every parameter and member lands in a field or is refused by name (methods that
 *           read a form skip unknown ones); a parameter given twice is refused unless its field is repeated.
 * Start at  rest_decode().
 */
#ifndef SCHEMA_REST_H
#define SCHEMA_REST_H

#include "schema/method.h"

enum rest_body_kind { REST_BODY_NONE, REST_BODY_JSON, REST_BODY_FORM };

/* Parameters of one call, query and form together; more are refused. */
#define REST_PARAMETERS_MAX 256

struct rest_input {
	slice query; /* after the "?", still encoded; may be empty */
	slice body;
	enum rest_body_kind body_kind; /* from the content type; REST_BODY_NONE for an empty body */
};

/* The request of a matched route. With an update_mask field and none given, the mask is made of the members the body has
 * (mask_derive). FAULT_INVALID naming the field, FAULT_EXHAUSTED. */
FALLIBLE rest_decode(struct arena *arena, const struct route_match *match, const struct rest_input *input,
		     ProtobufCMessage **ret_request);

/* Sets fields of a message from name=value pairs joined by "&": dotted names in either case, repeated names for repeated
 * fields. A name that is no field: refused, or skipped when `lenient`. */
FALLIBLE query_decode(struct arena *arena, const struct message_type *type, slice query, bool lenient,
		      ProtobufCMessage *message);

#endif
