/*
 * client: calls of the server.
 */
#include "cli/client.h"

#include <assert.h>
#include <stdarg.h>
#include <sys/utsname.h>

#include "base/encode.h"
#include "cli/login.h"
#include "cli/signin.h"
#include "fetch/fetch.h"

#define URL_TEXT_MAX ((size_t)64 * 1024)

static const char *const code_names[] = {
	"OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
	"NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
	"Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
	"DataLoss", "Unauthenticated"
};
#define CODES_COUNT ((int)(sizeof(code_names) / sizeof(*code_names)))

const char *code_name(int grpc_code)
{
	return grpc_code >= 0 && grpc_code < CODES_COUNT ? code_names[grpc_code] : "Unknown";
}

/* --- the wire --- */

static FALLIBLE fetcher_of(struct cli *cli, struct fetcher **ret_fetcher)
{
	struct fetch_config config = { .is_personal = true };

	if (!cli->fetcher)
		TRY(fetcher_new(&config, &cli->fetcher));
	*ret_fetcher = cli->fetcher;
	return OK;
}

void client_done(struct cli *cli)
{
	cli->fetcher = fetcher_free(cli->fetcher);
}

static enum fetch_method method_of(const char *verb)
{
	static const struct {
		const char *name;
		enum fetch_method method;
	} rows[] = { { "GET", FETCH_GET },
		     { "POST", FETCH_POST },
		     { "PUT", FETCH_PUT },
		     { "PATCH", FETCH_PATCH },
		     { "DELETE", FETCH_DELETE } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].name, verb) == 0)
			return rows[i].method;
	assert(!"a verb of the contract");
	return FETCH_GET;
}

static enum fault fault_of(int grpc_code)
{
	for (enum fault fault = 1; fault < FAULT_ELSEWHERE; fault++)
		if (fault_row(fault)->grpc_code == grpc_code)
			return fault;
	return FAULT_INTERNAL;
}

/* A gateway of somebody else answers without our JSON: by its HTTP status then. */
static int code_of_http(int http_status)
{
	for (enum fault fault = 1; fault < FAULT_ELSEWHERE; fault++)
		if (fault_row(fault)->http_status == http_status)
			return fault_row(fault)->grpc_code;
	return http_status >= 500 ? fault_row(FAULT_UNAVAILABLE)->grpc_code : fault_row(FAULT_INTERNAL)->grpc_code;
}

static FALLIBLE refuse(const char *what, int code, slice detail)
{
	char plain[REPORT_TEXT_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < detail.len && n < sizeof(plain) - 1; i++)
		plain[n++] = (unsigned char)detail.at[i] < 0x20 || detail.at[i] == 0x7f ? ' ' : detail.at[i];
	plain[n] = '\0';
	return FAIL(fault_of(code), "%s: rpc error: code = %s desc = %s", what, code_name(code), plain);
}

static FALLIBLE answer_fault(struct cli *cli, const struct sending *sending, const struct fetch_answer *answer)
{
	struct report scratch = { 0 }, *before = report_use(&scratch);
	const struct json *body = NULL;
	int64_t code = 0;
	slice text = SLICE("");
	bool is_ours = !FAILED(json_parse_object(cli->arena, answer->body, NULL, &body)) &&
		       json_int64(json_member(body, "code"), &code) && code > 0 && code < CODES_COUNT;

	report_use(before);
	if (is_ours) {
		(void)json_text(json_member(body, "message"), &text); /* stays empty when it lacks one */
		return refuse(sending->what, (int)code, text);
	}
	text = slice_str(arena_printf(cli->arena, "the server answered with HTTP status %d", answer->http_status));
	return refuse(sending->what, code_of_http(answer->http_status), text);
}

/* "reeve/0.1.0 (the machine's name)": the page that asks a person's consent shows it. */
static slice user_agent(struct cli *cli)
{
	struct utsname names;
	slice host = slice_str("");

	if (uname(&names) == 0)
		host = slice_to(slice_str(names.nodename), slice_plain_len(slice_str(names.nodename)));
	return slice_str(arena_printf(cli->arena, "reeve/" REEVE_VERSION " (%.*s)", SLICE_ARG(host)));
}

static FALLIBLE send_once(struct cli *cli, const struct sending *sending, struct fetch_answer *ret_answer)
{
	struct fetch_header headers[4] = { { SLICE("Accept"), SLICE("application/json") },
					   { SLICE("User-Agent"), user_agent(cli) } };
	struct fetch_request request = { .url = sending->url,
					 .method = method_of(sending->verb),
					 .headers = headers,
					 .header_count = 2,
					 .body = sending->body,
					 .max_bytes = FETCH_BYTES_MAX,
					 .timeout_ms = CALL_TIMEOUT_MS };
	struct fetcher *fetcher;

	if (sending->bearer.len > 0) {
		char *bearer = arena_printf(cli->arena, "Bearer %.*s", SLICE_ARG(sending->bearer));

		TRY_NEW(bearer);
		headers[request.header_count++] = (struct fetch_header){ SLICE("Authorization"), slice_str(bearer) };
	}
	if (sending->content_type.len > 0)
		headers[request.header_count++] = (struct fetch_header){ SLICE("Content-Type"), sending->content_type };
	TRY(fetcher_of(cli, &fetcher));
	return fetch_wait(fetcher, &request, cli->arena, ret_answer);
}

/* Where the address of a call was said; NULL for one that is nobody's setting. */
static const char *place_of(struct cli *cli, slice url)
{
	enum config_id id = slice_starts(url, CONFIG(cli, PLATFORM_API)) ? CONFIG_ID_PLATFORM_API : CONFIG_ID_PLATFORM_ISSUER;
	char variable[CONFIG_VARIABLE_BYTES];

	if (!slice_starts(url, config_text(&cli->config, id)))
		return NULL;
	if (cli->given[FLAG_SERVER].is_given)
		return "--server";
	config_variable(id, variable);
	return arena_printf(cli->arena, "%s (--%s, %s)", config_rows[id].key, strrchr(config_rows[id].key, '.') + 1, variable);
}

/* No answer came: what failed, and what the person at hand can look at. */
static FALLIBLE refuse_unanswered(struct cli *cli, const struct sending *sending)
{
	const struct report *report = report_current();
	bool is_unreached = report->fault == FAULT_UNAVAILABLE || report->fault == FAULT_TOO_LATE;
	const char *place = is_unreached ? place_of(cli, sending->url) : NULL;
	char why[REPORT_TEXT_BYTES];

	if (place)
		(void)snprintf(why, sizeof(why), "%s; is reeved running there, and is %s right?", report->text,
			       place); /* a cut text says enough */
	else
		(void)snprintf(why, sizeof(why), "%s", report->text); /* same size: never cut */
	return refuse(sending->what, fault_row(report->fault)->grpc_code, slice_str(why));
}

static FALLIBLE send_traced(struct cli *cli, const struct sending *sending, struct fetch_answer *ret_answer)
{
	if (cli->is_traced)
		fprintf(cli->err, "> %s %.*s (%zu bytes)\n", sending->verb, SLICE_ARG(sending->url), sending->body.len);
	if (FAILED(send_once(cli, sending, ret_answer)))
		return refuse_unanswered(cli, sending);
	if (cli->is_traced)
		fprintf(cli->err, "< %d (%zu bytes)\n", ret_answer->http_status, ret_answer->body.len);
	return OK;
}

FALLIBLE client_send(struct cli *cli, const struct sending *sending, slice *ret_body)
{
	struct fetch_answer answer = { 0 };

	TRY(send_traced(cli, sending, &answer));
	if (answer.http_status < 200 || answer.http_status > 299)
		return answer_fault(cli, sending, &answer);
	*ret_body = answer.body;
	return OK;
}

FALLIBLE client_try(struct cli *cli, const struct sending *sending, int *ret_http_status, slice *ret_body)
{
	struct fetch_answer answer = { 0 };

	TRY(send_traced(cli, sending, &answer));
	*ret_http_status = answer.http_status;
	*ret_body = answer.body;
	return OK;
}

void form_add(struct buffer *form, const char *name, slice value)
{
	buffer_printf(form, "%s%s=", form->len ? "&" : "", name);
	percent_encode(form, PERCENT_FORM, value);
}

/* --- a request's layout --- */

FALLIBLE ask_begin(struct cli *cli, struct ask *ask, enum method_id method, const char *what, ...)
{
	char text[256];
	va_list args;

	va_start(args, what);
	(void)vsnprintf(text, sizeof(text), what, args); /* a longer one is cut */
	va_end(args);
	ask->method = method;
	ask->count = 0;
	ask->mask = NULL;
	ask->what = arena_text(cli->arena, slice_str(text));
	TRY_NEW(ask->what);
	return OK;
}

static void ask_add(struct ask *ask, const char *path, slice value, bool is_json)
{
	assert(ask->count < ASK_FIELDS_MAX);
	ask->fields[ask->count++] = (struct ask_field){ .path = path, .value = value, .is_json = is_json };
}

void ask_text(struct ask *ask, const char *path, slice value)
{
	ask_add(ask, path, value, false);
}

void ask_json(struct ask *ask, const char *path, slice json)
{
	ask_add(ask, path, json, true);
}

FALLIBLE ask_texts(struct cli *cli, struct ask *ask, const char *path, const slice *values, size_t count)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, cli->arena, FETCH_SENT_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_array(&writer);
	for (size_t i = 0; i < count; i++)
		json_put_text(&writer, values[i]);
	json_close_array(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_INVALID, "%s: too many values", path);
	ask_json(ask, path, buffer_slice(&out));
	return OK;
}

static bool is_capture(const struct route *route, const struct ask_field *field)
{
	return route->capture_name && strcmp(route->capture_name, field->path) == 0;
}

/* The field's path within the route's body; NULL when it does not go there. */
static const char *in_body(const struct method *method, const struct route *route, const struct ask_field *field)
{
	const char *name;
	size_t len;

	if (route->body == ROUTE_BODY_NONE || is_capture(route, field))
		return NULL;
	if (route->body == ROUTE_BODY_ALL)
		return field->path;
	name = method->request->descriptor->fields[route->body].name;
	len = strlen(name);
	return strncmp(field->path, name, len) == 0 && field->path[len] == '.' ? field->path + len + 1 : NULL;
}

/* Letters two dotted paths share up to their last common dot, that dot included. */
static size_t common_path(const char *a, const char *b)
{
	size_t common = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '.')
			common = i + 1;
	return common;
}

static unsigned dots(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '.';
	return n;
}

/* Moves the writer from inside the objects of `before` into those of `path`, and writes the last name. */
static void open_path(struct json_writer *writer, const char *before, const char *path)
{
	size_t common = common_path(before, path);
	const char *rest = path + common, *dot;

	for (unsigned left = dots(before + common); left > 0; left--)
		json_close_object(writer);
	for (; (dot = strchr(rest, '.')); rest = dot + 1) {
		json_put_name(writer, slice_of(rest, (size_t)(dot - rest)));
		json_open_object(writer);
	}
	json_put_name(writer, slice_str(rest));
}

static FALLIBLE layout_body(struct cli *cli, const struct ask *ask, const struct route *route, slice *ret_body)
{
	const struct method *method = &methods[ask->method];
	const char *before = "";
	struct json_writer writer;
	struct buffer out;

	*ret_body = slice_str("");
	if (route->body == ROUTE_BODY_NONE)
		return OK;
	buffer_init(&out, cli->arena, FETCH_SENT_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	for (size_t i = 0; i < ask->count; i++) {
		const char *path = in_body(method, route, &ask->fields[i]);

		if (!path)
			continue;
		open_path(&writer, before, path);
		if (ask->fields[i].is_json)
			json_put_raw(&writer, ask->fields[i].value);
		else
			json_put_text(&writer, ask->fields[i].value);
		before = path;
	}
	for (unsigned left = dots(before) + 1; left > 0; left--)
		json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_INVALID, "%s: the request is too large", ask->what);
	*ret_body = buffer_slice(&out);
	return OK;
}

static void add_parameter(struct buffer *out, const char *name, slice value)
{
	if (out->len > 0)
		buffer_byte(out, '&');
	buffer_text(out, name);
	buffer_byte(out, '=');
	percent_encode(out, PERCENT_QUERY, value);
}

/* What the update names when nobody said: the fields of the resource that are sent. */
static slice mask_of(struct cli *cli, const struct ask *ask, const struct route *route)
{
	const struct method *method = &methods[ask->method];
	struct buffer out;

	if (ask->mask)
		return slice_str(ask->mask);
	buffer_init(&out, cli->arena, URL_TEXT_MAX);
	for (size_t i = 0; i < ask->count; i++) {
		const char *path = in_body(method, route, &ask->fields[i]);

		if (path)
			buffer_printf(&out, "%s%s", out.len ? "," : "", path);
	}
	return buffer_slice(&out);
}

FALLIBLE ask_layout(struct cli *cli, const struct ask *ask, const char **ret_verb, slice *ret_path, slice *ret_query,
		    slice *ret_body)
{
	const struct method *method = &methods[ask->method];
	const struct route *route = &method->routes[0];
	struct buffer path, query;

	assert(method->routes_count > 0);
	buffer_init(&path, cli->arena, URL_TEXT_MAX);
	buffer_init(&query, cli->arena, URL_TEXT_MAX);
	buffer_add(&path, route->prefix);
	for (size_t i = 0; i < ask->count; i++) {
		const struct ask_field *field = &ask->fields[i];

		if (is_capture(route, field) && field->value.len > 0) {
			buffer_byte(&path, '/');
			percent_encode(&path, route->capture_is_deep ? PERCENT_PATH : PERCENT_SEGMENT, field->value);
		} else if (!is_capture(route, field) && !in_body(method, route, field)) {
			add_parameter(&query, field->path, field->value);
		}
	}
	buffer_add(&path, route->suffix);
	if (method->update_mask >= 0)
		add_parameter(&query, "updateMask", mask_of(cli, ask, route));
	TRY(layout_body(cli, ask, route, ret_body));
	if (buffer_failed(&path) || buffer_failed(&query))
		return FAIL(FAULT_INVALID, "%s: the request is too large", ask->what);
	*ret_verb = route->verb;
	*ret_path = buffer_slice(&path);
	*ret_query = buffer_slice(&query);
	return OK;
}

/* --- calls --- */

static FALLIBLE send_ask(struct cli *cli, const struct ask *ask, slice base, slice token, const struct json **ret_answer)
{
	struct sending sending = { .what = ask->what, .bearer = token };
	slice path, query, body = { 0 };
	char *url;

	TRY(ask_layout(cli, ask, &sending.verb, &path, &query, &sending.body));
	url = arena_printf(cli->arena, "%.*s%.*s%s%.*s", SLICE_ARG(base), SLICE_ARG(path), query.len ? "?" : "",
			   SLICE_ARG(query));
	TRY_NEW(url);
	sending.url = slice_str(url);
	if (sending.body.len > 0)
		sending.content_type = SLICE("application/json");
	TRY(client_send(cli, &sending, &body));
	if (FAILED(json_parse_object(cli->arena, body, NULL, ret_answer)))
		return FAIL(FAULT_INTERNAL, "%s: the server's answer is no JSON object", ask->what);
	return OK;
}

static bool needs_token(const struct method *method)
{
	return method->access.kind != ACCESS_PUBLIC && method->access.kind != ACCESS_CREDENTIAL;
}

FALLIBLE call(struct cli *cli, const struct ask *ask, const struct json **ret_answer)
{
	slice token = slice_str("");
	status st;

	if (needs_token(&methods[ask->method]))
		TRY(login_token(cli, CONFIG(cli, PLATFORM_AUDIENCE), &token));
	st = send_ask(cli, ask, CONFIG(cli, PLATFORM_API), token, ret_answer);
	if (st.fault != FAULT_UNAUTHENTIC || !signin_can_renew(cli, CONFIG(cli, PLATFORM_AUDIENCE)))
		return st;
	TRY(signin_renew(cli, CONFIG(cli, PLATFORM_AUDIENCE), &token)); /* the keys or the server may be others now */
	return send_ask(cli, ask, CONFIG(cli, PLATFORM_API), token, ret_answer);
}

FALLIBLE call_issuer(struct cli *cli, const struct ask *ask, const struct json **ret_answer)
{
	return send_ask(cli, ask, CONFIG(cli, PLATFORM_ISSUER), slice_str(""), ret_answer);
}

/* Adds a page's rows; the array doubles. */
static FALLIBLE add_rows(struct cli *cli, const struct json *page, const struct json ***rows, size_t *count, size_t *cap)
{
	if (!json_is(page, JSON_ARRAY))
		return OK;
	JSON_EACH (row, page) {
		if (*count == CLI_LIST_MAX)
			return FAIL(FAULT_EXHAUSTED, "the list has more than %d rows; narrow it with --parent", CLI_LIST_MAX);
		if (*count == *cap) {
			size_t more = *cap ? *cap * 2 : LIST_PAGE_ROWS;
			const struct json **grown = NEW_N(cli->arena, const struct json *, more);

			TRY_NEW(grown);
			if (*count)
				memcpy(grown, *rows, *count * sizeof(*grown));
			*rows = grown;
			*cap = more;
		}
		(*rows)[(*count)++] = row;
	}
	return OK;
}

FALLIBLE call_list(struct cli *cli, struct ask *ask, const char *items, const struct json ***ret_rows, size_t *ret_count)
{
	const struct json **rows = NULL;
	size_t count = 0, cap = 0, fields = ask->count;
	slice token = slice_str("");

	do {
		const struct json *page;

		ask->count = fields;
		ask_text(ask, "page_size", SLICE("200"));
		if (token.len > 0)
			ask_text(ask, "page_token", token);
		TRY(call(cli, ask, &page));
		TRY(add_rows(cli, json_member(page, items), &rows, &count, &cap));
		token = json_at(page, "nextPageToken");
	} while (token.len > 0);
	ask->count = fields;
	*ret_rows = rows;
	*ret_count = count;
	return OK;
}

FALLIBLE call_whole_list(struct cli *cli, const struct ask *ask, const char *items, const struct json ***ret_rows,
			 size_t *ret_count)
{
	const struct json **rows = NULL, *answer;
	size_t count = 0, cap = 0;

	TRY(call(cli, ask, &answer));
	TRY(add_rows(cli, json_member(answer, items), &rows, &count, &cap));
	*ret_rows = rows;
	*ret_count = count;
	return OK;
}

/* --- reading --- */

static const struct json *member(const struct json *object, slice name)
{
	if (!json_is(object, JSON_OBJECT))
		return NULL;
	JSON_EACH (item, object)
		if (slice_eq(item->name, name))
			return item;
	return NULL;
}

const struct json *json_find(const struct json *object, const char *path)
{
	slice rest = slice_str(path), name;

	for (bool more = true; more && object;) {
		more = slice_cut(rest, '.', &name, &rest);
		object = member(object, name);
	}
	return object;
}

slice json_at(const struct json *object, const char *path)
{
	const struct json *value = json_find(object, path);

	if (!value)
		return slice_str("");
	if (value->kind == JSON_STRING || value->kind == JSON_NUMBER)
		return value->text;
	if (value->kind == JSON_BOOL)
		return value->truth ? SLICE("true") : SLICE("false");
	return slice_str("");
}
