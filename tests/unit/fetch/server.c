#include "server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define HEAD_BYTES_MAX 65536

struct server {
	int fd;
	uint16_t port;
	SSL_CTX *tls;
	pthread_t thread, workers[CONNECTIONS_MAX];
	int worker_count;
	atomic_int accepted;
	atomic_bool is_stopping;
};

struct peer {
	struct server *server;
	int fd;
	SSL *tls;
};

static bool peer_write(struct peer *peer, const void *at, size_t len)
{
	if (peer->tls)
		return SSL_write(peer->tls, at, (int)len) == (int)len;
	return send(peer->fd, at, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool peer_say(struct peer *peer, const char *text)
{
	return peer_write(peer, text, strlen(text));
}

/* The whole request, as far as Content-Length says. */
static size_t peer_read(struct peer *peer, char *into)
{
	size_t len = 0, want = HEAD_BYTES_MAX;

	while (len < want && len < HEAD_BYTES_MAX - 1) {
		size_t room = HEAD_BYTES_MAX - 1 - len;
		ssize_t got = peer->tls ? SSL_read(peer->tls, into + len, (int)room) : recv(peer->fd, into + len, room, 0);
		char *end, *length;

		if (got <= 0)
			break;
		len += (size_t)got;
		into[len] = '\0';
		if (*into == 0x16) /* a TLS record: who speaks plain HTTP makes nothing of it */
			break;
		end = strstr(into, "\r\n\r\n");
		length = strcasestr(into, "\r\ncontent-length: ");
		if (end)
			want = (size_t)(end + 4 - into) + (length && length < end ? strtoul(length + 18, NULL, 10) : 0);
	}
	return len;
}

static bool stays(const struct peer *peer)
{
	struct pollfd gone = { .fd = peer->fd, .events = POLLRDHUP };

	return !peer->server->is_stopping && poll(&gone, 1, 20) == 0;
}

/* Longer than any test's limit, whatever the client says about it. */
static void say_much(struct peer *peer, const char *head, const char *piece)
{
	bool goes_on = peer_say(peer, head);

	for (int i = 0; goes_on && i < 20000; i++)
		goes_on = peer_say(peer, piece);
}

static void answer(struct peer *peer, const char *request, size_t len)
{
	const char *path = strchr(request, ' ');
	char text[256];

#define IS(what) (strncmp(path, " " what " ", sizeof(" " what " ") - 1) == 0)
	if (!path)
		return;
	if (IS("/echo")) {
		(void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
		(void)(peer_say(peer, text) && peer_write(peer, request, len));
	} else if (IS("/redirect")) {
		(void)snprintf(text, sizeof(text), "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 5\r\n\r\nmoved");
		(void)peer_say(peer, text);
	} else if (IS("/large")) {
		say_much(peer, "HTTP/1.1 200 OK\r\n\r\n", "0123456789012345678901234567890123456789");
	} else if (IS("/large-said")) {
		say_much(peer, "HTTP/1.1 200 OK\r\nContent-Length: 800000\r\n\r\n", "0123456789012345678901234567890123456789");
	} else if (IS("/large-headers")) {
		say_much(peer, "HTTP/1.1 200 OK\r\n", "X-More: 0123456789012345678901234567890123456789\r\n");
	} else if (IS("/slow")) {
		bool goes_on = peer_say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");

		while (goes_on && stays(peer))
			goes_on = peer_say(peer, "x");
	} else if (IS("/silent")) {
		while (stays(peer))
			;
	} else if (IS("/garbage")) {
		(void)peer_say(peer, "this is not HTTP\r\n\r\n");
	} else if (IS("/interim")) {
		(void)peer_say(
			peer,
			"HTTP/1.1 103 Early Hints\r\nX-Interim: yes\r\n\r\nHTTP/1.1 200 OK\r\nCache-Control:  max-age=60 \r\n"
			"Content-Length: 2\r\n\r\nok");
	} else if (IS("/zipped")) {
		(void)peer_say(peer, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\nzipped");
	} else if (IS("/broken-off")) {
		(void)peer_say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
	} else {
		(void)peer_say(peer, IS("/ok") ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
					       : "HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nabsent");
	}
#undef IS
}

static void *peer_run(void *arg)
{
	struct peer *peer = arg;
	char *request = malloc(HEAD_BYTES_MAX);
	size_t len;

	assert(request);
	if (peer->server->tls) {
		peer->tls = SSL_new(peer->server->tls);
		SSL_set_fd(peer->tls, peer->fd);
	}
	if (!peer->tls || SSL_accept(peer->tls) == 1) {
		len = peer_read(peer, request);
		if (len > 0)
			answer(peer, request, len);
		if (peer->tls)
			SSL_shutdown(peer->tls);
	}
	SSL_free(peer->tls);
	close(peer->fd);
	free(request);
	free(peer);
	return NULL;
}

static void *server_run(void *arg)
{
	struct server *server = arg;

	while (!server->is_stopping) {
		struct pollfd ready = { .fd = server->fd, .events = POLLIN };
		struct peer *peer;

		if (poll(&ready, 1, 20) <= 0)
			continue;
		assert(server->worker_count < CONNECTIONS_MAX);
		peer = calloc(1, sizeof(*peer));
		assert(peer);
		peer->server = server;
		peer->fd = accept(server->fd, NULL, NULL);
		server->accepted++;
		pthread_create(&server->workers[server->worker_count++], NULL, peer_run, peer);
	}
	return NULL;
}

/* Self-signed for `name`, valid for an hour. */
static SSL_CTX *tls_new(const char *name, char ca_path[64])
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_EXTENSION *extension;
	char san[256];
	int fd;
	FILE *file;

	(void)snprintf(san, sizeof(san), "DNS:%s", name);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	assert(X509_sign(cert, key, EVP_sha256()) > 0);
	assert(SSL_CTX_use_certificate(tls, cert) == 1 && SSL_CTX_use_PrivateKey(tls, key) == 1);
	(void)snprintf(ca_path, 64, "/tmp/reeve-test-ca-XXXXXX");
	fd = mkstemp(ca_path);
	file = fdopen(fd, "w");
	assert(file && PEM_write_X509(file, cert) == 1);
	fclose(file);
	X509_free(cert);
	EVP_PKEY_free(key);
	return tls;
}

struct server *server_new(const char *name, char ca_path[64])
{
	struct server *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);

	assert(server);
	signal(SIGPIPE, SIG_IGN); /* a client that hangs up in the middle of TLS */
	server->tls = name ? tls_new(name, ca_path) : NULL;
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(bind(server->fd, (const struct sockaddr *)&address, size) == 0 && listen(server->fd, 64) == 0);
	assert(getsockname(server->fd, (struct sockaddr *)&address, &size) == 0);
	server->port = ntohs(address.sin_port);
	assert(pthread_create(&server->thread, NULL, server_run, server) == 0);
	return server;
}

void server_free(struct server *server)
{
	server->is_stopping = true;
	pthread_join(server->thread, NULL);
	for (int i = 0; i < server->worker_count; i++)
		pthread_join(server->workers[i], NULL);
	close(server->fd);
	SSL_CTX_free(server->tls);
	free(server);
}

uint16_t server_port(const struct server *server)
{
	return server->port;
}

int server_accepted(const struct server *server)
{
	return server->accepted;
}

const char *server_url(const struct server *server, const char *host, const char *path)
{
	static _Thread_local char texts[4][256];
	static _Thread_local int turn;
	char *text = texts[turn++ % 4];

	(void)snprintf(text, sizeof(texts[0]), "%s://%s:%d%s", server->tls ? "https" : "http", host, server->port, path);
	return text;
}
