/*
 * methods: the method table against the facts.
 */
#include "facts.h"

/* The public bit of a capability's name; -1 when the facts have no such name. */
static int64_t fact_bit(const struct json *facts, slice name)
{
	for (const struct json *at = json_member(facts, "capabilities")->first; at; at = at->next)
		if (slice_eq(fact_text(at, "name"), name))
			return fact_number(at, "bit");
	return -1;
}

static void compare_bits(const struct json *facts, const struct method *method, const struct json *wanted)
{
	slice name = SLICE("");
	unsigned i = 0;

	fact_claim(method->access.bits_count == (wanted ? wanted->count : 0), "%s: %u capabilities", method->label,
		   method->access.bits_count);
	for (const struct json *at = wanted ? wanted->first : NULL; at && i < method->access.bits_count; at = at->next) {
		bool is_name = json_text(at, &name);

		fact_claim(is_name && fact_bit(facts, name) == method->access.bits[i++], "%s: %.*s", method->label,
			   SLICE_ARG(name));
	}
}

/* A method without a place: filtered, or resolved because it writes (design: a write is never unscoped). */
static bool is_unscoped(enum access_kind kind)
{
	return kind == ACCESS_ANYWHERE || kind == ACCESS_AT_RESOLVED || kind == ACCESS_SIGNED_IN;
}

static bool is_open(enum access_kind kind)
{
	return kind == ACCESS_PUBLIC || kind == ACCESS_CREDENTIAL;
}

/* The scope is the request's field that says so, or that field's own field that says so. */
static void compare_scope(const struct method *method)
{
	const struct message_type *type = method->request;

	for (unsigned i = 0; i < method->access.scope.count; i++) {
		const struct field_row *row = &type->fields[method->access.scope.steps[i]];

		fact_claim(row->is_scope, "%s: %.*s is no iam_scope", method->label, SLICE_ARG(row->name));
		type = row->type;
	}
	fact_claim(method->access.scope.count > 0 && !type, "%s: the scope is a text field", method->label);
}

static void compare_access(const struct json *facts, const struct method *method, const struct json *iam)
{
	const struct json *wanted = json_member(iam, "capabilities");
	enum access_kind kind = method->access.kind;

	compare_bits(facts, method, wanted);
	if (!iam || iam->kind != JSON_OBJECT) {
		fact_claim(is_open(kind), "%s: is open", method->label);
		return;
	}
	fact_claim(!is_open(kind), "%s: is not open", method->label);
	if (!fact_truth(iam, "unscoped") && wanted->count) {
		fact_claim(kind == ACCESS_AT_SCOPE, "%s: has a scope", method->label);
		compare_scope(method);
	} else {
		fact_claim(is_unscoped(kind) && (wanted->count > 0) == (kind != ACCESS_SIGNED_IN), "%s: has no scope",
			   method->label);
		fact_claim(kind != ACCESS_ANYWHERE || method->place != PLACE_WRITE, "%s: a write is never unscoped",
			   method->label);
	}
}

static void compare_event(const struct method *method, const struct json *fact)
{
	const struct event_row *event = method->event;
	size_t extensions = 0;

	fact_claim(!event == !fact, "%s: an event", method->label);
	if (!event || !fact)
		return;
	fact_claim(slice_is(fact_text(fact, "type"), event->type), "%s: event %s", method->label, event->type);
	fact_claim(slice_is(fact_text(fact, "audience"), event->is_internal ? "INTERNAL" : "CUSTOMER"), "%s: audience",
		   method->label);
	for (; extensions < EVENT_EXTENSIONS_MAX && event->extensions[extensions]; extensions++)
		fact_claim(fact_list_has(json_member(fact, "extensions"), slice_str(event->extensions[extensions])),
			   "%s: extension %s", method->label, event->extensions[extensions]);
	fact_claim(json_member(fact, "extensions")->count == extensions, "%s: %zu extensions", method->label, extensions);
}

static slice body_name(const struct method *method, const struct route *route)
{
	if (route->body == ROUTE_BODY_NONE)
		return SLICE("");
	return route->body == ROUTE_BODY_ALL ? SLICE("*") : method->request->fields[route->body].name;
}

static bool has_route(const struct method *method, const struct json *fact, bool is_beta)
{
	slice path = fact_text(fact, "path"), before, after;
	char beta[300];

	if (is_beta) {
		before = slice_to(path, (size_t)(strstr(path.at, "/v2/") - path.at));
		after = slice_from(path, before.len + 3);
		(void)snprintf(beta, sizeof(beta), "%.*s/v2beta1%.*s", SLICE_ARG(before),
			       SLICE_ARG(after)); /* our longest is 100 */
		path = slice_str(beta);
	}
	for (size_t i = 0; i < method->routes_count; i++) {
		const struct route *route = &method->routes[i];

		if (slice_is(path, route->template_) && slice_is(fact_text(fact, "verb"), route->verb) &&
		    route->is_beta == is_beta && slice_eq(fact_text(fact, "body"), body_name(method, route)))
			return true;
	}
	return false;
}

static void compare_routes(const struct method *method, const struct json *http)
{
	bool is_v2 = method->also.len > 0;

	fact_claim(method->routes_count == http->count * (is_v2 ? 2 : 1), "%s: %zu routes", method->label,
		   method->routes_count);
	for (const struct json *at = http->first; at; at = at->next) {
		slice path = fact_text(at, "path");

		fact_claim(has_route(method, at, false), "%s: no route %.*s", method->label, SLICE_ARG(path));
		fact_claim(!is_v2 || has_route(method, at, true), "%s: no v2beta1 route like %.*s", method->label,
			   SLICE_ARG(path));
	}
}

static void compare_method(const struct json *facts, slice service, const struct json *fact)
{
	slice name = fact_text(fact, "name");
	const struct method *method;
	char path[200];

	(void)snprintf(path, sizeof(path), "/%.*s/%.*s", SLICE_ARG(service), SLICE_ARG(name)); /* our longest is 100 */
	method = method_by_path(slice_str(path));
	fact_claim(method != NULL, "%s is missing", path);
	if (!method)
		return;
	fact_claim(slice_is(service, method->service) && slice_is(name, method->name), "%s: named %s", path, method->name);
	fact_claim(slice_is(fact_text(fact, "input"), method->request->descriptor->name), "%s: input", path);
	fact_claim(slice_is(fact_text(fact, "output"), method->response->descriptor->name), "%s: output", path);
	fact_claim((method->also.len > 0) == (strstr(path, ".v2.") != NULL), "%s: v2beta1", path);
	compare_access(facts, method, json_member(fact, "iam"));
	compare_event(method, json_member(fact, "event"));
	compare_routes(method, json_member(fact, "http"));
}

void compare_methods(const struct json *facts)
{
	size_t published = 0, ours = 0;

	for (const struct json *service = json_member(facts, "services")->first; service; service = service->next)
		for (const struct json *at = json_member(service, "methods")->first; at; at = at->next) {
			compare_method(facts, fact_text(service, "name"), at);
			published++;
		}
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		ours += strncmp(methods[i].service, "reeve.v1.", 9) == 0;
		fact_claim(methods[i].help[0] != '\0', "%s: says nothing about itself", methods[i].label);
	}
	fact_claim(METHOD_COUNT == published + ours, "%d methods, %zu published, %zu ours", METHOD_COUNT, published, ours);
}
