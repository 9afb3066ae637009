/*
 * methods: the rows of the method table, with routes and all names resolved.
 */
#include <ctype.h>

#include "contract.h"

enum { IN_FILE_SERVICE = 6, IN_SERVICE_METHOD = 2 };
#define V2 ".v2"
#define PUBLIC_PREFIX "chainguard.platform."

static const char *replace(struct arena *arena, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	return at ? arena_printf(arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) : text;
}

/* "GroupsService" -> "groups" */
static const char *noun(struct arena *arena, const char *service)
{
	slice name = slice_str(service);

	if (slice_ends(name, SLICE("Service")))
		name.len -= strlen("Service");
	return name_lower(arena, arena_text(arena, name));
}

/* "chainguard.platform.iam.v2" -> area "iam", version "v2"; without a version it is v1; "reeve.v1" -> "reeve", "v1". */
static void split_package(struct arena *arena, const char *package, slice *ret_area, slice *ret_version)
{
	slice rest = slice_str(package);

	if (slice_starts(rest, SLICE(PUBLIC_PREFIX)))
		rest = slice_from(rest, strlen(PUBLIC_PREFIX));
	if (!slice_cut(rest, '.', ret_area, ret_version))
		*ret_version = SLICE("v1");
}

/* "groups_delete_group", "v1_groups_delete", "reeve_setup_register"; with the area when another service has that name too. */
static const char *symbol(struct arena *arena, const struct gen_method *m, bool with_area)
{
	slice area, version;
	const char *prefix;

	split_package(arena, m->package, &area, &version);
	prefix = slice_is(area, "reeve") ? "reeve_" : slice_is(version, "v1") ? "v1_" : "";
	return arena_printf(arena, "%s%.*s%s%s_%s", prefix, with_area ? (int)area.len : 0, area.at, with_area ? "_" : "",
			    noun(arena, m->service_short), name_lower(arena, m->proto->name));
}

static void add_route(struct contract *contract, struct gen_method *m, const char *verb, const char *template, const char *body,
		      bool is_beta)
{
	struct gen_route *route = &m->routes[m->routes_count];
	slice rest = slice_str(template), inside, wild = SLICE("");
	unsigned steps[4];

	if (m->routes_count == METHOD_ROUTES_MAX) {
		contract_fail(contract, "%s: too many routes", m->label);
		return;
	}
	m->routes_count++;
	*route = (struct gen_route){ .verb = verb, .template = template, .body = -1, .is_beta = is_beta };
	if (body && body[0])
		route->body = strcmp(body, "*") == 0 ? -2 : contract_field(contract, m->request, slice_str(body));
	if (body && body[0] && route->body == -1)
		contract_fail(contract, "%s: no field %s for the body", m->label, body);
	if (!slice_cut(rest, '{', &route->prefix, &rest))
		return;
	if (!slice_cut(rest, '}', &inside, &rest) || !slice_cut(inside, '=', &inside, &wild) ||
	    !slice_ends(route->prefix, SLICE("/")) || slice_find(rest, '{') < rest.len ||
	    (!slice_is(wild, "**") && !slice_is(wild, "*"))) {
		contract_fail(contract, "%s: the template takes one capture, {field=**} or {field=*} behind a \"/\"", m->label);
		return;
	}
	route->prefix.len--;
	route->suffix = rest;
	route->capture = arena_text(contract->arena, inside);
	route->is_deep = slice_is(wild, "**");
	if (!contract_path(contract, m->request, route->capture, steps, 4))
		contract_fail(contract, "%s: no field %s for the capture", m->label, route->capture);
}

static const char *rule_path(const Google__Api__HttpRule *rule, const char **ret_verb)
{
	switch ((int)rule->pattern_case) {
	case GOOGLE__API__HTTP_RULE__PATTERN_GET:
		*ret_verb = "GET";
		return rule->get;
	case GOOGLE__API__HTTP_RULE__PATTERN_PUT:
		*ret_verb = "PUT";
		return rule->put;
	case GOOGLE__API__HTTP_RULE__PATTERN_POST:
		*ret_verb = "POST";
		return rule->post;
	case GOOGLE__API__HTTP_RULE__PATTERN_DELETE:
		*ret_verb = "DELETE";
		return rule->delete_;
	case GOOGLE__API__HTTP_RULE__PATTERN_PATCH:
		*ret_verb = "PATCH";
		return rule->patch;
	default:
		return NULL;
	}
}

/* A v2 route has a v2beta1 twin. */
static void add_rule(struct contract *contract, struct gen_method *m, const Google__Api__HttpRule *rule)
{
	const char *verb, *path = rule_path(rule, &verb);

	if (!path) {
		contract_fail(contract, "%s: an http rule without a path", m->label);
		return;
	}
	add_route(contract, m, verb, path, rule->body, false);
	if (m->is_v2)
		add_route(contract, m, verb, replace(contract->arena, path, "/v2/", "/v2beta1/"), rule->body, true);
	for (size_t i = 0; i < rule->n_additional_bindings; i++)
		add_rule(contract, m, rule->additional_bindings[i]);
}

static void check_access(struct contract *contract, const struct gen_method *m)
{
	const Reeve__Api__Access *access = m->access;
	unsigned steps[4];

	if (!access || access->kind == REEVE__API__ACCESS__KIND__UNSPECIFIED) {
		contract_fail(contract, "%s: option (reeve.api.access) is missing: who may call it?", m->label);
		return;
	}
	for (size_t i = 0; i < access->n_capability; i++)
		if (!contract_capability(contract, access->capability[i]))
			contract_fail(contract, "%s: no capability is named %s", m->label, access->capability[i]);
	bool is_at = access->kind == REEVE__API__ACCESS__KIND__AT_SCOPE;
	bool is_resolved = access->kind == REEVE__API__ACCESS__KIND__AT_RESOLVED;
	bool asks = is_at || is_resolved || access->kind == REEVE__API__ACCESS__KIND__ANYWHERE ||
		    access->kind == REEVE__API__ACCESS__KIND__OPERATOR;
	if (asks != (access->n_capability > 0) || access->n_capability > 4)
		contract_fail(contract, "%s: this kind of access takes %s", m->label,
			      asks ? "1 to 4 capabilities" : "no capability");
	if (is_at != (access->at[0] != '\0') || is_resolved != (access->resolver[0] != '\0'))
		contract_fail(contract, "%s: AT_SCOPE and only that has `at`, AT_RESOLVED and only that `resolver`", m->label);
	if (is_at && !contract_path(contract, m->request, access->at, steps, 4))
		contract_fail(contract, "%s: the request has no field %s", m->label, access->at);
}

static void gather_options(struct contract *contract, struct gen_method *m)
{
	const ProtobufCMessage *options = m->proto->options ? &m->proto->options->base : NULL;
	const Google__Api__HttpRule *rule = option_http(contract, options);
	const Reeve__Api__Run *run = option_run(contract, options);

	m->access = option_access(contract, options);
	m->event = option_event(contract, options);
	if (rule)
		add_rule(contract, m, rule);
	m->is_form = run && run->form;
	m->is_page = run && run->page;
	m->place = run ? run->place : REEVE__API__RUN__PLACE__AUTO;
	if (m->place == REEVE__API__RUN__PLACE__AUTO)
		m->place = m->routes_count && strcmp(m->routes[0].verb, "GET") == 0 ? REEVE__API__RUN__PLACE__WORKER
										    : REEVE__API__RUN__PLACE__WRITE;
	check_access(contract, m);
	if (m->is_page && m->access && m->access->kind != REEVE__API__ACCESS__KIND__PUBLIC)
		contract_fail(contract, "%s: a page is PUBLIC: no token comes with it", m->label);
	if (m->routes_count && m->access && m->access->kind == REEVE__API__ACCESS__KIND__INTERNAL)
		contract_fail(contract, "%s: an INTERNAL method has no route", m->label);
	if (m->event && (m->event->n_extension > 2 || m->event->audience == REEVE__API__EVENT__AUDIENCE__UNKNOWN))
		contract_fail(contract, "%s: an event has an audience and at most 2 extensions", m->label);
}

static void gather_method(struct contract *contract, const file_proto *file, int service, int method)
{
	const Google__Protobuf__ServiceDescriptorProto *s = file->service[service];
	const int32_t path[] = { IN_FILE_SERVICE, service, IN_SERVICE_METHOD, method };
	struct arena *arena = contract->arena;
	struct gen_method *m = &contract->methods[contract->methods_count];
	slice area, version;

	if (contract->methods_count == CONTRACT_METHODS_MAX) {
		contract_fail(contract, "%s: too many methods", s->name);
		return;
	}
	contract->methods_count++;
	split_package(arena, file->package, &area, &version);
	m->proto = s->method[method];
	m->package = file->package;
	m->service = arena_printf(arena, "%s.%s", file->package, s->name);
	m->service_short = s->name;
	m->help = contract_help(contract, file, path, 4);
	m->is_v2 = slice_ends(slice_str(file->package), SLICE(V2));
	m->symbol = symbol(arena, m, false);
	m->label = arena_printf(arena, "%.*s.%.*s.%s.%s", SLICE_ARG(area), SLICE_ARG(version), noun(arena, s->name),
				name_lower(arena, m->proto->name));
	m->request = contract_message(contract, m->proto->input_type);
	m->response = contract_message(contract, m->proto->output_type);
	if (m->request < 0 || m->response < 0)
		contract_fail(contract, "%s: request or response is not among the files given", m->label);
	else
		gather_options(contract, m);
}

/* Two services of one name: the one outside iam carries its area. */
static void part_namesakes(struct contract *contract)
{
	for (size_t i = 0; i < contract->methods_count; i++)
		for (size_t k = 0; k < contract->methods_count; k++) {
			struct gen_method *a = &contract->methods[i], *b = &contract->methods[k];

			if (strcmp(a->service_short, b->service_short) == 0 && strcmp(a->package, b->package) != 0 &&
			    !a->is_v2 && !b->is_v2 && strcmp(b->package, PUBLIC_PREFIX "iam") == 0)
				a->symbol = symbol(contract->arena, a, true);
		}
	for (size_t i = 0; i < contract->methods_count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(contract->methods[i].symbol, contract->methods[k].symbol) == 0)
				contract_fail(contract, "%s and %s would have one handler, %s", contract->methods[i].label,
					      contract->methods[k].label, contract->methods[i].symbol);
}

static int by_label(const void *a, const void *b)
{
	const struct gen_method *x = a, *y = b;

	return strcmp(x->label, y->label);
}

void methods_gather(struct contract *contract)
{
	for (size_t f = 0; f < contract->request->n_proto_file; f++) {
		const file_proto *file = contract->request->proto_file[f];

		for (size_t s = 0; s < file->n_service; s++)
			for (size_t i = 0; i < file->service[s]->n_method; i++)
				gather_method(contract, file, (int)s, (int)i);
	}
	qsort(contract->methods, contract->methods_count, sizeof(struct gen_method), by_label);
	part_namesakes(contract);
	for (size_t i = 0; i < contract->methods_count; i++)
		for (size_t k = 0; k < contract->methods[i].routes_count; k++)
			contract->methods[i].routes[k].method = (int)i;
}
