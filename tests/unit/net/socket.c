#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "net/socket.h"

static struct socket_peer peer_of(const char *text)
{
	struct socket_address address;
	struct socket_peer peer;

	CHECK_OK(socket_address_parse("listen", slice_str(text), &address));
	socket_peer_of(&address, &peer);
	return peer;
}

TEST(addresses_are_numbers_and_a_port)
{
	static const char *const bad[] = {
		"",       "8080",  "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:08", "example.com:80",
		"::1:80", "[::1]", "[::1:80",   "[]:80",      "1.2.3:80",        "127.0.0.1:-1", "127.0.0.1 :80"
	};
	static const char *const good[] = { ":0", "127.0.0.1:8080", "localhost:1", "[::1]:8080", "[::]:65535", "0.0.0.0:0" };
	struct socket_address address;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_FAULT(FAULT_INVALID, socket_address_parse("listen", slice_str(bad[i]), &address));
	assert_string_equal(report_current()->field, "listen");
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK_OK(socket_address_parse("listen", slice_str(good[i]), &address));
}

TEST(a_peer_is_loopback_by_its_address_alone)
{
	CHECK(peer_of("127.0.0.1:1").is_loopback && peer_of("127.9.9.9:1").is_loopback && peer_of("[::1]:1").is_loopback);
	CHECK(peer_of("[::ffff:127.0.0.1]:1").is_loopback);
	CHECK(!peer_of("128.0.0.1:1").is_loopback && !peer_of("[::]:1").is_loopback &&
	      !peer_of("[::ffff:10.0.0.1]:1").is_loopback);
	assert_string_equal(peer_of("[::ffff:10.1.2.3]:1").text, "10.1.2.3");
	assert_string_equal(peer_of("[2001:db8::5]:1").text, "2001:db8::5");
}

static FALLIBLE claim_every_address(uint16_t port)
{
	struct socket_address address;
	char text[32];

	(void)snprintf(text, sizeof(text), ":%u", port); /* fits */
	TRY(socket_address_parse("listen", slice_str(text), &address));
	return socket_claim("listen", &address);
}

TEST(two_sockets_may_listen_on_one_port)
{
	struct socket_address address, again;
	char text[32];
	int first, second;

	CHECK_OK(socket_address_parse("listen", SLICE("127.0.0.1:0"), &address));
	CHECK_OK(socket_listen("listen", &address, &first));
	CHECK(socket_port(first) != 0);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", socket_port(first)); /* fits */
	CHECK_OK(socket_address_parse("listen", slice_str(text), &again));
	CHECK_OK(socket_listen("listen", &again, &second));
	CHECK_INT(socket_port(second), socket_port(first));
	close(first);
	close(second);
}

/* A socket that others listen beside is as taken as one of another program. */
TEST(an_address_where_somebody_listens_is_claimed_by_no_second_server)
{
	struct socket_address address, taken;
	char text[32];
	int fd;

	CHECK_OK(socket_address_parse("listen", SLICE("127.0.0.1:0"), &address));
	CHECK_OK(socket_listen("listen", &address, &fd));
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", socket_port(fd)); /* fits */
	CHECK_OK(socket_address_parse("listen", slice_str(text), &taken));
	CHECK_FAULT(FAULT_UNAVAILABLE, socket_claim("listen", &taken));
	CHECK(strstr(report_current()->text, text) && strstr(report_current()->text, "listen: "));
	CHECK_FAULT(FAULT_UNAVAILABLE, claim_every_address(socket_port(fd)));
	CHECK(strstr(report_current()->text, "[::]:"));
	close(fd);
	CHECK_OK(socket_claim("listen", &taken));
	CHECK_OK(socket_claim("listen", &taken)); /* and leaves nothing behind */
}

TEST(an_address_that_is_not_ours_is_refused_with_the_reason)
{
	struct socket_address address;
	int fd;

	CHECK_OK(socket_address_parse("listen", SLICE("192.0.2.1:0"), &address));
	CHECK_FAULT(FAULT_UNAVAILABLE, socket_listen("listen", &address, &fd));
	CHECK(strstr(report_current()->text, "annot assign"));
}

TESTS(addresses_are_numbers_and_a_port, a_peer_is_loopback_by_its_address_alone, two_sockets_may_listen_on_one_port,
      an_address_where_somebody_listens_is_claimed_by_no_second_server, an_address_that_is_not_ours_is_refused_with_the_reason)
