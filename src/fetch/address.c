/*
 * address: is this socket address out on the public internet?
 *
 * The tables hold what is refused for IPv4, and for IPv6 what is refused inside the one block that is allowed at all
 * (2000::/3, global unicast). Everything outside that block (::1, ::, v4-mapped and -compatible, 64:ff9b::/96, fc00::/7,
 * fe80::/10, ff00::/8, …) needs no row. To add a range: a row in its table and a line in tests/unit/fetch/address.c.
 */
#include "fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct range4 {
	uint32_t base;
	unsigned bits;
};

struct range6 {
	uint64_t base; /* the upper half of the address; no row is narrower than /64 */
	unsigned bits;
};

#define V4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define V6(a, b, c, d) ((uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (uint64_t)(c) << 16 | (uint64_t)(d))

static const struct range4 refused4[] = {
	{ V4(0, 0, 0, 0), 8 },        /* this network, unspecified (RFC 791) */
	{ V4(10, 0, 0, 0), 8 },       /* private (RFC 1918) */
	{ V4(100, 64, 0, 0), 10 },    /* carrier-grade NAT (RFC 6598) */
	{ V4(127, 0, 0, 0), 8 },      /* loopback (RFC 1122) */
	{ V4(168, 63, 129, 16), 32 }, /* a cloud's wire server: outside every private range, yet answers only from inside */
	{ V4(169, 254, 0, 0), 16 },   /* link-local, with the clouds' metadata servers (RFC 3927) */
	{ V4(172, 16, 0, 0), 12 },    /* private (RFC 1918) */
	{ V4(192, 0, 0, 0), 24 },     /* protocol assignments (RFC 6890) */
	{ V4(192, 0, 2, 0), 24 },     /* documentation (RFC 5737) */
	{ V4(192, 88, 99, 0), 24 },   /* 6to4 relays (RFC 7526) */
	{ V4(192, 168, 0, 0), 16 },   /* private (RFC 1918) */
	{ V4(198, 18, 0, 0), 15 },    /* benchmarking (RFC 2544) */
	{ V4(198, 51, 100, 0), 24 },  /* documentation (RFC 5737) */
	{ V4(203, 0, 113, 0), 24 },   /* documentation (RFC 5737) */
	{ V4(224, 0, 0, 0), 4 },      /* multicast (RFC 5771) */
	{ V4(240, 0, 0, 0), 4 },      /* reserved and broadcast (RFC 1112, RFC 919) */
};

static const struct range6 allowed6 = { V6(0x2000, 0, 0, 0), 3 };

static const struct range6 refused6[] = {
	{ V6(0x2001, 0, 0, 0), 23 },     /* protocol assignments: Teredo, benchmarking, ORCHID (RFC 2928) */
	{ V6(0x2001, 0xdb8, 0, 0), 32 }, /* documentation (RFC 3849) */
	{ V6(0x2002, 0, 0, 0), 16 },     /* 6to4: an IPv4 address inside (RFC 3056) */
	{ V6(0x3fff, 0, 0, 0), 20 },     /* documentation (RFC 9637) */
};

static bool is_public4(uint32_t address)
{
	for (size_t i = 0; i < sizeof(refused4) / sizeof(refused4[0]); i++) {
		if ((address ^ refused4[i].base) >> (32 - refused4[i].bits) == 0)
			return false;
	}
	return true;
}

static bool is_inside6(uint64_t upper, const struct range6 *range)
{
	return (upper ^ range->base) >> (64 - range->bits) == 0;
}

static bool is_public6(const struct in6_addr *address)
{
	uint64_t upper = 0;

	for (int i = 0; i < 8; i++)
		upper = upper << 8 | address->s6_addr[i];
	if (!is_inside6(upper, &allowed6))
		return false;
	for (size_t i = 0; i < sizeof(refused6) / sizeof(refused6[0]); i++) {
		if (is_inside6(upper, &refused6[i]))
			return false;
	}
	return true;
}

bool address_is_public(const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (size >= sizeof(in4) && address->sa_family == AF_INET) {
		memcpy(&in4, address, sizeof(in4));
		return is_public4(ntohl(in4.sin_addr.s_addr));
	}
	if (size >= sizeof(in6) && address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof(in6));
		return is_public6(&in6.sin6_addr);
	}
	return false;
}
