/*
 * Letters: none goes in clear past this machine, and nothing that is put into one makes a line of its own.
 */
#include "test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "fetch/mail.h"

/* -- a server without TLS that takes one connection and keeps what it hears ---------------------------------------- */

static int listener;
static char heard[65536];
static _Atomic size_t heard_len;
static _Atomic bool is_over;

static void *serve(void *arg)
{
	int fd = accept(listener, NULL, NULL);
	ssize_t n = 0;
	bool in_data = false;

	CHECK(fd >= 0 && send(fd, "220 here\r\n", 10, MSG_NOSIGNAL) == 10);
	while (heard_len < sizeof(heard) - 1 && (n = recv(fd, heard + heard_len, sizeof(heard) - 1 - heard_len, 0)) > 0) {
		const char *answer = "250 ok\r\n", *now = heard + heard_len;
		heard_len += (size_t)n;
		if (strncmp(now, "EHLO", 4) == 0)
			answer = "250-here\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n";
		else if (strncmp(now, "STARTTLS", 8) == 0)
			answer = "502 no\r\n";
		else if (strncmp(now, "AUTH", 4) == 0)
			answer = "334 \r\n";
		else if (strncmp(now, "AHVz", 4) == 0) /* "\0us…" in base64 */
			answer = "235 ok\r\n";
		else if (strncmp(now, "DATA", 4) == 0 && (in_data = true))
			answer = "354 go on\r\n";
		else if (in_data && !strstr(heard, "\r\n.\r\n"))
			continue;
		(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	}
	(void)close(fd);
	is_over = true;
	return arg;
}

/* Sends one letter through a server at this address and waits until it has heard all; what it heard stands in `heard`. */
static void send_through(const char *host)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct mail_config config = { .from = SLICE("reeve@example.com"), .user = SLICE("us"), .password = SLICE("secret") };
	socklen_t len = sizeof(address);
	struct mailer *mailer;
	pthread_t thread;
	char url[64];

	memset(heard, 0, sizeof(heard));
	heard_len = 0;
	is_over = false;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(inet_pton(AF_INET, host, &address.sin_addr), 1);
	CHECK_INT(bind(listener, (struct sockaddr *)&address, len), 0);
	CHECK_INT(listen(listener, 8), 0);
	CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(url, sizeof(url), "smtp://%s:%u", host, ntohs(address.sin_port));
	config.url = slice_str(url);
	CHECK_INT(pthread_create(&thread, NULL, serve, NULL), 0);
	CHECK_OK(mailer_new(&config, &mailer));
	log_set_fd(-1);
	CHECK_OK(mailer_send(mailer, SLICE("ada@example.com"), SLICE("A link"), SLICE("first\n.second\n")));
	for (int i = 0; i < 1000 && !is_over; i++)
		usleep(5000);
	CHECK(is_over);
	CHECK_INT(pthread_join(thread, NULL), 0);
	(void)mailer_free(mailer);
	log_set_fd(2);
	(void)close(listener);
}

TEST(a_server_on_this_machine_is_written_to_in_clear)
{
	send_through("127.0.0.1");
	CHECK(strstr(heard, "AUTH PLAIN") && strstr(heard, "MAIL FROM:<reeve@example.com>") &&
	      strstr(heard, "RCPT TO:<ada@example.com>"));
	CHECK(strstr(heard, "\r\nSubject: A link\r\n") && strstr(heard, "\r\n\r\nfirst\r\n..second\r\n.\r\n"));
}

/* Any other address stands for the world. */
TEST(no_other_server_hears_a_password_or_a_letter_without_tls)
{
	send_through("127.0.0.2");
	CHECK(strstr(heard, "EHLO"));
	CHECK(!strstr(heard, "AUTH") && !strstr(heard, "MAIL") && !strstr(heard, "RCPT") && !strstr(heard, "first"));
}

TEST(what_would_make_a_line_of_its_own_is_no_letter)
{
	static const char *const to[] = { "a@b.example\r\nBcc: eve@evil.example",
					  "a@b.example>",
					  "a@b.example,eve@evil.example",
					  "a@b@c",
					  "@b",
					  "a@",
					  "a b@c",
					  "",
					  "a@\x80" },
				 *const subjects[] = { "A\r\nBcc: eve@evil.example", "A\nB", "A\rB", "", "A\x01", "\xc3\xa4" };
	struct mail_config config = { .url = SLICE("smtp://127.0.0.1:9"), .from = SLICE("reeve@example.com") };
	slice good = SLICE("ada@example.com");
	struct mailer *mailer;

	CHECK_OK(mailer_new(&config, &mailer));
	for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++)
		CHECK_FAULT(FAULT_INTERNAL, mailer_send(mailer, slice_str(to[i]), SLICE("A"), SLICE("text")));
	for (size_t i = 0; i < sizeof(subjects) / sizeof(*subjects); i++)
		CHECK_FAULT(FAULT_INTERNAL, mailer_send(mailer, good, slice_str(subjects[i]), SLICE("text")));
	CHECK_FAULT(FAULT_INTERNAL, mailer_send(mailer, good, SLICE("A"), SLICE("\xff")));
	(void)mailer_free(mailer);
}

TEST(a_configuration_that_says_something_else_is_refused_by_its_key)
{
	static const struct mail_config wrong[] = {
		{ .url = SLICE("http://mail.example"), .from = SLICE("a@b") },
		{ .url = SLICE("smtp://"), .from = SLICE("a@b") },
		{ .url = SLICE("smtp://user@mail.example"), .from = SLICE("a@b") },
		{ .url = SLICE("smtp://mail.example/path"), .from = SLICE("a@b") },
		{ .url = SLICE("smtp://mail.example"), .from = SLICE("a") },
		{ .url = SLICE("smtp://mail.example"), .from = SLICE("a@b"), .user = SLICE("u") },
		{ .url = SLICE("smtp://mail.example"), .from = SLICE("a@b"), .password = SLICE("p") },
	};
	struct mailer *mailer;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		CHECK_FAULT(FAULT_INVALID, mailer_new(&wrong[i], &mailer));
		CHECK(strncmp(report_current()->field, "smtp.", 5) == 0);
	}
}

TESTS(a_server_on_this_machine_is_written_to_in_clear, no_other_server_hears_a_password_or_a_letter_without_tls,
      what_would_make_a_line_of_its_own_is_no_letter, a_configuration_that_says_something_else_is_refused_by_its_key)
