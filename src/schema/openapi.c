/*
 * openapi: paths from the routes, schemas from the message types that those reach.
 */
#include "schema/openapi.h"

#include "base/json.h"
#include "schema/message_impl.h"

#include <assert.h>

#define TYPES_MAX 1000

struct document {
	struct json_writer json;
	const method_run *handlers;
	bool reached[TYPES_MAX];
};

/* Pages are for browsers: no program reads what they answer. */
static bool is_served(const struct document *doc, const struct method *method)
{
	return !method->is_page && (!doc->handlers || doc->handlers[method->id]);
}

/* ---- schemas ---- */

static void reach(struct document *doc, const struct message_type *type)
{
	size_t index = (size_t)(type - message_types);

	if (index >= TYPES_MAX || doc->reached[index])
		return;
	doc->reached[index] = true;
	for (unsigned i = 0; i < type->descriptor->n_fields; i++)
		if (type->fields[i].type)
			reach(doc, type->fields[i].type);
}

static void put_kind(struct json_writer *json, const char *type, const char *format)
{
	json_pair_text(json, "type", slice_str(type));
	if (format)
		json_pair_text(json, "format", slice_str(format));
}

static void put_ref(struct json_writer *json, const struct message_type *type)
{
	char ref[200];

	(void)snprintf(ref, sizeof(ref), "#/components/schemas/%s", type->descriptor->name); /* our longest is 110 */
	json_pair_text(json, "$ref", slice_str(ref));
}

static void put_enum_values(struct json_writer *json, const ProtobufCEnumDescriptor *type)
{
	json_pair_text(json, "type", SLICE("string"));
	json_put_name(json, SLICE("enum"));
	json_open_array(json);
	for (unsigned i = 0; i < type->n_values; i++)
		json_put_text(json, slice_str(type->values[i].name));
	json_close_array(json);
}

static void put_message_kind(struct json_writer *json, const struct message_type *type)
{
	assert(type); /* a field of messages has one */
	switch (type->well_known) {
	case WELL_KNOWN_TIMESTAMP:
		put_kind(json, "string", "date-time");
		break;
	case WELL_KNOWN_DURATION:
		put_kind(json, "string", "duration");
		break;
	case WELL_KNOWN_FIELD_MASK:
		put_kind(json, "string", "field-mask");
		break;
	default:
		put_ref(json, type);
	}
}

/* The members of one value's schema. */
static void put_value_schema(struct json_writer *json, const ProtobufCFieldDescriptor *field, const struct field_row *row)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		put_kind(json, "boolean", NULL);
		break;
	case PROTOBUF_C_TYPE_STRING:
		put_kind(json, "string", NULL);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		put_kind(json, "string", "byte");
		break;
	case PROTOBUF_C_TYPE_ENUM:
		put_enum_values(json, field->descriptor);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		put_message_kind(json, row->type);
		break;
	default:
		if (field_element_bytes(field) == 8)
			put_kind(json, "string", "int64");
		else
			put_kind(json, "integer", field->type == PROTOBUF_C_TYPE_UINT32 ? "uint32" : "int32");
	}
}

static void put_field_schema(struct json_writer *json, const ProtobufCFieldDescriptor *field, const struct field_row *row)
{
	json_open_object(json);
	if (row->help[0])
		json_pair_text(json, "description", slice_str(row->help));
	if (row->behaviours & BEHAVIOUR_OUTPUT_ONLY)
		json_pair_bool(json, "readOnly", true);
	if (row->behaviours & BEHAVIOUR_INPUT_ONLY || row->is_secret)
		json_pair_bool(json, "writeOnly", true);
	if (field->flags & PROTOBUF_C_FIELD_FLAG_DEPRECATED)
		json_pair_bool(json, "deprecated", true);
	if (row->type && row->type->is_map_entry) {
		json_pair_text(json, "type", SLICE("object"));
		json_put_name(json, SLICE("additionalProperties"));
		json_open_object(json);
		put_value_schema(json, &row->type->descriptor->fields[1], &row->type->fields[1]);
		json_close_object(json);
	} else if (field_is_repeated(field)) {
		json_pair_text(json, "type", SLICE("array"));
		json_put_name(json, SLICE("items"));
		json_open_object(json);
		put_value_schema(json, field, row);
		json_close_object(json);
	} else {
		put_value_schema(json, field, row);
	}
	json_close_object(json);
}

static void put_required(struct json_writer *json, const struct message_type *type)
{
	bool is_open = false;

	for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
		if (!(type->fields[i].behaviours & BEHAVIOUR_REQUIRED))
			continue;
		if (!is_open) {
			json_put_name(json, SLICE("required"));
			json_open_array(json);
			is_open = true;
		}
		json_put_text(json, type->fields[i].json);
	}
	if (is_open)
		json_close_array(json);
}

static void put_schema(struct json_writer *json, const struct message_type *type)
{
	json_put_name(json, slice_str(type->descriptor->name));
	json_open_object(json);
	json_pair_text(json, "type", SLICE("object"));
	if (type->help[0])
		json_pair_text(json, "description", slice_str(type->help));
	put_required(json, type);
	json_put_name(json, SLICE("properties"));
	json_open_object(json);
	for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
		json_put_name(json, type->fields[i].json);
		put_field_schema(json, &type->descriptor->fields[i], &type->fields[i]);
	}
	json_close_object(json);
	json_close_object(json);
}

/* What every failed call answers (schema/error.h). */
static void put_error_schema(struct json_writer *json)
{
	json_put_raw(json,
		     SLICE("\"Error\":{\"type\":\"object\",\"required\":[\"code\",\"message\",\"details\"],\"properties\":{"
			   "\"code\":{\"type\":\"integer\",\"description\":\"gRPC status code.\"},"
			   "\"message\":{\"type\":\"string\"},"
			   "\"details\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}"));
}

static void put_components(struct document *doc)
{
	struct json_writer *json = &doc->json;

	json_put_name(json, SLICE("components"));
	json_open_object(json);
	json_put_name(json, SLICE("securitySchemes"));
	json_put_raw(json, SLICE("{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}"));
	json->comma = true;
	json_put_name(json, SLICE("schemas"));
	json_open_object(json);
	put_error_schema(json);
	for (size_t i = 0; i < message_types_count && i < TYPES_MAX; i++)
		if (doc->reached[i] && !message_types[i].is_map_entry &&
		    (message_types[i].well_known == WELL_KNOWN_NONE || message_types[i].well_known == WELL_KNOWN_EMPTY))
			put_schema(json, &message_types[i]);
	json_close_object(json);
	json_close_object(json);
}

/* ---- paths ---- */

static void put_parameter(struct json_writer *json, const char *where, slice name, const ProtobufCFieldDescriptor *field,
			  const struct field_row *row)
{
	json_open_object(json);
	json_pair_text(json, "name", name);
	json_pair_text(json, "in", slice_str(where));
	if (strcmp(where, "path") == 0)
		json_pair_bool(json, "required", true);
	json_put_name(json, SLICE("schema"));
	put_field_schema(json, field, row);
	json_close_object(json);
}

/* A filter's fields are parameters of their own, with a dot. */
static void put_query_parameters(struct json_writer *json, const struct message_type *type, slice prefix, unsigned depth)
{
	for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
		const struct field_row *row = &type->fields[i];
		char name[FIELD_PATH_BYTES];
		int len = snprintf(name, sizeof(name), "%.*s%s%.*s", SLICE_ARG(prefix), prefix.len ? "." : "",
				   SLICE_ARG(row->json));

		if (len < 0 || (size_t)len >= sizeof(name))
			continue;
		if (row->type && row->type->well_known == WELL_KNOWN_NONE) {
			if (!field_is_repeated(&type->descriptor->fields[i]) && depth < FIELD_PATH_STEPS)
				put_query_parameters(json, row->type, slice_of(name, (size_t)len), depth + 1);
			continue;
		}
		put_parameter(json, "query", slice_of(name, (size_t)len), &type->descriptor->fields[i], row);
	}
}

static void put_parameters(struct json_writer *json, const struct method *method, const struct route *route)
{
	const struct message_type *type = method->request;

	json_put_name(json, SLICE("parameters"));
	json_open_array(json);
	if (route->capture.count) {
		for (unsigned i = 0; i + 1u < route->capture.count; i++)
			type = type->fields[route->capture.steps[i]].type;
		unsigned last = route->capture.steps[route->capture.count - 1];
		put_parameter(json, "path", slice_str(route->capture_name), &type->descriptor->fields[last],
			      &type->fields[last]);
	}
	type = method->request;
	if (route->body == ROUTE_BODY_NONE && !route->capture.count)
		put_query_parameters(json, type, SLICE(""), 1);
	else if (route->body >= 0 && method->update_mask >= 0)
		put_parameter(json, "query", type->fields[method->update_mask].json,
			      &type->descriptor->fields[method->update_mask], &type->fields[method->update_mask]);
	json_close_array(json);
}

static void put_body(struct json_writer *json, const struct method *method, const struct route *route)
{
	if (route->body == ROUTE_BODY_NONE)
		return;
	json_put_name(json, SLICE("requestBody"));
	json_open_object(json);
	json_put_name(json, SLICE("content"));
	json_open_object(json);
	json_put_name(json, SLICE("application/json"));
	json_open_object(json);
	json_put_name(json, SLICE("schema"));
	if (route->body >= 0) {
		put_field_schema(json, &method->request->descriptor->fields[route->body],
				 &method->request->fields[route->body]);
	} else {
		json_open_object(json);
		put_ref(json, method->request);
		json_close_object(json);
	}
	json_close_object(json);
	json_close_object(json);
	json_close_object(json);
}

static void put_answer(struct json_writer *json, const char *status_name, const char *description, const char *schema)
{
	char ref[200];

	json_put_name(json, slice_str(status_name));
	json_open_object(json);
	json_pair_text(json, "description", slice_str(description));
	json_put_name(json, SLICE("content"));
	json_open_object(json);
	json_put_name(json, SLICE("application/json"));
	json_open_object(json);
	json_put_name(json, SLICE("schema"));
	json_open_object(json);
	(void)snprintf(ref, sizeof(ref), "#/components/schemas/%s", schema); /* our longest is 110 */
	json_pair_text(json, "$ref", slice_str(ref));
	json_close_object(json);
	json_close_object(json);
	json_close_object(json);
	json_close_object(json);
}

static void put_operation(struct json_writer *json, const struct method *method, const struct route *route)
{
	char verb[8] = "", id[128];

	for (size_t i = 0; route->verb[i] && i + 1 < sizeof(verb); i++)
		verb[i] = (char)(route->verb[i] | 0x20);                                            /* lower case */
	(void)snprintf(id, sizeof(id), "%s%s%s", method->label, route == method->routes ? "" : ".", /* cut: never, 98 at most */
		       route == method->routes ? "" : verb);
	json_put_name(json, slice_str(verb));
	json_open_object(json);
	json_pair_text(json, "operationId", slice_str(id));
	json_pair_text(json, "summary", slice_str(method->help));
	json_put_name(json, SLICE("tags"));
	json_open_array(json);
	json_put_text(json, slice_str(method->service));
	json_close_array(json);
	json_put_name(json, SLICE("security"));
	json_put_raw(json, method->access.kind == ACCESS_PUBLIC ? SLICE("[]") : SLICE("[{\"bearer\":[]}]"));
	put_parameters(json, method, route);
	put_body(json, method, route);
	json_put_name(json, SLICE("responses"));
	json_open_object(json);
	put_answer(json, "200", "What the method answers.", method->response->descriptor->name);
	put_answer(json, "default", "Why it did not.", "Error");
	json_close_object(json);
	json_close_object(json);
}

/* "/iam/v2/groups/{uid=**}" -> "/iam/v2/groups/{uid}" */
static void put_path(struct json_writer *json, const struct route *route)
{
	char path[200];

	if (route->capture.count)
		(void)snprintf(path, sizeof(path), "%.*s/{%s}%.*s", SLICE_ARG(route->prefix), route->capture_name,
			       SLICE_ARG(route->suffix)); /* our longest is 90 */
	else
		(void)snprintf(path, sizeof(path), "%s", route->template_); /* our longest is 60 */
	json_put_name(json, slice_str(path));
}

static bool is_same_path(const struct route *a, const struct route *b)
{
	return strcmp(a->template_, b->template_) == 0;
}

/* The routes of one path stand under one name; each path is written when its first route comes. */
static bool path_is_new(const struct document *doc, const struct method *method, const struct route *route)
{
	for (const struct method *m = methods; m <= method; m++)
		for (size_t i = 0; is_served(doc, m) && i < m->routes_count; i++) {
			if (&m->routes[i] == route)
				return true;
			if (is_same_path(&m->routes[i], route))
				return false;
		}
	return true;
}

static void put_one_path(struct document *doc, const struct route *route)
{
	put_path(&doc->json, route);
	json_open_object(&doc->json);
	for (size_t k = 0; k < METHOD_COUNT; k++)
		for (size_t i = 0; is_served(doc, &methods[k]) && i < methods[k].routes_count; i++)
			if (is_same_path(&methods[k].routes[i], route))
				put_operation(&doc->json, &methods[k], &methods[k].routes[i]);
	json_close_object(&doc->json);
}

static void put_paths(struct document *doc)
{
	json_put_name(&doc->json, SLICE("paths"));
	json_open_object(&doc->json);
	for (size_t k = 0; k < METHOD_COUNT; k++)
		for (size_t i = 0; is_served(doc, &methods[k]) && i < methods[k].routes_count; i++) {
			const struct route *route = &methods[k].routes[i];

			if (route->is_beta) /* v2 under another name would double the document */
				continue;
			reach(doc, methods[k].request);
			reach(doc, methods[k].response);
			if (path_is_new(doc, &methods[k], route))
				put_one_path(doc, route);
		}
	json_close_object(&doc->json);
}

void openapi_write(const method_run *handlers, const char *version, const char *server_url, struct buffer *out)
{
	struct document doc = { .handlers = handlers };
	struct json_writer *json = &doc.json;

	json_writer_init(json, out);
	json_open_object(json);
	json_pair_text(json, "openapi", SLICE("3.1.0"));
	json_put_name(json, SLICE("info"));
	json_open_object(json);
	json_pair_text(json, "title", SLICE("Reeve"));
	json_pair_text(json, "version", slice_str(version));
	json_close_object(json);
	json_put_name(json, SLICE("servers"));
	json_open_array(json);
	json_open_object(json);
	json_pair_text(json, "url", slice_str(server_url));
	json_close_object(json);
	json_close_array(json);
	put_paths(&doc);
	put_components(&doc);
	json_close_object(json);
}
