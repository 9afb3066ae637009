/*
 * listener: where the browser comes back to.
 */
#include "cli/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/encode.h"
#include "cli/interrupt.h"
#include "crypto/secret.h"

#define PAGE_BYTES_MAX ((size_t)8 * 1024)
#define NONCE_BYTES 16
#define AUTOCLOSE_S_MAX 3600
#define LINGER_MS 1000

struct connection {
	int fd; /* -1: free */
	int64_t until_us;
	size_t len;
	char bytes[CALLBACK_BYTES_MAX];
};

struct listener {
	struct cli *cli;
	int fd;
	int browser; /* the connection that brought the callback; -1 before */
	unsigned port;
	struct buffer page, out; /* used again for each answer */
	struct connection connections[LISTENER_CONNECTIONS_MAX];
};

FALLIBLE listener_new(struct cli *cli, struct listener **ret_listener)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	struct listener *listener = NEW(cli->arena, struct listener);

	TRY_NEW(listener);
	listener->cli = cli;
	listener->browser = -1;
	buffer_init(&listener->page, cli->arena, PAGE_BYTES_MAX);
	buffer_init(&listener->out, cli->arena, 2 * PAGE_BYTES_MAX);
	for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++)
		listener->connections[i].fd = -1;
	listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0 || bind(listener->fd, (struct sockaddr *)&address, len) != 0 ||
	    listen(listener->fd, LISTENER_CONNECTIONS_MAX) != 0 ||
	    getsockname(listener->fd, (struct sockaddr *)&address, &len) != 0) {
		int why = errno;

		listener_end(listener, false);
		return FAIL(FAULT_UNAVAILABLE, "cannot listen on 127.0.0.1 for the browser: %s; --headless needs no listener",
			    strerror(why));
	}
	listener->port = ntohs(address.sin_port);
	*ret_listener = listener;
	return OK;
}

unsigned listener_port(const struct listener *listener)
{
	return listener->port;
}

/* --- pages --- */

static const char style[] =
	"body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;display:grid;min-height:100vh;place-content:center;"
	"color-scheme:light dark}main{padding:1.5rem;max-width:32rem}";

/* Seconds until the page closes itself; 0: it stays. */
static unsigned autoclose_s(const struct cli *cli)
{
	uint64_t seconds = 0;

	if (!config_on(&cli->config, CONFIG_ID_DEFAULT_AUTOCLOSE) ||
	    !slice_number(CONFIG(cli, DEFAULT_AUTOCLOSE_TIMEOUT), AUTOCLOSE_S_MAX, &seconds))
		return 0;
	return (unsigned)seconds;
}

static void put_page(struct buffer *page, const char *nonce, const char *title, const char *text, unsigned closes_s)
{
	buffer_printf(page,
		      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		      "content=\"width=device-width,initial-scale=1\"><title>%s</title><style nonce=\"%s\">%s</style></head>"
		      "<body><main><h1>%s</h1><p>%s</p></main>",
		      title, nonce, style, title, text);
	if (closes_s)
		buffer_printf(page, "<script nonce=\"%s\">setTimeout(function(){window.close()},%u)</script>", nonce,
			      closes_s * 1000);
	buffer_text(page, "</body></html>\n");
}

/* One write, as much as the socket takes: a page is far smaller than its buffer. */
static void send_all(int fd, slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the browser is gone: nobody is there to be told */
		bytes = slice_from(bytes, (size_t)n);
	}
}

/* title, text: ours, they need no escaping. */
static void answer(struct listener *listener, int fd, int http_status, const char *title, const char *text, unsigned closes_s)
{
	unsigned char random[NONCE_BYTES];
	char nonce[BASE64_TEXT_BYTES(NONCE_BYTES) + 1];
	struct buffer *page = &listener->page, *out = &listener->out;

	if (FAILED(random_fill(listener->cli->random, random, sizeof(random))))
		return;
	nonce[base64_encode_into(BASE64_URL, slice_of(random, sizeof(random)), nonce)] = '\0';
	buffer_clear(page);
	buffer_clear(out);
	put_page(page, nonce, title, text, closes_s);
	buffer_printf(out,
		      "HTTP/1.1 %d %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n"
		      "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
		      "Content-Security-Policy: default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; base-uri "
		      "'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n",
		      http_status, title, page->len, nonce, nonce);
	buffer_add(out, buffer_slice(page));
	if (!buffer_failed(page) && !buffer_failed(out))
		send_all(fd, buffer_slice(out));
}

/* What is still unread would make close() reset the connection before the page is read. */
static void close_gently(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char rest[512];

	(void)shutdown(fd, SHUT_WR);
	while (poll(&wait, 1, LINGER_MS) > 0 && recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
	close(fd);
}

struct listener *listener_end(struct listener *listener, bool is_signed_in)
{
	if (!listener)
		return NULL;
	if (listener->browser >= 0) {
		if (is_signed_in)
			answer(listener, listener->browser, 200, "Signed in",
			       "You can close this page and go back to the terminal.", autoclose_s(listener->cli));
		else
			answer(listener, listener->browser, 400, "Not signed in",
			       "The terminal says why. You can close this page.", 0);
		close_gently(listener->browser);
	}
	for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++)
		if (listener->connections[i].fd >= 0)
			close(listener->connections[i].fd);
	if (listener->fd >= 0)
		close(listener->fd);
	return NULL;
}

/* --- waiting --- */

static void drop(struct connection *connection)
{
	close(connection->fd);
	connection->fd = -1;
}

/* With no room left, the one that waits longest makes it. */
static struct connection *room(struct listener *listener)
{
	struct connection *oldest = &listener->connections[0];

	for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++) {
		struct connection *connection = &listener->connections[i];

		if (connection->fd < 0)
			return connection;
		if (connection->until_us < oldest->until_us)
			oldest = connection;
	}
	drop(oldest);
	return oldest;
}

static void take_connection(struct listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	struct connection *connection;

	if (fd < 0)
		return; /* it went away again */
	connection = room(listener);
	connection->fd = fd;
	connection->len = 0;
	connection->until_us = clock_ticks_us() + LISTENER_READ_S * US_PER_S;
}

static bool is_ours(const struct callback *callback, slice state)
{
	return callback->state.len == state.len && bytes_equal(callback->state, state);
}

/* True when it brought the callback. */
static bool take_bytes(struct listener *listener, struct connection *connection, slice state, struct callback *ret_callback)
{
	ssize_t n = recv(connection->fd, connection->bytes + connection->len, sizeof(connection->bytes) - connection->len,
			 MSG_DONTWAIT);
	enum callback_kind kind;

	if (n <= 0) {
		drop(connection);
		return false;
	}
	connection->len += (size_t)n;
	kind = callback_read(listener->cli->arena, slice_of(connection->bytes, connection->len), listener->port, ret_callback);
	if (kind == CALLBACK_PARTIAL)
		return false;
	if (kind == CALLBACK_READ && is_ours(ret_callback, state)) {
		listener->browser = connection->fd;
		connection->fd = -1;
		return true;
	}
	answer(listener, connection->fd, kind == CALLBACK_READ ? 400 : ret_callback->http_status, "Not here",
	       "This is not the answer that the terminal waits for.", 0);
	drop(connection);
	return false;
}

/* One look at all sockets; true when the callback came. */
static bool look(struct listener *listener, slice state, struct callback *ret_callback)
{
	struct pollfd polled[LISTENER_CONNECTIONS_MAX + 1] = { { .fd = listener->fd, .events = POLLIN } };
	int64_t now_us = clock_ticks_us();

	for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++) {
		struct connection *connection = &listener->connections[i];

		if (connection->fd >= 0 && connection->until_us < now_us)
			drop(connection);
		polled[i + 1] = (struct pollfd){ .fd = connection->fd, .events = POLLIN };
	}
	if (poll(polled, LISTENER_CONNECTIONS_MAX + 1, INTERRUPT_TICK_MS) <= 0)
		return false;
	for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++)
		if (polled[i + 1].revents && take_bytes(listener, &listener->connections[i], state, ret_callback))
			return true;
	if (polled[0].revents)
		take_connection(listener);
	return false;
}

FALLIBLE listener_wait(struct listener *listener, slice state, int64_t wait_s, struct callback *ret_callback)
{
	int64_t until_us = clock_ticks_us() + wait_s * US_PER_S;

	while (!look(listener, state, ret_callback)) {
		if (interrupt_came())
			return interrupt_fault();
		if (clock_ticks_us() > until_us)
			return FAIL(FAULT_TOO_LATE,
				    "the browser did not come back within %lld s; `reeve auth login --headless` "
				    "needs none on this machine",
				    (long long)wait_s);
	}
	return OK;
}
