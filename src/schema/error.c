#include "schema/error.h"

#include <stdio.h>

#include "base/json.h"
#include "google/protobuf/any.pb-c.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "schema/json.h"

#define DETAILS_MAX 4
#define TYPE_URL "type.googleapis.com/"

/* The details of one report, on the stack of whoever writes them. */
struct details {
	char text[REPORT_TEXT_BYTES], field[REPORT_FIELD_BYTES], description[REPORT_TEXT_BYTES], resource[REPORT_FIELD_BYTES];
	Google__Rpc__ErrorInfo info;
	Google__Rpc__BadRequest bad;
	Google__Rpc__BadRequest__FieldViolation violation, *violations[1];
	Google__Rpc__PreconditionFailure failure;
	Google__Rpc__PreconditionFailure__Violation breach, *breaches[1];
	Google__Rpc__ResourceInfo owner;
	const ProtobufCMessage *messages[DETAILS_MAX];
	size_t count;
};

const char *error_text(const struct report *report)
{
	return report->text[0] ? report->text : fault_row(report->fault)->text;
}

/* Fields and resources quote what callers sent, and all is cut here: whatever is no UTF-8 then becomes "?". */
static void clean(const char *text, char *into, size_t size)
{
	(void)snprintf(into, size, "%s", text); /* a longer one is cut */
	slice_make_text(into, strlen(into));
}

/* The text without the class and field that FAIL_FIELD, FAIL_EXISTS and FAIL_STATE put in front. */
static const char *bare_text(const struct report *report)
{
	const char *text = report->text, *class = fault_class(report->fault), *field = report->field;
	size_t skip = strlen(class) + 2, more = field[0] ? strlen(field) + 2 : 0;

	return strncmp(text, class, strlen(class)) == 0 && strlen(text) >= skip + more ? text + skip + more : text;
}

static void add_field(struct details *details, const struct report *report)
{
	google__rpc__bad_request__init(&details->bad);
	google__rpc__bad_request__field_violation__init(&details->violation);
	clean(report->field, details->field, sizeof(details->field));
	clean(bare_text(report), details->description, sizeof(details->description));
	details->violation.field = details->field;
	details->violation.description = details->description;
	details->violations[0] = &details->violation;
	details->bad.field_violations = details->violations;
	details->bad.n_field_violations = 1;
	details->messages[details->count++] = &details->bad.base;
}

static void add_state(struct details *details, const struct report *report)
{
	google__rpc__precondition_failure__init(&details->failure);
	google__rpc__precondition_failure__violation__init(&details->breach);
	clean(report->state_type, details->field, sizeof(details->field));
	clean(bare_text(report), details->description, sizeof(details->description));
	details->breach.type = details->field;
	details->breach.description = details->description;
	details->breaches[0] = &details->breach;
	details->failure.violations = details->breaches;
	details->failure.n_violations = 1;
	details->messages[details->count++] = &details->failure.base;
}

/* "group 63921b…": the type up to the blank, then the name. */
static void add_resource(struct details *details, const struct report *report)
{
	char *blank;

	google__rpc__resource_info__init(&details->owner);
	clean(report->resource, details->resource, sizeof(details->resource));
	blank = strchr(details->resource, ' ');
	details->owner.resource_type = details->resource;
	if (blank) {
		*blank = '\0';
		details->owner.resource_name = blank + 1;
	}
	details->messages[details->count++] = &details->owner.base;
}

static void details_fill(struct details *details, const struct report *report)
{
	details->count = 0;
	clean(error_text(report), details->text, sizeof(details->text));
	google__rpc__error_info__init(&details->info);
	details->info.reason = (char *)(uintptr_t)fault_row(report->fault)->grpc_name;
	details->info.domain = (char *)(uintptr_t)ERROR_DOMAIN;
	details->messages[details->count++] = &details->info.base;
	if (report->field[0])
		add_field(details, report);
	else if (report->state_type[0])
		add_state(details, report);
	if (report->resource[0])
		add_resource(details, report);
}

/* A message's own members behind "@type". */
static void put_detail(struct json_writer *writer, const ProtobufCMessage *message)
{
	const struct message_type *type = message_type_of(message->descriptor);
	char members[REPORT_TEXT_BYTES * 6 + REPORT_FIELD_BYTES * 12], url[128];
	struct buffer buffer = { .at = members, .cap = sizeof(members), .limit = sizeof(members) - 1 };

	(void)snprintf(url, sizeof(url), "%s%s", TYPE_URL, message->descriptor->name); /* our longest is 54 */
	message_to_json(type, message, JSON_SPARSE, &buffer);
	json_open_object(writer);
	json_pair_text(writer, "@type", slice_str(url));
	if (buffer.len > 2 && !buffer_failed(&buffer))
		json_put_raw(writer, slice_of(members + 1, buffer.len - 2)); /* without its braces */
	json_close_object(writer);
}

void error_to_json(const struct report *report, struct buffer *out)
{
	struct json_writer writer;
	struct details details;

	details_fill(&details, report);
	json_writer_init(&writer, out);
	json_open_object(&writer);
	json_pair_int(&writer, "code", fault_row(report->fault)->grpc_code);
	json_pair_text(&writer, "message", slice_str(details.text));
	json_put_name(&writer, SLICE("details"));
	json_open_array(&writer);
	for (size_t i = 0; i < details.count; i++)
		put_detail(&writer, details.messages[i]);
	json_close_array(&writer);
	json_close_object(&writer);
}

void error_to_wire(const struct report *report, struct buffer *out)
{
	Google__Rpc__Status st;
	Google__Protobuf__Any anys[DETAILS_MAX], *list[DETAILS_MAX];
	uint8_t bytes[DETAILS_MAX][REPORT_TEXT_BYTES + 2 * REPORT_FIELD_BYTES];
	char urls[DETAILS_MAX][128];
	struct details details;

	google__rpc__status__init(&st);
	details_fill(&details, report);
	st.code = fault_row(report->fault)->grpc_code;
	st.message = details.text;
	for (size_t i = 0; i < details.count; i++) {
		if (message_encoded_bytes(details.messages[i]) > sizeof(bytes[i]))
			continue; /* cannot be: its texts are bounded by the report's */
		google__protobuf__any__init(&anys[i]);
		(void)snprintf(urls[i], sizeof(urls[i]), "%s%s", TYPE_URL,
			       details.messages[i]->descriptor->name); /* at most 54 */
		anys[i].type_url = urls[i];
		anys[i].value = (ProtobufCBinaryData){ protobuf_c_message_pack(details.messages[i], bytes[i]), bytes[i] };
		list[st.n_details++] = &anys[i];
	}
	st.details = list;
	message_encode(&st.base, out);
}
