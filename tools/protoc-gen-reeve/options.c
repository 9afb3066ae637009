/*
 * options: our annotations. protobuf-c knows no extensions and keeps them among a message's unknown fields, as bytes.
 */
#include "contract.h"

enum {
	TAG_HTTP = 72295728, /* google/api/annotations.proto */
	/* api/reeve/options.proto */
	TAG_ACCESS = 70101,
	TAG_EVENT = 70102,
	TAG_RUN = 70103,
	TAG_BEHAVIOUR = 70111,
	TAG_IAM_SCOPE = 70112,
	TAG_SECRET = 70113,
	TAG_CAPABILITY = 70121,
};

static void *plain_alloc(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void plain_free(void *arena, void *at)
{
}

/* The varint at *at, which moves behind it; 0 when it is cut. */
static uint64_t varint(const uint8_t **at, const uint8_t *end)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
		uint8_t byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return value;
}

static const ProtobufCMessageUnknownField *find(const ProtobufCMessage *options, uint32_t tag, unsigned from)
{
	for (unsigned i = from; options && i < options->n_unknown_fields; i++)
		if (options->unknown_fields[i].tag == tag)
			return &options->unknown_fields[i];
	return NULL;
}

static void *message_option(struct contract *contract, const ProtobufCMessage *options, uint32_t tag,
			    const ProtobufCMessageDescriptor *type)
{
	ProtobufCAllocator allocator = { plain_alloc, plain_free, contract->arena };
	const ProtobufCMessageUnknownField *field = find(options, tag, 0);
	const uint8_t *at, *end;
	void *message;

	if (!field)
		return NULL;
	at = field->data;
	end = at + field->len;
	(void)varint(&at, end); /* its own length */
	message = protobuf_c_message_unpack(type, &allocator, (size_t)(end - at), at);
	if (!message)
		contract_fail(contract, "option %s cannot be read", type->name);
	return message;
}

Reeve__Api__Access *option_access(struct contract *contract, const ProtobufCMessage *options)
{
	return message_option(contract, options, TAG_ACCESS, &reeve__api__access__descriptor);
}

Reeve__Api__Event *option_event(struct contract *contract, const ProtobufCMessage *options)
{
	return message_option(contract, options, TAG_EVENT, &reeve__api__event__descriptor);
}

Reeve__Api__Run *option_run(struct contract *contract, const ProtobufCMessage *options)
{
	return message_option(contract, options, TAG_RUN, &reeve__api__run__descriptor);
}

Reeve__Api__Capability *option_capability(struct contract *contract, const ProtobufCMessage *options)
{
	return message_option(contract, options, TAG_CAPABILITY, &reeve__api__capability__descriptor);
}

Google__Api__HttpRule *option_http(struct contract *contract, const ProtobufCMessage *options)
{
	return message_option(contract, options, TAG_HTTP, &google__api__http_rule__descriptor);
}

/* One by one or packed, as protoc likes. */
unsigned option_behaviours(struct contract *contract, const ProtobufCMessage *options)
{
	unsigned bits = 0;

	for (unsigned i = 0; options && i < options->n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];
		const uint8_t *at = field->data, *end = at + field->len;

		if (field->tag != TAG_BEHAVIOUR)
			continue;
		if (field->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
			(void)varint(&at, end); /* its own length */
		while (at < end)
			bits |= 1u << (varint(&at, end) & 31);
	}
	return bits;
}

static bool is_true(const ProtobufCMessage *options, uint32_t tag)
{
	const ProtobufCMessageUnknownField *field = find(options, tag, 0);

	return field && field->len && field->data[0];
}

bool option_is_scope(const ProtobufCMessage *options)
{
	return is_true(options, TAG_IAM_SCOPE);
}

bool option_is_secret(const ProtobufCMessage *options)
{
	return is_true(options, TAG_SECRET);
}
