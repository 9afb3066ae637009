#include "http/h1_parse.h"

#define CHUNK_DIGITS 8 /* a chunk has less than 4 GiB */

enum h1_found h1_head_find(slice in, size_t *scanned, size_t *ret_len)
{
	size_t at = *scanned;

	while (at < in.len) {
		const char *lf = memchr(in.at + at, '\n', in.len - at);
		size_t line_end;
		if (!lf)
			break;
		line_end = (size_t)(lf - in.at);
		if (line_end == 0 || in.at[line_end - 1] != '\r')
			return H1_BROKEN;
		if (line_end == 1 || (line_end >= 3 && in.at[line_end - 2] == '\n')) {
			*ret_len = line_end + 1;
			return H1_FOUND;
		}
		at = line_end + 1;
	}
	*scanned = in.len;
	return H1_PARTIAL;
}

/* -- the head ------------------------------------------------------------------------------------------------------ */

/* What the headers said, gathered while they pass by. */
struct sums {
	struct http_header *headers;
	size_t header_max;
	struct h1_head *head;
	unsigned int hosts, lengths, codings;
	bool is_http10;
};

static bool refuse(struct refusal *ret, int code, const char *why)
{
	*ret = (struct refusal){ code, why };
	return false;
}

/* Cuts the next line off; its CRLF goes. The head ends in an empty line, so there always is one. A CR elsewhere in the line is
 * caught by the checks of what it stands in. */
static slice next_line(char **at, char *end)
{
	char *lf = memchr(*at, '\n', (size_t)(end - *at));
	slice line = slice_of(*at, (size_t)(lf - *at) - 1);

	*at = lf + 1;
	return line;
}

static bool parse_version(slice version, struct sums *sums, struct refusal *ret)
{
	if (slice_is(version, "HTTP/1.1"))
		return true;
	if (slice_is(version, "HTTP/1.0"))
		return sums->is_http10 = sums->head->must_close = true;
	if (version.len == 8 && slice_starts(version, SLICE("HTTP/")))
		return refuse(ret, 505, "only HTTP/1.1 and HTTP/1.0 are spoken in this form");
	return refuse(ret, 400, "the request line must be: method, one space, target, one space, HTTP/1.1");
}

/* http://host/path?query: the authority is left in head->authority, to be compared with Host. */
static bool cut_absolute(slice *target, struct h1_head *head)
{
	slice rest;
	size_t end = 0;

	if (slice_starts(*target, SLICE("http://")))
		rest = slice_from(*target, 7);
	else if (slice_starts(*target, SLICE("https://")))
		rest = slice_from(*target, 8);
	else
		return true;
	while (end < rest.len && rest.at[end] != '/' && rest.at[end] != '?')
		end++;
	head->authority = slice_to(rest, end);
	*target = slice_from(rest, end);
	return end > 0 && target->len > 0 && target->at[0] == '/'; /* "http://host" alone is no path we serve */
}

static bool parse_request_line(slice line, struct sums *sums, struct refusal *ret)
{
	struct h1_head *head = sums->head;
	slice target, version;

	if (!slice_cut(line, ' ', &head->method, &line) || !slice_cut(line, ' ', &target, &version) || target.len == 0)
		return refuse(ret, 400, "the request line must be: method, one space, target, one space, HTTP/1.1");
	if (!request_method_ok(head->method))
		return refuse(ret, 400, "the method must be a token of at most 32 characters");
	if (!parse_version(version, sums, ret))
		return false;
	if (slice_is(head->method, "PRI"))
		return refuse(ret, 400, "PRI is no method");
	if (slice_is(head->method, "CONNECT"))
		return refuse(ret, 501, "CONNECT is not offered here");
	if (slice_is(target, "*") && slice_is(head->method, "OPTIONS")) {
		head->path = target;
		return true;
	}
	if (!cut_absolute(&target, head) || !request_target_split(target, &head->path, &head->query))
		return refuse(ret, 400, "the target must be a path of visible ASCII that starts with '/'");
	return true;
}

/* True when the comma-separated list holds the option, which is in lower case. */
static bool list_has(slice list, const char *option)
{
	slice item;

	while (list.len) {
		(void)slice_cut(list, ',', &item, &list); /* the last item has no comma */
		if (slice_eq_nocase(slice_trim(item), slice_str(option)))
			return true;
	}
	return false;
}

static bool note_host(slice value, struct sums *sums, struct refusal *ret)
{
	struct h1_head *head = sums->head;

	if (sums->hosts++)
		return refuse(ret, 400, "the Host header must be given exactly once");
	if (!request_authority_ok(value))
		return refuse(ret, 400, "the Host header must be host or host:port");
	if (head->authority.len && !slice_eq_nocase(head->authority, value))
		return refuse(ret, 400, "the Host header must equal the host of the target");
	head->authority = value;
	return true;
}

static bool note_length(slice value, struct sums *sums, struct refusal *ret)
{
	if (sums->lengths++)
		return refuse(ret, 400, "the Content-Length header must be given at most once");
	if (!slice_number(value, INT64_MAX, &sums->head->content_length))
		return refuse(ret, 400, "the Content-Length header must be a decimal number");
	return true;
}

static bool note_coding(slice value, struct sums *sums, struct refusal *ret)
{
	if (sums->codings++)
		return refuse(ret, 400, "the Transfer-Encoding header must be given at most once");
	if (sums->is_http10)
		return refuse(ret, 400, "HTTP/1.0 has no Transfer-Encoding");
	if (!slice_is(value, "chunked"))
		return refuse(ret, 501, "the only Transfer-Encoding taken is: chunked");
	return sums->head->is_chunked = true;
}

/* The few headers that frame the message. Their lengths tell most others apart at once. */
static bool note_header(const struct http_header *header, struct sums *sums, struct refusal *ret)
{
	slice name = header->name, value = header->value;

	if (name.len == 4 && slice_is(name, "host"))
		return note_host(value, sums, ret);
	if (name.len == 14 && slice_is(name, "content-length"))
		return note_length(value, sums, ret);
	if (name.len == 17 && slice_is(name, "transfer-encoding"))
		return note_coding(value, sums, ret);
	if (name.len == 10 && slice_is(name, "connection") && list_has(value, "close"))
		sums->head->must_close = true;
	if (name.len == 6 && slice_is(name, "expect")) {
		if (!slice_eq_nocase(value, SLICE("100-continue")))
			return refuse(ret, 417, "the only expectation met is: 100-continue");
		sums->head->expects_continue = true;
	}
	return true;
}

static bool parse_header(slice line, struct sums *sums, struct refusal *ret)
{
	char *at = (char *)(uintptr_t)line.at; /* the head is ours to write to */
	struct http_header *header;
	size_t colon = 0;

	if (sums->head->header_count == sums->header_max)
		return refuse(ret, 431, "too many headers");
	while (colon < line.len && request_token_byte[(unsigned char)at[colon]]) {
		at[colon] = request_token_byte[(unsigned char)at[colon]];
		colon++;
	}
	if (colon == 0 || colon == line.len || at[colon] != ':')
		return refuse(ret, 400, "a header must be a name of token characters, a colon and a value, on one line");
	header = &sums->headers[sums->head->header_count++];
	header->name = slice_to(line, colon);
	header->value = slice_from(line, colon + 1);
	if (!request_value_ok(header->value))
		return refuse(ret, 400, "a header value must not hold control characters");
	header->value = slice_trim(header->value);
	return note_header(header, sums, ret);
}

bool h1_head_parse(char *at, size_t len, struct http_header *headers, size_t header_max, struct h1_head *ret_head,
		   struct refusal *ret_refusal)
{
	struct h1_head head = { 0 };
	struct sums sums = { .headers = headers, .header_max = header_max, .head = &head };
	char *end = at + len;
	slice line;

	if (!parse_request_line(next_line(&at, end), &sums, ret_refusal))
		return false;
	while ((line = next_line(&at, end)).len)
		if (!parse_header(line, &sums, ret_refusal))
			return false;
	if (sums.hosts == 0)
		return refuse(ret_refusal, 400, "the Host header must be given exactly once");
	if (sums.codings && sums.lengths)
		return refuse(ret_refusal, 400, "Content-Length and Transfer-Encoding exclude each other");
	*ret_head = head;
	return true;
}

/* -- chunks -------------------------------------------------------------------------------------------------------- */

/* In the order they come; SIZE comes round again after each chunk's data. */
enum { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, LAST_CR, LAST_LF, DONE };

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_size_byte(struct h1_chunks *chunks, char c)
{
	int digit = hex_digit(c);

	if (digit >= 0 && chunks->digits < CHUNK_DIGITS) {
		chunks->left = chunks->left * 16 + (uint64_t)digit;
		chunks->digits++;
		return true;
	}
	chunks->state = SIZE_LF;
	return c == '\r' && chunks->digits > 0;
}

/* One byte of framing; DATA is handled by the caller. */
static bool take_byte(struct h1_chunks *chunks, char c)
{
	switch (chunks->state) {
	case SIZE:
		return take_size_byte(chunks, c);
	case SIZE_LF:
		chunks->state = chunks->left ? DATA : LAST_CR;
		return c == '\n';
	case DATA_CR:
		chunks->state = DATA_LF;
		return c == '\r';
	case DATA_LF:
		*chunks = (struct h1_chunks){ .state = SIZE };
		return c == '\n';
	case LAST_CR:
		chunks->state = LAST_LF;
		return c == '\r';
	default:
		chunks->state = DONE;
		return c == '\n';
	}
}

ssize_t h1_chunks_take(struct h1_chunks *chunks, slice in, slice *ret_data)
{
	size_t at = 0;

	*ret_data = slice_of("", 0);
	while (at < in.len && chunks->state != DATA && chunks->state != DONE)
		if (!take_byte(chunks, in.at[at++]))
			return -1;
	if (chunks->state == DATA && at < in.len) {
		*ret_data = slice_to(slice_from(in, at), chunks->left < in.len ? (size_t)chunks->left : in.len);
		chunks->left -= ret_data->len;
		at += ret_data->len;
		if (chunks->left == 0)
			chunks->state = DATA_CR;
	}
	return (ssize_t)at;
}

bool h1_chunks_done(const struct h1_chunks *chunks)
{
	return chunks->state == DONE;
}
