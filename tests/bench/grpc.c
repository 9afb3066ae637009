/*
 * grpc: unary calls over HTTP/2 as grpc-go sends them, the client of the Go SDK and the Terraform provider: the fields of a
 * request go into the connection's HPACK table once (RFC 7541 6.2.1) and are an index afterwards, the token too. h2load, like
 * everything that stands on nghttp2, never indexes a token, and so writes it anew into each request.
 *
 * Each connection keeps as many calls in flight as it is told to. Every call has the same fields and one small message.
 *
 * Usage: bench-grpc <port> <connections> <streams> <seconds> <path> <token>
 * Prints one JSON object: answers in all, their rate, those without ":status: 200" or with a "grpc-status" other than 0.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "connect.h"

#include "base/slice.h"

#define CONNECTIONS_MAX 64
#define STREAMS_MAX 256
#define INPUT_BYTES 1048576
#define OUTPUT_BYTES 262144
#define FRAME_HEAD 9
#define STATIC_ENTRIES 61 /* RFC 7541 appendix A: our entries stand behind them */
#define EVENTS 64
#define WINDOW_MOST 2147483647

struct connection {
	int fd;
	uint32_t next_stream;
	bool knows_fields;
	size_t have, waiting;
	nghttp2_hd_inflater *inflater;
	unsigned char input[INPUT_BYTES], output[OUTPUT_BYTES];
};

static struct connection connections[CONNECTIONS_MAX];
static slice fields[16];
static size_t field_count, stream_count, total, refused;

/* ---- requests ---- */

static void put(struct connection *connection, const void *bytes, size_t len)
{
	if (connection->waiting + len > OUTPUT_BYTES)
		DIE("too much is waiting to be sent");
	memcpy(connection->output + connection->waiting, bytes, len);
	connection->waiting += len;
}

static void put_byte(struct connection *connection, unsigned int byte)
{
	unsigned char one = (unsigned char)byte;

	put(connection, &one, 1);
}

/* RFC 9113 4.1. */
static void put_frame(struct connection *connection, size_t len, unsigned int type, unsigned int flags, uint32_t stream)
{
	unsigned char head[FRAME_HEAD] = { (unsigned char)(len >> 16), (unsigned char)(len >> 8), (unsigned char)len,
					   (unsigned char)type, (unsigned char)flags };
	uint32_t id = htonl(stream);

	memcpy(head + 5, &id, 4);
	put(connection, head, sizeof(head));
}

/* A string without Huffman code, its length with seven bits of prefix (RFC 7541 5.1, 5.2). */
static void put_string(struct connection *connection, slice text)
{
	size_t rest = text.len;

	if (rest < 127) {
		put_byte(connection, (unsigned int)rest);
	} else {
		put_byte(connection, 127);
		for (rest -= 127; rest >= 128; rest /= 128)
			put_byte(connection, 128 | (rest & 127));
		put_byte(connection, (unsigned int)rest);
	}
	put(connection, text.at, text.len);
}

/* The newest entry of the table has the lowest index. */
static void put_fields(struct connection *connection)
{
	for (size_t i = 0; i < field_count; i += 2) {
		if (connection->knows_fields) {
			put_byte(connection, 128 | (unsigned int)(STATIC_ENTRIES + (field_count - i) / 2));
			continue;
		}
		put_byte(connection, 64);
		put_string(connection, fields[i]);
		put_string(connection, fields[i + 1]);
	}
	connection->knows_fields = true;
}

static void put_call(struct connection *connection)
{
	static const unsigned char empty_message[5];
	size_t head = connection->waiting, len;

	put_frame(connection, 0, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, connection->next_stream);
	put_fields(connection);
	len = connection->waiting - head - FRAME_HEAD;
	connection->output[head + 1] = (unsigned char)(len >> 8);
	connection->output[head + 2] = (unsigned char)len;
	put_frame(connection, sizeof(empty_message), NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, connection->next_stream);
	put(connection, empty_message, sizeof(empty_message));
	connection->next_stream += 2;
}

static void put_window(struct connection *connection, uint32_t stream, uint32_t more)
{
	uint32_t wire = htonl(more);

	put_frame(connection, 4, NGHTTP2_WINDOW_UPDATE, 0, stream);
	put(connection, &wire, 4);
}

/* Once the server's settings are there: nginx refuses calls with a body before they are acknowledged. */
static void begin_calls(struct connection *connection)
{
	put_frame(connection, 0, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0);
	for (size_t i = 0; i < stream_count; i++)
		put_call(connection);
}

/* What the socket does not take now waits for the next time. */
static void flush(struct connection *connection)
{
	ssize_t n = send(connection->fd, connection->output, connection->waiting, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN)
		DIE("cannot send: %s", strerror(errno));
	if (n <= 0)
		return;
	connection->waiting -= (size_t)n;
	memmove(connection->output, connection->output + n, connection->waiting);
}

/* ---- answers ---- */

static void judge_field(const nghttp2_nv *field)
{
	slice name = slice_of((const char *)field->name, field->namelen);
	slice value = slice_of((const char *)field->value, field->valuelen);
	bool is_bad = (slice_is(name, ":status") && !slice_is(value, "200")) ||
		      (slice_is(name, "grpc-status") && !slice_is(value, "0"));

	if (is_bad && refused++ == 0)
		(void)fprintf(stderr, "bench: %.*s: %.*s\n", SLICE_ARG(name), SLICE_ARG(value));
}

static void read_fields(struct connection *connection, const unsigned char *at, size_t len)
{
	int flags = 0;

	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv field;
		ssize_t took = nghttp2_hd_inflate_hd2(connection->inflater, &field, &flags, at, len, 1);
		if (took < 0)
			DIE("an answer's fields cannot be read");
		at += took;
		len -= (size_t)took;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			judge_field(&field);
	}
	(void)nghttp2_hd_inflate_end_headers(connection->inflater); /* always 0 */
}

static void read_frame(struct connection *connection, const unsigned char *frame, size_t len)
{
	static const unsigned char no_error[4];
	unsigned int type = frame[3], flags = frame[4];

	/* nginx ends a stream so whose answer was out before the call's message was read (RFC 9113 8.1). */
	if (type == NGHTTP2_RST_STREAM && memcmp(frame + FRAME_HEAD, no_error, sizeof(no_error)) == 0)
		return;
	if (type == NGHTTP2_GOAWAY || type == NGHTTP2_RST_STREAM || type == NGHTTP2_CONTINUATION ||
	    (flags & NGHTTP2_FLAG_PADDED))
		DIE("a frame of type %u is not expected", type);
	if (type == NGHTTP2_SETTINGS && !(flags & NGHTTP2_FLAG_ACK))
		begin_calls(connection);
	if (type == NGHTTP2_HEADERS)
		read_fields(connection, frame + FRAME_HEAD, len);
	if (type == NGHTTP2_DATA && len)
		put_window(connection, 0, (uint32_t)len);
	if ((type == NGHTTP2_HEADERS || type == NGHTTP2_DATA) && (flags & NGHTTP2_FLAG_END_STREAM)) {
		total++;
		put_call(connection);
	}
}

static void receive(struct connection *connection)
{
	ssize_t n = recv(connection->fd, connection->input + connection->have, INPUT_BYTES - connection->have, MSG_DONTWAIT);
	size_t at = 0;

	if (n <= 0)
		DIE("the server closed a connection: %s", n ? strerror(errno) : "end");
	connection->have += (size_t)n;
	while (connection->have - at >= FRAME_HEAD) {
		const unsigned char *frame = connection->input + at;
		size_t len = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
		if (connection->have - at < FRAME_HEAD + len)
			break;
		read_frame(connection, frame, len);
		at += FRAME_HEAD + len;
	}
	connection->have -= at;
	memmove(connection->input, connection->input + at, connection->have);
}

/* ---- the whole ---- */

static void begin(struct connection *connection, int epoll, uint16_t port)
{
	static const unsigned char window[] = { 0, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7f, 0xff, 0xff, 0xff };

	connection->fd = connect_to(port, epoll, connection);
	if (nghttp2_hd_inflate_new(&connection->inflater) != 0)
		DIE("no memory");
	connection->next_stream = 1;
	put(connection, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
	put_frame(connection, sizeof(window), NGHTTP2_SETTINGS, 0, 0);
	put(connection, window, sizeof(window));
	put_window(connection, 0, WINDOW_MOST - NGHTTP2_INITIAL_CONNECTION_WINDOW_SIZE);
}

static void set_fields(const char *path, const char *authorization)
{
	const char *const texts[] = { ":method",    "POST",           ":scheme",   "http",         ":path",
				      path,         ":authority",     "127.0.0.1", "content-type", "application/grpc",
				      "user-agent", "grpc-go/1.60.0", "te",        "trailers",     "authorization",
				      authorization };

	for (field_count = 0; field_count < sizeof(texts) / sizeof(*texts); field_count++)
		fields[field_count] = slice_str(texts[field_count]);
}

/* It polls and never sleeps, as bench-load does. Stream ids last for 2^30 calls on each connection. */
static void run(int epoll, size_t count, int64_t end_ns)
{
	struct epoll_event events[EVENTS];

	while (ticks_ns() < end_ns) {
		int n = epoll_wait(epoll, events, EVENTS, 0);
		for (int i = 0; i < n; i++)
			receive(events[i].data.ptr);
		for (size_t i = 0; i < count; i++)
			if (connections[i].waiting)
				flush(&connections[i]);
	}
}

int main(int argc, char **argv)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t count = argc > 3 ? number_of(argv[2]) : 0;
	static char authorization[8192];
	int64_t begin_ns;

	stream_count = argc > 3 ? number_of(argv[3]) : 0;
	if (argc != 7 || count == 0 || count > CONNECTIONS_MAX || stream_count == 0 || stream_count > STREAMS_MAX)
		DIE("usage: bench-grpc <port> <connections> <streams> <seconds> <path> <token>");
	if (snprintf(authorization, sizeof(authorization), "Bearer %s", argv[6]) >= (int)sizeof(authorization))
		DIE("the token is too long");
	set_fields(argv[5], authorization);
	for (size_t i = 0; i < count; i++)
		begin(&connections[i], epoll, (uint16_t)number_of(argv[1]));
	begin_ns = ticks_ns();
	run(epoll, count, begin_ns + (int64_t)(strtod(argv[4], NULL) * 1e9));
	(void)printf("{\"rate\":%.1f,\"total\":%zu,\"refused\":%zu}\n", (double)total / ((double)(ticks_ns() - begin_ns) / 1e9),
		     total, refused);
	return 0;
}
