/*
 * connect: a load generator's connection to the measured server.
 */
#ifndef BENCH_CONNECT_H
#define BENCH_CONNECT_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench.h"

/* Its descriptor, without Nagle's delay; epoll gives `connection` when there is something to read. */
static inline int connect_to(uint16_t port, int epoll, void *connection)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		DIE("cannot connect to port %u: %s", port, strerror(errno));
	return fd;
}

#endif
