/*
 * grpc: unary gRPC over HTTP/2, as bytes.
 *
 * Owns      the 5-byte message prefix, status trailers, Trailers-Only errors, grpc-timeout.
 * Promises  exactly one message per call; compressed ones are refused. Knows no method and no message type.
 * Source    https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 * Start at  grpc_decode(), grpc_answer(), grpc_error().
 */
#ifndef HTTP_GRPC_H
#define HTTP_GRPC_H

#include "base/buffer.h"
#include "http/http.h"

#define GRPC_PREFIX_BYTES 5

/* "application/grpc" or "application/grpc+proto", with or without parameters: what we can decode. */
bool grpc_is_proto(slice content_type);

/* The one message in a request's body; ret_message points into it. FAULT_UNIMPLEMENTED when it is compressed, FAULT_EXHAUSTED
 * past limit bytes, FAULT_INVALID when the frame is cut short or something follows it. */
FALLIBLE grpc_decode(slice body, size_t limit, slice *ret_message);

/* Encodes in place: begin leaves room for the prefix, then the message is written to the buffer, end fills the prefix in. The
 * buffer must be empty at begin. A failed buffer stays failed. */
void grpc_begin(struct buffer *body);
void grpc_end(struct buffer *body);

/* A successful answer; body as made by grpc_begin and grpc_end, in the stream's arena. `more` are further response headers
 * (may be NULL). FAULT_EXHAUSTED when the arena is full. */
FALLIBLE grpc_answer(struct arena *arena, slice body, const struct http_header *more, size_t more_count,
		     struct http_response *ret_response);

/* Trailers-Only: no message, the status in the headers. code 1..16; message is any text, cut at GRPC_MESSAGE_BYTES
 * and then percent-encoded; details is a serialized google.rpc.Status or empty and is left out past GRPC_DETAILS_BYTES. */
FALLIBLE grpc_error(struct arena *arena, int code, slice message, slice details, const struct http_header *more,
		    size_t more_count, struct http_response *ret_response);
#define GRPC_MESSAGE_BYTES 2048
#define GRPC_DETAILS_BYTES 4096

/* "1S", "100m", at most 8 digits and a unit of HMSmun; false when it is none. Saturates. */
bool grpc_timeout_parse(slice text, int64_t *ret_timeout_us);

#endif
