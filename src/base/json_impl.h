/*
 * json_impl: what json's own files share.
 */
#ifndef BASE_JSON_IMPL_H
#define BASE_JSON_IMPL_H

/* Where the number at `at` ends (RFC 8259 section 6), or NULL when there is none. */
const char *json_number_end(const char *at, const char *end);

#endif
