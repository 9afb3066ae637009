/*
 * facts: contract.json, read; and a count of what is wrong, so that one run tells everything.
 *
 * contract.json holds the public contract as facts: services with methods, routes, capabilities and events; messages with
 * fields; enums; the capability table. What is ours beyond it is in package reeve.v1 alone.
 */
#ifndef TESTS_CONTRACT_FACTS_H
#define TESTS_CONTRACT_FACTS_H

#include "base/json.h"
#include "schema/method.h"

/* Reads the file; ends the program when that fails. */
const struct json *facts_read(struct arena *arena, const char *path);
/* The text member, empty when absent. */
slice fact_text(const struct json *object, const char *name);
bool fact_truth(const struct json *object, const char *name);
int64_t fact_number(const struct json *object, const char *name);
/* True when the list holds that text. */
bool fact_list_has(const struct json *list, slice text);

/* Writes the line and counts it unless the claim holds. */
void fact_claim(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Claims that did not hold, and claims altogether, since the last call. */
unsigned fact_wrong(unsigned *ret_claims);

/* messages.c, methods.c: compare everything in the facts with our tables, and our tables with the facts. */
void compare_messages(const struct json *facts);
void compare_enums(const struct json *facts);
void compare_capabilities(const struct json *facts);
void compare_methods(const struct json *facts);

#endif
