#include "http/grpc.h"

#include <assert.h>

#include "base/encode.h"

#define COMPRESSED 1

bool grpc_is_proto(slice content_type)
{
	slice type, parameters;

	(void)slice_cut(content_type, ';', &type, &parameters); /* parameters may be absent */
	type = slice_trim(type);
	return slice_is(type, "application/grpc") || slice_is(type, "application/grpc+proto");
}

static uint32_t read_uint32(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;

	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

FALLIBLE grpc_decode(slice body, size_t limit, slice *ret_message)
{
	size_t len;

	if (body.len < GRPC_PREFIX_BYTES)
		return FAIL(FAULT_INVALID, "the request must hold one gRPC message with its 5-byte prefix");
	if (body.at[0] == COMPRESSED)
		return FAIL(FAULT_UNIMPLEMENTED, "compressed messages are not taken: use grpc-encoding identity");
	if (body.at[0] != 0)
		return FAIL(FAULT_INVALID, "the gRPC message's first byte must be 0");
	len = read_uint32(body.at + 1);
	if (len > limit)
		return FAIL(FAULT_EXHAUSTED, "the message has %zu bytes; at most %zu are taken", len, limit);
	if (len != body.len - GRPC_PREFIX_BYTES)
		return FAIL(FAULT_INVALID, "the request must hold exactly one gRPC message, as long as its prefix says");
	*ret_message = slice_from(body, GRPC_PREFIX_BYTES);
	return OK;
}

void grpc_begin(struct buffer *body)
{
	static const char prefix[GRPC_PREFIX_BYTES];

	assert(body->len == 0);
	buffer_add(body, slice_of(prefix, sizeof(prefix)));
}

void grpc_end(struct buffer *body)
{
	size_t len = body->len - GRPC_PREFIX_BYTES;

	if (buffer_failed(body))
		return;
	assert(body->len >= GRPC_PREFIX_BYTES);
	if (len > UINT32_MAX) {
		body->failed = true;
		return;
	}
	for (int i = 0; i < 4; i++)
		body->at[1 + i] = (char)(len >> (24 - 8 * i));
}

static const struct http_header content_type = { { "content-type", 12 }, { "application/grpc", 16 } };

/* content-type, then `more`, with room for `extra` headers behind; ret_count counts without them. */
static struct http_header *begin_headers(struct arena *arena, const struct http_header *more, size_t more_count, size_t extra,
					 size_t *ret_count)
{
	struct http_header *headers = NEW_N(arena, struct http_header, 1 + more_count + extra);

	if (!headers)
		return NULL;
	headers[0] = content_type;
	if (more_count)
		memcpy(headers + 1, more, more_count * sizeof(*more));
	*ret_count = 1 + more_count;
	return headers;
}

FALLIBLE grpc_answer(struct arena *arena, slice body, const struct http_header *more, size_t more_count,
		     struct http_response *ret_response)
{
	static const struct http_header status_ok = { { "grpc-status", 11 }, { "0", 1 } };
	struct http_response response = { .status = 200, .body = body, .trailers = &status_ok, .trailer_count = 1 };

	response.headers = begin_headers(arena, more, more_count, 0, &response.header_count);
	TRY_NEW(response.headers);
	*ret_response = response;
	return OK;
}

FALLIBLE grpc_error(struct arena *arena, int code, slice message, slice details, const struct http_header *more,
		    size_t more_count, struct http_response *ret_response)
{
	struct http_response response = { .status = 200, .head_only = true };
	struct http_header *headers = begin_headers(arena, more, more_count, 3, &response.header_count);
	char *number = arena_printf(arena, "%d", code);
	struct buffer text, encoded;

	buffer_init(&text, arena, (size_t)3 * GRPC_MESSAGE_BYTES); /* every byte becomes three at most */
	percent_encode(&text, PERCENT_MESSAGE, slice_to(message, GRPC_MESSAGE_BYTES));
	buffer_init(&encoded, arena, BASE64_TEXT_BYTES(GRPC_DETAILS_BYTES));
	if (details.len <= GRPC_DETAILS_BYTES)
		base64_encode(&encoded, BASE64_STANDARD, details);
	TRY_NEW(headers && number && !buffer_failed(&text) && !buffer_failed(&encoded));
	headers[response.header_count++] = (struct http_header){ SLICE("grpc-status"), slice_str(number) };
	headers[response.header_count++] = (struct http_header){ SLICE("grpc-message"), buffer_slice(&text) };
	if (encoded.len)
		headers[response.header_count++] =
			(struct http_header){ SLICE("grpc-status-details-bin"), buffer_slice(&encoded) };
	response.headers = headers;
	*ret_response = response;
	return OK;
}

bool grpc_timeout_parse(slice text, int64_t *ret_timeout_us)
{
	static const char units[] = "numSMH";
	static const int64_t unit_us[] = { 0, 1, 1000, US_PER_S, 60 * US_PER_S, S_PER_HOUR * US_PER_S };
	int64_t number = 0, timeout_us;
	const char *unit;

	if (text.len < 2 || text.len > 9)
		return false;
	unit = text.at[text.len - 1] ? strchr(units, text.at[text.len - 1]) : NULL;
	if (!unit)
		return false;
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		number = number * 10 + (text.at[i] - '0');
	}
	if (*unit == 'n')
		timeout_us = number / 1000;
	else if (__builtin_mul_overflow(number, unit_us[unit - units], &timeout_us))
		timeout_us = INT64_MAX;
	*ret_timeout_us = timeout_us;
	return true;
}
