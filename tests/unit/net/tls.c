#include "test.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "certificate.h"
#include "net/tls.h"

/* A client and a server over a socket pair, driven in turn by one thread. */
struct pair {
	int fds[2];
	SSL_CTX *context;
	SSL *client;
	struct tls_session *server;
	int verdict; /* of the server's handshake */
};

static void connect_pair(struct pair *pair, struct tls_server *server, const char *protocols, int newest)
{
	bool client_done = false;

	*pair = (struct pair){ .verdict = TLS_WANT_READ };
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
	pair->context = SSL_CTX_new(TLS_client_method());
	if (newest)
		SSL_CTX_set_max_proto_version(pair->context, newest);
	SSL_CTX_set_cipher_list(pair->context, "ALL:@SECLEVEL=0");
	pair->client = SSL_new(pair->context);
	SSL_set_fd(pair->client, pair->fds[0]);
	SSL_set_connect_state(pair->client);
	if (protocols)
		SSL_set_alpn_protos(pair->client, (const unsigned char *)protocols, (unsigned int)strlen(protocols));
	CHECK_OK(tls_accept(server, pair->fds[1], &pair->server));
	for (int i = 0; i < 20 && (pair->verdict < 0 || !client_done) && pair->verdict != TLS_FAILED; i++) {
		client_done = SSL_do_handshake(pair->client) == 1;
		if (pair->verdict < 0)
			pair->verdict = tls_handshake(pair->server);
	}
	ERR_clear_error();
}

static void close_pair(struct pair *pair)
{
	tls_session_free(pair->server);
	SSL_free(pair->client);
	SSL_CTX_free(pair->context);
	close(pair->fds[0]);
	close(pair->fds[1]);
	ERR_clear_error();
}

static const char *name_shown(struct pair *pair, char into[64])
{
	X509 *shown = SSL_get1_peer_certificate(pair->client);

	into[0] = '\0';
	X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, into, 64);
	X509_free(shown);
	return into;
}

TEST(alpn_prefers_http2_and_refuses_strangers)
{
	struct certificate_files files;
	struct tls_server *server;
	struct pair pair;

	CHECK(certificate_make(&files, "one"));
	CHECK_OK(tls_server_new(files.certificate, files.key, &server));
	connect_pair(&pair, server, "\x08http/1.1\x02h2", 0);
	CHECK(pair.verdict == 1 && tls_chose_http2(pair.server));
	close_pair(&pair);
	connect_pair(&pair, server, "\x08http/1.1", 0);
	CHECK(pair.verdict == 1 && !tls_chose_http2(pair.server));
	close_pair(&pair);
	connect_pair(&pair, server, NULL, 0);
	CHECK(pair.verdict == 1 && !tls_chose_http2(pair.server));
	close_pair(&pair);
	connect_pair(&pair, server, "\x04smtp", 0);
	CHECK_INT(pair.verdict, TLS_FAILED);
	close_pair(&pair);
	tls_server_free(server);
	certificate_remove(&files);
}

TEST(tls_1_1_is_refused_and_1_2_is_not)
{
	struct certificate_files files;
	struct tls_server *server;
	struct pair pair;

	CHECK(certificate_make(&files, "one"));
	CHECK_OK(tls_server_new(files.certificate, files.key, &server));
	connect_pair(&pair, server, NULL, TLS1_1_VERSION);
	CHECK_INT(pair.verdict, TLS_FAILED);
	close_pair(&pair);
	connect_pair(&pair, server, NULL, TLS1_2_VERSION);
	CHECK_INT(pair.verdict, 1);
	close_pair(&pair);
	tls_server_free(server);
	certificate_remove(&files);
}

TEST(a_reload_serves_the_new_certificate_to_new_connections_only)
{
	struct certificate_files files;
	struct tls_server *server;
	struct pair old, fresh;
	char name[64];

	CHECK(certificate_make(&files, "old"));
	CHECK_OK(tls_server_new(files.certificate, files.key, &server));
	connect_pair(&old, server, NULL, 0);
	CHECK(certificate_write(&files, "new"));
	CHECK_OK(tls_server_reload(server));
	connect_pair(&fresh, server, NULL, 0);
	assert_string_equal(name_shown(&old, name), "old");
	assert_string_equal(name_shown(&fresh, name), "new");
	CHECK_INT(SSL_write(old.client, "hello", 5), 5);
	CHECK_INT(tls_read(old.server, name, sizeof(name)), 5);
	close_pair(&old);
	close_pair(&fresh);
	tls_server_free(server);
	certificate_remove(&files);
}

TEST(a_bad_pair_is_refused_and_leaves_the_old_one_in_use)
{
	struct certificate_files files, other;
	struct tls_server *server, *none = NULL;
	struct pair pair;
	char name[64];

	CHECK(certificate_make(&files, "good") && certificate_make(&other, "other"));
	CHECK_OK(tls_server_new(files.certificate, files.key, &server));
	CHECK_FAULT(FAULT_INVALID, tls_server_new(files.certificate, other.key, &none));
	CHECK_FAULT(FAULT_INVALID, tls_server_new("/nonexistent", files.key, &none));
	CHECK(strstr(report_current()->text, "/nonexistent") && ERR_peek_error() == 0);
	CHECK_INT(unlink(files.key), 0);
	CHECK_FAULT(FAULT_INVALID, tls_server_reload(server));
	connect_pair(&pair, server, NULL, 0);
	CHECK_INT(pair.verdict, 1);
	assert_string_equal(name_shown(&pair, name), "good");
	close_pair(&pair);
	tls_server_free(server);
	certificate_remove(&files);
	certificate_remove(&other);
}

TEST(a_broken_client_leaves_no_error_behind_for_the_next)
{
	struct certificate_files files;
	struct tls_server *server;
	struct tls_session *session;
	int fds[2];

	CHECK(certificate_make(&files, "one"));
	CHECK_OK(tls_server_new(files.certificate, files.key, &server));
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	CHECK_OK(tls_accept(server, fds[1], &session));
	CHECK_INT(tls_handshake(session), TLS_WANT_READ);
	CHECK_INT(write(fds[0], "GET / HTTP/1.1\r\n\r\n", 18), 18);
	CHECK_INT(tls_handshake(session), TLS_FAILED);
	CHECK_INT(ERR_peek_error(), 0);
	tls_session_free(session);
	CHECK_INT(ERR_peek_error(), 0);
	close(fds[0]);
	close(fds[1]);
	tls_server_free(server);
	certificate_remove(&files);
}

TEST(bytes_and_the_orderly_end_pass_through)
{
	struct certificate_files files;
	struct tls_server *server;
	struct pair pair;
	char got[16];

	CHECK(certificate_make(&files, "one"));
	CHECK_OK(tls_server_new(files.certificate, files.key, &server));
	connect_pair(&pair, server, NULL, 0);
	CHECK_INT(tls_read(pair.server, got, sizeof(got)), TLS_WANT_READ);
	CHECK_INT(SSL_write(pair.client, "0123456789", 10), 10);
	CHECK_INT(tls_read(pair.server, got, 4), 4);
	CHECK(tls_has_pending(pair.server));
	CHECK_INT(tls_read(pair.server, got, sizeof(got)), 6);
	CHECK_INT(tls_write(pair.server, SLICE("reply")), 5);
	CHECK_INT(SSL_read(pair.client, got, sizeof(got)), 5);
	CHECK_INT(SSL_shutdown(pair.client), 0);
	CHECK_INT(tls_read(pair.server, got, sizeof(got)), 0);
	close_pair(&pair);
	tls_server_free(server);
	certificate_remove(&files);
}

TESTS(alpn_prefers_http2_and_refuses_strangers, tls_1_1_is_refused_and_1_2_is_not,
      a_reload_serves_the_new_certificate_to_new_connections_only, a_bad_pair_is_refused_and_leaves_the_old_one_in_use,
      a_broken_client_leaves_no_error_behind_for_the_next, bytes_and_the_orderly_end_pass_through)
