/*
 * status: how a call ended, and what to tell whom about it.
 *
 * Owns      the fault table's C side, the report of a failing call.
 * Promises  one report per call: FAIL() writes what the caller sees, NOTE() what only our log sees, TRY() adds a line
 *           of trace. The code below rpc/ and main() never logs by itself.
 * Start at  FALLIBLE, TRY, FAIL.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

enum fault {
#define FAULT(name, grpc_name, grpc, http, retry, text) FAULT_##name,
#include "faults.def"
#undef FAULT
	FAULT_COUNT
};

/* Its own type, so that no count or errno slips through as a result. */
typedef struct {
	enum fault fault;
} status;

#define FALLIBLE __attribute__((warn_unused_result)) status
#define OK ((status){ FAULT_NONE })
#define FAILED(st) ((st).fault != FAULT_NONE)
#define TRY(call)                                                  \
	do {                                                       \
		status st_ = (call);                               \
		if (FAILED(st_))                                   \
			return fault_via(st_, __func__, __LINE__); \
	} while (0)

/* Ends the function with a fault and the text the caller sees (printf form). Use: return FAIL(FAULT_DENIED, "..."). */
#define FAIL(fault, ...) fault_fail((fault), __func__, __LINE__, __VA_ARGS__)
/* INVALID_ARGUMENT that names the offending field: return FAIL_FIELD("group.name", "must match %s", pattern).
 * The caller sees "Invalid argument: <field>: <text>" and a BadRequest.fieldViolations entry. */
#define FAIL_FIELD(field, ...) fault_fail_field((field), __func__, __LINE__, __VA_ARGS__)
/* ALREADY_EXISTS that names the field in the way likewise: "Already exists: <field>: <text>". */
#define FAIL_EXISTS(field, ...) fault_fail_exists((field), __func__, __LINE__, __VA_ARGS__)
/* FAILED_PRECONDITION with a violation type such as RESOURCE_NOT_EMPTY. */
#define FAIL_STATE(type, ...) fault_fail_state((type), __func__, __LINE__, __VA_ARGS__)
/* A line for our log alone; may name what the caller must not learn, never a secret. */
#define NOTE(...) fault_note(__func__, __LINE__, __VA_ARGS__)

/* What the gateway and the log need to know of a fault. */
struct fault_row {
	const char *grpc_name;
	int grpc_code;
	int http_status;
	bool retryable;
	const char *text;
};

#define REPORT_TEXT_BYTES 512
#define REPORT_FIELD_BYTES 128
#define REPORT_NOTE_BYTES 1024

/* The report of one call: the caller's text, the offending field, and the notes for the log. */
struct report {
	enum fault fault;
	char text[REPORT_TEXT_BYTES];        /* NUL-terminated UTF-8, cut at a character border; for other bytes '?' */
	char field[REPORT_FIELD_BYTES];      /* set by FAIL_FIELD and FAIL_EXISTS */
	char state_type[REPORT_FIELD_BYTES]; /* set by FAIL_STATE */
	char resource[REPORT_FIELD_BYTES];   /* set by report_resource for NOT_FOUND and ALREADY_EXISTS */
	char notes[REPORT_NOTE_BYTES];       /* "func:line text; func:line text" */
	size_t notes_len;
};

const struct fault_row *fault_row(enum fault fault);
/* What FAIL_FIELD, FAIL_EXISTS and FAIL_STATE put in front of their texts, such as "Invalid argument"; "" for other faults. */
const char *fault_class(enum fault fault);

/* Makes `report` the one that FAIL, NOTE and TRY on this thread write to, and gives the one before (put it back when
 * done). NULL selects the thread's own default. The report is not cleared here. */
struct report *report_use(struct report *report);
/* The report in force on this thread; never NULL. */
struct report *report_current(void);
void report_clear(struct report *report);
/* Names the resource ("group 63921b…") that is absent or in the way; keeps the fault as it is. */
void report_resource(const char *resource);

status fault_fail(enum fault fault, const char *func, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5), warn_unused_result, cold));
status fault_fail_field(const char *field, const char *func, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5), warn_unused_result, cold));
status fault_fail_exists(const char *field, const char *func, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5), warn_unused_result, cold));
status fault_fail_state(const char *type, const char *func, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5), warn_unused_result, cold));
void fault_note(const char *func, int line, const char *format, ...) __attribute__((format(printf, 3, 4), cold));
status fault_via(status st, const char *func, int line) __attribute__((warn_unused_result, cold));

/* clang's analyzer looks at one file at a time and does not see that these never give FAULT_NONE; this tells it, and nobody
 * else. */
#ifdef __clang_analyzer__
static inline __attribute__((warn_unused_result)) status fault_known(status st, enum fault fault)
{
	st.fault = fault == FAULT_NONE ? FAULT_INTERNAL : fault;
	return st;
}
#define fault_fail(fault, ...) fault_known(fault_fail((fault), __VA_ARGS__), (fault))
#define fault_fail_field(...) fault_known(fault_fail_field(__VA_ARGS__), FAULT_INVALID)
#define fault_fail_exists(...) fault_known(fault_fail_exists(__VA_ARGS__), FAULT_EXISTS)
#define fault_fail_state(...) fault_known(fault_fail_state(__VA_ARGS__), FAULT_STATE)
#define fault_via(st, func, line) fault_known(fault_via((st), (func), (line)), (st).fault)
#endif

#endif
