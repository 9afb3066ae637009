/*
 * load: sends prepared HTTP/1.1 requests over kept connections as fast as they are answered; for calls that must differ from
 * each other (distinct tokens, distinct rows), which wrk cannot send.
 *
 * The file holds requests one after the other, each after a line with its length. They are sent in order; after the last one
 * comes the first again, unless "once" is said: then it ends there.
 *
 * Usage: bench-load <port> <connections> <warm-up s> <seconds> <file> [once] [rest <us>] [follow <text> <into>]
 *                   [save <member> <into>]
 *
 *        rest: a connection's next request goes out so long after its last answer; the program sleeps meanwhile
 *
 *        follow: each connection has one request; the token after that text in an answer is the bearer of its next one, and
 *        the last ones are written into a file, one a line
 *
 *        save: the text of that member of each JSON answer is appended to a file, one a line
 *
 * Prints one JSON object: answers while measured, their rate and latencies, answers in all, those other than 200.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "connect.h"

#include "base/slice.h"

#define CONNECTIONS_MAX 1024
#define ANSWER_BYTES 65536
#define LATENCIES_MAX 8000000
#define EVENTS 64
#define REQUEST_BYTES 8192
#define LAST_NS (5 * NS_PER_S) /* for the answers on their way */
#define BEARER "Bearer "

struct connection {
	int fd;
	int64_t sent_ns, due_ns; /* due: when its next request goes out; 0: it waits for an answer */
	size_t have, request_len;
	char request[REQUEST_BYTES]; /* when it follows: its own next one */
	char answer[ANSWER_BYTES];
};

static struct connection connections[CONNECTIONS_MAX];
static slice *requests;
static size_t request_count, next_request;
static bool is_once;
static int64_t rest_ns; /* between an answer and the connection's next request */
static size_t waiting;  /* connections without their answer */
static bool is_over;
static const char *follow; /* the text before the token that an answer gives for the connection's next request */
static FILE *saved;
static char member[64]; /* "name":" */

static uint32_t latencies[LATENCIES_MAX];
static size_t latency_count, total, refused;
static int64_t measure_from_ns, end_ns;

/* Where the text stands in s; s.len when it does not. */
static size_t find_text(slice s, const char *text)
{
	const char *at = s.len ? memmem(s.at, s.len, text, strlen(text)) : NULL;

	return at ? (size_t)(at - s.at) : s.len;
}

/* ---- requests ---- */

static void read_requests(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat info;
	slice rest, line;
	const char *at;
	size_t room = 1024;

	if (fd < 0 || fstat(fd, &info) || info.st_size == 0)
		DIE("%s holds no requests", path);
	at = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		DIE("%s: %s", path, strerror(errno));
	requests = malloc(room * sizeof(*requests));
	rest = slice_of(at, (size_t)info.st_size);
	while (requests && slice_cut(rest, '\n', &line, &rest)) {
		uint64_t len;
		if (!slice_number(line, rest.len, &len))
			DIE("%s: a length is missing", path);
		if (request_count == room) {
			room *= 2;
			requests = realloc(requests, room * sizeof(*requests));
		}
		if (requests)
			requests[request_count++] = slice_to(rest, len);
		rest = slice_from(rest, len);
	}
	if (!requests)
		DIE("no memory");
	(void)close(fd); /* the mapping stays */
}

static slice request_of(struct connection *connection)
{
	if (follow)
		return slice_of(connection->request, connection->request_len);
	return requests[next_request % request_count];
}

/* The first request with this token in the place of its own. */
static void put_token(struct connection *connection, slice token)
{
	slice first = requests[(size_t)(connection - connections) % request_count], after;
	size_t at = find_text(first, BEARER) + strlen(BEARER);
	int n;

	if (at > first.len)
		DIE("a request without a token");
	after = slice_from(first, at);
	after = slice_from(after, find_text(after, "\r"));
	n = snprintf(connection->request, REQUEST_BYTES, "%.*s%.*s%.*s", (int)at, first.at, SLICE_ARG(token), SLICE_ARG(after));
	if (n < 0 || n >= REQUEST_BYTES)
		DIE("a request is too long");
	connection->request_len = (size_t)n;
}

static void send_next(struct connection *connection)
{
	slice request;

	if (next_request == request_count && is_once) {
		end_ns = 0;
		return;
	}
	request = request_of(connection);
	next_request++;
	connection->have = 0;
	connection->due_ns = 0;
	connection->sent_ns = ticks_ns();
	waiting++;
	/* Requests are small and one at a time: the socket's buffer takes them whole. */
	if (send(connection->fd, request.at, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
		DIE("cannot send a request: %s", strerror(errno));
}

/* ---- answers ---- */

static void save_member(slice body)
{
	size_t at = find_text(body, member);
	slice value, rest;

	if (!saved || at == body.len)
		return;
	if (slice_cut(slice_from(body, at + strlen(member)), '"', &value, &rest))
		(void)fprintf(saved, "%.*s\n", SLICE_ARG(value));
}

/* What the answer gives for the next request. */
static void take_token(struct connection *connection, slice body)
{
	size_t at = find_text(body, follow);
	slice token, rest;

	if (at == body.len || !slice_cut(slice_from(body, at + strlen(follow)), '"', &token, &rest))
		DIE("an answer gives no token:\n%.*s", SLICE_ARG(body));
	put_token(connection, token);
}

static void count_answer(struct connection *connection, slice body)
{
	int64_t now = ticks_ns(), took = now - connection->sent_ns;

	total++;
	if (memcmp(connection->answer, "HTTP/1.1 200", 12) != 0) {
		if (refused++ == 0)
			(void)fprintf(stderr, "%.*s\n", (int)connection->have, connection->answer);
	} else {
		save_member(body);
		if (follow)
			take_token(connection, body);
	}
	if (now >= measure_from_ns && now <= end_ns && latency_count < LATENCIES_MAX)
		latencies[latency_count++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
}

/* True when a whole answer is there; its length comes from its head, as our server always writes it. */
static bool is_whole(const struct connection *connection, slice *ret_body)
{
	static const char length_name[] = "content-length: ";
	slice have = slice_of(connection->answer, connection->have), line, rest;
	size_t head = find_text(have, "\r\n\r\n");
	size_t at = find_text(slice_to(have, head), length_name);
	uint64_t length;

	if (head == have.len)
		return false;
	if (at == head || !slice_cut(slice_from(have, at + strlen(length_name)), '\r', &line, &rest) ||
	    !slice_number(line, ANSWER_BYTES, &length))
		DIE("an answer without a length:\n%.*s", SLICE_ARG(have));
	*ret_body = slice_from(have, head + 4);
	return ret_body->len >= length;
}

static void receive(struct connection *connection)
{
	ssize_t n = recv(connection->fd, connection->answer + connection->have, ANSWER_BYTES - connection->have, 0);
	slice body;

	if (n <= 0)
		DIE("the server closed a connection: %s", n ? strerror(errno) : "end");
	connection->have += (size_t)n;
	if (!is_whole(connection, &body))
		return;
	count_answer(connection, body);
	waiting--;
	if (rest_ns)
		connection->due_ns = ticks_ns() + rest_ns;
	else if (!is_over)
		send_next(connection);
}

/* ---- the whole ---- */

static void report(double seconds)
{
	uint32_t p99 = percentile(latencies, latency_count, 0.99), p50 = percentile(latencies, latency_count, 0.5);

	(void)printf("{\"answers\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"total\":%zu,"
		     "\"refused\":%zu}\n",
		     latency_count, seconds, (double)latency_count / seconds, p50 / 1e3, p99 / 1e3, total, refused);
}

/* Sends what is due; how long nothing else will be. */
static struct timespec send_due(size_t count)
{
	int64_t now = ticks_ns(), wait_ns = 1000000000;

	for (size_t i = 0; i < count; i++) {
		struct connection *connection = &connections[i];
		if (connection->due_ns && connection->due_ns <= now)
			send_next(connection);
		else if (connection->due_ns && connection->due_ns - now < wait_ns)
			wait_ns = connection->due_ns - now;
	}
	return (struct timespec){ .tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000 };
}

static void turn(int epoll, struct timespec wait)
{
	struct epoll_event events[EVENTS];
	int n = epoll_pwait2(epoll, events, EVENTS, &wait, NULL);

	for (int i = 0; i < n; i++)
		receive(events[i].data.ptr);
}

/* It polls and never sleeps: waking this program would be paid by the server, whose CPU time is what is measured. Not where it
 * rests between requests: then it would take a core from the server for nothing. */
static void run(int epoll, size_t count)
{
	int64_t until;

	for (size_t i = 0; i < count; i++)
		send_next(&connections[i]);
	while (ticks_ns() < end_ns)
		turn(epoll, rest_ns ? send_due(count) : (struct timespec){ 0 });
	is_over = true;
	until = ticks_ns() + LAST_NS;
	while (follow && waiting && ticks_ns() < until)
		turn(epoll, (struct timespec){ .tv_nsec = NS_PER_S / 10 });
}

static void begin_following(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		slice first = requests[i % request_count];
		if (first.len > REQUEST_BYTES)
			DIE("a request is too long");
		memcpy(connections[i].request, first.at, first.len);
		connections[i].request_len = first.len;
	}
}

/* The tokens that were given last, one a line. */
static void write_tokens(const char *path, size_t count)
{
	FILE *file = fopen(path, "w");

	for (size_t i = 0; i < count && file; i++) {
		slice request = slice_of(connections[i].request, connections[i].request_len), token, rest;
		if (!slice_cut(slice_from(request, find_text(request, BEARER) + strlen(BEARER)), '\r', &token, &rest))
			DIE("a request without a token");
		(void)fprintf(file, "%.*s\n", SLICE_ARG(token));
	}
	if (!file || fclose(file))
		DIE("the tokens could not be saved");
}

int main(int argc, char **argv)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), at = 6;
	const char *tokens = NULL;
	uint64_t count = argc > 2 ? number_of(argv[2]) : 0;

	if (argc < 6 || count == 0 || count > CONNECTIONS_MAX)
		DIE("usage: bench-load <port> <connections> <warm-up s> <seconds> <file> [once] [rest <us>] [follow <text> "
		    "<into>] [save <member> <into>]");
	read_requests(argv[5]);
	if (at < argc && strcmp(argv[at], "once") == 0) {
		is_once = true;
		at++;
	}
	if (at + 1 < argc && strcmp(argv[at], "rest") == 0) {
		rest_ns = (int64_t)number_of(argv[at + 1]) * 1000;
		at += 2;
	}
	if (at + 2 < argc && strcmp(argv[at], "follow") == 0) {
		follow = argv[at + 1];
		tokens = argv[at + 2];
		at += 3;
	}
	if (at + 2 < argc) {
		(void)snprintf(member, sizeof(member), "\"%s\":\"", argv[at + 1]);
		saved = fopen(argv[at + 2], "a");
	}
	if (follow)
		begin_following(count);
	for (size_t i = 0; i < count; i++)
		connections[i].fd = connect_to((uint16_t)number_of(argv[1]), epoll, &connections[i]);
	measure_from_ns = ticks_ns() + (int64_t)(strtod(argv[3], NULL) * 1e9);
	end_ns = measure_from_ns + (int64_t)(strtod(argv[4], NULL) * 1e9);
	run(epoll, count);
	report((double)(ticks_ns() < end_ns || end_ns == 0 ? ticks_ns() - measure_from_ns : end_ns - measure_from_ns) / 1e9);
	if (follow)
		write_tokens(tokens, count);
	if (saved && fclose(saved))
		DIE("the answers could not be saved");
	return 0;
}
