/*
 * route: input is "VERB /path?query" and, behind a line end, a body. A route that fits has its own verb and prefix, and its
 * request decodes or is refused; a gRPC path finds only the method that bears it.
 */
#include <assert.h>

#include "fuzz.h"
#include "schema/rest.h"

static void check_rest(struct arena *arena, const struct route_match *match, slice query, slice body)
{
	for (enum rest_body_kind kind = REST_BODY_NONE; kind <= REST_BODY_FORM; kind++) {
		struct rest_input input = { .query = query,
					    .body = kind == REST_BODY_NONE ? SLICE("") : body,
					    .body_kind = kind };
		ProtobufCMessage *request;

		if (!FAILED(rest_decode(arena, match, &input, &request)))
			assert(request->descriptor == match->method->request->descriptor);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)32 << 20);
	slice line, body = SLICE(""), verb, target, path, query = SLICE("");
	const struct method *method;
	struct route_match match;

	if (!slice_cut(slice_of(data, size), '\n', &line, &body))
		line = slice_of(data, size);
	method = method_by_path(line);
	assert(!method || slice_eq(method->path, line) || slice_eq(method->also, line));
	if (arena && slice_cut(line, ' ', &verb, &target)) {
		if (!slice_cut(target, '?', &path, &query))
			path = target;
		if (route_match(verb, path, &match)) {
			assert(slice_is(verb, match.route->verb) && slice_starts(path, match.route->prefix));
			assert(route_known(path));
			check_rest(arena, &match, query, body);
		}
	}
	arena = arena_free(arena);
	return 0;
}
