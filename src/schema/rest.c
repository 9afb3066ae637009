#include "schema/rest.h"

#include "base/encode.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "schema/json.h"
#include "schema/mask.h"
#include "schema/message_impl.h"

/* Which single fields the parameters have set so far. */
struct parameters {
	struct arena *arena;
	const struct message_type *type;
	ProtobufCMessage *message;
	const struct route *route; /* NULL for a bare query */
	bool lenient;
	size_t count;
	struct field_path *seen;
};

static bool path_eq(const struct field_path *a, const struct field_path *b)
{
	return a->count == b->count && memcmp(a->steps, b->steps, a->count) == 0;
}

static bool path_is_repeated(const struct message_type *type, const struct field_path *path)
{
	for (unsigned i = 0; i + 1u < path->count; i++)
		type = type->fields[path->steps[i]].type;
	return field_is_repeated(&type->descriptor->fields[path->steps[path->count - 1]]);
}

/* Given by the path or the body already. */
static bool is_taken(const struct route *route, const struct field_path *path)
{
	return route && (route->body == ROUTE_BODY_ALL || path_eq(path, &route->capture) ||
			 (route->body >= 0 && path->steps[0] == route->body));
}

static status set_parameter(struct parameters *in, slice name, slice value)
{
	struct trail trail = { .name = name, .index = -1 };
	struct field_path path;

	if (!field_path_parse(in->type, name, &path))
		return in->lenient ? OK : trail_fail(&trail, "is no parameter of this method");
	if (is_taken(in->route, &path))
		return trail_fail(&trail, "comes with the path or the body, not as a parameter");
	for (size_t i = 0; i < in->count; i++)
		if (path_eq(&in->seen[i], &path))
			return trail_fail(&trail, "is given twice");
	if (!path_is_repeated(in->type, &path))
		in->seen[in->count++] = path;
	return message_set_fresh(in->arena, in->type, in->message, &path, value);
}

static status set_pairs(struct parameters *in, slice query)
{
	slice pair, name, value;

	while (query.len) {
		(void)slice_cut(query, '&', &pair, &query); /* no "&": the last one */
		if (pair.len == 0)
			continue;
		(void)slice_cut(pair, '=', &name, &value); /* no "=": the value is empty */
		TRY(percent_decode(in->arena, PERCENT_FORM, name, &name));
		TRY(percent_decode(in->arena, PERCENT_FORM, value, &value));
		TRY(set_parameter(in, name, value));
	}
	return OK;
}

static size_t count_pairs(slice query)
{
	size_t count = query.len > 0;

	for (size_t i = 0; i < query.len; i++)
		count += query.at[i] == '&';
	return count;
}

/* Makes room for what query and form can set together. */
static FALLIBLE parameters_init(struct parameters *in, slice query, slice form)
{
	size_t count = count_pairs(query) + count_pairs(form);

	if (count > REST_PARAMETERS_MAX)
		return FAIL(FAULT_INVALID, "more than %d parameters", REST_PARAMETERS_MAX);
	in->seen = NEW_N(in->arena, struct field_path, count);
	TRY_NEW(in->seen);
	return OK;
}

FALLIBLE query_decode(struct arena *arena, const struct message_type *type, slice query, bool lenient,
		      ProtobufCMessage *message)
{
	struct parameters in = { .arena = arena, .type = type, .message = message, .lenient = lenient };

	TRY(parameters_init(&in, query, SLICE("")));
	return set_pairs(&in, query);
}

/* ---- the mask of a PATCH: the members its body has ---- */

static status derive_mask(struct arena *arena, const struct method *method, const struct json *body, ProtobufCMessage *request)
{
	const ProtobufCFieldDescriptor *resource = &method->request->descriptor->fields[method->resource];
	const ProtobufCFieldDescriptor *field = &method->request->descriptor->fields[method->update_mask];
	Google__Protobuf__FieldMask *mask;

	TRY(mask_derive(arena, method->request->fields[method->resource].type, field_message(resource, request), body, &mask));
	*(Google__Protobuf__FieldMask **)field_place(field, request) = mask;
	return OK;
}

/* The resource's member in a body that is the whole request. */
static const struct json *resource_member(const struct method *method, const struct json *body)
{
	const struct field_row *row = &method->request->fields[method->resource];

	JSON_EACH (member, body)
		if (slice_eq(member->name, row->name) || slice_eq(member->name, row->json))
			return member;
	return NULL;
}

/* ---- body, query, capture ---- */

static status read_body(struct arena *arena, const struct route_match *match, slice body, ProtobufCMessage **request,
			const struct json **ret_resource)
{
	static const struct json_limits limits = { .bytes = MESSAGE_BYTES_MAX, .depth = MESSAGE_DEPTH_MAX };
	const struct method *method = match->method;
	int field = match->route->body;
	const struct json *tree;

	if (field == ROUTE_BODY_NONE || body.len == 0)
		return OK;
	TRY(json_parse(arena, body, &limits, &tree));
	if (field == ROUTE_BODY_ALL)
		TRY(message_from_tree(arena, method->request, tree, request));
	else
		TRY(message_field_from_tree(arena, method->request, *request, (unsigned)field, tree));
	*ret_resource = field == ROUTE_BODY_ALL && method->resource >= 0 ? resource_member(method, tree) : tree;
	return OK;
}

static status read_capture(struct arena *arena, const struct route_match *match, ProtobufCMessage *request)
{
	const struct route *route = match->route;
	struct trail trail = { .name = slice_str(route->capture_name), .index = -1 };
	slice text;

	if (FAILED(percent_decode(arena, PERCENT_PATH, match->capture, &text)))
		return trail_fail(&trail, "must be percent-encoded UTF-8 without NUL");
	if (!route->capture_is_deep && slice_find(text, '/') < text.len)
		return trail_fail(&trail, "must be one path segment");
	return message_set(arena, match->method->request, request, &route->capture, text);
}

static status read_parameters(struct arena *arena, const struct route_match *match, const struct rest_input *input,
			      ProtobufCMessage *request)
{
	bool has_form = match->method->is_form && input->body_kind == REST_BODY_FORM;
	slice form = has_form ? input->body : SLICE("");
	struct parameters in = { .arena = arena,
				 .type = match->method->request,
				 .message = request,
				 .route = match->route,
				 .lenient = match->method->is_form };

	if (input->query.len == 0 && form.len == 0)
		return OK;
	TRY(parameters_init(&in, input->query, form));
	TRY(set_pairs(&in, input->query));
	return set_pairs(&in, form);
}

FALLIBLE rest_decode(struct arena *arena, const struct route_match *match, const struct rest_input *input,
		     ProtobufCMessage **ret_request)
{
	const struct method *method = match->method;
	ProtobufCMessage *request = message_new(arena, method->request);
	const struct json *resource = NULL;

	TRY_NEW(request);
	if (!method->is_form && input->body_kind != REST_BODY_NONE)
		TRY(read_body(arena, match, input->body, &request, &resource));
	TRY(read_parameters(arena, match, input, request));
	if (match->route->capture.count)
		TRY(read_capture(arena, match, request));
	if (method->update_mask >= 0 && resource && resource->kind == JSON_OBJECT &&
	    !message_has(request, (unsigned)method->update_mask))
		TRY(derive_mask(arena, method, resource, request));
	*ret_request = request;
	return OK;
}
