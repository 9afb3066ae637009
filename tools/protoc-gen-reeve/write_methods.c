/*
 * write_methods: the method table, its two hash tables, and the handlers' prototypes.
 */
#include "contract.h"
#include "schema/path_hash.h"

#define ROUTES_MAX (CONTRACT_METHODS_MAX * METHOD_ROUTES_MAX)

static const char *const access_kinds[] = { "?",           "PUBLIC",     "SIGNED_IN", "AT_SCOPE", "ANYWHERE",
					    "AT_RESOLVED", "CREDENTIAL", "OPERATOR",  "INTERNAL" };
static const char *const places[] = { "?", "LOOP", "WORKER", "WRITE" };

void write_methods_header(const struct contract *contract, struct buffer *out)
{
	buffer_text(out, "/* Made by tools/protoc-gen-reeve from api/. Include schema/method.h instead. */\n"
			 "#ifndef METHODS_GEN_H\n#define METHODS_GEN_H\n\nenum method_id {\n");
	for (size_t i = 0; i < contract->methods_count; i++)
		buffer_printf(out, "\tMETHOD_%s, /* %s */\n", name_upper(contract->arena, contract->methods[i].symbol),
			      contract->methods[i].label);
	buffer_text(out, "\tMETHOD_COUNT\n};\n\n#endif\n");
}

/* { count, { steps } } of a path that is known to resolve; { 0 } for none. */
static void write_path(const struct contract *contract, int message, const char *path, struct buffer *out)
{
	unsigned steps[4];
	size_t count = path ? contract_path(contract, message, path, steps, 4) : 0;

	buffer_printf(out, "{ %zu, {", count);
	for (size_t i = 0; i < count; i++)
		buffer_printf(out, "%s %u", i ? "," : "", steps[i]);
	buffer_text(out, count ? " } }" : " 0 } }");
}

static void write_text_or_null(struct buffer *out, const char *text)
{
	if (text && text[0])
		write_literal(out, text);
	else
		buffer_text(out, "NULL");
}

static void write_access(const struct contract *contract, const struct gen_method *m, struct buffer *out)
{
	const Reeve__Api__Access *access = m->access;

	buffer_printf(out, "\t\t.access = { ACCESS_%s, %zu, {", access_kinds[access->kind], access->n_capability);
	for (size_t i = 0; i < access->n_capability; i++)
		buffer_printf(out, "%s %d", i ? "," : "", contract_capability(contract, access->capability[i])->bit);
	buffer_text(out, access->n_capability ? " }, " : " 0 }, ");
	write_path(contract, m->request, access->at, out);
	buffer_text(out, ", ");
	write_text_or_null(out, access->at);
	buffer_text(out, ", ");
	write_text_or_null(out, access->resolver);
	buffer_text(out, " },\n");
}

static void write_event(size_t index, const struct gen_method *m, struct buffer *out)
{
	const Reeve__Api__Event *event = m->event;

	if (!event)
		return;
	buffer_printf(out, "static const struct event_row event_%zu = { \"%s\", {", index, event->type);
	for (size_t i = 0; i < event->n_extension; i++)
		buffer_printf(out, "%s \"%s\"", i ? "," : "", event->extension[i]);
	buffer_printf(out, "%s }, %d };\n", event->n_extension ? "" : " NULL",
		      event->audience == REEVE__API__EVENT__AUDIENCE__INTERNAL);
}

static void write_route(const struct contract *contract, const struct gen_route *route, struct buffer *out)
{
	const struct gen_method *m = &contract->methods[route->method];

	buffer_printf(out, "\t{ \"%s\", \"%s\", ", route->verb, route->template);
	write_slice(out, route->prefix);
	buffer_text(out, ", ");
	write_slice(out, route->suffix);
	buffer_text(out, ", ");
	write_path(contract, m->request, route->capture, out);
	buffer_text(out, ", ");
	write_text_or_null(out, route->capture);
	buffer_printf(out, ", %d, %d, METHOD_%s, %d },\n", route->is_deep, route->body, name_upper(contract->arena, m->symbol),
		      route->is_beta);
}

static void write_method(const struct contract *contract, size_t index, struct buffer *out)
{
	const struct gen_method *m = &contract->methods[index];
	const char *upper = name_upper(contract->arena, m->symbol);
	int mask = contract_field(contract, m->request, SLICE("update_mask"));
	const char *also = m->is_v2 ? arena_printf(contract->arena, "%.*sv2beta1.%s/%s", (int)(strlen(m->package) - 2),
						   m->package, m->service_short, m->proto->name)
				    : NULL;
	int resource = -1;

	for (size_t i = 0; mask >= 0 && i < contract->messages[m->request].fields_count; i++)
		if ((int)i != mask && contract->messages[m->request].fields[i].message >= 0)
			resource = (int)i;
	buffer_printf(out, "\t[METHOD_%s] = {\n\t\tMETHOD_%s, \"%s\", \"%s\", \"%s\", \"%s\", ", upper, upper, upper, m->label,
		      m->service, m->proto->name);
	write_literal(out, m->help);
	buffer_printf(out, ",\n\t\t.path = SLICE(\"/%s/%s\"),\n", m->service, m->proto->name);
	if (also)
		buffer_printf(out, "\t\t.also = SLICE(\"/%s\"),\n", also);
	buffer_printf(out, "\t\t.request = &message_types[%d], .response = &message_types[%d],\n", m->request, m->response);
	if (m->routes_count)
		buffer_printf(out, "\t\t.routes = method_routes_%zu, .routes_count = %zu,\n", index, m->routes_count);
	write_access(contract, m, out);
	if (m->event)
		buffer_printf(out, "\t\t.event = &event_%zu,\n", index);
	buffer_printf(out, "\t\t.place = PLACE_%s, .is_form = %d, .is_page = %d, .update_mask = %d, .resource = %d,\n\t},\n",
		      places[m->place], m->is_form, m->is_page, mask, resource);
}

struct slots {
	unsigned at[PATH_SLOTS];
	size_t count;
};

/* Open addressing, one place further on a clash; the reader does the same. */
static void slots_add(struct contract *contract, struct slots *slots, slice path, size_t entry)
{
	uint32_t slot = path_slot(path_hash(path));

	while (slots->at[slot])
		slot = (slot + 1) & (PATH_SLOTS - 1);
	slots->at[slot] = (unsigned)entry + 1;
	if (++slots->count > PATH_SLOTS / 2)
		contract_fail(contract, "PATH_SLOTS in src/schema/path_hash.h is too small");
}

static void write_slots(const struct slots *slots, const char *name, struct buffer *out)
{
	buffer_printf(out, "\nconst uint16_t %s[PATH_SLOTS] = {\n", name);
	for (unsigned i = 0; i < PATH_SLOTS; i++)
		buffer_printf(out, "%s%u,%s", i % 16 ? " " : "\t", slots->at[i], i % 16 == 15 ? "\n" : "");
	buffer_text(out, "};\n");
}

/* Entry 2n is method n under its own path, 2n + 1 under v2beta1. */
static void write_path_slots(struct contract *contract, struct buffer *out)
{
	struct slots *slots = NEW(contract->arena, struct slots);

	for (size_t i = 0; slots && i < contract->methods_count && !contract->error[0]; i++) {
		const struct gen_method *m = &contract->methods[i];
		int stem = (int)strlen(m->package) - 2;

		slots_add(contract, slots, slice_str(arena_printf(contract->arena, "/%s/%s", m->service, m->proto->name)),
			  2 * i);
		if (m->is_v2)
			slots_add(contract, slots,
				  slice_str(arena_printf(contract->arena, "/%.*sv2beta1.%s/%s", stem, m->package,
							 m->service_short, m->proto->name)),
				  2 * i + 1);
	}
	if (slots)
		write_slots(slots, "method_path_slots", out);
}

/* By prefix; under one prefix the most specific first: no capture, a longer suffix, one segment, any number. */
static int by_prefix(const void *a, const void *b)
{
	const struct gen_route *x = a, *y = b;
	int order = slice_compare(x->prefix, y->prefix);

	if (order == 0)
		order = (x->capture != NULL) - (y->capture != NULL);
	if (order == 0)
		order = (int)y->suffix.len - (int)x->suffix.len;
	if (order == 0)
		order = x->is_deep - y->is_deep;
	return order ? order : strcmp(x->verb, y->verb);
}

static void check_routes(struct contract *contract, const struct gen_route *routes, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (by_prefix(&routes[i - 1], &routes[i]) == 0 && slice_eq(routes[i - 1].suffix, routes[i].suffix))
			contract_fail(contract, "%s %s is the route of two methods", routes[i].verb, routes[i].template);
}

static void write_routes(struct contract *contract, struct buffer *out)
{
	struct gen_route *routes = NEW_N(contract->arena, struct gen_route, ROUTES_MAX);
	struct slots *slots = NEW(contract->arena, struct slots);
	size_t count = 0, longest = 0;

	if (!routes || !slots)
		return;
	for (size_t i = 0; i < contract->methods_count; i++)
		for (size_t k = 0; k < contract->methods[i].routes_count; k++)
			routes[count++] = contract->methods[i].routes[k];
	qsort(routes, count, sizeof(*routes), by_prefix);
	check_routes(contract, routes, count);
	buffer_printf(out, "\nconst size_t routes_count = %zu;\nconst struct route routes[] = {\n", count);
	for (size_t i = 0; i < count && !contract->error[0]; i++) {
		write_route(contract, &routes[i], out);
		longest = routes[i].prefix.len > longest ? routes[i].prefix.len : longest;
		if (i == 0 || !slice_eq(routes[i].prefix, routes[i - 1].prefix))
			slots_add(contract, slots, routes[i].prefix, i);
	}
	buffer_printf(out, "};\nconst size_t route_prefix_bytes_max = %zu;\n", longest);
	write_slots(slots, "route_prefix_slots", out);
}

static void write_method_routes(const struct contract *contract, size_t index, struct buffer *out)
{
	const struct gen_method *m = &contract->methods[index];

	if (m->routes_count == 0)
		return;
	buffer_printf(out, "static const struct route method_routes_%zu[] = {\n", index);
	for (size_t i = 0; i < m->routes_count; i++)
		write_route(contract, &m->routes[i], out);
	buffer_text(out, "};\n");
}

void write_methods(struct contract *contract, struct buffer *out)
{
	buffer_text(out,
		    "/* Made by tools/protoc-gen-reeve from api/: the method table. */\n#include \"schema/method_impl.h\"\n\n");
	for (size_t i = 0; i < contract->methods_count; i++) {
		write_event(i, &contract->methods[i], out);
		write_method_routes(contract, i, out);
	}
	buffer_text(out, "\nconst struct method methods[METHOD_COUNT] = {\n");
	for (size_t i = 0; i < contract->methods_count; i++)
		write_method(contract, i, out);
	buffer_text(out, "};\n");
	write_path_slots(contract, out);
	write_routes(contract, out);
}

static void write_prototype(const struct contract *contract, const struct gen_method *m, const char *attribute,
			    struct buffer *out)
{
	const char *request = name_type(contract->arena, contract->messages[m->request].full);
	const char *response = name_type(contract->arena, contract->messages[m->response].full);

	buffer_printf(out, "status %s(struct call *call, const %s *in, %s *out)%s;\n", m->symbol, request, response, attribute);
}

void write_handlers_header(const struct contract *contract, struct buffer *out)
{
	buffer_text(
		out,
		"/*\n * Made by tools/protoc-gen-reeve from api/: a function for each method, to be written in the service "
		"room.\n"
		" * in is the decoded request, out the response with every field unset; both live in the call's arena.\n */\n"
		"#ifndef HANDLERS_GEN_H\n#define HANDLERS_GEN_H\n\n#include \"base/status.h\"\n#include \"messages.h\"\n\n"
		"struct call;\n\n");
	for (size_t i = 0; i < contract->methods_count; i++)
		write_prototype(contract, &contract->methods[i], "", out);
	buffer_text(out, "\n#endif\n");
}

void write_handlers(const struct contract *contract, struct buffer *out)
{
	buffer_text(out, "/*\n * Made by tools/protoc-gen-reeve from api/: the functions of the service room by method. A "
			 "method nobody has\n"
			 " * written is NULL, which answers UNIMPLEMENTED: the references are weak. A weak reference pulls "
			 "nothing out of an\n"
			 " * archive, so programs must link the service room whole (meson: link_whole).\n */\n"
			 "#include \"handlers.gen.h\"\n\n#include \"schema/method.h\"\n\n");
	for (size_t i = 0; i < contract->methods_count; i++)
		buffer_printf(out, "#pragma weak %s\n", contract->methods[i].symbol);
	buffer_text(out, "\nconst method_run method_handlers[METHOD_COUNT] = {\n");
	for (size_t i = 0; i < contract->methods_count; i++)
		buffer_printf(out, "\t[METHOD_%s] = (method_run)%s,\n",
			      name_upper(contract->arena, contract->methods[i].symbol), contract->methods[i].symbol);
	buffer_text(out, "};\n");
}

void write_method_list(const struct contract *contract, struct buffer *out)
{
	for (size_t i = 0; i < contract->methods_count; i++)
		buffer_printf(out, "%s %s\n", contract->methods[i].label, contract->methods[i].symbol);
}
