#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static _Atomic int level_floor = LOG_INFO;
static _Atomic int log_fd = 2;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_floor, (int)level, memory_order_relaxed);
}

void log_set_fd(int fd)
{
	atomic_store_explicit(&log_fd, fd, memory_order_relaxed);
}

struct line {
	char at[LOG_LINE_BYTES];
	size_t len;
};

/* Leaves room for the closing brace and newline; what does not fit is cut. */
static void put(struct line *line, const char *at, size_t len)
{
	size_t left = sizeof(line->at) - 3 - line->len;

	len = len < left ? len : left;
	memcpy(line->at + line->len, at, len);
	line->len += len;
}

static void put_quoted(struct line *line, slice s)
{
	put(line, "\"", 1);
	for (size_t i = 0; i < s.len && sizeof(line->at) - line->len > 16; i++) {
		unsigned char c = (unsigned char)s.at[i];
		char escape[8];
		if (c == '"' || c == '\\') {
			escape[0] = '\\';
			escape[1] = (char)c;
			put(line, escape, 2);
		} else if (c < 0x20 || c == 0x7f) {
			put(line, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
		} else {
			put(line, s.at + i, 1);
		}
	}
	put(line, "\"", 1);
}

static void put_pair(struct line *line, const struct log_pair *pair)
{
	char number[32];

	put(line, ",", 1);
	put_quoted(line, slice_str(pair->key));
	put(line, ":", 1);
	if (pair->is_number)
		put(line, number, (size_t)snprintf(number, sizeof(number), "%lld", (long long)pair->number));
	else
		put_quoted(line, pair->text);
}

void log_line(enum log_level level, const char *message, const struct log_pair *pairs, size_t count)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	struct line line = { .len = 0 };
	char at[CLOCK_TEXT_BYTES];
	int64_t now_us;

	if ((int)level < atomic_load_explicit(&level_floor, memory_order_relaxed))
		return;
	now_us = clock_now_us(&clock_system);
	clock_format(now_us / US_PER_S, (int32_t)(now_us % US_PER_S / 1000 * 1000000), at);
	put(&line, "{\"time\":", 8);
	put_quoted(&line, slice_str(at));
	put(&line, ",\"level\":", 9);
	put_quoted(&line, slice_str(names[level]));
	put(&line, ",\"message\":", 11);
	put_quoted(&line, slice_str(message));
	for (size_t i = 0; i < count; i++)
		put_pair(&line, &pairs[i]);
	memcpy(line.at + line.len, "}\n", 2);
	if (write(atomic_load_explicit(&log_fd, memory_order_relaxed), line.at, line.len + 2) < 0)
		return; /* nowhere left to say so */
}
