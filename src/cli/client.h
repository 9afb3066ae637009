/*
 * client: calls of the server, by REST and JSON.
 *
 * Owns      how a request of the contract becomes a verb, a path, a query and a body (all from its row in methods[]), paging,
 *           and how an answer that says no becomes a fault.
 * Promises  only the configured places are called; a token goes to the API and the issuer alone; an answer that is no JSON is
 * an error; one refused token is renewed once, when something is there to renew it with. Start at  ask_begin(), ask_text(),
 * call(); call_list().
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "base/json.h"
#include "cli/cli.h"

#define ASK_FIELDS_MAX 64
#define LIST_PAGE_ROWS 200
#define CALL_TIMEOUT_MS 60000

/* A request as fields: dotted proto names, those under one message side by side. */
struct ask_field {
	const char *path; /* "group.name" */
	slice value;
	bool is_json; /* value is JSON: a number, a list, an object */
};

struct ask {
	enum method_id method;
	struct ask_field fields[ASK_FIELDS_MAX];
	size_t count;
	const char *mask; /* of an update: the field names, by commas; NULL: from the fields given */
	const char *what; /* "creating organization example.com": begins the text of a failure; printf'ed by ask_begin */
};

/* Everything given lives as long as the call. */
FALLIBLE ask_begin(struct cli *cli, struct ask *ask, enum method_id method, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
void ask_text(struct ask *ask, const char *path, slice value);
void ask_json(struct ask *ask, const char *path, slice json);
/* A list of strings; the field's type must be repeated string or enum. */
FALLIBLE ask_texts(struct cli *cli, struct ask *ask, const char *path, const slice *values, size_t count);

/* Calls the method with the session's token (none for public ones). ret_answer: the answer's object. */
FALLIBLE call(struct cli *cli, const struct ask *ask, const struct json **ret_answer);
/* The same of a public method at platform.issuer, without a token. */
FALLIBLE call_issuer(struct cli *cli, const struct ask *ask, const struct json **ret_answer);
/* All rows of a list of the second version: `items` is the answer's list ("groups"). Page after page, at most CLI_LIST_MAX. */
FALLIBLE call_list(struct cli *cli, struct ask *ask, const char *items, const struct json ***ret_rows, size_t *ret_count);
/* The same of a list that comes whole, without pages. */
FALLIBLE call_whole_list(struct cli *cli, const struct ask *ask, const char *items, const struct json ***ret_rows,
			 size_t *ret_count);

/* ---- below: what has its own form ---- */

struct sending {
	const char *verb; /* "GET", "POST", "PUT", "PATCH", "DELETE" */
	slice url;
	slice bearer;       /* empty: none */
	slice content_type; /* empty: no body */
	slice body;
	const char *what; /* as in struct ask */
};

/* Sends it; a status of 2xx gives the body, anything else the fault its JSON names: "<what>: rpc error: code = NotFound desc =
 * ...". */
FALLIBLE client_send(struct cli *cli, const struct sending *sending, slice *ret_body);
/* The same for answers that say no in another way than ours: any status is given back. A fault only without an answer. */
FALLIBLE client_try(struct cli *cli, const struct sending *sending, int *ret_http_status, slice *ret_body);
/* Adds "name=value" to a form or a query (application/x-www-form-urlencoded). */
void form_add(struct buffer *form, const char *name, slice value);
/* Ends the network thread, when there is one. */
void client_done(struct cli *cli);
/* Go's name of a gRPC code: "PermissionDenied". */
const char *code_name(int grpc_code);

/* ---- reading answers ---- */

/* The text at a dotted path of an object; "" when it is absent or no text, number or boolean. */
slice json_at(const struct json *object, const char *path);
/* The value itself, or NULL. */
const struct json *json_find(const struct json *object, const char *path);

/* Internal: how a request is laid out, for tests. Query without "?"; body empty when the route has none. */
FALLIBLE ask_layout(struct cli *cli, const struct ask *ask, const char **ret_verb, slice *ret_path, slice *ret_query,
		    slice *ret_body);

#endif
