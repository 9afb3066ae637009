/*
 * mail: the other door to libcurl: letters, one after the other, on a thread of their own.
 */
#include "fetch/mail.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#define ROOTS_FOLDER "/etc/ssl/certs"
#define LETTER_BYTES ((size_t)64 * 1024)
#define ID_BYTES 16
#define DATE_BYTES 64
#define CONNECT_MS 10000L

struct letter {
	STAILQ_ENTRY(letter) link;
	struct arena *arena; /* all of it, this struct too */
	const char *to;      /* "<ada@example.com>" */
	slice text;          /* headers and body, CRLF */
	size_t sent;
};

STAILQ_HEAD(letter_list, letter);
struct mailer {
	struct arena *arena;
	const char *url, *from, *user, *password, *ca_file;
	bool is_loopback;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct letter_list letters; /* under the lock */
	unsigned waiting;           /* under the lock */
	bool is_stopping;           /* under the lock */
};

/* ---- letters ---- */

static struct letter *letter_free(struct letter *letter)
{
	if (letter) {
		if (letter->text.at)
			explicit_bzero((void *)(uintptr_t)letter->text.at, letter->text.len); /* it may hold a link */
		arena_free(letter->arena);
	}
	return NULL;
}

/* One line that cannot become two. */
static bool is_line(slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < 0x20 || text.at[i] > 0x7e)
			return false;
	return text.len > 0 && text.len <= MAIL_LINE_BYTES_MAX;
}

/* RFC 5321 section 4.1.2 without quoting: what may stand between angle brackets as it is. */
static bool is_address(slice text)
{
	size_t ats = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == ' ' || strchr("<>(),;:\\\"[]", text.at[i]))
			return false;
		ats += text.at[i] == '@';
	}
	return is_line(text) && ats == 1 && text.at[0] != '@' && text.at[text.len - 1] != '@';
}

static void add_body(struct buffer *out, slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\n')
			buffer_byte(out, '\r');
		if (text.at[i] != '\r')
			buffer_byte(out, text.at[i]);
	}
	if (text.len == 0 || text.at[text.len - 1] != '\n')
		buffer_text(out, "\r\n");
}

/* RFC 5322 section 3.3; names of days and months are those of the C locale, which a server stays in. */
static FALLIBLE date_text(char into[DATE_BYTES])
{
	time_t now = (time_t)(clock_now_us(&clock_system) / US_PER_S);
	struct tm parts;

	if (!gmtime_r(&now, &parts) || strftime(into, DATE_BYTES, "%a, %d %b %Y %H:%M:%S +0000", &parts) == 0)
		return FAIL(FAULT_INTERNAL, "no date for a letter");
	return OK;
}

static FALLIBLE write_letter(const struct mailer *mailer, slice to, slice subject, slice text, struct letter *letter)
{
	uint8_t id[ID_BYTES];
	char hex[2 * ID_BYTES], date[DATE_BYTES];
	struct buffer out;

	TRY(random_fill(&random_system, id, sizeof(id)));
	hex_encode_into(slice_of(id, sizeof(id)), hex);
	TRY(date_text(date));
	buffer_init(&out, letter->arena, LETTER_BYTES);
	buffer_printf(&out, "Date: %s\r\nFrom: %s\r\nTo: <%.*s>\r\nSubject: %.*s\r\n", date, mailer->from, SLICE_ARG(to),
		      SLICE_ARG(subject));
	buffer_printf(&out, "Message-ID: <%.*s@%s\r\nAuto-Submitted: auto-generated\r\n", (int)sizeof(hex), hex,
		      strchr(mailer->from, '@') + 1);
	buffer_text(&out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
			  "Content-Transfer-Encoding: 8bit\r\n\r\n");
	add_body(&out, text);
	letter->to = arena_printf(letter->arena, "<%.*s>", SLICE_ARG(to));
	if (buffer_failed(&out) || !letter->to)
		return FAIL(FAULT_EXHAUSTED, "the letter is too large");
	letter->text = buffer_slice(&out);
	return OK;
}

static FALLIBLE letter_new(const struct mailer *mailer, slice to, slice subject, slice text, struct letter **ret_letter)
{
	struct arena *arena = arena_new(2 * LETTER_BYTES);
	struct letter *letter = arena ? NEW(arena, struct letter) : NULL;
	status result;

	if (!letter) {
		arena_free(arena);
		return FAIL(FAULT_EXHAUSTED, "no memory for a letter");
	}
	*letter = (struct letter){ .arena = arena };
	result = write_letter(mailer, to, subject, text, letter);
	if (FAILED(result)) {
		letter_free(letter);
		return result;
	}
	*ret_letter = letter;
	return OK;
}

bool mailer_has_room(struct mailer *mailer)
{
	bool has_room;

	pthread_mutex_lock(&mailer->lock);
	has_room = mailer->waiting < MAIL_WAITING_MAX;
	pthread_mutex_unlock(&mailer->lock);
	return has_room;
}

FALLIBLE mailer_send(struct mailer *mailer, slice to, slice subject, slice text)
{
	struct letter *letter;
	bool taken;

	if (!is_address(to) || !is_line(subject) || text.len > MAIL_TEXT_BYTES_MAX || !slice_is_text(text))
		return FAIL(FAULT_INTERNAL, "no letter: a recipient, a subject or a text of the wrong form");
	TRY(letter_new(mailer, to, subject, text, &letter));
	pthread_mutex_lock(&mailer->lock);
	taken = mailer->waiting < MAIL_WAITING_MAX && !mailer->is_stopping;
	if (taken) {
		STAILQ_INSERT_TAIL(&mailer->letters, letter, link);
		mailer->waiting++;
		pthread_cond_signal(&mailer->wake);
	}
	pthread_mutex_unlock(&mailer->lock);
	if (!taken) {
		letter_free(letter);
		return FAIL(FAULT_EXHAUSTED, "too many letters wait for the mail server; try again later");
	}
	return OK;
}

/* ---- the thread ---- */

static size_t give(char *into, size_t size, size_t count, void *user)
{
	struct letter *letter = user;
	size_t left = letter->text.len - letter->sent, part = size * count < left ? size * count : left;

	memcpy(into, letter->text.at + letter->sent, part);
	letter->sent += part;
	return part;
}

static int stop_if_asked(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct mailer *mailer = user;
	bool is_stopping;

	(void)a, (void)b, (void)c, (void)d; /* how far it is does not matter */
	pthread_mutex_lock(&mailer->lock);
	is_stopping = mailer->is_stopping;
	pthread_mutex_unlock(&mailer->lock);
	return is_stopping;
}

#define SET(option, value)                                                 \
	do {                                                               \
		CURLcode set_ = curl_easy_setopt(easy, (option), (value)); \
		if (set_ != CURLE_OK)                                      \
			return set_;                                       \
	} while (0)

static CURLcode set_up(CURL *easy, struct mailer *mailer, struct letter *letter, struct curl_slist *to)
{
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_URL, mailer->url);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_USE_SSL, (long)(mailer->is_loopback ? CURLUSESSL_TRY : CURLUSESSL_ALL));
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAPATH, ROOTS_FOLDER);
	SET(CURLOPT_CAINFO, mailer->ca_file);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)MAIL_TIMEOUT_MS);
	if (mailer->user) {
		SET(CURLOPT_USERNAME, mailer->user);
		SET(CURLOPT_PASSWORD, mailer->password);
	}
	SET(CURLOPT_MAIL_FROM, mailer->from);
	SET(CURLOPT_MAIL_RCPT, to);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_READFUNCTION, give);
	SET(CURLOPT_READDATA, letter);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, stop_if_asked);
	SET(CURLOPT_XFERINFODATA, mailer);
	return CURLE_OK;
}

static void deliver(struct mailer *mailer, struct letter *letter)
{
	CURL *easy = curl_easy_init();
	struct curl_slist *to = curl_slist_append(NULL, letter->to);
	CURLcode code = easy && to ? set_up(easy, mailer, letter, to) : CURLE_OUT_OF_MEMORY;

	if (code == CURLE_OK)
		code = curl_easy_perform(easy);
	if (code != CURLE_OK)
		LOG(LOG_WARN, "a letter was not delivered", LOG_TEXT("server", slice_str(mailer->url)),
		    LOG_TEXT("error", slice_str(curl_easy_strerror(code))));
	curl_slist_free_all(to);
	curl_easy_cleanup(easy);
}

static struct letter *take(struct mailer *mailer)
{
	struct letter *letter;

	pthread_mutex_lock(&mailer->lock);
	while (STAILQ_EMPTY(&mailer->letters) && !mailer->is_stopping)
		pthread_cond_wait(&mailer->wake, &mailer->lock);
	letter = mailer->is_stopping ? NULL : STAILQ_FIRST(&mailer->letters);
	if (letter) {
		STAILQ_REMOVE_HEAD(&mailer->letters, link);
		mailer->waiting--;
	}
	pthread_mutex_unlock(&mailer->lock);
	return letter;
}

static void *serve(void *arg)
{
	struct mailer *mailer = arg;
	struct letter *letter;

	while ((letter = take(mailer))) {
		deliver(mailer, letter);
		letter_free(letter);
	}
	return NULL;
}

/* ---- making it ---- */

static bool is_host(slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
		      c == ':'))
			return false;
	}
	return text.len > 0;
}

static FALLIBLE read_url(struct mailer *mailer, slice url)
{
	slice rest = slice_starts(url, SLICE("smtps://"))  ? slice_from(url, 8)
		     : slice_starts(url, SLICE("smtp://")) ? slice_from(url, 7)
							   : SLICE("");

	if (!is_host(rest))
		return FAIL_FIELD("smtp.url", "must be smtps://HOST or smtp://HOST:PORT");
	mailer->is_loopback = slice_starts(rest, SLICE("127.0.0.1:")) || slice_is(rest, "127.0.0.1") ||
			      slice_starts(rest, SLICE("localhost:")) || slice_is(rest, "localhost");
	mailer->url = arena_text(mailer->arena, url);
	TRY_NEW(mailer->url);
	return OK;
}

static FALLIBLE fill(struct mailer *mailer, const struct mail_config *config)
{
	TRY(read_url(mailer, config->url));
	if (!is_address(config->from))
		return FAIL_FIELD("smtp.from", "must be one e-mail address, such as reeve@example.com");
	if ((config->user.len > 0) != (config->password.len > 0))
		return FAIL_FIELD("smtp.user", "a user needs smtp.password, and a password a user");
	mailer->from = arena_printf(mailer->arena, "<%.*s>", SLICE_ARG(config->from));
	TRY_NEW(mailer->from);
	if (config->user.len) {
		mailer->user = arena_text(mailer->arena, config->user);
		mailer->password = arena_text(mailer->arena, config->password);
		TRY_NEW(mailer->user);
		TRY_NEW(mailer->password);
	}
	mailer->ca_file = config->ca_file ? arena_text(mailer->arena, slice_str(config->ca_file)) : NULL;
	return OK;
}

static FALLIBLE start(struct mailer *mailer)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all); /* signals are for the main loop */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&mailer->thread, NULL, serve, mailer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed ? FAIL(FAULT_INTERNAL, "cannot start the mail thread") : OK;
}

static struct mailer *drop(struct mailer *mailer)
{
	pthread_cond_destroy(&mailer->wake);
	pthread_mutex_destroy(&mailer->lock);
	arena_free(mailer->arena);
	return mem_free(mailer);
}

FALLIBLE mailer_new(const struct mail_config *config, struct mailer **ret_mailer)
{
	struct mailer *mailer = NEW_ZERO(struct mailer);
	status result;

	if (!mailer)
		return FAIL(FAULT_EXHAUSTED, "no memory for mail");
	STAILQ_INIT(&mailer->letters);
	pthread_mutex_init(&mailer->lock, NULL);
	pthread_cond_init(&mailer->wake, NULL);
	mailer->arena = arena_new(LETTER_BYTES);
	result = mailer->arena ? fill(mailer, config) : FAIL(FAULT_EXHAUSTED, "no memory for mail");
	if (!FAILED(result))
		result = start(mailer);
	if (FAILED(result)) {
		drop(mailer);
		return result;
	}
	*ret_mailer = mailer;
	return OK;
}

struct mailer *mailer_free(struct mailer *mailer)
{
	struct letter *letter;

	if (!mailer)
		return NULL;
	pthread_mutex_lock(&mailer->lock);
	mailer->is_stopping = true;
	pthread_cond_signal(&mailer->wake);
	pthread_mutex_unlock(&mailer->lock);
	pthread_join(mailer->thread, NULL);
	while ((letter = STAILQ_FIRST(&mailer->letters))) {
		STAILQ_REMOVE_HEAD(&mailer->letters, link);
		letter_free(letter);
	}
	return drop(mailer);
}
