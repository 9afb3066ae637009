/*
 * tls: OpenSSL's libssl behind our own names.
 *
 * Owns      the server context, counted by OpenSSL itself: a session holds the one it was made from, so a reload swaps the
 *           pointer under a lock that is held for two instructions.
 * Start at  context_new() for what we speak.
 */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"

struct tls_server {
	pthread_mutex_t lock;
	SSL_CTX *context; /* under lock */
	char *certificate_file, *key_file;
};

struct tls_session {
	SSL *ssl;
	bool broken; /* no close_notify after a fatal error (SSL_shutdown(3)) */
};

/* The server's order decides; a client that offers protocols but none of ours is told so (RFC 7301 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
			   unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool set_rules(SSL_CTX *context)
{
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
					     SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(context,
			 SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(context, 1); /* one read(2) for several records; tls_has_pending() tells what is left inside */
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
	       SSL_CTX_set_num_tickets(context, 1) == 1 &&
	       SSL_CTX_set_session_id_context(context, (const unsigned char *)"reeve", 5) == 1;
}

static FALLIBLE load_pair(SSL_CTX *context, const char *certificate_file, const char *key_file)
{
	if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1)
		return FAIL(FAULT_INVALID, "no usable PEM certificate chain in %s", certificate_file);
	if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1)
		return FAIL(FAULT_INVALID, "no usable PEM private key that fits the certificate in %s", key_file);
	if (SSL_CTX_check_private_key(context) != 1)
		return FAIL(FAULT_INVALID, "the key in %s does not belong to the certificate in %s", key_file,
			    certificate_file);
	return OK;
}

static int no_passphrase(char *into, int size, int writing, void *arg)
{
	(void)into;
	(void)size;
	(void)writing;
	(void)arg;
	return -1; /* never prompt: an encrypted key is an error */
}

static FALLIBLE context_new(const char *certificate_file, const char *key_file, SSL_CTX **ret_context)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	status st;

	if (!context || !set_rules(context)) {
		SSL_CTX_free(context);
		ERR_clear_error();
		return FAIL(FAULT_EXHAUSTED, "no memory for a TLS context");
	}
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	st = load_pair(context, certificate_file, key_file);
	ERR_clear_error();
	if (FAILED(st)) {
		SSL_CTX_free(context);
		return fault_via(st, __func__, __LINE__);
	}
	*ret_context = context;
	return OK;
}

static struct tls_server *server_drop(struct tls_server *server)
{
	(void)mem_free(server->certificate_file); /* the struct goes too */
	(void)mem_free(server->key_file);
	return mem_free(server);
}

FALLIBLE tls_server_new(const char *certificate_file, const char *key_file, struct tls_server **ret_server)
{
	struct tls_server *server = NEW_ZERO(struct tls_server);
	status st;

	if (!server)
		return FAIL(FAULT_EXHAUSTED, "no memory for a TLS context");
	server->certificate_file = mem_copy_text(certificate_file, strlen(certificate_file));
	server->key_file = mem_copy_text(key_file, strlen(key_file));
	if (!server->certificate_file || !server->key_file) {
		server_drop(server);
		return FAIL(FAULT_EXHAUSTED, "no memory for a TLS context");
	}
	st = context_new(certificate_file, key_file, &server->context);
	if (FAILED(st)) {
		server_drop(server);
		return fault_via(st, __func__, __LINE__);
	}
	(void)pthread_mutex_init(&server->lock, NULL); /* default attributes cannot fail */
	*ret_server = server;
	return OK;
}

struct tls_server *tls_server_free(struct tls_server *server)
{
	if (!server)
		return NULL;
	SSL_CTX_free(server->context);
	(void)pthread_mutex_destroy(&server->lock); /* nobody holds it any more */
	return server_drop(server);
}

FALLIBLE tls_server_reload(struct tls_server *server)
{
	SSL_CTX *fresh, *old;

	TRY(context_new(server->certificate_file, server->key_file, &fresh));
	pthread_mutex_lock(&server->lock);
	old = server->context;
	server->context = fresh;
	pthread_mutex_unlock(&server->lock);
	SSL_CTX_free(old);
	return OK;
}

FALLIBLE tls_accept(struct tls_server *server, int fd, struct tls_session **ret_session)
{
	struct tls_session *session = NEW_ZERO(struct tls_session);

	if (!session)
		return FAIL(FAULT_EXHAUSTED, "no memory for a TLS session");
	pthread_mutex_lock(&server->lock);
	session->ssl = SSL_new(server->context); /* takes its own count of the context */
	pthread_mutex_unlock(&server->lock);
	if (!session->ssl || SSL_set_fd(session->ssl, fd) != 1) {
		SSL_free(session->ssl);
		ERR_clear_error();
		(void)mem_free(session); /* gives NULL */
		return FAIL(FAULT_EXHAUSTED, "no memory for a TLS session");
	}
	SSL_set_accept_state(session->ssl);
	*ret_session = session;
	return OK;
}

struct tls_session *tls_session_free(struct tls_session *session)
{
	if (!session)
		return NULL;
	if (!session->broken && SSL_is_init_finished(session->ssl))
		(void)SSL_shutdown(session->ssl); /* a courtesy: the socket may be full or gone */
	ERR_clear_error();
	SSL_free(session->ssl);
	return mem_free(session);
}

/* What a failed call means; 0 is the peer's close_notify. The queue is per thread: what is left in it would poison the next
 * connection's verdict. */
static int verdict(struct tls_session *session, int result)
{
	int error = SSL_get_error(session->ssl, result);

	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ)
		return TLS_WANT_READ;
	if (error == SSL_ERROR_WANT_WRITE)
		return TLS_WANT_WRITE;
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	session->broken = true;
	return TLS_FAILED;
}

int tls_handshake(struct tls_session *session)
{
	int result = SSL_do_handshake(session->ssl);

	if (result == 1)
		return 1;
	result = verdict(session, result);
	return result ? result : TLS_FAILED;
}

ssize_t tls_read(struct tls_session *session, char *into, size_t size)
{
	size_t got;
	int result = SSL_read_ex(session->ssl, into, size, &got);

	return result == 1 ? (ssize_t)got : verdict(session, result);
}

ssize_t tls_write(struct tls_session *session, slice bytes)
{
	size_t wrote;
	int result;

	if (bytes.len == 0)
		return 0;
	result = SSL_write_ex(session->ssl, bytes.at, bytes.len, &wrote);
	if (result == 1)
		return (ssize_t)wrote;
	result = verdict(session, result);
	return result ? result : TLS_FAILED;
}

bool tls_has_pending(const struct tls_session *session)
{
	return SSL_has_pending(session->ssl) == 1;
}

bool tls_chose_http2(const struct tls_session *session)
{
	const unsigned char *chosen;
	unsigned int len;

	SSL_get0_alpn_selected(session->ssl, &chosen, &len);
	return len == 2 && memcmp(chosen, "h2", 2) == 0;
}
