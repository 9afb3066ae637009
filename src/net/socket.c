#include "net/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */
#define HOST_BYTES 64

/* Splits at the last colon; brackets around an IPv6 address are taken off. */
static bool split(slice text, slice *ret_host, slice *ret_port)
{
	size_t at = text.len;

	while (at && text.at[at - 1] != ':')
		at--;
	if (at == 0)
		return false;
	*ret_port = slice_from(text, at);
	*ret_host = slice_to(text, at - 1);
	if (ret_host->len >= 2 && ret_host->at[0] == '[') {
		if (ret_host->at[ret_host->len - 1] != ']')
			return false;
		*ret_host = slice_of(ret_host->at + 1, ret_host->len - 2);
		return ret_host->len > 0;
	}
	return slice_find(*ret_host, ':') == ret_host->len; /* a bare IPv6 address is ambiguous */
}

static bool fill(slice host, uint16_t port, struct socket_address *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&ret->storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&ret->storage;
	char text[HOST_BYTES];

	if (host.len >= sizeof(text))
		return false;
	if (host.len)
		memcpy(text, host.at, host.len);
	text[host.len] = '\0';
	*ret = (struct socket_address){ .len = sizeof(*v4) };
	if (slice_is(host, "localhost"))
		memcpy(text, "127.0.0.1", sizeof("127.0.0.1"));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return true;
	}
	*ret = (struct socket_address){ .len = sizeof(*v6) };
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	v6->sin6_addr = in6addr_any;
	return host.len == 0 || inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

FALLIBLE socket_address_parse(const char *field, slice text, struct socket_address *ret_address)
{
	struct socket_address address;
	slice host, port_text;
	uint64_t port;

	if (!split(text, &host, &port_text))
		return FAIL_FIELD(field, "must be address:port, such as 127.0.0.1:8080 or [::1]:8080");
	if (!slice_number(port_text, UINT16_MAX, &port))
		return FAIL_FIELD(field, "the port must be a number from 0 to 65535");
	if (!fill(host, (uint16_t)port, &address))
		return FAIL_FIELD(field, "the address must be numeric, or localhost, or empty for all");
	*ret_address = address;
	return OK;
}

static bool set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* TCP_NODELAY is inherited by accepted sockets: we write whole answers. */
static bool prepare(int fd, int family, bool shared)
{
	return set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) && (!shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
	       set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
	       (family != AF_INET6 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
}

/* A kernel without IPv6 still serves every IPv4 address under ":port". */
static bool without_ipv6(const struct socket_address *address, struct socket_address *ret_v4)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address->storage;

	return errno == EAFNOSUPPORT && address->storage.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) &&
	       fill(SLICE("0.0.0.0"), ntohs(v6->sin6_port), ret_v4);
}

static uint16_t port_of(const struct sockaddr_storage *bound)
{
	if (bound->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)bound)->sin_port);
	return bound->ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)(const void *)bound)->sin6_port) : 0;
}

static status refused(const char *field, const struct socket_address *address, int why)
{
	bool is_v6 = address->storage.ss_family == AF_INET6;
	struct socket_peer shown;

	socket_peer_of(address, &shown);
	return FAIL(FAULT_UNAVAILABLE, "%s: cannot listen on %s%s%s:%u: %s%s", field, is_v6 ? "[" : "", shown.text,
		    is_v6 ? "]" : "", port_of(&address->storage), strerror(why),
		    why == EADDRINUSE ? "; another program listens there: end it, or choose another port" : "");
}

/* Returns 0, or the errno of what went wrong. */
static int open_listening(const struct socket_address *address, bool shared, int *ret_fd)
{
	struct socket_address v4;
	int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), why;

	if (fd < 0)
		return without_ipv6(address, &v4) ? open_listening(&v4, shared, ret_fd) : errno;
	if (!prepare(fd, address->storage.ss_family, shared) ||
	    bind(fd, (const struct sockaddr *)&address->storage, address->len) != 0 || listen(fd, BACKLOG) != 0) {
		why = errno;
		(void)close(fd); /* nothing was sent on it */
		return why;
	}
	*ret_fd = fd;
	return 0;
}

FALLIBLE socket_claim(const char *field, const struct socket_address *address)
{
	int fd = -1, why = open_listening(address, false, &fd);

	if (why)
		return refused(field, address, why);
	(void)close(fd); /* nobody connects in between: the first real one follows at once */
	return OK;
}

FALLIBLE socket_listen(const char *field, const struct socket_address *address, int *ret_fd)
{
	int why = open_listening(address, true, ret_fd);

	return why ? refused(field, address, why) : OK;
}

uint16_t socket_port(int fd)
{
	struct sockaddr_storage bound = { 0 };
	socklen_t len = sizeof(bound);

	return getsockname(fd, (struct sockaddr *)&bound, &len) == 0 ? port_of(&bound) : 0;
}

static bool v4_is_loopback(const struct in_addr *v4)
{
	return (ntohl(v4->s_addr) >> 24) == 127;
}

void socket_peer_of(const struct socket_address *address, struct socket_peer *ret_peer)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address->storage;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address->storage;
	struct in_addr inner;

	*ret_peer = (struct socket_peer){ .text = "unknown" };
	if (address->storage.ss_family == AF_INET) {
		(void)inet_ntop(AF_INET, &v4->sin_addr, ret_peer->text, sizeof(ret_peer->text)); /* the room suffices */
		ret_peer->is_loopback = v4_is_loopback(&v4->sin_addr);
	} else if (address->storage.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		memcpy(&inner, v6->sin6_addr.s6_addr + 12, sizeof(inner));
		(void)inet_ntop(AF_INET, &inner, ret_peer->text, sizeof(ret_peer->text)); /* the room suffices */
		ret_peer->is_loopback = v4_is_loopback(&inner);
	} else if (address->storage.ss_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &v6->sin6_addr, ret_peer->text, sizeof(ret_peer->text)); /* the room suffices */
		ret_peer->is_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	} else if (address->storage.ss_family == AF_UNIX) {
		*ret_peer = (struct socket_peer){ .text = "unix", .is_loopback = true };
	}
}
