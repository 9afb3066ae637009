/*
 * write_messages: messages.gen.c, the side tables of src/schema/message.h.
 */
#include <ctype.h>

#include "contract.h"

static const char *well_known(const char *full)
{
	static const struct {
		const char *full, *kind;
	} rows[] = {
		{ "google.protobuf.Timestamp", "TIMESTAMP" },
		{ "google.protobuf.Duration", "DURATION" },
		{ "google.protobuf.FieldMask", "FIELD_MASK" },
		{ "google.protobuf.Empty", "EMPTY" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].full, full) == 0)
			return rows[i].kind;
	return "NONE";
}

/* Bits in the order of enum behaviour (message.h) from those of enum Behaviour (options.proto): one place down. */
static unsigned behaviour_bits(unsigned behaviours)
{
	return behaviours >> 1;
}

static void write_field(const struct gen_field *field, struct buffer *out)
{
	buffer_text(out, "\t{ ");
	write_slice(out, slice_str(field->proto->name));
	buffer_text(out, ", ");
	write_slice(out, slice_str(field->proto->json_name));
	if (field->message >= 0)
		buffer_printf(out, ", &message_types[%d], ", field->message);
	else
		buffer_text(out, ", NULL, ");
	write_literal(out, field->help);
	buffer_printf(out, ", %u, %d, %d, %d },\n", behaviour_bits(field->behaviours), field->is_optional, field->is_scope,
		      field->is_secret);
}

static void write_rows(const struct contract *contract, size_t index, struct buffer *out)
{
	const struct gen_message *m = &contract->messages[index];

	if (m->fields_count == 0)
		return;
	buffer_printf(out, "\n/* %s */\nstatic const struct field_row fields_%zu[] = {\n", m->full, index);
	for (size_t i = 0; i < m->fields_count; i++)
		write_field(&m->fields[i], out);
	buffer_text(out, "};\n");
}

void write_messages(const struct contract *contract, struct buffer *out)
{
	buffer_text(out, "/* Made by tools/protoc-gen-reeve from api/: what protoc-c leaves out of its descriptors. */\n"
			 "#include \"schema/message.h\"\n\n#include \"messages.h\"\n");
	for (size_t i = 0; i < contract->messages_count; i++)
		write_rows(contract, i, out);
	buffer_printf(out, "\nconst size_t message_types_count = %zu;\nconst struct message_type message_types[] = {\n",
		      contract->messages_count);
	for (size_t i = 0; i < contract->messages_count; i++) {
		const struct gen_message *m = &contract->messages[i];

		buffer_printf(out, "\t{ &%s__descriptor, ", name_lower(contract->arena, m->full));
		if (m->fields_count)
			buffer_printf(out, "fields_%zu, ", i);
		else
			buffer_text(out, "NULL, ");
		write_literal(out, m->help);
		buffer_printf(out, ", WELL_KNOWN_%s, %d },\n", well_known(m->full), m->is_map_entry);
	}
	buffer_text(out, "};\n");
}
