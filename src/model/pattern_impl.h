/*
 * pattern_impl: what pattern.c asks of the RE2 shim and of the lint. Read by C and by C++.
 */
#ifndef MODEL_PATTERN_IMPL_H
#define MODEL_PATTERN_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct program; /* a compiled pattern */

/* NULL when source does not compile or there is no memory; ret_error then says why (NUL-terminated, cut to error_bytes).
 * *ret_instructions is the program's size. No exception leaves. */
struct program *program_new(const char *source, size_t len, char *ret_error, size_t error_bytes, int *ret_instructions);
/* NULL is fine; always returns NULL. */
struct program *program_free(struct program *program);
/* The whole subject matches; false on any failure. */
bool program_matches(const struct program *program, const char *subject, size_t len);

/* Why an issuer pattern that compiles is too wide, as a plain literal; NULL when it is fine. */
const char *pattern_lint(const char *source, size_t len);

#ifdef __cplusplus
}
#endif

#endif
