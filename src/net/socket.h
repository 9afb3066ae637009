/*
 * socket: listening sockets and the addresses of peers.
 *
 * Promises  sockets are non-blocking and close-on-exec; no name is ever looked up.
 * Start at  socket_listen().
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "base/slice.h"
#include "base/status.h"

#include <sys/socket.h>

struct socket_address {
	struct sockaddr_storage storage;
	socklen_t len;
};

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (127.0.0.1) or ":8080" (every address, IPv4 and IPv6). Port 0 lets the
 * kernel choose. FAULT_INVALID names the field given (a configuration key, say). */
FALLIBLE socket_address_parse(const char *field, slice text, struct socket_address *ret_address);

/* Is the address free? Sockets of socket_listen() share theirs with every other one of this user, other processes' included
 * (SO_REUSEPORT, socket(7)), and the kernel would spread clients between two servers unnoticed: so a process claims each
 * address before its first socket_listen(). FAULT_UNAVAILABLE names the field given and the address. Two processes that claim
 * within the same instant may both succeed. */
FALLIBLE socket_claim(const char *field, const struct socket_address *address);

/* Several sockets may listen on one address: one per loop, the kernel spreads the connections. [::] takes IPv4 too.
 * FAULT_UNAVAILABLE as above. The caller owns the descriptor. */
FALLIBLE socket_listen(const char *field, const struct socket_address *address, int *ret_fd);
/* The port a bound socket has; 0 when it has none. */
uint16_t socket_port(int fd);

#define SOCKET_PEER_BYTES 46

struct socket_peer {
	char text[SOCKET_PEER_BYTES]; /* address without port or scope, NUL-terminated; IPv4-mapped is shown as IPv4; "unix" */
	bool is_loopback;             /* 127.0.0.0/8, ::1, or a local socket */
};

void socket_peer_of(const struct socket_address *address, struct socket_peer *ret_peer);

#endif
