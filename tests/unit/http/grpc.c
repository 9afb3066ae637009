#include "test.h"

#include "base/mem.h"
#include "http/grpc.h"

static slice header_of(const struct http_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(headers[i].name, name))
			return headers[i].value;
	return SLICE("(absent)");
}

TEST(a_frame_holds_exactly_one_uncompressed_message)
{
	slice message = SLICE("");

	CHECK_OK(grpc_decode(slice_of("\0\0\0\0\3abc", 8), 3, &message));
	CHECK_SLICE(message, "abc");
	CHECK_OK(grpc_decode(slice_of("\0\0\0\0\0", 5), 3, &message));
	CHECK_SLICE(message, "");
	CHECK_FAULT(FAULT_INVALID, grpc_decode(slice_of("\0\0\0\0", 4), 3, &message));
	CHECK_FAULT(FAULT_INVALID, grpc_decode(SLICE(""), 3, &message));
	CHECK_FAULT(FAULT_INVALID, grpc_decode(slice_of("\0\0\0\0\3ab", 7), 3, &message));
	CHECK_FAULT(FAULT_INVALID, grpc_decode(slice_of("\0\0\0\0\3abcd", 9), 3, &message));
	CHECK_FAULT(FAULT_INVALID, grpc_decode(slice_of("\0\0\0\0\1a\0\0\0\0\1b", 12), 9, &message));
	CHECK_FAULT(FAULT_UNIMPLEMENTED, grpc_decode(slice_of("\1\0\0\0\3abc", 8), 3, &message));
	CHECK_FAULT(FAULT_INVALID, grpc_decode(slice_of("\2\0\0\0\3abc", 8), 3, &message));
	CHECK_FAULT(FAULT_EXHAUSTED, grpc_decode(slice_of("\0\0\0\0\4abcd", 9), 3, &message));
	CHECK_FAULT(FAULT_EXHAUSTED, grpc_decode(slice_of("\0\xff\xff\xff\xff", 5), 3, &message));
}

TEST(an_answer_carries_its_length_and_its_status_behind_it)
{
	struct arena *arena = arena_new(10000);
	struct http_header more = { SLICE("x-id"), SLICE("7") };
	struct http_response response;
	struct buffer body;
	slice message;

	buffer_init(&body, arena, 1000);
	grpc_begin(&body);
	buffer_text(&body, "hello");
	grpc_end(&body);
	CHECK_OK(grpc_answer(arena, buffer_slice(&body), &more, 1, &response));
	CHECK_OK(grpc_decode(response.body, 100, &message));
	CHECK_SLICE(message, "hello");
	CHECK(response.status == 200 && !response.head_only);
	CHECK_SLICE(header_of(response.headers, response.header_count, "content-type"), "application/grpc");
	CHECK_SLICE(header_of(response.headers, response.header_count, "x-id"), "7");
	CHECK_SLICE(header_of(response.trailers, response.trailer_count, "grpc-status"), "0");
	arena_free(arena);
}

TEST(an_error_is_trailers_only_and_its_text_is_percent_encoded)
{
	struct arena *arena = arena_new(100000);
	struct http_response response;

	CHECK_OK(grpc_error(arena, 5, SLICE("no 100% \xc3\xbc\n"), slice_of("\0\1\2", 3), NULL, 0, &response));
	CHECK(response.status == 200 && response.head_only && response.body.len == 0 && response.trailer_count == 0);
	CHECK_SLICE(header_of(response.headers, response.header_count, "grpc-status"), "5");
	CHECK_SLICE(header_of(response.headers, response.header_count, "grpc-message"), "no 100%25 %C3%BC%0A");
	CHECK_SLICE(header_of(response.headers, response.header_count, "grpc-status-details-bin"), "AAEC");
	arena_free(arena);
}

TEST(oversized_details_are_left_out_and_texts_cut)
{
	static char large[GRPC_DETAILS_BYTES + 1];
	struct arena *arena = arena_new(100000);
	struct http_response response;

	CHECK_OK(grpc_error(arena, 13, slice_of(large, GRPC_MESSAGE_BYTES + 5), slice_of(large, sizeof(large)), NULL, 0,
			    &response));
	CHECK_SLICE(header_of(response.headers, response.header_count, "grpc-status-details-bin"), "(absent)");
	CHECK_INT(header_of(response.headers, response.header_count, "grpc-message").len, 3 * GRPC_MESSAGE_BYTES);
	CHECK_OK(grpc_error(arena, 13, SLICE(""), slice_of(large, GRPC_DETAILS_BYTES), NULL, 0, &response));
	CHECK(header_of(response.headers, response.header_count, "grpc-status-details-bin").len > GRPC_DETAILS_BYTES);
	arena_free(arena);
}

TEST(without_memory_an_answer_fails_cleanly)
{
	struct http_response response = { .status = 7 };
	struct arena *arena = arena_new(40);

	CHECK_FAULT(FAULT_EXHAUSTED, grpc_error(arena, 5, SLICE("text"), SLICE(""), NULL, 0, &response));
	CHECK_FAULT(FAULT_EXHAUSTED, grpc_answer(arena, SLICE(""), NULL, 0, &response) /* 64 bytes of headers */);
	CHECK_INT(response.status, 7);
	arena_free(arena);
}

static int64_t timeout_of(const char *text)
{
	int64_t timeout_us = -1;

	return grpc_timeout_parse(slice_str(text), &timeout_us) ? timeout_us : -1;
}

TEST(timeouts_are_up_to_eight_digits_and_a_unit)
{
	static const char *const bad[] = {
		"", "S", "1", "1s", "-1S", "+1S", "1.5S", "123456789S", " 1S", "1S ", "1MM", "0x1S"
	};

	CHECK_INT(timeout_of("1S"), 1000000);
	CHECK_INT(timeout_of("0n"), 0);
	CHECK_INT(timeout_of("1500n"), 1);
	CHECK_INT(timeout_of("20u"), 20);
	CHECK_INT(timeout_of("300m"), 300000);
	CHECK_INT(timeout_of("2M"), 120000000);
	CHECK(timeout_of("1H") == INT64_C(3600000000));
	CHECK(timeout_of("99999999H") == INT64_C(99999999) * 3600 * 1000000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_INT(timeout_of(bad[i]), -1);
}

TEST(only_protobuf_content_types_are_ours)
{
	CHECK(grpc_is_proto(SLICE("application/grpc")) && grpc_is_proto(SLICE("application/grpc+proto")));
	CHECK(grpc_is_proto(SLICE("application/grpc+proto; charset=utf-8")));
	CHECK(!grpc_is_proto(SLICE("application/grpc+json")) && !grpc_is_proto(SLICE("application/grpc-web")));
	CHECK(!grpc_is_proto(SLICE("")) && !grpc_is_proto(SLICE("application/json")));
}

TESTS(a_frame_holds_exactly_one_uncompressed_message, an_answer_carries_its_length_and_its_status_behind_it,
      an_error_is_trailers_only_and_its_text_is_percent_encoded, oversized_details_are_left_out_and_texts_cut,
      without_memory_an_answer_fails_cleanly, timeouts_are_up_to_eight_digits_and_a_unit, only_protobuf_content_types_are_ours)
