/*
 * route: which method a REST path means.
 *
 * A route is a literal prefix, then nothing or one capture and a literal suffix. Prefixes end where a path has a "/" or ends,
 * so a path has a handful of candidates: each border's prefix is looked up by hash, the longest first. Routes with the same
 * prefix stand together, the most specific first.
 */
#include "schema/method_impl.h"

/* Borders of a path that are looked at; our templates have at most six. */
#define BORDERS_MAX 12

struct border {
	size_t len;
	uint32_t hash;
};

/* Where prefixes of the path may end, none longer than any route's. */
static size_t find_borders(slice path, struct border *borders)
{
	uint32_t hash = PATH_HASH_START;
	size_t count = 0, i = 0;

	for (; i < path.len && i <= route_prefix_bytes_max; i++) {
		if (path.at[i] == '/' && i && count < BORDERS_MAX)
			borders[count++] = (struct border){ i, hash };
		hash = path_hash_step(hash, (unsigned char)path.at[i]);
	}
	if (i == path.len && count < BORDERS_MAX)
		borders[count++] = (struct border){ i, hash };
	return count;
}

/* Index of the first route with that prefix, routes_count when there is none. */
static size_t first_route(slice prefix, uint32_t hash)
{
	for (uint32_t slot = path_slot(hash); route_prefix_slots[slot]; slot = (slot + 1) & (PATH_SLOTS - 1)) {
		size_t i = route_prefix_slots[slot] - 1u;

		if (slice_eq(routes[i].prefix, prefix))
			return i;
	}
	return routes_count;
}

/* What follows the prefix fits the rest of the template: nothing, or "/" and the capture, and the suffix. */
static bool fits(const struct route *route, slice rest, slice *ret_capture)
{
	slice capture;

	if (!route->capture.count)
		return rest.len == 0;
	if (!slice_ends(rest, route->suffix))
		return false;
	capture = slice_to(rest, rest.len - route->suffix.len);
	if (capture.len)
		capture = slice_from(capture, 1); /* the "/" at the border */
	else if (route->suffix.len)
		return false;
	*ret_capture = capture;
	return route->capture_is_deep || (capture.len && slice_find(capture, '/') == capture.len);
}

/* verb NULL: any. */
static bool match(const slice *verb, slice path, struct route_match *ret_match)
{
	struct border borders[BORDERS_MAX];

	for (size_t b = find_borders(path, borders); b-- > 0;) {
		slice prefix = slice_to(path, borders[b].len), rest = slice_from(path, borders[b].len), capture = SLICE("");

		for (size_t i = first_route(prefix, borders[b].hash); i < routes_count && slice_eq(routes[i].prefix, prefix);
		     i++) {
			if ((verb && !slice_is(*verb, routes[i].verb)) || !fits(&routes[i], rest, &capture))
				continue;
			*ret_match = (struct route_match){ &methods[routes[i].method], &routes[i], capture };
			return true;
		}
	}
	return false;
}

bool route_match(slice verb, slice path, struct route_match *ret_match)
{
	return match(&verb, path, ret_match);
}

bool route_known(slice path)
{
	struct route_match ignored;

	return match(NULL, path, &ignored);
}
