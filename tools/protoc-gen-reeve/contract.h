/*
 * contract: what protoc tells the plugin, gathered into three plain lists: messages, methods, capabilities.
 *
 * Owns      the lists, all in one arena; the first error, with which everything stops.
 * Promises  lists are sorted (messages by full name, fields by number, methods by package, service and place, capabilities by
 *           number), so that the same contract always gives the same tables; whatever the tables cannot say is an error.
 * Start at  contract_gather().
 */
#ifndef PROTOC_GEN_REEVE_CONTRACT_H
#define PROTOC_GEN_REEVE_CONTRACT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "plugin-protos.h"

#define CONTRACT_MESSAGES_MAX 1000
#define CONTRACT_METHODS_MAX 400
#define CONTRACT_CAPABILITIES_MAX 400
#define METHOD_ROUTES_MAX 6

typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__FieldDescriptorProto field_proto;

struct gen_field {
	const field_proto *proto;
	const char *help;
	unsigned behaviours; /* bit Behaviour */
	bool is_optional, is_scope, is_secret;
	int message; /* index of its type, -1 for a scalar or enum */
};

struct gen_message {
	const message_proto *proto;
	const char *full; /* "chainguard.platform.iam.v2.Group" */
	const char *help;
	bool is_map_entry;
	struct gen_field *fields;
	size_t fields_count;
};

struct gen_route {
	const char *verb, *template;
	slice prefix, suffix; /* see struct route in src/schema/method.h */
	const char *capture;  /* NULL without one */
	bool is_deep, is_beta;
	int body;
	int method;
};

struct gen_method {
	const Google__Protobuf__MethodDescriptorProto *proto;
	const char *package, *service, *service_short, *help;
	const char *symbol; /* "groups_delete_group": the handler's name */
	const char *label;
	int request, response;
	Reeve__Api__Access *access;
	Reeve__Api__Event *event; /* may be NULL */
	Reeve__Api__Run__Place place;
	bool is_form, is_page, is_v2;
	struct gen_route routes[METHOD_ROUTES_MAX];
	size_t routes_count;
};

struct gen_capability {
	const char *symbol, *name;
	int number, bit;
	bool is_deprecated, is_internal, is_own;
};

struct contract {
	struct arena *arena;
	const Google__Protobuf__Compiler__CodeGeneratorRequest *request;
	struct gen_message *messages;
	size_t messages_count;
	struct gen_method *methods;
	size_t methods_count;
	struct gen_capability *capabilities;
	size_t capabilities_count;
	char error[400]; /* "" while all is well */
};

/* Fills the lists from request; contract->error says what is wrong. */
void contract_gather(struct contract *contract);
/* Keeps the first error. */
void contract_fail(struct contract *contract, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Index by full name, with or without a leading dot; -1 when unknown. */
int contract_message(const struct contract *contract, const char *full);
/* Index of the field of that name in message; -1 when unknown. */
int contract_field(const struct contract *contract, int message, slice name);
/* Resolves "group.uid" from message: writes up to max indices, gives their count, 0 when a step is unknown. */
size_t contract_path(const struct contract *contract, int message, const char *path, unsigned *ret_steps, size_t max);
/* The capability of that name; NULL when unknown. */
const struct gen_capability *contract_capability(const struct contract *contract, const char *name);
/* The comment above the declaration at that path of its file, as one line; "" when there is none. */
const char *contract_help(struct contract *contract, const file_proto *file, const int32_t *path, size_t path_count);

/* methods.c: fills the list of methods; the other two lists are complete by then. */
void methods_gather(struct contract *contract);

/* options.c: our annotations, which protobuf-c leaves among the unknown fields. NULL or 0 when absent; ret_ok false: malformed.
 */
Reeve__Api__Access *option_access(struct contract *contract, const ProtobufCMessage *options);
Reeve__Api__Event *option_event(struct contract *contract, const ProtobufCMessage *options);
Reeve__Api__Run *option_run(struct contract *contract, const ProtobufCMessage *options);
Reeve__Api__Capability *option_capability(struct contract *contract, const ProtobufCMessage *options);
Google__Api__HttpRule *option_http(struct contract *contract, const ProtobufCMessage *options);
unsigned option_behaviours(struct contract *contract, const ProtobufCMessage *options);
bool option_is_scope(const ProtobufCMessage *options);
bool option_is_secret(const ProtobufCMessage *options);

/* names.c: names as protoc-c makes them. "a.b.FooBar" -> "a__b__foo_bar", "A__B__FooBar"; "FooBar" -> "foo_bar", "FOO_BAR". */
const char *name_lower(struct arena *arena, const char *full);
const char *name_type(struct arena *arena, const char *full);
const char *name_upper(struct arena *arena, const char *name);
/* A C string literal, quotes included. */
void write_literal(struct buffer *out, const char *text);
/* SLICE("text") */
void write_slice(struct buffer *out, slice text);

/* write_*.c: the files made. */
void write_capabilities(const struct contract *contract, struct buffer *out);
void write_messages(const struct contract *contract, struct buffer *out);
void write_methods_header(const struct contract *contract, struct buffer *out);
void write_methods(struct contract *contract, struct buffer *out);
void write_handlers_header(const struct contract *contract, struct buffer *out);
void write_handlers(const struct contract *contract, struct buffer *out);
void write_method_list(const struct contract *contract, struct buffer *out);

#endif
