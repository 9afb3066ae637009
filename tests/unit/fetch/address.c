#include "test.h"

#include "fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static bool is_public(const char *text)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		return address_is_public((const struct sockaddr *)&in4, sizeof(in4));
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return address_is_public((const struct sockaddr *)&in6, sizeof(in6));
}

/* Each row: the last public address below a refused range, its first and its last, and the first public one above. NULL where
 * the neighbour is refused by another range. */
static const struct edge {
	const char *below, *first, *last, *above;
} edges[] = {
	{ NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0" },
	{ "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0" },
	{ "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0" },
	{ "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0" },
	{ "168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17" },
	{ "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0" },
	{ "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0" },
	{ "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0" },
	{ "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0" },
	{ "192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0" },
	{ "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0" },
	{ "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0" },
	{ "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0" },
	{ "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0" },
	{ "223.255.255.255", "224.0.0.0", "239.255.255.255", NULL },
	{ NULL, "240.0.0.0", "255.255.255.255", NULL },
	/* all of IPv6 that is not global unicast */
	{ NULL, "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::" },
	{ "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::" },
	{ "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::" },
	{ "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::" },
	{ "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::" },
};

TEST(every_refused_range_ends_exactly_at_its_edges)
{
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		print_message("range %s to %s\n", edges[i].first, edges[i].last);
		CHECK(!edges[i].below || is_public(edges[i].below));
		CHECK(!is_public(edges[i].first));
		CHECK(!is_public(edges[i].last));
		CHECK(!edges[i].above || is_public(edges[i].above));
	}
}

TEST(well_known_public_servers_are_public)
{
	CHECK(is_public("140.82.121.4"));
	CHECK(is_public("8.8.8.8"));
	CHECK(is_public("2606:50c0:8000::153"));
	CHECK(is_public("2a00:1450:4001:80b::200a"));
}

TEST(cve_2026_49478_no_ipv6_form_smuggles_a_private_ipv4_address)
{
	static const char *const forms[] = {
		"::1",                    /* loopback */
		"::ffff:127.0.0.1",       /* v4-mapped */
		"::ffff:169.254.169.254", /* v4-mapped metadata server */
		"::ffff:8.8.8.8",         /* mapped, even when the inner address is public */
		"::127.0.0.1",            /* v4-compatible */
		"::ffff:0:127.0.0.1",     /* v4-translated (SIIT) */
		"64:ff9b::127.0.0.1",     /* NAT64 */
		"64:ff9b:1::10.0.0.1",    /* local NAT64 */
		"2002:7f00:1::",          /* 6to4 of 127.0.0.1 */
		"2001:0:7f00:1::",        /* Teredo */
		"fe80::1",                /* link-local */
		"fec0::1",                /* site-local */
		"fc00::1",
		"fd00:ec2::254", /* unique local; a cloud's metadata server */
		"ff02::1",       /* multicast */
		"100::1",        /* discard */
		"5f00::1",       /* segment routing */
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		print_message("%s\n", forms[i]);
		CHECK(!is_public(forms[i]));
	}
}

TEST(an_address_of_another_family_or_too_short_is_not_public)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	CHECK_INT(inet_pton(AF_INET, "8.8.8.8", &in4.sin_addr), 1);
	CHECK_INT(inet_pton(AF_INET6, "2606:50c0:8000::153", &in6.sin6_addr), 1);
	CHECK(!address_is_public((const struct sockaddr *)&un, sizeof(un)));
	CHECK(!address_is_public((const struct sockaddr *)&in4, sizeof(in4) - 1));
	CHECK(!address_is_public((const struct sockaddr *)&in6, sizeof(in6) - 1));
	CHECK(!address_is_public((const struct sockaddr *)&in4, 0));
}

TESTS(every_refused_range_ends_exactly_at_its_edges, well_known_public_servers_are_public,
      cve_2026_49478_no_ipv6_form_smuggles_a_private_ipv4_address, an_address_of_another_family_or_too_short_is_not_public)
