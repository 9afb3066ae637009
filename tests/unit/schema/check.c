#include "schema_test.h"

#include "iam/v2/identities.pb-c.h"
#include "schema/error.h"
#include "schema/mask.h"
#include "schema/openapi.h"

/* method_check of a request given as JSON; the request as it then is goes to *ret_json. */
static status check(struct arena *arena, enum method_id id, const char *text, slice *ret_json)
{
	ProtobufCMessage *request;

	report_clear(report_current());
	CHECK_OK(message_from_json(arena, methods[id].request, slice_str(text), &request));
	TRY(method_check(&methods[id], request));
	*ret_json = to_json(arena, methods[id].request, request, JSON_SPARSE);
	return OK;
}

#define MISSES(id, text, field)                                                \
	do {                                                                   \
		slice ignored_;                                                \
		CHECK_FAULT(FAULT_INVALID, check(arena, id, text, &ignored_)); \
		CHECK_FIELD(field);                                            \
	} while (0)
#define PASSES(id, text, want)                            \
	do {                                              \
		slice json_;                              \
		CHECK_OK(check(arena, id, text, &json_)); \
		CHECK_SLICE(json_, want);                 \
	} while (0)

TEST(a_missing_required_field_is_named)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);

	MISSES(METHOD_GROUPS_GET_GROUP, "{}", "uid");
	MISSES(METHOD_GROUPS_CREATE_GROUP, "{}", "group");
	MISSES(METHOD_GROUPS_CREATE_GROUP, "{\"group\":{}}", "group.name");
	PASSES(METHOD_GROUPS_CREATE_GROUP, "{\"group\":{\"name\":\"n\"}}", "{\"group\":{\"name\":\"n\"}}");
	MISSES(METHOD_IDENTITIES_CREATE_IDENTITY, "{\"parent\":\"p\",\"identity\":{\"name\":\"n\",\"staticKeys\":{}}}",
	       "identity.static_keys.issuer");
	MISSES(METHOD_ROLE_BINDINGS_BATCH_CREATE_ROLE_BINDINGS, "{\"parent\":\"p\",\"requests\":[{\"roleBinding\":{}},{}]}",
	       "requests[1].role_binding");
	MISSES(METHOD_ROLE_BINDINGS_BATCH_CREATE_ROLE_BINDINGS, "{\"requests\":[{\"roleBinding\":{}}]}", "parent");
	MISSES(METHOD_V1_GROUPS_DELETE, "{}", "id"); /* v1 has no REQUIRED, but a scope */
	MISSES(METHOD_REEVE_SETUP_REGISTER, "{\"code\":\"c\",\"name\":\"n\"}", "jwk");
	PASSES(METHOD_IDENTITY_PROVIDERS_SET_SCIM_ENABLED, "{\"identityProviderUid\":\"p\",\"etag\":\"e\"}",
	       "{\"identityProviderUid\":\"p\",\"etag\":\"e\"}"); /* false is no absence */
	MISSES(METHOD_ACCOUNT_ASSOCIATIONS_CHECK_ACCOUNT_ASSOCIATION, "{\"uid\":\"u\"}", "provider_type");
}

TEST(an_update_needs_its_place_and_leaves_the_rest_to_the_mask)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);

	PASSES(METHOD_GROUPS_UPDATE_GROUP, "{\"group\":{\"uid\":\"u\"}}", "{\"group\":{\"uid\":\"u\"}}");
	MISSES(METHOD_GROUPS_UPDATE_GROUP, "{\"group\":{\"name\":\"n\"}}", "group.uid");
	MISSES(METHOD_GROUPS_UPDATE_GROUP, "{}", "group");
}

TEST(output_only_fields_do_not_come_in)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);

	PASSES(METHOD_GROUPS_UPDATE_GROUP,
	       "{\"group\":{\"uid\":\"u\",\"name\":\"n\",\"createTime\":\"2026-01-01T00:00:00Z\",\"status\":2,"
	       "\"resourceLimits\":{\"idps\":9}}}",
	       "{\"group\":{\"uid\":\"u\",\"name\":\"n\"}}");
	PASSES(METHOD_GROUPS_CREATE_GROUP, "{\"group\":{\"uid\":\"u\",\"name\":\"n\"}}", "{\"group\":{\"name\":\"n\"}}");
	PASSES(METHOD_ROLE_BINDINGS_BATCH_CREATE_ROLE_BINDINGS,
	       "{\"parent\":\"p\",\"requests\":[{\"roleBinding\":{\"uid\":\"u\",\"identityUid\":\"i\",\"role\":{\"uid\":\"r\"}}"
	       "}]}",
	       "{\"parent\":\"p\",\"requests\":[{\"roleBinding\":{\"identityUid\":\"i\"}}]}");
	PASSES(METHOD_IDENTITY_PROVIDERS_CREATE_IDENTITY_PROVIDER,
	       "{\"parent\":\"p\",\"identityProvider\":{\"name\":\"n\",\"defaultRole\":\"r\",\"scim\":{\"enabled\":true}}}",
	       "{\"parent\":\"p\",\"identityProvider\":{\"name\":\"n\",\"defaultRole\":\"r\"}}");
}

static Google__Protobuf__FieldMask mask_of(char **paths, size_t count)
{
	Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;

	mask.paths = paths;
	mask.n_paths = count;
	return mask;
}

TEST(a_mask_names_what_it_covers)
{
	char oidc[] = "oidc", name[] = "name", deep[] = "claim_match.issuer", star[] = "*";
	char *paths[] = { oidc, name, deep }, *all[] = { star };
	const Google__Protobuf__FieldMask mask = mask_of(paths, 3), full = mask_of(all, 1);

	CHECK(mask_names(&mask, "name"));
	CHECK(mask_names(&mask, "oidc.client_secret"));
	CHECK(mask_names(&mask, "claim_match"));
	CHECK(!mask_names(&mask, "claim_match.subject"));
	CHECK(!mask_names(&mask, "names"));
	CHECK(!mask_names(&mask, "nam"));
	CHECK(!mask_names(&mask, "description"));
	CHECK(mask_names_exactly(&mask, "oidc") && !mask_names_exactly(&mask, "oidc.client_secret"));
	CHECK(mask_is_full(&full) && mask_names(&full, "anything") && !mask_is_full(&mask));
	CHECK(!mask_names(NULL, "name") && !mask_is_full(NULL));
}

TEST(a_mask_is_checked_and_an_absent_one_is_what_is_set)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("iam.v2.Group");
	char name[] = "name", wrong[] = "nam", star[] = "*", deep[] = "resource_limits.idps";
	char *good[] = { name }, *bad[] = { wrong }, *both[] = { name, star }, *into[] = { deep };
	Google__Protobuf__FieldMask mask = mask_of(bad, 1);
	const Google__Protobuf__FieldMask *used;
	ProtobufCMessage *group;

	CHECK_OK(message_from_json(arena, type, SLICE("{\"uid\":\"u\",\"name\":\"n\",\"verified\":true}"), &group));
	CHECK_FAULT(FAULT_INVALID, mask_resolve(arena, type, group, &mask, &used));
	CHECK_FIELD("update_mask");
	mask = mask_of(both, 2);
	CHECK_FAULT(FAULT_INVALID, mask_resolve(arena, type, group, &mask, &used));
	mask = mask_of(into, 1);
	CHECK_FAULT(FAULT_INVALID, mask_resolve(arena, type, group, &mask, &used));
	mask = mask_of(good, 1);
	CHECK_OK(mask_resolve(arena, type, group, &mask, &used));
	CHECK(used == &mask);
	CHECK_OK(mask_resolve(arena, type, group, NULL, &used));
	CHECK_INT(used->n_paths, 2);
	CHECK(mask_names(used, "name") && mask_names(used, "verified") && !mask_names(used, "uid"));
	CHECK_OK(mask_resolve(arena, type, NULL, NULL, &used));
	CHECK_INT(used->n_paths, 0);
}

/* The mask that a message without one means, as text. */
static slice meant(struct arena *arena, const char *name, const char *text)
{
	const Google__Protobuf__FieldMask *mask;
	ProtobufCMessage *message;
	struct buffer out;

	CHECK_OK(message_from_json(arena, type_named(name), slice_str(text), &message));
	CHECK_OK(mask_resolve(arena, type_named(name), message, NULL, &mask));
	buffer_init(&out, arena, ERROR_BYTES);
	for (size_t i = 0; i < mask->n_paths; i++)
		buffer_printf(&out, "%s%s", i ? "," : "", mask->paths[i]);
	return buffer_slice(&out);
}

#define IDENTITY "chainguard.platform.iam.v2.Identity"
#define PROVIDER "chainguard.platform.iam.v2.IdentityProvider"
#define REPO "chainguard.platform.registry.v2.Repo"

TEST(without_a_mask_what_is_set_is_named_inside_messages_too)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);

	CHECK_SLICE(meant(arena, IDENTITY,
			  "{\"name\":\"n\",\"company\":\"\",\"claimMatch\":{\"issuer\":\"i\",\"subjectPattern\":\"s\"}}"),
		    "name,claim_match.issuer,claim_match.subject_pattern");
	CHECK_SLICE(meant(arena, IDENTITY, "{\"claimMatch\":{\"claims\":{\"a\":\"b\"},\"claimPatterns\":{}}}"),
		    "claim_match.claims");
	CHECK_SLICE(meant(arena, IDENTITY, "{\"staticKeys\":{\"expirationTime\":\"2026-01-01T00:00:00Z\"}}"),
		    "static_keys.expiration_time");
	CHECK_SLICE(meant(arena, IDENTITY, "{\"staticKeys\":{}}"), "");
	CHECK_SLICE(meant(arena, IDENTITY, "{\"servicePrincipal\":0}"), "service_principal"); /* an arm that is chosen */
	CHECK_SLICE(meant(arena, PROVIDER, "{\"oidc\":{\"clientSecret\":\"s\",\"pkceEnabled\":false}}"), "oidc.client_secret");
	CHECK_SLICE(meant(arena, PROVIDER, "{\"uid\":\"u\",\"scim\":{\"enabled\":true}}"), "");
	CHECK_SLICE(meant(arena, REPO, "{\"bundles\":[\"b\"],\"customOverlay\":{\"contents\":{\"packages\":[\"p\"]}}}"),
		    "bundles,custom_overlay.contents.packages");
}

/* One message with the fields of another over it that the mask names. */
static slice merged(struct arena *arena, const char *name, const char *from, const char *onto, const char *paths)
{
	const struct message_type *type = type_named(name), *update = TYPE("iam.v2.UpdateIdentityRequest");
	ProtobufCMessage *from_message, *onto_message, *request;

	CHECK_OK(message_from_json(arena, type, slice_str(from), &from_message));
	CHECK_OK(message_from_json(arena, type, slice_str(onto), &onto_message));
	CHECK_OK(message_from_json(arena, update, slice_str(arena_printf(arena, "{\"updateMask\":\"%s\"}", paths)), &request));
	CHECK_OK(mask_apply(arena, type, ((const Chainguard__Platform__Iam__V2__UpdateIdentityRequest *)request)->update_mask,
			    from_message, onto_message));
	return to_json(arena, type, onto_message, JSON_SPARSE);
}

TEST(a_mask_writes_what_it_names_and_leaves_the_rest)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const char *one = "{\"name\":\"a\",\"staticKeys\":{\"issuer\":\"i\",\"subject\":\"s\",\"audiences\":[\"x\"]}}";
	const char *two = "{\"name\":\"b\",\"staticKeys\":{\"issuer\":\"j\",\"subject\":\"t\"}}";

	CHECK_SLICE(merged(arena, IDENTITY, two, one, "staticKeys.issuer"),
		    "{\"name\":\"a\",\"staticKeys\":{\"issuer\":\"j\",\"subject\":\"s\",\"audiences\":[\"x\"]}}");
	CHECK_SLICE(merged(arena, IDENTITY, two, one, "staticKeys.audiences"),
		    "{\"name\":\"a\",\"staticKeys\":{\"issuer\":\"i\",\"subject\":\"s\"}}");
	CHECK_SLICE(merged(arena, IDENTITY, one, two, "staticKeys.audiences"),
		    "{\"name\":\"b\",\"staticKeys\":{\"issuer\":\"j\",\"subject\":\"t\",\"audiences\":[\"x\"]}}");
	CHECK_SLICE(merged(arena, IDENTITY, two, one, "staticKeys,staticKeys.issuer"),
		    "{\"name\":\"a\",\"staticKeys\":{\"issuer\":\"j\",\"subject\":\"t\"}}");
	CHECK_SLICE(merged(arena, IDENTITY, two, one, "*"), two);
	CHECK_SLICE(merged(arena, IDENTITY, "{}", one, "name,staticKeys"), "{}");
	CHECK_SLICE(merged(arena, IDENTITY, "{\"uid\":\"v\"}", "{\"uid\":\"u\",\"email\":\"e\"}", "uid,email"),
		    "{\"uid\":\"u\",\"email\":\"e\"}");
	CHECK_SLICE(merged(arena, IDENTITY, "{\"uid\":\"v\"}", "{\"uid\":\"u\",\"email\":\"e\"}", "*"),
		    "{\"uid\":\"u\",\"email\":\"e\"}");
}

TEST(a_mask_makes_a_message_only_to_set_a_field_of_it)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);

	CHECK_SLICE(merged(arena, REPO,
			   "{\"customOverlay\":{\"contents\":{\"packages\":[\"p\"]},\"environment\":{\"A\":\"1\"}}}", "{}",
			   "customOverlay.contents.packages"),
		    "{\"customOverlay\":{\"contents\":{\"packages\":[\"p\"]}}}");
	CHECK_SLICE(merged(arena, REPO, "{\"customOverlay\":{\"environment\":{\"A\":\"1\"}}}", "{}",
			   "customOverlay.contents.packages"),
		    "{}");
	CHECK_SLICE(merged(arena, REPO, "{}", "{}", "customOverlay.contents"), "{}");
}

TEST(an_arm_of_a_oneof_gives_way_to_the_one_that_is_set)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const char *keys = "{\"staticKeys\":{\"issuer\":\"i\",\"subject\":\"s\"}}",
		   *match = "{\"claimMatch\":{\"issuer\":\"j\"}}";

	CHECK_SLICE(merged(arena, IDENTITY, match, keys, "claimMatch.issuer"), match);
	CHECK_SLICE(merged(arena, IDENTITY, match, keys, "claimMatch,staticKeys"), match);
	CHECK_SLICE(merged(arena, IDENTITY, match, keys, "claimMatch.subject"), keys);
	CHECK_SLICE(merged(arena, IDENTITY, keys, match, "staticKeys.subject"), "{\"staticKeys\":{\"subject\":\"s\"}}");
	CHECK_SLICE(merged(arena, IDENTITY, "{\"claimMatch\":{\"issuerPattern\":\"p\"}}", match, "claimMatch.issuer"),
		    "{\"claimMatch\":{}}");
	CHECK_SLICE(merged(arena, IDENTITY, "{\"claimMatch\":{\"issuerPattern\":\"p\"}}", match,
			   "claimMatch.issuerPattern,claimMatch.issuer"),
		    "{\"claimMatch\":{\"issuerPattern\":\"p\"}}");
}

static slice error_json(struct arena *arena)
{
	struct buffer out;

	buffer_init(&out, arena, ERROR_BYTES);
	error_to_json(report_current(), &out);
	CHECK(!buffer_failed(&out));
	return buffer_slice(&out);
}

TEST(an_error_names_field_state_and_resource)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);

	report_clear(report_current());
	CHECK_FAULT(FAULT_INVALID, FAIL_FIELD("group.name", "must match %s", "x"));
	CHECK_SLICE(error_json(arena),
		    "{\"code\":3,\"message\":\"Invalid argument: group.name: must match x\",\"details\":[{\"@type\":"
		    "\"type.googleapis.com/"
		    "google.rpc.ErrorInfo\",\"reason\":\"INVALID_ARGUMENT\",\"domain\":\"iam.chainguard.dev\"},"
		    "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":\"group.name\","
		    "\"description\":\"must match x\"}]}]}");
	report_clear(report_current());
	CHECK_FAULT(FAULT_STATE, FAIL_STATE("RESOURCE_NOT_EMPTY", "it has folders"));
	CHECK(strstr(error_json(arena).at, "{\"@type\":\"type.googleapis.com/google.rpc.PreconditionFailure\",\"violations\":"
					   "[{\"type\":\"RESOURCE_NOT_EMPTY\",\"description\":\"it has folders\"}]}"));
	report_clear(report_current());
	CHECK_FAULT(FAULT_EXISTS, FAIL_EXISTS("group.name", "\"%s\" is taken", "x"));
	CHECK_SLICE(error_json(arena),
		    "{\"code\":6,\"message\":\"Already exists: group.name: \\\"x\\\" is taken\",\"details\":[{\"@type\":"
		    "\"type.googleapis.com/"
		    "google.rpc.ErrorInfo\",\"reason\":\"ALREADY_EXISTS\",\"domain\":\"iam.chainguard.dev\"},"
		    "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":\"group.name\","
		    "\"description\":\"\\\"x\\\" is taken\"}]}]}");
	report_clear(report_current());
	report_resource("group 63921b");
	CHECK_FAULT(FAULT_ABSENT, FAIL(FAULT_ABSENT, "no such group"));
	CHECK_SLICE(
		error_json(arena),
		"{\"code\":5,\"message\":\"no such "
		"group\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
		"\"reason\":\"NOT_FOUND\",\"domain\":\"iam.chainguard.dev\"},{\"@type\":"
		"\"type.googleapis.com/google.rpc.ResourceInfo\",\"resourceType\":\"group\",\"resourceName\":\"63921b\"}]}");
	report_clear(report_current());
	report_current()->fault = FAULT_TOO_LATE;
	CHECK(strstr(error_json(arena).at, "\"message\":\"the deadline passed\""));
}

TEST(the_wire_form_says_the_same)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	ProtobufCMessage *message, *detail;
	struct buffer out;

	report_clear(report_current());
	CHECK_FAULT(FAULT_INVALID, FAIL_FIELD("uid", "is required"));
	buffer_init(&out, arena, ERROR_BYTES);
	error_to_wire(report_current(), &out);
	CHECK_OK(message_decode(arena, type_named("google.rpc.Status"), buffer_slice(&out), &message));
	Google__Rpc__Status *st = (void *)message;
	CHECK_INT(st->code, 3);
	assert_string_equal(st->message, "Invalid argument: uid: is required");
	CHECK_INT(st->n_details, 2);
	assert_string_equal(st->details[1]->type_url, "type.googleapis.com/google.rpc.BadRequest");
	CHECK_OK(message_decode(arena, type_named("google.rpc.BadRequest"),
				slice_of(st->details[1]->value.data, st->details[1]->value.len), &detail));
	assert_string_equal(((Google__Rpc__BadRequest *)detail)->field_violations[0]->field, "uid");
}

TEST(an_error_is_written_whatever_the_report_holds)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	struct report *report = report_current();
	struct buffer out;

	memset(report->text, 1, sizeof(report->text) - 1);
	memset(report->field, '\xff', sizeof(report->field) - 1);
	memset(report->resource, '"', sizeof(report->resource) - 1);
	report->text[REPORT_TEXT_BYTES - 1] = report->field[REPORT_FIELD_BYTES - 1] = report->resource[REPORT_FIELD_BYTES - 1] =
		'\0';
	report->fault = FAULT_INVALID;
	CHECK(error_json(arena).len > 0);
	buffer_init(&out, arena, ERROR_BYTES);
	error_to_wire(report, &out);
	CHECK(!buffer_failed(&out) && buffer_slice(&out).len > 0);
	report_clear(report);
}

static status some_handler(struct call *call, const void *in, void *out)
{
	return OK;
}

TEST(the_description_is_json_and_names_what_is_served)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new((size_t)32 << 20);
	method_run handlers[METHOD_COUNT] = {
		[METHOD_GROUPS_GET_GROUP] = some_handler, [METHOD_GROUPS_DELETE_GROUP] = some_handler
	};
	const struct json *doc, *path;
	struct buffer out;

	buffer_init(&out, arena, 4 << 20);
	openapi_write(handlers, "1.2.3", "http://x", &out);
	CHECK_OK(json_parse(arena, buffer_slice(&out), NULL, &doc));
	CHECK(json_text_is(json_member(doc, "openapi"), "3.1.0"));
	CHECK_INT(json_member(doc, "paths")->count, 1);
	path = json_member(json_member(doc, "paths"), "/iam/v2/groups/{uid}");
	CHECK(json_member(path, "get") && json_member(path, "delete") && path->count == 2);
	CHECK(json_member(json_member(json_member(doc, "components"), "schemas"), "chainguard.platform.iam.v2.Group"));
	CHECK(!json_member(json_member(json_member(doc, "components"), "schemas"), "chainguard.platform.iam.v2.Role"));
	buffer_init(&out, arena, 4 << 20);
	openapi_write(NULL, "1.2.3", "http://x", &out);
	CHECK_OK(json_parse(arena, buffer_slice(&out), NULL, &doc));
	CHECK(json_member(doc, "paths")->count > 60);
	path = json_member(json_member(json_member(doc, "components"), "schemas"),
			   "chainguard.platform.iam.v2.IdentityProvider.OIDC");
	CHECK(json_member(json_member(json_member(path, "properties"), "clientSecret"), "writeOnly"));
	CHECK(!json_member(json_member(json_member(path, "properties"), "clientId"), "writeOnly"));
}

/* Every "$ref" leads to a schema that is there. */
static void check_refs(const struct json *value, const struct json *schemas)
{
	static const slice stem = SLICE("#/components/schemas/");
	slice ref;

	if (json_text(json_member(value, "$ref"), &ref)) {
		char name[200];

		CHECK(slice_starts(ref, stem));
		(void)snprintf(name, sizeof(name), "%.*s", SLICE_ARG(slice_from(ref, stem.len)));
		CHECK(json_member(schemas, name));
	}
	JSON_EACH (item, value)
		check_refs(item, schemas);
}

TEST(the_description_refers_to_nothing_that_is_missing)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new((size_t)32 << 20);
	const struct json *doc;
	struct buffer out;

	buffer_init(&out, arena, 4 << 20);
	openapi_write(NULL, "1", "http://x", &out);
	CHECK_OK(json_parse(arena, buffer_slice(&out), NULL, &doc));
	check_refs(doc, json_member(json_member(doc, "components"), "schemas"));
}

TESTS(a_missing_required_field_is_named, an_update_needs_its_place_and_leaves_the_rest_to_the_mask,
      output_only_fields_do_not_come_in, a_mask_names_what_it_covers, a_mask_is_checked_and_an_absent_one_is_what_is_set,
      without_a_mask_what_is_set_is_named_inside_messages_too, a_mask_writes_what_it_names_and_leaves_the_rest,
      a_mask_makes_a_message_only_to_set_a_field_of_it, an_arm_of_a_oneof_gives_way_to_the_one_that_is_set,
      an_error_names_field_state_and_resource, the_wire_form_says_the_same, an_error_is_written_whatever_the_report_holds,
      the_description_is_json_and_names_what_is_served, the_description_refers_to_nothing_that_is_missing)
