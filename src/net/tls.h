/*
 * tls: the server's side of TLS on a socket.
 *
 * Owns      certificate and key, sessions. tls.c is the one door to OpenSSL's libssl.
 * Promises  TLS 1.2 or 1.3, forward-secret AEAD suites, no renegotiation, no early data; ALPN picks h2 or http/1.1 and refuses
 *           a client that offers neither; OpenSSL's error queue is empty after every call.
 * Start at  tls_server_new(), tls_accept().
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/slice.h"
#include "base/status.h"

#include <sys/types.h>

struct tls_server;
struct tls_session;

/* PEM files: the certificate with its chain, leaf first, and the unencrypted key. FAULT_INVALID says which file is wrong. */
FALLIBLE tls_server_new(const char *certificate_file, const char *key_file, struct tls_server **ret_server);
/* NULL is fine; always returns NULL. Sessions keep what they need. */
struct tls_server *tls_server_free(struct tls_server *server);
/* Reads both files again; new connections get the new pair, running ones keep theirs. On failure the old pair stays in use.
 * Any thread; blocks on files. */
FALLIBLE tls_server_reload(struct tls_server *server);

/* A session on a connected non-blocking socket, which stays the caller's. Any thread. FAULT_EXHAUSTED without memory. */
FALLIBLE tls_accept(struct tls_server *server, int fd, struct tls_session **ret_session);
/* Sends close_notify when it can do so without waiting. NULL is fine; always returns NULL. */
struct tls_session *tls_session_free(struct tls_session *session);

/* What a call below gives when it moved no bytes. */
enum { TLS_WANT_READ = -1, TLS_WANT_WRITE = -2, TLS_FAILED = -3 };

/* 1 when done, else one of the above. */
int tls_handshake(struct tls_session *session);
/* Bytes moved, 0 for the peer's orderly end (reading only), else one of the above. After TLS_WANT_… on a write, repeat it with
 * at least the same bytes. */
ssize_t tls_read(struct tls_session *session, char *into, size_t size);
ssize_t tls_write(struct tls_session *session, slice bytes);
/* True when bytes lie inside that the socket will not report as readable again. */
bool tls_has_pending(const struct tls_session *session);
/* After the handshake: did ALPN choose HTTP/2? */
bool tls_chose_http2(const struct tls_session *session);

#endif
