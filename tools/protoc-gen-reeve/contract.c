#include "contract.h"

#include <stdarg.h>

#define HELP_BYTES_MAX 1000
#define MESSAGE_FIELDS_MAX 64

void contract_fail(struct contract *contract, const char *format, ...)
{
	va_list args;

	if (contract->error[0])
		return;
	va_start(args, format);
	(void)vsnprintf(contract->error, sizeof(contract->error), format, args); /* a longer text is cut */
	va_end(args);
}

int contract_message(const struct contract *contract, const char *full)
{
	full += *full == '.';
	for (size_t i = 0; i < contract->messages_count; i++)
		if (strcmp(contract->messages[i].full, full) == 0)
			return (int)i;
	return -1;
}

int contract_field(const struct contract *contract, int message, slice name)
{
	const struct gen_message *m = &contract->messages[message];

	for (size_t i = 0; i < m->fields_count; i++)
		if (slice_is(name, m->fields[i].proto->name))
			return (int)i;
	return -1;
}

size_t contract_path(const struct contract *contract, int message, const char *path, unsigned *ret_steps, size_t max)
{
	slice rest = slice_str(path), step;
	size_t count = 0;

	while (rest.len && count < max && message >= 0) {
		(void)slice_cut(rest, '.', &step, &rest); /* no dot: the last step */
		int field = contract_field(contract, message, step);
		if (field < 0)
			return 0;
		ret_steps[count++] = (unsigned)field;
		message = contract->messages[message].fields[field].message;
	}
	return rest.len ? 0 : count;
}

const struct gen_capability *contract_capability(const struct contract *contract, const char *name)
{
	for (size_t i = 0; i < contract->capabilities_count; i++)
		if (strcmp(contract->capabilities[i].name, name) == 0)
			return &contract->capabilities[i];
	return NULL;
}

/* The comment with its line breaks and indents as single blanks. */
static const char *one_line(struct arena *arena, const char *comment)
{
	struct buffer out;

	buffer_init(&out, arena, HELP_BYTES_MAX);
	for (const char *c = comment; *c; c++) {
		bool is_blank = *c == ' ' || *c == '\n' || *c == '\t';

		if (!is_blank)
			buffer_byte(&out, *c);
		else if (out.len && out.at[out.len - 1] != ' ')
			buffer_byte(&out, ' ');
	}
	return arena_text(arena, slice_trim(buffer_slice(&out)));
}

const char *contract_help(struct contract *contract, const file_proto *file, const int32_t *path, size_t path_count)
{
	const Google__Protobuf__SourceCodeInfo *info = file->source_code_info;

	if (strncmp(file->package, "google.", 7) == 0)
		return ""; /* their words, not ours */
	for (size_t i = 0; info && i < info->n_location; i++) {
		const Google__Protobuf__SourceCodeInfo__Location *at = info->location[i];

		if (at->n_path == path_count && memcmp(at->path, path, path_count * sizeof(*path)) == 0)
			return at->leading_comments ? one_line(contract->arena, at->leading_comments) : "";
	}
	return "";
}

static int by_number(const void *a, const void *b)
{
	const struct gen_field *x = a, *y = b;

	return x->proto->number - y->proto->number;
}

/* Field numbers inside the files of protobuf's own descriptor.proto, as paths of source_code_info are made of. */
enum { IN_FILE_MESSAGE = 4, IN_MESSAGE_FIELD = 2, IN_MESSAGE_NESTED = 3 };
#define NESTING_MAX 16

static void gather_fields(struct contract *contract, const file_proto *file, struct gen_message *message, int32_t *path,
			  size_t path_count)
{
	const message_proto *proto = message->proto;

	if (proto->n_field > MESSAGE_FIELDS_MAX)
		contract_fail(contract, "%s: src/schema keeps one bit a field in 64", message->full);
	message->fields_count = proto->n_field;
	message->fields = NEW_N(contract->arena, struct gen_field, proto->n_field + 1);
	path[path_count] = IN_MESSAGE_FIELD;
	for (size_t i = 0; i < proto->n_field; i++) {
		const field_proto *field = proto->field[i];
		const ProtobufCMessage *options = field->options ? &field->options->base : NULL;

		path[path_count + 1] = (int32_t)i;
		message->fields[i] = (struct gen_field){
			.proto = field,
			.help = contract_help(contract, file, path, path_count + 2),
			.behaviours = option_behaviours(contract, options),
			.is_scope = option_is_scope(options),
			.is_secret = option_is_secret(options),
			.is_optional = field->has_oneof_index && proto->oneof_decl[field->oneof_index]->name[0] == '_',
			.message = -1,
		};
	}
	qsort(message->fields, message->fields_count, sizeof(struct gen_field), by_number);
}

static void gather_message(struct contract *contract, const file_proto *file, const message_proto *proto, const char *outer,
			   int32_t *path, size_t path_count)
{
	struct gen_message *message = &contract->messages[contract->messages_count];

	if (contract->messages_count == CONTRACT_MESSAGES_MAX || path_count + 2 > NESTING_MAX) {
		contract_fail(contract, "%s: too many messages, or too deep inside each other", proto->name);
		return;
	}
	contract->messages_count++;
	message->proto = proto;
	message->full = arena_printf(contract->arena, "%s.%s", outer, proto->name);
	message->help = contract_help(contract, file, path, path_count);
	message->is_map_entry = proto->options && proto->options->map_entry;
	gather_fields(contract, file, message, path, path_count);
	for (size_t i = 0; i < proto->n_nested_type; i++) {
		path[path_count] = IN_MESSAGE_NESTED;
		path[path_count + 1] = (int32_t)i;
		gather_message(contract, file, proto->nested_type[i], message->full, path, path_count + 2);
	}
}

static int by_full(const void *a, const void *b)
{
	const struct gen_message *x = a, *y = b;

	return strcmp(x->full, y->full);
}

/* The files that say how the contract is written are no part of it. */
static bool is_about_protos(const file_proto *file)
{
	return strcmp(file->name, "google/protobuf/descriptor.proto") == 0 || strcmp(file->package, "google.api") == 0 ||
	       strcmp(file->package, "reeve.api") == 0;
}

/* Types of google's with a JSON form that src/schema does not write. The error details are no part of any request. */
static bool is_strange(const struct gen_message *message, const char *type)
{
	static const char *const strange[] = { ".google.protobuf.Any", ".google.protobuf.Struct", ".google.protobuf.Value",
					       ".google.protobuf.ListValue" };

	if (strncmp(message->full, "google.", 7) == 0)
		return false;
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
		if (strcmp(strange[i], type) == 0)
			return true;
	return slice_starts(slice_str(type), SLICE(".google.protobuf.")) && slice_ends(slice_str(type), SLICE("Value"));
}

static void link_field(struct contract *contract, const struct gen_message *message, struct gen_field *field)
{
	switch ((int)field->proto->type) {
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE:
		field->message = contract_message(contract, field->proto->type_name);
		if (field->message < 0 || is_strange(message, field->proto->type_name))
			contract_fail(contract, "%s.%s: type %s is not among the files given, or none that src/schema knows",
				      message->full, field->proto->name, field->proto->type_name);
		break;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP:
		contract_fail(contract, "%s.%s: src/schema carries no float, double or group; teach it first", message->full,
			      field->proto->name);
		break;
	default:
		break;
	}
}

static void gather_messages(struct contract *contract)
{
	int32_t path[NESTING_MAX + 2];

	for (size_t f = 0; f < contract->request->n_proto_file; f++) {
		const file_proto *file = contract->request->proto_file[f];

		for (size_t i = 0; i < file->n_message_type && !is_about_protos(file); i++) {
			path[0] = IN_FILE_MESSAGE;
			path[1] = (int32_t)i;
			gather_message(contract, file, file->message_type[i], file->package, path, 2);
		}
	}
	qsort(contract->messages, contract->messages_count, sizeof(struct gen_message), by_full);
	for (size_t i = 0; i < contract->messages_count; i++)
		for (size_t k = 0; k < contract->messages[i].fields_count; k++)
			link_field(contract, &contract->messages[i], &contract->messages[i].fields[k]);
}

static void gather_capability(struct contract *contract, const Google__Protobuf__EnumValueDescriptorProto *value, bool is_own)
{
	const ProtobufCMessage *options = value->options ? &value->options->base : NULL;
	const Reeve__Api__Capability *option = option_capability(contract, options);

	if (!option)
		return;
	if (contract->capabilities_count == CONTRACT_CAPABILITIES_MAX || option->bit < 0 || option->bit > 255) {
		contract_fail(contract, "%s: too many capabilities, or bit %d out of 0..255", value->name, option->bit);
		return;
	}
	for (size_t i = 0; i < contract->capabilities_count; i++) {
		const struct gen_capability *other = &contract->capabilities[i];

		if (other->bit == option->bit || other->number == value->number || strcmp(other->name, option->name) == 0)
			contract_fail(contract, "%s and %s share bit, number or name", value->name, other->symbol);
	}
	contract->capabilities[contract->capabilities_count++] = (struct gen_capability){
		.symbol = value->name,
		.name = option->name,
		.number = value->number,
		.bit = option->bit,
		.is_deprecated = option->deprecated,
		.is_internal = option->internal_only,
		.is_own = is_own,
	};
}

static int by_capability_number(const void *a, const void *b)
{
	const struct gen_capability *x = a, *y = b;

	return x->number - y->number;
}

static void gather_capabilities(struct contract *contract)
{
	for (size_t f = 0; f < contract->request->n_proto_file; f++) {
		const file_proto *file = contract->request->proto_file[f];

		for (size_t e = 0; e < file->n_enum_type; e++)
			for (size_t i = 0; i < file->enum_type[e]->n_value; i++)
				gather_capability(contract, file->enum_type[e]->value[i],
						  strcmp(file->package, "reeve.v1") == 0);
	}
	qsort(contract->capabilities, contract->capabilities_count, sizeof(struct gen_capability), by_capability_number);
}

void contract_gather(struct contract *contract)
{
	contract->messages = NEW_N(contract->arena, struct gen_message, CONTRACT_MESSAGES_MAX);
	contract->methods = NEW_N(contract->arena, struct gen_method, CONTRACT_METHODS_MAX);
	contract->capabilities = NEW_N(contract->arena, struct gen_capability, CONTRACT_CAPABILITIES_MAX);
	if (!contract->messages || !contract->methods || !contract->capabilities) {
		contract_fail(contract, "out of memory");
		return;
	}
	gather_messages(contract);
	gather_capabilities(contract);
	if (!contract->error[0])
		methods_gather(contract);
}
