/*
 * h1_parse: the strict grammar of an HTTP/1.1 request, as pure functions over bytes.
 *
 * Promises  whatever two parsers could read differently is refused: bare LF or CR, folded lines, blanks before the colon, a
 *           missing or second Host, Content-Length beside Transfer-Encoding, two of either, any coding but "chunked", chunk
 *           extensions, trailers, leading empty lines, every version but 1.0 and 1.1.
 * Decided   the absolute form (http://host/path) is taken when its host equals Host, since RFC 9112 3.2.2 obliges servers to;
 *           HTTP/1.0 is served and closed, must have a Host too, and may not send Transfer-Encoding.
 * Source    RFC 9112, RFC 9110 5 and 7.
 * Start at  h1_head_find(), then h1_head_parse(), then h1_chunks_take() for a chunked body.
 */
#ifndef HTTP_H1_PARSE_H
#define HTTP_H1_PARSE_H

#include <sys/types.h>

#include "http/http.h"
#include "http/request_impl.h"

enum h1_found { H1_FOUND, H1_PARTIAL, H1_BROKEN };

/* Looks for the empty line that ends a head. *scanned remembers how far earlier calls came (0 at first; it counts from the
 * start of `in`). H1_FOUND: ret_len is the head's length with that line. H1_BROKEN: a line ends without CR. */
enum h1_found h1_head_find(slice in, size_t *scanned, size_t *ret_len);

struct h1_head {
	slice method, path, query, authority;
	size_t header_count;
	uint64_t content_length; /* 0 when none was sent */
	bool is_chunked;
	bool expects_continue;
	bool must_close; /* HTTP/1.0 or "connection: close" */
};

/* Parses the len bytes h1_head_find() measured. Header names are put in lower case in place; all slices point into `head`.
 * Headers go to `headers`, at most header_max. False: *ret_refusal says why (400, 417, 431, 501, 505). */
bool h1_head_parse(char *head, size_t len, struct http_header *headers, size_t header_max, struct h1_head *ret_head,
		   struct refusal *ret_refusal);

/* A chunked body on its way; zeroed at first. */
struct h1_chunks {
	int state;
	uint32_t digits;
	uint64_t left; /* of the chunk at hand */
};

/* Takes framing and at most one run of content from `in`: returns the bytes taken, of which ret_data is content (maybe none).
 * 0 means more input is needed, or the body ended: ask h1_chunks_done(). -1: not a chunked body. */
ssize_t h1_chunks_take(struct h1_chunks *chunks, slice in, slice *ret_data);
bool h1_chunks_done(const struct h1_chunks *chunks);

#endif
