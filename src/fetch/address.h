/*
 * address: is this socket address out on the public internet?
 *
 * Promises  a pure function over tables; every range of the IANA special-purpose registries that is not globally reachable is
 *           refused, and so is every form that carries an IPv4 address inside an IPv6 one. What is unknown is not public.
 * Start at  address_is_public().
 */
#ifndef FETCH_ADDRESS_H
#define FETCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for loopback, private, link-local, CGNAT, multicast, unspecified, broadcast, reserved, documentation, benchmarking,
 * unique-local, v4-mapped and -compatible, NAT64, 6to4, Teredo, a cloud's wire server, any other family, and a `size` too
 * short for the family. RFC 6890 and its successors. */
bool address_is_public(const struct sockaddr *address, socklen_t size);

#endif
