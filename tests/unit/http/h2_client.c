#include "h2_client.h"

#include <assert.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define HEADERS 64

static struct answer *answer_of(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct answer *answer = answer_of(session, frame->hd.stream_id);
	size_t used;

	if (!answer)
		return 0;
	if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
		answer->code = (int)strtol((const char *)value, NULL, 10);
		answer->saw_100 = answer->saw_100 || answer->code == 100;
		return 0;
	}
	answer->never_indexed += (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0;
	used = strlen(answer->headers);
	(void)snprintf(answer->headers + used, sizeof(answer->headers) - used, "%.*s: %.*s\n", (int)name_len, name,
		       (int)value_len, value); /* cut when long */
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2_client *h2 = user;
	struct answer *answer = answer_of(session, frame->hd.stream_id);

	if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK))
		h2->pings++;
	if (frame->hd.type == NGHTTP2_SETTINGS)
		h2->settings++;
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		h2->has_goaway = true;
		h2->goaway_error = frame->goaway.error_code;
		h2->goaway_last = frame->goaway.last_stream_id;
	}
	if (answer && frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_HEADERS &&
	    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		answer->has_trailers = true;
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *user)
{
	struct answer *answer = answer_of(session, id);
	size_t room;

	if (!answer)
		return 0;
	if (answer->body_len < BODY_START) {
		room = BODY_START - answer->body_len;
		memcpy(answer->start + answer->body_len, data, len < room ? len : room);
	}
	answer->body_len += len;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
	struct h2_client *h2 = user;
	struct answer *answer = answer_of(session, id);

	if (!answer)
		return 0;
	answer->is_closed = true;
	answer->error = error;
	h2->closed++;
	return 0;
}

static ssize_t read_upload(nghttp2_session *session, int32_t id, uint8_t *into, size_t size, uint32_t *flags,
			   nghttp2_data_source *source, void *user)
{
	struct answer *answer = source->ptr;
	size_t n = answer->upload.len < size ? answer->upload.len : size;

	memcpy(into, answer->upload.at, n);
	answer->upload = slice_from(answer->upload, n);
	if (answer->upload.len == 0)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

void h2_client_begin(struct h2_client *h2, void *ssl)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;
	nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 } };

	h2->ssl = ssl;
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_option_new(&option);
	nghttp2_option_set_max_send_header_block_length(option, 1 << 20);
	nghttp2_option_set_no_http_messaging(option, 1); /* so that it sends what a sound client would not */
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_session_client_new2(&h2->session, callbacks, h2, option);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings, 1);
}

void h2_client_open(struct h2_client *h2, const struct served *served)
{
	memset(h2, 0, sizeof(*h2));
	client_open(&h2->client, served);
	h2_client_begin(h2, NULL);
}

void h2_client_close(struct h2_client *h2)
{
	nghttp2_session_del(h2->session);
	h2->session = NULL;
	client_close(&h2->client);
}

static nghttp2_nv pair(slice name, slice value)
{
	return (nghttp2_nv){ (uint8_t *)(uintptr_t)name.at, (uint8_t *)(uintptr_t)value.at, name.len, value.len, 0 };
}

struct answer *h2_client_ask(struct h2_client *h2, const char *method, const char *path, const char *more, slice upload)
{
	struct answer *answer = &h2->answers[h2->asked++];
	nghttp2_data_provider provider = { .source.ptr = answer, .read_callback = read_upload };
	nghttp2_nv headers[HEADERS] = { pair(SLICE(":method"), slice_str(method)), pair(SLICE(":scheme"), SLICE("http")),
					pair(SLICE(":path"), slice_str(path)) };
	size_t count = 3;
	slice rest = slice_str(more), line, name;

	assert(h2->asked <= ANSWERS);
	if (!slice_starts(rest, SLICE(":authority")))
		headers[count++] = pair(SLICE(":authority"), SLICE("a"));
	while (rest.len && count < HEADERS) {
		size_t colon;
		(void)slice_cut(rest, '\n', &line, &rest); /* the last line may lack its end */
		colon = 1 + slice_find(slice_from(line, 1), ':');
		name = slice_to(line, colon);
		line = slice_from(line, colon + 2);
		headers[count++] = pair(name, line);
	}
	answer->upload = upload;
	answer->id = nghttp2_submit_request(h2->session, NULL, headers, count, upload.len ? &provider : NULL, answer);
	assert(answer->id > 0);
	return answer;
}

static ssize_t take(struct h2_client *h2, void *into, size_t size)
{
	return h2->ssl ? SSL_read(h2->ssl, into, (int)size) : recv(h2->client.fd, into, size, 0);
}

static void push(struct h2_client *h2)
{
	const uint8_t *bytes;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(h2->session, &bytes)) > 0) {
		bool ok = h2->ssl ? SSL_write(h2->ssl, bytes, (int)n) == n : client_send(&h2->client, bytes, (size_t)n);
		h2->is_over = h2->is_over || !ok;
	}
}

static void pull(struct h2_client *h2)
{
	uint8_t bytes[65536];
	ssize_t n = take(h2, bytes, sizeof(bytes));

	if (n <= 0 || nghttp2_session_mem_recv(h2->session, bytes, (size_t)n) < 0)
		h2->is_over = true;
}

void h2_client_run(struct h2_client *h2, size_t closed)
{
	push(h2);
	while (h2->closed < closed && !h2->is_over) {
		pull(h2);
		push(h2);
	}
}

void h2_client_linger(struct h2_client *h2, int ms)
{
	struct pollfd waits = { .fd = h2->client.fd, .events = POLLIN };

	push(h2);
	while (!h2->is_over && poll(&waits, 1, ms) == 1) {
		pull(h2);
		push(h2);
	}
}

size_t h2_frame(char *at, uint8_t type, uint8_t flags, int32_t stream, const void *payload, size_t len)
{
	for (int i = 0; i < 3; i++)
		at[i] = (char)(len >> (16 - 8 * i));
	at[3] = (char)type;
	at[4] = (char)flags;
	for (int i = 0; i < 4; i++)
		at[5 + i] = (char)((uint32_t)stream >> (24 - 8 * i));
	if (len)
		memcpy(at + 9, payload, len);
	return 9 + len;
}
