#include "schema_test.h"

#define BYTES(text) slice_of(text, sizeof(text) - 1)

#define REFUSES_WIRE(arena, type, bytes, want)                                                   \
	do {                                                                                     \
		ProtobufCMessage *ignored_;                                                      \
		report_clear(report_current());                                                  \
		CHECK_FAULT(FAULT_INVALID, message_decode((arena), (type), (bytes), &ignored_)); \
		CHECK_FIELD(want);                                                               \
	} while (0)

TEST(strings_that_are_no_text_are_refused_by_field)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *create = TYPE("iam.v2.CreateGroupRequest"), *exchange = TYPE("oidc.ExchangeRequest");

	REFUSES_WIRE(arena, create, BYTES("\x0a\x01\xff"), "parent");
	REFUSES_WIRE(arena, create,
		     BYTES("\x0a\x03"
			   "a\0b"),
		     "parent");
	REFUSES_WIRE(arena, create, BYTES("\x12\x04\x12\x02\xc0\x80"), "group.name");
	REFUSES_WIRE(arena, exchange, BYTES("\x0a\x01x\x0a\x03\xed\xa0\x80"), "aud");
	REFUSES_WIRE(arena, TYPE("iam.v2.Identity.ClaimMatch"), BYTES("\x3a\x06\x0a\x01k\x12\x01\xfe"), "claims.value");
}

TEST(malformed_bytes_are_refused)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *page = TYPE("iam.v2.ListGroupsRequest");
	ProtobufCMessage *message;

	CHECK_OK(message_decode(arena, page, BYTES(""), &message));
	CHECK_OK(message_decode(arena, page, BYTES("\x18\x05"), &message));
	CHECK_INT(((Chainguard__Platform__Iam__V2__ListGroupsRequest *)message)->page_size, 5);
	REFUSES_WIRE(arena, page, BYTES("\x18"), "page_size");
	REFUSES_WIRE(arena, page, BYTES("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "page_size");
	REFUSES_WIRE(arena, page, BYTES("\x12\x7f"), "name");
	REFUSES_WIRE(arena, page, BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "name");
	REFUSES_WIRE(arena, page, BYTES("\x00\x01"), "request");         /* field number 0 */
	REFUSES_WIRE(arena, page, BYTES("\xfb\x07\xfc\x07"), "request"); /* a group */
	REFUSES_WIRE(arena, page, BYTES("\xf9\x07\x01"), "request");     /* 8 bytes, one there */
	report_clear(report_current());
	CHECK_FAULT(FAULT_INVALID, message_decode(arena, page, BYTES("\x10\x05"), &message)); /* a number for a string */
}

TEST(fields_nobody_knows_are_passed_over)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *page = TYPE("iam.v2.ListGroupsRequest");
	slice wire = BYTES("\xa2\x06\x02\xff\xff\xa9\x06"
			   "12345678"
			   "\xad\x06"
			   "1234"
			   "\xa0\x06\x07\x18\x09");
	ProtobufCMessage *message;

	CHECK_OK(message_decode(arena, page, wire, &message));
	CHECK_INT(((Chainguard__Platform__Iam__V2__ListGroupsRequest *)message)->page_size, 9);
}

TEST(a_message_field_given_twice_is_refused_a_scalar_keeps_the_last)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *create = TYPE("iam.v2.CreateGroupRequest");
	ProtobufCMessage *message;

	REFUSES_WIRE(arena, create, BYTES("\x12\x03\x12\x01x\x12\x03\x12\x01y"), "group");
	CHECK_OK(message_decode(arena, create, BYTES("\x0a\x01x\x0a\x01y"), &message));
	assert_string_equal(((Chainguard__Platform__Iam__V2__CreateGroupRequest *)message)->parent, "y");
}

TEST(a_map_key_given_twice_is_refused)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("iam.v2.Identity.ClaimMatch"),
				  *github = TYPE("iam.v2.AccountAssociation.GitHub");
	ProtobufCMessage *message;

	REFUSES_WIRE(arena, type, BYTES("\x3a\x06\x0a\x01k\x12\x01x\x3a\x06\x0a\x01k\x12\x01y"), "claims");
	REFUSES_WIRE(arena, type, BYTES("\x3a\x00\x3a\x02\x0a\x00"), "claims");
	REFUSES_WIRE(arena, github, BYTES("\x12\x02\x08\x05\x12\x02\x08\x05"), "app_installations");
	CHECK_OK(message_decode(arena, type, BYTES("\x3a\x06\x0a\x01k\x12\x01x\x3a\x06\x0a\x01l\x12\x01y"), &message));
	CHECK_INT(((Chainguard__Platform__Iam__V2__Identity__ClaimMatch *)message)->n_claims, 2);
	/* an entry without a value has the empty message, not NULL */
	CHECK_OK(message_decode(arena, github, BYTES("\x12\x02\x08\x05"), &message));
	CHECK(((Chainguard__Platform__Iam__V2__AccountAssociation__GitHub *)message)->app_installations[0]->value != NULL);
}

/* No contract message nests without end, so google.rpc.Status-like chains cannot be made; a list of many empty ones can. */
TEST(many_tiny_elements_end_in_exhaustion_not_in_memory)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(100000);
	static char wire[40000];
	ProtobufCMessage *message;

	for (size_t i = 0; i < sizeof(wire); i += 2)
		wire[i] = '\x12'; /* requests: an empty message */
	CHECK_FAULT(FAULT_EXHAUSTED, message_decode(arena, TYPE("iam.v2.BatchCreateRoleBindingsRequest"),
						    slice_of(wire, sizeof(wire)), &message));
}

TEST(every_prefix_and_every_flipped_byte_ends_cleanly)
{
	static const char text[] =
		"{\"parent\":\"p\",\"identity\":{\"name\":\"n\",\"claimMatch\":{\"issuer\":\"i\",\"subject\":\"s\","
		"\"claims\":{\"a\":\"b\",\"c\":\"d\"}},\"createTime\":\"2026-01-01T00:00:00Z\"}}";
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("iam.v2.CreateIdentityRequest");
	ProtobufCMessage *message;
	char copy[300];
	slice wire;
	unsigned taken = 0;

	CHECK_OK(message_from_json(arena, type, slice_str(text), &message));
	wire = to_wire(arena, message);
	CHECK(wire.len < sizeof(copy));
	for (size_t i = 0; i < wire.len; i++)
		taken += !FAILED(message_decode(arena, type, slice_to(wire, i), &message));
	for (size_t i = 0; i < wire.len * 8; i++) {
		memcpy(copy, wire.at, wire.len);
		copy[i / 8] ^= (char)(1 << i % 8);
		taken += !FAILED(message_decode(arena, type, slice_of(copy, wire.len), &message));
	}
	CHECK(taken > 0 && taken < wire.len * 9);
}

TEST(fields_are_found_and_set_by_path)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("iam.v2.UpdateIdentityRequest");
	ProtobufCMessage *message = message_new(arena, type);
	struct field_path path, scope = methods[METHOD_IDENTITIES_UPDATE_IDENTITY].access.scope;
	char name[FIELD_PATH_BYTES];

	CHECK(field_path_parse(type, SLICE("identity.claimMatch.issuer_pattern"), &path));
	field_path_format(type, &path, name);
	assert_string_equal(name, "identity.claim_match.issuer_pattern");
	CHECK_SLICE(message_text_at(message, &path), "");
	CHECK_OK(message_set(arena, type, message, &path, SLICE("^x$")));
	CHECK_SLICE(message_text_at(message, &path), "^x$");
	CHECK_OK(message_set(arena, type, message, &scope, SLICE("abc")));
	CHECK_SLICE(message_text_at(message, &scope), "abc");
	CHECK(!field_path_parse(type, SLICE(""), &path));
	CHECK(!field_path_parse(type, SLICE("identity."), &path));
	CHECK(!field_path_parse(type, SLICE("identity.nope"), &path));
	CHECK(!field_path_parse(type, SLICE("identity.name.x"), &path));
	CHECK(!field_path_parse(type, SLICE("identity.claim_match.claims.key"), &path));
	CHECK(field_path_parse(type, SLICE("identity.claim_match.claims"), &path));
	CHECK_FAULT(FAULT_INVALID, message_set(arena, type, message, &path, SLICE("x")));
	CHECK(field_path_parse(type, SLICE("identity.service_principal"), &path));
	CHECK_OK(message_set(arena, type, message, &path, SLICE("SERVICE_PRINCIPAL_INGESTER")));
	CHECK(field_path_parse(type, SLICE("identity.claim_match.issuer"), &path));
	CHECK_SLICE(message_text_at(message, &path), ""); /* another alternative holds now */
}

TEST(times_without_a_text_form_are_refused)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *tags = TYPE("registry.v2.ListTagsRequest"), *invite = TYPE("iam.v2.GroupInvite");
	ProtobufCMessage *message;

	CHECK_OK(message_decode(arena, tags, BYTES("\x1a\x06\x08\xff\xed\xa6\xf9\x05"), &message));
	REFUSES_WIRE(arena, tags, BYTES("\x1a\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), "updated_since");
	REFUSES_WIRE(arena, tags, BYTES("\x1a\x06\x10\x80\x94\xeb\xdc\x03"), "updated_since"); /* 1e9 nanoseconds */
	REFUSES_WIRE(arena, invite, BYTES("\x22\x0d\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		     "ttl"); /* 1 s, -1 ns */
	REFUSES_WIRE(arena, invite, BYTES("\x22\x07\x08\x80\x80\x80\x80\x80\x40"), "ttl");
}

TEST(a_list_from_the_wire_can_grow)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("oidc.ExchangeRequest");
	struct field_path path;
	ProtobufCMessage *message;

	CHECK_OK(message_decode(arena, type, BYTES("\x0a\x01x\x0a\x01y\x0a\x01z"), &message));
	CHECK(field_path_parse(type, SLICE("aud"), &path));
	CHECK_OK(message_set(arena, type, message, &path, SLICE("w")));
	CHECK_SLICE(to_json(arena, type, message, JSON_SPARSE), "{\"aud\":[\"x\",\"y\",\"z\",\"w\"]}");
}

TEST(every_type_is_found_by_its_name)
{
	for (size_t i = 0; i < message_types_count; i++) {
		const struct message_type *type = &message_types[i];

		CHECK(message_type_of(type->descriptor) == type);
		CHECK(type->descriptor->n_fields <= 64);
		for (unsigned k = 0; k < type->descriptor->n_fields; k++) {
			CHECK_SLICE(type->fields[k].name, type->descriptor->fields[k].name);
			if (type->descriptor->fields[k].type == PROTOBUF_C_TYPE_MESSAGE)
				CHECK(type->fields[k].type->descriptor == type->descriptor->fields[k].descriptor);
			else
				CHECK(!type->fields[k].type);
		}
	}
	CHECK(!message_type_by_name(SLICE("chainguard.platform.iam.v2.Nope")));
	CHECK(!message_type_by_name(SLICE("")));
}

TESTS(strings_that_are_no_text_are_refused_by_field, malformed_bytes_are_refused, fields_nobody_knows_are_passed_over,
      a_message_field_given_twice_is_refused_a_scalar_keeps_the_last, a_map_key_given_twice_is_refused,
      many_tiny_elements_end_in_exhaustion_not_in_memory, every_prefix_and_every_flipped_byte_ends_cleanly,
      fields_are_found_and_set_by_path, a_list_from_the_wire_can_grow, times_without_a_text_form_are_refused,
      every_type_is_found_by_its_name)
