/*
 * start: how long a server takes from its start to its first good answer.
 *
 * Starts the program, asks for the path over and over, prints {"ms":…,"pid":…} when 200 comes, keeps the server until its own
 * standard input ends, then ends it with SIGTERM.
 *
 * Usage: bench-start <port> <path> <program> [argument...]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define PAUSE_NS 100000
#define PATIENCE_NS (120 * NS_PER_S)

extern char **environ;

static bool answers(uint16_t port, const char *path)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), len;
	char text[512] = "";
	bool is_good = false;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
		if (send(fd, text, (size_t)len, MSG_NOSIGNAL) == len && recv(fd, text, sizeof(text) - 1, 0) > 12)
			is_good = memcmp(text, "HTTP/1.1 200", 12) == 0;
	}
	if (fd >= 0)
		(void)close(fd); /* the answer is read */
	return is_good;
}

int main(int argc, char **argv)
{
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t begun = ticks_ns(), took;
	uint16_t port;
	int state;
	pid_t pid;

	if (argc < 4)
		DIE("usage: bench-start <port> <path> <program> [argument...]");
	port = (uint16_t)number_of(argv[1]);
	if (posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ))
		DIE("cannot start %s", argv[3]);
	while (!answers(port, argv[2])) {
		if (waitpid(pid, &state, WNOHANG) == pid)
			DIE("%s ended before it answered", argv[3]);
		if (ticks_ns() - begun > PATIENCE_NS) {
			(void)kill(pid, SIGKILL); /* ours */
			DIE("%s did not answer in time", argv[3]);
		}
		(void)nanosleep(&pause, NULL); /* cut short: asked sooner */
	}
	took = ticks_ns() - begun;
	(void)printf("{\"ms\":%.2f,\"pid\":%d}\n", (double)took / 1e6, pid);
	(void)fflush(stdout); /* a lost line shows at its reader */
	while (getchar() != EOF)
		;
	(void)kill(pid, SIGTERM); /* ours, not waited for yet */
	return waitpid(pid, &state, 0) == pid ? 0 : 1;
}
