/*
 * mail: short letters by SMTP, through one configured server (RFC 5321).
 *
 * Owns      one thread with libcurl's easy interface and a bounded queue.
 * Promises  nobody waits for the mail server; TLS is required but for a server on loopback; recipients and subjects cannot
 * bring header lines; what cannot be delivered is logged without recipient and text, and not tried again: whoever asked asks
 *           again. Letters are wiped when they are gone; those still waiting at shutdown are dropped.
 * Start at  mailer_new(); mailer_send().
 */
#ifndef FETCH_MAIL_H
#define FETCH_MAIL_H

#include "base/slice.h"
#include "base/status.h"

#define MAIL_WAITING_MAX 256
#define MAIL_TEXT_BYTES_MAX ((size_t)16 * 1024)
#define MAIL_LINE_BYTES_MAX 900 /* of a header or a line of the text: RFC 5321 section 4.5.3.1.6 allows 998 */
#define MAIL_TIMEOUT_MS 20000

struct mailer;

/* Copied by mailer_new. */
struct mail_config {
	slice url;            /* smtps://mail.example.com or smtp://mail.example.com:587 */
	slice from;           /* address@example.com */
	slice user, password; /* "": the server asks for none */
	const char *ca_file;  /* trusted besides the system's roots; NULL: none */
};

/* INVALID_ARGUMENT names the configuration key. */
FALLIBLE mailer_new(const struct mail_config *config, struct mailer **ret_mailer);
/* NULL is fine; returns NULL. Ends what is under way within a second. */
struct mailer *mailer_free(struct mailer *mailer);
/* False when MAIL_WAITING_MAX letters wait. Any thread. */
bool mailer_has_room(struct mailer *mailer);
/* to is a canonical address (model/email.h), subject one line of ASCII, text UTF-8 with "\n". RESOURCE_EXHAUSTED when
 * MAIL_WAITING_MAX wait. Any thread; never blocks. */
FALLIBLE mailer_send(struct mailer *mailer, slice to, slice subject, slice text);

#endif
