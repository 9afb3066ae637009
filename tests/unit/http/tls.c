#include "test.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "h2_client.h"
#include "net/certificate.h"
#include "net/tls.h"

static struct served *served;
static struct certificate_files files;
static struct tls_server *tls;

static void start(struct http_server_options options)
{
	CHECK(certificate_make(&files, "one"));
	CHECK_OK(tls_server_new(files.certificate, files.key, &tls));
	options.tls = tls;
	served = served_start(&options);
}

static void stop(void)
{
	served_stop(served);
	tls_server_free(tls);
	certificate_remove(&files);
}

/* A TLS client on a connection that is open; NULL when the handshake fails. */
static SSL *shake_hands(struct client *client, const char *protocols)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);

	SSL_CTX_free(context); /* the session counts it */
	SSL_set_fd(ssl, client->fd);
	if (protocols)
		SSL_set_alpn_protos(ssl, (const unsigned char *)protocols, (unsigned int)strlen(protocols));
	if (SSL_connect(ssl) == 1)
		return ssl;
	SSL_free(ssl);
	ERR_clear_error();
	return NULL;
}

/* Reads until the text appears or the connection ends. */
static bool hears(SSL *ssl, const char *text)
{
	static char got[65536];
	size_t len = 0;
	int n;

	while (len < sizeof(got) - 1 && (n = SSL_read(ssl, got + len, (int)(sizeof(got) - 1 - len))) > 0) {
		len += (size_t)n;
		got[len] = '\0';
		if (strstr(got, text))
			return true;
	}
	ERR_clear_error();
	return false;
}

TEST(http_1_over_tls_is_served_and_says_so)
{
	static const char text[] = "GET /show HTTP/1.1\r\nHost: a\r\n\r\n";
	struct client client;
	SSL *ssl;

	start((struct http_server_options){ 0 });
	for (int i = 0; i < 2; i++) {
		client_open(&client, served);
		ssl = shake_hands(&client, i ? "\x08http/1.1" : NULL);
		CHECK(ssl);
		CHECK_INT(SSL_write(ssl, text, sizeof(text) - 1), sizeof(text) - 1);
		CHECK(hears(ssl, "GET|https|a|/show||127.0.0.1|h2=0|tls=1|"));
		CHECK_INT(SSL_write(ssl, text, sizeof(text) - 1), sizeof(text) - 1);
		CHECK(hears(ssl, "tls=1|"));
		SSL_shutdown(ssl);
		SSL_free(ssl);
		client_close(&client);
	}
	stop();
}

TEST(plain_and_tls_share_the_port)
{
	struct client client;
	struct reply reply = { .code = 0 };

	start((struct http_server_options){ 0 });
	client_open(&client, served);
	SAY(&client, "GET /show HTTP/1.1\r\nHost: a\r\n\r\n");
	client_reply(&client, &reply, false);
	CHECK(strstr(reply.body, "http|a|/show||127.0.0.1|h2=0|tls=0"));
	client_close(&client);
	client_reply_done(&reply);
	stop();
}

TEST(alpn_brings_http_2_with_large_bodies_both_ways)
{
	static struct h2_client h2;
	struct answer *show, *echo, *grpc;
	size_t n = 1000000;
	char *body = calloc(1, n);
	SSL *ssl;

	start((struct http_server_options){ 0 });
	memset(&h2, 0, sizeof(h2));
	client_open(&h2.client, served);
	ssl = shake_hands(&h2.client, "\x02h2");
	CHECK(ssl);
	h2_client_begin(&h2, ssl);
	show = h2_client_ask(&h2, "GET", "/show", "", SLICE(""));
	echo = h2_client_ask(&h2, "POST", "/later", "", slice_of(body, n));
	grpc = h2_client_ask(&h2, "POST", "/x.Y/Z", "content-type: application/grpc\n", slice_of("\0\0\0\0\1x", 6));
	for (int i = 0; i < 4; i++)
		h2_client_ask(&h2, "GET", "/big", "", SLICE(""));
	h2_client_run(&h2, h2.asked);
	CHECK(strstr(show->start, "GET|https|a|/show||127.0.0.1|h2=1|tls=1|"));
	CHECK(echo->code == 200 && echo->body_len == n);
	CHECK(grpc->code == 200 && grpc->has_trailers && grpc->body_len == 6);
	CHECK(h2.answers[h2.asked - 1].body_len == SERVED_BIG_BYTES);
	SSL_free(ssl);
	h2_client_close(&h2);
	free(body);
	stop();
}

TEST(a_handshake_that_stalls_is_cut_and_one_that_fails_harms_nobody)
{
	static const char text[] = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n";
	struct client half, broken, good;
	SSL *ssl;

	start((struct http_server_options){ .header_ms = 300 });
	client_open(&good, served);
	ssl = shake_hands(&good, NULL);
	CHECK(ssl);
	client_open(&half, served);
	SAY(&half, "\x16\x03\x01\x02");
	client_open(&broken, served);
	SAY(&broken, "\x16\x03\x01\0\5hello");
	CHECK(client_sees_end(&broken));
	CHECK(client_sees_end(&half));
	CHECK_INT(SSL_write(ssl, text, sizeof(text) - 1), sizeof(text) - 1);
	CHECK(hears(ssl, "200 OK"));
	CHECK(served_counters(served).tls_failures >= 1);
	client_close(&broken);
	client_close(&half);
	SSL_free(ssl);
	client_close(&good);
	stop();
}

TEST(a_connection_that_only_says_hello_is_cut)
{
	struct client half;

	start((struct http_server_options){ .header_ms = 200 });
	client_open(&half, served);
	SAY(&half, "\x16");
	CHECK(client_sees_end(&half));
	CHECK_INT(served_counters(served).timeouts, 1);
	client_close(&half);
	stop();
}

static const char *name_shown(SSL *ssl, char into[64])
{
	X509 *shown = SSL_get1_peer_certificate(ssl);

	into[0] = '\0';
	X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, into, 64);
	X509_free(shown);
	return into;
}

TEST(a_reload_changes_the_certificate_under_a_running_server)
{
	static const char text[] = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n";
	struct client old, fresh;
	SSL *old_ssl, *fresh_ssl;
	char name[64];

	start((struct http_server_options){ 0 });
	client_open(&old, served);
	old_ssl = shake_hands(&old, NULL);
	CHECK(old_ssl && certificate_write(&files, "two"));
	CHECK_OK(tls_server_reload(tls));
	client_open(&fresh, served);
	fresh_ssl = shake_hands(&fresh, NULL);
	CHECK(fresh_ssl);
	assert_string_equal(name_shown(fresh_ssl, name), "two");
	CHECK_INT(SSL_write(old_ssl, text, sizeof(text) - 1), sizeof(text) - 1);
	CHECK(hears(old_ssl, "200 OK"));
	SSL_free(old_ssl);
	SSL_free(fresh_ssl);
	client_close(&old);
	client_close(&fresh);
	stop();
}

TESTS(http_1_over_tls_is_served_and_says_so, plain_and_tls_share_the_port, alpn_brings_http_2_with_large_bodies_both_ways,
      a_handshake_that_stalls_is_cut_and_one_that_fails_harms_nobody, a_connection_that_only_says_hello_is_cut,
      a_reload_changes_the_certificate_under_a_running_server)
