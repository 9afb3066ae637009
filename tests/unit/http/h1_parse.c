#include "test.h"

#include "base/arena.h"
#include "http/h1_parse.h"
#include "smuggling.h"

#define HEADERS 16

struct parsed {
	char text[1024];
	struct http_header headers[HEADERS];
	struct h1_head head;
	struct refusal refusal;
	bool ok;
};

static void parse(struct parsed *parsed, slice in)
{
	size_t scanned = 0, len = 0;

	memset(parsed, 0, sizeof(*parsed));
	if (in.len)
		memcpy(parsed->text, in.at, in.len);
	switch (h1_head_find(in, &scanned, &len)) {
	case H1_FOUND:
		parsed->ok = h1_head_parse(parsed->text, len, parsed->headers, HEADERS, &parsed->head, &parsed->refusal);
		break;
	case H1_BROKEN:
		parsed->refusal.status = 400;
		break;
	default:
		break;
	}
}

TEST(a_plain_request_is_read_as_it_is)
{
	struct parsed p;

	parse(&p, SLICE("GET /a%2Fb/c?x=1&y=%20 HTTP/1.1\r\nHost: example.com:8080\r\nX-Empty:\r\nACCEPT:  a, b \t\r\n\r\n"));
	CHECK(p.ok);
	CHECK_SLICE(p.head.method, "GET");
	CHECK_SLICE(p.head.path, "/a%2Fb/c");
	CHECK_SLICE(p.head.query, "x=1&y=%20");
	CHECK_SLICE(p.head.authority, "example.com:8080");
	CHECK_INT(p.head.header_count, 3);
	CHECK_SLICE(p.headers[0].name, "host");
	CHECK_SLICE(p.headers[1].name, "x-empty");
	CHECK_SLICE(p.headers[1].value, "");
	CHECK_SLICE(p.headers[2].name, "accept");
	CHECK_SLICE(p.headers[2].value, "a, b");
	CHECK(!p.head.must_close && !p.head.is_chunked && !p.head.expects_continue && p.head.content_length == 0);
}

TEST(framing_headers_are_understood)
{
	struct parsed p;

	parse(&p, SLICE("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: foo , Close\r\n\r\n"));
	CHECK(p.ok && p.head.must_close && p.head.content_length == 0);
	parse(&p, SLICE("POST / HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 9223372036854775807\r\nExpect: "
			"100-Continue\r\n\r\n"));
	CHECK(p.ok && !p.head.must_close && p.head.content_length == INT64_MAX && p.head.expects_continue);
	parse(&p, SLICE("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nhost: a\r\nconnection: closed\r\n\r\n"));
	CHECK(p.ok && p.head.is_chunked && !p.head.must_close);
	parse(&p, SLICE("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
	CHECK(p.ok && p.head.must_close);
}

TEST(absolute_and_asterisk_forms_are_taken_where_they_may_stand)
{
	struct parsed p;

	parse(&p, SLICE("GET http://A:80/p?q HTTP/1.1\r\nHost: a:80\r\n\r\n"));
	CHECK(p.ok);
	CHECK_SLICE(p.head.path, "/p");
	CHECK_SLICE(p.head.query, "q");
	CHECK_SLICE(p.head.authority, "a:80");
	parse(&p, SLICE("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(p.ok);
	CHECK_SLICE(p.head.path, "*");
}

TEST(every_smuggling_shape_is_refused_with_its_status)
{
	struct parsed p;

	for (size_t i = 0; i < sizeof(smuggled_heads) / sizeof(*smuggled_heads); i++) {
		const struct smuggled *s = &smuggled_heads[i];
		parse(&p, slice_of(s->bytes, s->len));
		if (p.ok || p.refusal.status != s->code)
			print_error("%s: %s %d, wanted %d\n", s->what, p.ok ? "accepted" : "refused", p.refusal.status,
				    s->code);
		CHECK(!p.ok);
		CHECK_INT(p.refusal.status, s->code);
	}
}

TEST(a_head_split_anywhere_is_found_once_it_is_whole)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nrest";
	size_t whole = sizeof(text) - 1 - 4;

	for (size_t cut = 0; cut <= whole; cut++) {
		size_t scanned = 0, len = 0;
		enum h1_found found = h1_head_find(slice_of(text, cut), &scanned, &len);
		CHECK_INT(found, cut == whole ? H1_FOUND : H1_PARTIAL);
		CHECK_INT(h1_head_find(SLICE("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nrest"), &scanned, &len), H1_FOUND);
		CHECK_INT(len, whole);
	}
}

TEST(more_headers_than_allowed_are_refused)
{
	struct parsed p;
	char text[1024] = "GET / HTTP/1.1\r\nHost: a\r\n";
	size_t len = strlen(text);

	for (int i = 0; i < HEADERS; i++, len += 6)
		memcpy(text + len, "X: y\r\n", 6);
	memcpy(text + len, "\r\n", 2);
	parse(&p, slice_of(text, len + 2));
	CHECK(!p.ok && p.refusal.status == 431);
	memcpy(text + len - 6, "\r\n", 2);
	parse(&p, slice_of(text, len - 4));
	CHECK(p.ok && p.head.header_count == HEADERS);
}

/* Feeds `in` in pieces of `step` bytes; false when refused. */
static bool unchunk(slice in, size_t step, char *into, size_t *ret_len, size_t *ret_took)
{
	struct h1_chunks chunks = { 0 };
	size_t at = 0;

	*ret_len = 0;
	while (at < in.len && !h1_chunks_done(&chunks)) {
		slice data, piece = slice_to(slice_from(in, at), step);
		ssize_t took = h1_chunks_take(&chunks, piece, &data);
		if (took < 0)
			return false;
		memcpy(into + *ret_len, data.at, data.len);
		*ret_len += data.len;
		at += (size_t)took;
	}
	*ret_took = at;
	return h1_chunks_done(&chunks);
}

TEST(chunks_give_the_same_body_however_they_arrive)
{
	slice in = SLICE("5\r\nhello\r\n00000001\r\n,\r\nA\r\n 012345678\r\n0\r\n\r\nGET /");
	char body[64];
	size_t len, took;

	for (size_t step = 1; step <= in.len; step++) {
		CHECK(unchunk(in, step, body, &len, &took));
		CHECK_SLICE(slice_of(body, len), "hello, 012345678");
		CHECK_SLICE(slice_from(in, took), "GET /");
	}
}

TEST(a_body_that_is_not_in_chunks_is_refused_however_it_arrives)
{
	char body[64];
	size_t len, took, scanned, head;

	for (size_t i = 0; i < sizeof(smuggled_bodies) / sizeof(*smuggled_bodies); i++) {
		slice in = slice_of(smuggled_bodies[i].bytes, smuggled_bodies[i].len);
		scanned = 0;
		CHECK_INT(h1_head_find(in, &scanned, &head), H1_FOUND);
		for (size_t step = 1; step < 40; step++) {
			if (unchunk(slice_from(in, head), step, body, &len, &took))
				print_error("%s accepted\n", smuggled_bodies[i].what);
			CHECK(!unchunk(slice_from(in, head), step, body, &len, &took));
		}
	}
}

TESTS(a_plain_request_is_read_as_it_is, framing_headers_are_understood,
      absolute_and_asterisk_forms_are_taken_where_they_may_stand, every_smuggling_shape_is_refused_with_its_status,
      a_head_split_anywhere_is_found_once_it_is_whole, more_headers_than_allowed_are_refused,
      chunks_give_the_same_body_however_they_arrive, a_body_that_is_not_in_chunks_is_refused_however_it_arrives)
