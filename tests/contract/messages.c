/*
 * messages: messages, enums and capabilities against the facts.
 */
#include "facts.h"
#include "schema/message_impl.h"

static const struct {
	const char *name;
	enum behaviour bit;
} behaviours[] = {
	{ "OPTIONAL", BEHAVIOUR_OPTIONAL },     { "REQUIRED", BEHAVIOUR_REQUIRED },   { "OUTPUT_ONLY", BEHAVIOUR_OUTPUT_ONLY },
	{ "INPUT_ONLY", BEHAVIOUR_INPUT_ONLY }, { "IMMUTABLE", BEHAVIOUR_IMMUTABLE },
};

/* The type as the facts write it: "string", "chainguard.platform.iam.v2.Group", "map<string,int32>". */
static void type_text(const ProtobufCFieldDescriptor *field, const struct field_row *row, struct buffer *out)
{
	static const char *const scalars[] = {
		[PROTOBUF_C_TYPE_INT32] = "int32",   [PROTOBUF_C_TYPE_UINT32] = "uint32", [PROTOBUF_C_TYPE_INT64] = "int64",
		[PROTOBUF_C_TYPE_UINT64] = "uint64", [PROTOBUF_C_TYPE_BOOL] = "bool",     [PROTOBUF_C_TYPE_STRING] = "string",
		[PROTOBUF_C_TYPE_BYTES] = "bytes",
	};

	if (row->type && row->type->is_map_entry) {
		buffer_text(out, "map<");
		type_text(&row->type->descriptor->fields[0], &row->type->fields[0], out);
		buffer_byte(out, ',');
		type_text(&row->type->descriptor->fields[1], &row->type->fields[1], out);
		buffer_byte(out, '>');
	} else if (row->type) {
		buffer_text(out, row->type->descriptor->name);
	} else if (field->type == PROTOBUF_C_TYPE_ENUM) {
		buffer_text(out, ((const ProtobufCEnumDescriptor *)field->descriptor)->name);
	} else {
		buffer_text(out, field->type < sizeof(scalars) / sizeof(scalars[0]) && scalars[field->type]
					 ? scalars[field->type]
					 : "?");
	}
}

static void compare_type(const char *where, const struct json *fact, const ProtobufCFieldDescriptor *field,
			 const struct field_row *row)
{
	slice want = fact_text(fact, "type");
	bool is_map = slice_starts(want, SLICE("map<"));
	struct buffer got;

	buffer_init(&got, NULL, 1000);
	type_text(field, row, &got);
	fact_claim(slice_eq(buffer_slice(&got), want), "%s: type %s, published %.*s", where, got.at, SLICE_ARG(want));
	fact_claim(field_is_repeated(field) == (fact_truth(fact, "repeated") || is_map), "%s: repeated", where);
	buffer_done(&got);
}

static void compare_behaviours(const char *where, const struct json *fact, const struct field_row *row)
{
	const struct json *list = json_member(fact, "behavior");

	for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
		fact_claim(fact_list_has(list, slice_str(behaviours[i].name)) == !!(row->behaviours & behaviours[i].bit),
			   "%s: %s", where, behaviours[i].name);
	fact_claim(fact_truth(fact, "iam_scope") == row->is_scope, "%s: iam_scope", where);
}

/* The field of that number in a message of the facts. */
static const struct json *fact_field(const struct json *message, uint32_t number)
{
	for (const struct json *at = json_member(message, "fields")->first; at; at = at->next)
		if (fact_number(at, "number") == number)
			return at;
	return NULL;
}

/* protoc-c forgets the names of oneofs, but members of one share the place of their case. */
static void compare_oneof(const char *where, const struct json *message, const struct json *fact,
			  const struct message_type *type, unsigned index)
{
	const ProtobufCFieldDescriptor *field = &type->descriptor->fields[index];
	slice oneof = fact_text(fact, "oneof");

	fact_claim(field_in_oneof(field) == (oneof.len || fact_truth(fact, "optional")), "%s: in a oneof", where);
	fact_claim(type->fields[index].is_optional == fact_truth(fact, "optional"), "%s: optional", where);
	for (unsigned i = 0; i < index && field_in_oneof(field); i++) {
		const ProtobufCFieldDescriptor *other = &type->descriptor->fields[i];
		const struct json *other_fact = fact_field(message, other->id);
		bool together = field_in_oneof(other) && other->quantifier_offset == field->quantifier_offset;

		fact_claim(together == (oneof.len && slice_eq(oneof, fact_text(other_fact, "oneof"))), "%s and %s: one oneof",
			   where, other->name);
	}
}

static void compare_field(const struct json *message, const struct json *fact, const struct message_type *type)
{
	slice name = fact_text(fact, "name"), json = fact_text(fact, "json");
	int index = message_field(type, name);
	char where[200];

	(void)snprintf(where, sizeof(where), "%s.%.*s", type->descriptor->name, SLICE_ARG(name)); /* our longest is 110 */
	fact_claim(index >= 0, "%s is missing", where);
	if (index < 0)
		return;
	const ProtobufCFieldDescriptor *field = &type->descriptor->fields[index];
	const struct field_row *row = &type->fields[index];
	fact_claim(field->id == fact_number(fact, "number"), "%s: number %u", where, field->id);
	fact_claim(slice_eq(row->name, name) && slice_eq(row->json, json.len ? json : name), "%s: JSON name %.*s", where,
		   SLICE_ARG(row->json));
	fact_claim(!!(field->flags & PROTOBUF_C_FIELD_FLAG_DEPRECATED) == fact_truth(fact, "deprecated"), "%s: deprecated",
		   where);
	compare_type(where, fact, field, row);
	compare_behaviours(where, fact, row);
	compare_oneof(where, message, fact, type, (unsigned)index);
}

static void compare_reserved(const struct json *message, const struct message_type *type)
{
	const struct json *ranges = json_member(message, "reserved");
	int64_t first, last;

	for (const struct json *range = ranges ? ranges->first : NULL; range; range = range->next)
		for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
			uint32_t number = type->descriptor->fields[i].id;
			bool is_range = json_int64(range->first, &first) && json_int64(range->first->next, &last);

			fact_claim(is_range && (number < first || number > last), "%s: number %u is reserved",
				   type->descriptor->name, number);
		}
}

static bool is_ours_or_google(const char *full)
{
	return strncmp(full, "google.", 7) == 0 || strncmp(full, "reeve.v1.", 9) == 0;
}

/* What we have is published, ours, google's, a map's entry, or an empty message that only holds published names. */
static void compare_extra_message(const struct json *facts, const struct message_type *type)
{
	const char *full = type->descriptor->name;
	bool is_known = is_ours_or_google(full) || type->is_map_entry;

	for (const struct json *at = json_member(facts, "messages")->first; at && !is_known; at = at->next) {
		slice name = fact_text(at, "name");

		is_known = slice_is(name, full) || (type->descriptor->n_fields == 0 && slice_starts(name, slice_str(full)) &&
						    name.at[strlen(full)] == '.');
	}
	fact_claim(is_known, "%s is not published", full);
}

void compare_messages(const struct json *facts)
{
	for (const struct json *at = json_member(facts, "messages")->first; at; at = at->next) {
		slice name = fact_text(at, "name");
		const struct message_type *type = message_type_by_name(name);
		const struct json *fields = json_member(at, "fields");

		fact_claim(type != NULL, "%.*s is missing", SLICE_ARG(name));
		if (!type)
			continue;
		fact_claim(type->descriptor->n_fields == fields->count, "%.*s: %u fields, published %u", SLICE_ARG(name),
			   type->descriptor->n_fields, fields->count);
		for (const struct json *field = fields->first; field; field = field->next)
			compare_field(at, field, type);
		compare_reserved(at, type);
	}
	for (size_t i = 0; i < message_types_count; i++)
		compare_extra_message(facts, &message_types[i]);
}

/* ---- enums ---- */

/* An enum is reached by the fields that have it. */
static const ProtobufCEnumDescriptor *enum_by_name(slice name)
{
	for (size_t i = 0; i < message_types_count; i++)
		for (unsigned k = 0; k < message_types[i].descriptor->n_fields; k++) {
			const ProtobufCFieldDescriptor *field = &message_types[i].descriptor->fields[k];
			const ProtobufCEnumDescriptor *type = field->descriptor;

			if (field->type == PROTOBUF_C_TYPE_ENUM && slice_is(name, type->name))
				return type;
		}
	return NULL;
}

void compare_enums(const struct json *facts)
{
	for (const struct json *at = json_member(facts, "enums")->first; at; at = at->next) {
		slice name = fact_text(at, "name");
		const ProtobufCEnumDescriptor *type = enum_by_name(name);
		const struct json *values = json_member(at, "values");
		int64_t number;

		fact_claim(type != NULL, "%.*s is missing", SLICE_ARG(name));
		if (!type)
			continue;
		fact_claim(type->n_values == values->count, "%.*s: %u values, published %u", SLICE_ARG(name), type->n_values,
			   values->count);
		for (const struct json *value = values->first; value; value = value->next) {
			const ProtobufCEnumValue *ours =
				json_int64(value, &number) ? protobuf_c_enum_descriptor_get_value(type, (int)number) : NULL;

			fact_claim(ours && slice_is(value->name, ours->name), "%.*s: %.*s", SLICE_ARG(name),
				   SLICE_ARG(value->name));
		}
	}
}

/* ---- capabilities ---- */

static const struct capability {
	const char *symbol, *name;
	int number, bit;
	bool is_deprecated, is_internal, is_own;
} capabilities[] = {
#define CAPABILITY(symbol, number, name, bit, is_deprecated, is_internal, is_own) \
	{ #symbol, name, number, bit, is_deprecated, is_internal, is_own },
#include "capabilities.def"
#undef CAPABILITY
};

#define CAPABILITIES (sizeof(capabilities) / sizeof(capabilities[0]))
#define PUBLIC_BIT_MAX 221
#define OWN_BIT_MIN 240

static const struct capability *capability_by_number(int64_t number)
{
	for (size_t i = 0; i < CAPABILITIES; i++)
		if (capabilities[i].number == number)
			return &capabilities[i];
	return NULL;
}

void compare_capabilities(const struct json *facts)
{
	const ProtobufCEnumDescriptor *type = enum_by_name(SLICE("chainguard.capabilities.Capability"));
	size_t own = 0;

	for (const struct json *at = json_member(facts, "capabilities")->first; at; at = at->next) {
		const struct capability *ours = capability_by_number(fact_number(at, "number"));
		slice name = fact_text(at, "name");
		const ProtobufCEnumValue *value = ours ? protobuf_c_enum_descriptor_get_value(type, ours->number) : NULL;

		fact_claim(ours && value, "%.*s is missing", SLICE_ARG(name));
		if (!ours || !value)
			continue;
		fact_claim(slice_is(name, ours->name), "%.*s: name %s", SLICE_ARG(name), ours->name);
		fact_claim(slice_is(fact_text(at, "enum"), ours->symbol) && strcmp(value->name, ours->symbol) == 0,
			   "%.*s: symbol %s", SLICE_ARG(name), ours->symbol);
		fact_claim(ours->bit == fact_number(at, "bit"), "%.*s: bit %d", SLICE_ARG(name), ours->bit);
		fact_claim(ours->is_deprecated == fact_truth(at, "deprecated"), "%.*s: deprecated", SLICE_ARG(name));
		fact_claim(ours->is_internal == fact_truth(at, "internal_only"), "%.*s: internal", SLICE_ARG(name));
		fact_claim(!ours->is_own && ours->bit <= PUBLIC_BIT_MAX, "%.*s: is not ours", SLICE_ARG(name));
	}
	for (size_t i = 0; i < CAPABILITIES; i++) {
		own += capabilities[i].is_own;
		fact_claim(!capabilities[i].is_own || (capabilities[i].bit >= OWN_BIT_MIN && capabilities[i].bit <= 255 &&
						       strncmp(capabilities[i].name, "operator.", 9) == 0),
			   "%s: a capability of ours has a bit from the top", capabilities[i].name);
	}
	fact_claim(CAPABILITIES == json_member(facts, "capabilities")->count + own, "%zu capabilities", CAPABILITIES);
	fact_claim(type->n_values == json_member(facts, "capabilities")->count + 1, "%u values with UNKNOWN", type->n_values);
}
