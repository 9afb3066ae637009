/*
 * protoc-gen-reeve: turns the contract's annotations into tables. protoc runs it: request on stdin, response on stdout.
 *
 * Start at  contract.h for what is gathered, write_*.c for what is made of it.
 */
#include <unistd.h>

#include "base/mem.h"
#include "contract.h"

#define REQUEST_BYTES_MAX ((size_t)64 << 20)
#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define FILE_BYTES_MAX ((size_t)16 << 20)
#define OUTPUTS 7

static void *plain_alloc(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void plain_free(void *arena, void *at)
{
}

static bool read_all(struct buffer *in)
{
	char *room;
	ssize_t got = 0;

	while ((room = buffer_room(in, 65536)) && (got = read(STDIN_FILENO, room, 65536)) > 0)
		buffer_grew(in, (size_t)got);
	return room && got == 0;
}

static bool write_all(slice bytes)
{
	while (bytes.len) {
		ssize_t wrote = write(STDOUT_FILENO, bytes.at, bytes.len);

		if (wrote <= 0)
			return false;
		bytes = slice_from(bytes, (size_t)wrote);
	}
	return true;
}

struct output {
	Google__Protobuf__Compiler__CodeGeneratorResponse__File file;
	struct buffer text;
};

static struct buffer *open_output(struct contract *contract, struct output *outputs, size_t *count, const char *name)
{
	struct output *output = &outputs[(*count)++];

	google__protobuf__compiler__code_generator_response__file__init(&output->file);
	output->file.name = arena_text(contract->arena, slice_str(name));
	buffer_init(&output->text, contract->arena, FILE_BYTES_MAX);
	return &output->text;
}

static void make_files(struct contract *contract, struct output *outputs, size_t *count)
{
	write_capabilities(contract, open_output(contract, outputs, count, "capabilities.def"));
	write_messages(contract, open_output(contract, outputs, count, "messages.gen.c"));
	write_methods_header(contract, open_output(contract, outputs, count, "methods.gen.h"));
	write_methods(contract, open_output(contract, outputs, count, "methods.gen.c"));
	write_handlers_header(contract, open_output(contract, outputs, count, "handlers.gen.h"));
	write_handlers(contract, open_output(contract, outputs, count, "handlers.gen.c"));
	write_method_list(contract, open_output(contract, outputs, count, "methods.txt"));
}

static bool respond(struct contract *contract, struct output *outputs, size_t count)
{
	Google__Protobuf__Compiler__CodeGeneratorResponse response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
	Google__Protobuf__Compiler__CodeGeneratorResponse__File *files[OUTPUTS];
	uint8_t *bytes;

	for (size_t i = 0; i < count; i++) {
		if (buffer_failed(&outputs[i].text))
			contract_fail(contract, "%s is too long", outputs[i].file.name);
		outputs[i].file.content = outputs[i].text.at;
		files[i] = &outputs[i].file;
	}
	response.n_file = contract->error[0] ? 0 : count;
	response.file = files;
	response.error = contract->error[0] ? contract->error : NULL;
	bytes = arena_alloc(contract->arena, protobuf_c_message_get_packed_size(&response.base));
	return bytes && write_all(slice_of(bytes, protobuf_c_message_pack(&response.base, bytes)));
}

int main(void)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES_MAX);
	ProtobufCAllocator allocator = { plain_alloc, plain_free, arena };
	struct contract contract = { .arena = arena };
	struct output outputs[OUTPUTS];
	size_t count = 0;
	struct buffer in;

	buffer_init(&in, arena, REQUEST_BYTES_MAX);
	if (!arena || !read_all(&in))
		return 1;
	contract.request =
		google__protobuf__compiler__code_generator_request__unpack(&allocator, in.len, (const uint8_t *)in.at);
	if (!contract.request)
		return 1;
	contract_gather(&contract);
	if (!contract.error[0])
		make_files(&contract, outputs, &count);
	return respond(&contract, outputs, count) ? 0 : 1;
}
