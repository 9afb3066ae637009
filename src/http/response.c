#include <stdio.h>
#include <time.h>

#include "http/request_impl.h"
#include "http/server_impl.h"

const char *response_reason(int code)
{
	static const struct {
		int code;
		const char *reason;
	} reasons[] = { { 200, "OK" },
			{ 201, "Created" },
			{ 202, "Accepted" },
			{ 204, "No Content" },
			{ 206, "Partial Content" },
			{ 301, "Moved Permanently" },
			{ 302, "Found" },
			{ 303, "See Other" },
			{ 304, "Not Modified" },
			{ 307, "Temporary Redirect" },
			{ 308, "Permanent Redirect" },
			{ 400, "Bad Request" },
			{ 401, "Unauthorized" },
			{ 403, "Forbidden" },
			{ 404, "Not Found" },
			{ 405, "Method Not Allowed" },
			{ 406, "Not Acceptable" },
			{ 408, "Request Timeout" },
			{ 409, "Conflict" },
			{ 410, "Gone" },
			{ 411, "Length Required" },
			{ 412, "Precondition Failed" },
			{ 413, "Content Too Large" },
			{ 415, "Unsupported Media Type" },
			{ 417, "Expectation Failed" },
			{ 421, "Misdirected Request" },
			{ 422, "Unprocessable Content" },
			{ 428, "Precondition Required" },
			{ 429, "Too Many Requests" },
			{ 431, "Request Header Fields Too Large" },
			{ 499, "Client Closed Request" },
			{ 500, "Internal Server Error" },
			{ 501, "Not Implemented" },
			{ 502, "Bad Gateway" },
			{ 503, "Service Unavailable" },
			{ 504, "Gateway Timeout" },
			{ 505, "HTTP Version Not Supported" } };

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return "Status";
}

size_t number_write(char *at, uint64_t number)
{
	char digits[20];
	size_t n = 0, len;

	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	len = n;
	while (n)
		*at++ = digits[--n];
	return len;
}

/* RFC 9110 5.6.7; written by hand because strftime speaks the locale's language. */
slice response_date(struct http_server *server)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t turn_us = loop_now_us(server->loop), now_s;
	struct tm tm;
	time_t at;

	if (turn_us == server->date_turn_us)
		return slice_str(server->date);
	now_s = at = clock_now_s(server->options.clock);
	server->date_turn_us = turn_us;
	if (now_s != server->date_s && gmtime_r(&at, &tm)) {
		(void)snprintf(server->date, sizeof(server->date), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
			       days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon, (tm.tm_year + 1900) % 10000,
			       tm.tm_hour, tm.tm_min, tm.tm_sec); /* 29 bytes */
		server->date_s = now_s;
	}
	return slice_str(server->date);
}

/* Those made here: a second one would break the framing. */
static bool is_ours(slice name)
{
	switch (name.len) {
	case 4:
		return slice_is(name, "date");
	case 10:
		return slice_is(name, "connection");
	case 14:
		return slice_is(name, "content-length");
	case 17:
		return slice_is(name, "transfer-encoding");
	default:
		return false;
	}
}

static bool name_ok(slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!name.at[i] || request_token_byte[(unsigned char)name.at[i]] != name.at[i])
			return false;
	return name.len > 0;
}

static bool headers_ok(const struct http_header *headers, size_t count)
{
	if (count > RESPONSE_HEADERS)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!name_ok(headers[i].name) || !request_value_ok(headers[i].value) || is_ours(headers[i].name))
			return false;
	return true;
}

const struct http_response *response_checked(const struct http_response *response)
{
	static const struct http_response broken = { .status = 500 };

	if (response->status < 200 || response->status > 599 || !headers_ok(response->headers, response->header_count) ||
	    !headers_ok(response->trailers, response->trailer_count))
		return &broken;
	return response;
}

struct http_header *headers_copy(struct arena *arena, const struct http_header *headers, size_t count)
{
	struct http_header *copy = NEW_N(arena, struct http_header, count);

	for (size_t i = 0; copy && i < count; i++) {
		copy[i].name = arena_copy(arena, headers[i].name);
		copy[i].value = arena_copy(arena, headers[i].value);
		if (!copy[i].name.at || !copy[i].value.at)
			return NULL;
	}
	return copy;
}
