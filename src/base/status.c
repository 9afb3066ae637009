#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

#ifdef __clang_analyzer__ /* what they are for others, see status.h; here they are themselves */
#undef fault_fail
#undef fault_fail_field
#undef fault_fail_exists
#undef fault_fail_state
#undef fault_via
#endif

static const struct fault_row rows[FAULT_COUNT] = {
#define FAULT(name, grpc_name, grpc, http, retry, text) [FAULT_##name] = { grpc_name, grpc, http, retry, text },
#include "faults.def"
#undef FAULT
};

static _Thread_local struct report fallback;
static _Thread_local struct report *current;

const struct fault_row *fault_row(enum fault fault)
{
	return &rows[fault < FAULT_COUNT ? fault : FAULT_INTERNAL];
}

const char *fault_class(enum fault fault)
{
	switch (fault) {
	case FAULT_INVALID:
		return "Invalid argument";
	case FAULT_EXISTS:
		return "Already exists";
	case FAULT_STATE:
		return "Precondition failed";
	default:
		return "";
	}
}

struct report *report_current(void)
{
	return current ? current : &fallback;
}

struct report *report_use(struct report *report)
{
	struct report *before = current;

	current = report;
	return before;
}

void report_clear(struct report *report)
{
	report->fault = FAULT_NONE;
	report->text[0] = report->field[0] = report->state_type[0] = report->resource[0] = report->notes[0] = '\0';
	report->notes_len = 0;
}

/* Cuts a UTF-8 sequence that vsnprintf broke in the middle. */
static void trim_broken_tail(char *text)
{
	size_t len = strlen(text), back = 0;

	while (back < len && back < 3 && ((unsigned char)text[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back >= len)
		return;
	unsigned char lead = (unsigned char)text[len - 1 - back];
	size_t want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	if (back < want)
		text[len - 1 - back] = '\0';
}

__attribute__((format(printf, 3, 0))) static void write_text(char *into, size_t size, const char *format, va_list args)
{
	int wrote = vsnprintf(into, size, format, args);

	if (wrote >= 0 && (size_t)wrote >= size)
		trim_broken_tail(into);
	slice_make_text(into, strlen(into)); /* it may quote what a caller sent, and cut it */
}

static void add_note(struct report *report, const char *func, int line, const char *text)
{
	size_t left = sizeof(report->notes) - report->notes_len;
	int wrote = snprintf(report->notes + report->notes_len, left, "%s%s:%d%s%s", report->notes_len ? "; " : "", func, line,
			     *text ? " " : "", text);

	if (wrote > 0)
		report->notes_len += (size_t)wrote < left ? (size_t)wrote : left - 1;
}

status fault_fail(enum fault fault, const char *func, int line, const char *format, ...)
{
	struct report *report = report_current();
	va_list args;

	report->fault = fault;
	report->field[0] = report->state_type[0] = '\0';
	va_start(args, format);
	write_text(report->text, sizeof(report->text), format, args);
	va_end(args);
	add_note(report, func, line, "");
	return (status){ fault };
}

__attribute__((format(printf, 5, 0))) static status fail_at_field(enum fault fault, const char *field, const char *func,
								  int line, const char *format, va_list args)
{
	struct report *report = report_current();
	char text[REPORT_TEXT_BYTES];

	write_text(text, sizeof(text), format, args);
	report->fault = fault;
	report->state_type[0] = '\0';
	(void)snprintf(report->field, sizeof(report->field), "%s", field); /* a longer name is cut */
	if (snprintf(report->text, sizeof(report->text), "%s: %s: %s", fault_class(fault), report->field, text) >=
	    REPORT_TEXT_BYTES)
		trim_broken_tail(report->text);
	add_note(report, func, line, "");
	return (status){ fault };
}

status fault_fail_field(const char *field, const char *func, int line, const char *format, ...)
{
	va_list args;
	status st;

	va_start(args, format);
	st = fail_at_field(FAULT_INVALID, field, func, line, format, args);
	va_end(args);
	return st;
}

status fault_fail_exists(const char *field, const char *func, int line, const char *format, ...)
{
	va_list args;
	status st;

	va_start(args, format);
	st = fail_at_field(FAULT_EXISTS, field, func, line, format, args);
	va_end(args);
	return st;
}

status fault_fail_state(const char *type, const char *func, int line, const char *format, ...)
{
	struct report *report = report_current();
	va_list args;
	char text[REPORT_TEXT_BYTES];

	va_start(args, format);
	write_text(text, sizeof(text), format, args);
	va_end(args);
	report->fault = FAULT_STATE;
	report->field[0] = '\0';
	(void)snprintf(report->state_type, sizeof(report->state_type), "%s", type); /* types are short literals */
	if (snprintf(report->text, sizeof(report->text), "%s: %s", fault_class(FAULT_STATE), text) >= REPORT_TEXT_BYTES)
		trim_broken_tail(report->text);
	add_note(report, func, line, "");
	return (status){ FAULT_STATE };
}

void fault_note(const char *func, int line, const char *format, ...)
{
	char text[REPORT_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	write_text(text, sizeof(text), format, args);
	va_end(args);
	add_note(report_current(), func, line, text);
}

status fault_via(status st, const char *func, int line)
{
	add_note(report_current(), func, line, "");
	return st;
}

void report_resource(const char *resource)
{
	struct report *report = report_current();

	(void)snprintf(report->resource, sizeof(report->resource), "%s", resource); /* a longer name is cut */
}
