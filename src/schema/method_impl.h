/*
 * method_impl: the generated tables behind method.h, for method.c, route.c and the generated file itself.
 */
#ifndef SCHEMA_METHOD_IMPL_H
#define SCHEMA_METHOD_IMPL_H

#include "schema/method.h"
#include "schema/path_hash.h"

/* 0: empty; else 1 + 2 * method id, one more for the v2beta1 path. */
extern const uint16_t method_path_slots[PATH_SLOTS];

/* Every route, sorted by prefix, under one prefix the most specific first. */
extern const struct route routes[];
extern const size_t routes_count;
extern const size_t route_prefix_bytes_max;
/* 0: empty; else 1 + index of the first route with that prefix. */
extern const uint16_t route_prefix_slots[PATH_SLOTS];

#endif
