/*
 * log: JSON lines on stderr, one per event, each at most LOG_LINE_BYTES.
 *
 * Only rpc/, main() and background threads write here. Values are escaped; a secret has no way in, because struct secret
 * does not convert to a slice that log takes.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

#define LOG_LINE_BYTES 8192

struct log_pair {
	const char *key; /* a plain literal */
	slice text;      /* used when !is_number */
	int64_t number;
	bool is_number;
};

#define LOG_TEXT(k, s) ((struct log_pair){ .key = (k), .text = (s) })
#define LOG_NUMBER(k, n) ((struct log_pair){ .key = (k), .number = (n), .is_number = true })
/* LOG(LOG_INFO, "listening", LOG_TEXT("address", a), LOG_NUMBER("port", 8080)); */
#define LOG(level, message, ...)                                               \
	log_line((level), (message), (const struct log_pair[]){ __VA_ARGS__ }, \
		 sizeof((const struct log_pair[]){ __VA_ARGS__ }) / sizeof(struct log_pair))

void log_set_level(enum log_level level);
/* Where lines go; default is file descriptor 2. */
void log_set_fd(int fd);
/* Writes one line with one write(2); thread-safe. */
void log_line(enum log_level level, const char *message, const struct log_pair *pairs, size_t count);

#endif
