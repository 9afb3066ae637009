/*
 * h2_head: the header fields of an HTTP/2 stream become a request, under the rules HTTP/1.1's parser keeps.
 *
 * nghttp2 has checked what RFC 9113 8.2 and 8.3 ask: names in lower case, no connection headers, pseudo-headers first, known,
 * at most once and complete. Here come our limits and the meaning.
 */
#include "http/request_impl.h"
#include "http/server_impl.h"

#define HEADERS_FIRST 16

static bool grow_headers(struct stream *stream)
{
	size_t cap = stream->header_cap ? stream->header_cap * 2 : HEADERS_FIRST;
	struct http_header *headers;

	if (stream->request.header_count < stream->header_cap)
		return true;
	headers = NEW_N(stream->request.arena, struct http_header, cap);
	if (!headers)
		return false;
	if (stream->request.header_count)
		memcpy(headers, stream->headers, stream->request.header_count * sizeof(*headers));
	stream->request.headers = stream->headers = headers;
	stream->header_cap = cap;
	return true;
}

static struct refusal add_header(struct stream *stream, slice name, slice value)
{
	struct http_request *request = &stream->request;

	if (request->header_count == request->ref.server->options.header_count)
		return (struct refusal){ 431, "too many headers" };
	if (!grow_headers(stream))
		return refusal_overload;
	stream->headers[request->header_count++] = (struct http_header){ name, value };
	return (struct refusal){ 0 };
}

/* nghttp2 has checked that each pseudo-header comes at most once, before all others, and is one of these. */
static struct refusal add_pseudo(struct stream *stream, slice name, slice value)
{
	struct http_request *request = &stream->request;

	if (slice_is(name, ":method"))
		request->method = value;
	else if (slice_is(name, ":path"))
		request->path = value;
	else if (slice_is(name, ":authority"))
		request->authority = value;
	else if (!slice_is(value, "http") && !slice_is(value, "https"))
		return (struct refusal){ 400, ":scheme must be http or https" };
	return (struct refusal){ 0 };
}

struct refusal h2_head_add(struct stream *stream, slice name, slice value)
{
	slice copy = { .at = arena_room(stream->request.arena, name.len + value.len), .len = name.len };
	char *at = (char *)(uintptr_t)copy.at; /* fresh from the arena */

	if (!at)
		return refusal_overload;
	memcpy(at, name.at, name.len);
	if (value.len)
		memcpy(at + name.len, value.at, value.len);
	value.at = at + name.len;
	return name.at[0] == ':' ? add_pseudo(stream, copy, value) : add_header(stream, copy, value);
}

static char *put(char *at, slice s)
{
	if (s.len)
		memcpy(at, s.at, s.len);
	return at + s.len;
}

/* Every cookie header goes into the first, whose value is `start` then; room for all of them is there. */
static void join_into(struct stream *stream, char *start)
{
	struct http_request *request = &stream->request;
	struct http_header *first = NULL;
	char *at = start;
	size_t kept = 0;

	for (size_t i = 0; i < request->header_count; i++) {
		struct http_header header = stream->headers[i];
		if (!slice_is(header.name, "cookie")) {
			stream->headers[kept++] = header;
			continue;
		}
		if (first) {
			at = put(at, SLICE("; "));
		} else {
			first = &stream->headers[kept++];
			first->name = header.name;
		}
		at = put(at, header.value);
		first->value = slice_of(start, (size_t)(at - start));
	}
	request->header_count = kept;
}

/* Cookies may come in crumbs (RFC 9113 8.2.3): they become one header again, each copied once. */
static bool join_cookies(struct stream *stream)
{
	struct http_request *request = &stream->request;
	size_t bytes = 0, crumbs = 0;
	char *room;

	for (size_t i = 0; i < request->header_count; i++) {
		if (!slice_is(stream->headers[i].name, "cookie"))
			continue;
		bytes += stream->headers[i].value.len + 2;
		crumbs++;
	}
	if (crumbs < 2)
		return true;
	room = arena_alloc(request->arena, bytes);
	if (room)
		join_into(stream, room);
	return room;
}

static bool is_grpc(const struct http_request *request)
{
	slice type = SLICE("");

	if (!slice_is(request->method, "POST") || http_header(request, "content-type", &type) != 1 ||
	    !slice_starts(type, SLICE("application/grpc")))
		return false;
	type = slice_from(type, sizeof("application/grpc") - 1);
	return type.len == 0 || type.at[0] == '+' || type.at[0] == ';';
}

static struct refusal check_authority(struct http_request *request)
{
	slice host = SLICE("");
	size_t hosts = http_header(request, "host", &host);

	if (hosts > 1)
		return (struct refusal){ 400, "the host header must be given at most once" };
	if (hosts && request->authority.len && !slice_eq_nocase(host, request->authority))
		return (struct refusal){ 400, "the host header must equal :authority" };
	if (!request->authority.len)
		request->authority = host;
	if (!request_authority_ok(request->authority))
		return (struct refusal){ 400, ":authority must be host or host:port" };
	return (struct refusal){ 0 };
}

/* The head is whole: what HTTP/1.1's parser asks, asked here. */
struct refusal h2_head_check(struct stream *stream)
{
	struct http_request *request = &stream->request;
	size_t body_bytes = request->ref.server->options.body_bytes;
	slice length;
	uint64_t claimed = 0;

	if (stream->refusal.status)
		return stream->refusal;
	request->is_grpc = is_grpc(request);
	if (!request_method_ok(request->method) || slice_is(request->method, "PRI"))
		return (struct refusal){ 400, "the method must be a token of at most 32 characters" };
	if (slice_is(request->method, "CONNECT"))
		return (struct refusal){ 501, "CONNECT is not offered here" };
	if (!(slice_is(request->path, "*") && slice_is(request->method, "OPTIONS")) &&
	    !request_target_split(request->path, &request->path, &request->query))
		return (struct refusal){ 400, ":path must be a path of visible ASCII that starts with '/'" };
	if (http_header(request, "content-length", &length) && slice_number(length, INT64_MAX, &claimed) &&
	    claimed > body_bytes)
		return refusal_body;
	if (!join_cookies(stream))
		return refusal_overload;
	return check_authority(request);
}
