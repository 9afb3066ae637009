/*
 * method: every call this server knows, as rows generated from the annotations in api/.
 *
 * Owns      the table of methods, the lookup of a gRPC path, the match of a REST path.
 * Promises  lookups allocate nothing and take time bounded by the length of the path; of several routes that fit a path the
 *           most specific one wins; a v2beta1 name is the v2 row under a second path.
 * Start at  method_by_path() for gRPC, route_match() for REST, methods[] for everything made from the table.
 */
#ifndef SCHEMA_METHOD_H
#define SCHEMA_METHOD_H

#include "methods.gen.h" /* enum method_id: METHOD_GROUPS_DELETE_GROUP, METHOD_V1_GROUPS_DELETE, … METHOD_COUNT */
#include "schema/message.h"

/* Who may call (api/reeve/options.proto says it in full). */
enum access_kind {
	ACCESS_PUBLIC,      /* anyone */
	ACCESS_SIGNED_IN,   /* any valid token of ours */
	ACCESS_AT_SCOPE,    /* all bits at the place in the request's field */
	ACCESS_ANYWHERE,    /* any valid token, the answer is filtered to where the bits are held */
	ACCESS_AT_RESOLVED, /* all bits at the place the named resolver finds */
	ACCESS_CREDENTIAL,  /* the call carries its own upstream credential */
	ACCESS_OPERATOR,    /* all bits by an operator's standing, at no place */
	ACCESS_INTERNAL,    /* only by this server, on behalf of another call (call.h: call_nested) */
};

/* Where it runs. */
enum place {
	PLACE_LOOP,   /* the connection's thread, from memory; FAULT_ELSEWHERE hands it to a worker, where FAULT_BUSY, before
			 anything was done, has it run again a little later */
	PLACE_WORKER, /* a worker thread, reading tables */
	PLACE_WRITE,  /* under store_write */
};

#define ACCESS_BITS_MAX 4
struct access {
	enum access_kind kind;
	uint8_t bits_count;
	uint8_t bits[ACCESS_BITS_MAX]; /* capability bits (model/caps.h), all required */
	struct field_path scope;       /* ACCESS_AT_SCOPE: the field that names the place */
	const char *scope_name;        /* its dotted name, for errors; NULL without one */
	const char *resolver;          /* ACCESS_AT_RESOLVED: "group_parent", "invite_group", "identity_parent" */
};

#define EVENT_EXTENSIONS_MAX 2
struct event_row {
	const char *type;                             /* "dev.chainguard.api.iam.group.created.v1" */
	const char *extensions[EVENT_EXTENSIONS_MAX]; /* attributes besides audience and actor; NULL from the first unused */
	bool is_internal;                             /* audience INTERNAL: kept, never delivered */
};

/* A REST binding. A template is literal text with at most one capture: prefix, "/{field=**}", suffix. */
struct route {
	const char *verb;          /* "GET" */
	const char *template_;     /* "/iam/v2/groups/{uid=**}" */
	slice prefix;              /* literal text before the capture, without its last "/": "/iam/v2/groups" */
	slice suffix;              /* literal text after the capture: "" or ":requestGroupAccess" */
	struct field_path capture; /* the field the capture fills; count 0 without a capture */
	const char *capture_name;  /* its dotted name; NULL without a capture */
	bool capture_is_deep;      /* {x=**}: any number of segments, none included; {x=*}: exactly one */
	int body;                  /* index of the field the body fills; ROUTE_BODY_ALL, ROUTE_BODY_NONE */
	enum method_id method;
	bool is_beta; /* the v2beta1 name of a v2 route */
};
#define ROUTE_BODY_NONE (-1)
#define ROUTE_BODY_ALL (-2)

struct method {
	enum method_id id;
	const char *symbol;  /* "GROUPS_DELETE_GROUP" */
	const char *label;   /* "iam.v2.groups.delete_group": metrics, audit trail */
	const char *service; /* "chainguard.platform.iam.v2.GroupsService" */
	const char *name;    /* "DeleteGroup" */
	const char *help;    /* the declaration's comment */
	slice path;          /* gRPC: "/chainguard.platform.iam.v2.GroupsService/DeleteGroup" */
	slice also;          /* the same under v2beta1; empty for others */
	const struct message_type *request, *response;
	const struct route *routes; /* routes_count; v2beta1's included */
	size_t routes_count;
	struct access access;
	const struct event_row *event; /* NULL: leaves none */
	enum place place;
	bool is_form;    /* parameters from query and form, merged; unknown ones ignored (the STS) */
	bool is_page;    /* for a browser: sees cookies, never Authorization; REST alone */
	int update_mask; /* index of the request's update_mask field, -1 without one */
	int resource;    /* with an update_mask: index of the resource field, else -1 */
};

extern const struct method methods[METHOD_COUNT];

/* Runs a method: in is its decoded request, out its response with every field unset. The typed prototypes are in
 * handlers.gen.h; method_handlers[] (handlers.gen.c, compiled by the service room) is NULL for what is not written yet. */
struct call;
typedef status (*method_run)(struct call *call, const void *in, void *out);
extern const method_run method_handlers[METHOD_COUNT];

/* gRPC's :path, v2beta1 included; NULL when unknown. */
const struct method *method_by_path(slice path);
/* "iam.v2.groups.delete_group"; NULL when unknown. A linear search, for tools. */
const struct method *method_by_label(slice label);

/* What every request goes through before its method runs: REQUIRED fields are there (INVALID_ARGUMENT naming the first that
 * is not), the scope is not empty, OUTPUT_ONLY fields are dropped. */
FALLIBLE method_check(const struct method *method, ProtobufCMessage *request);

struct route_match {
	const struct method *method;
	const struct route *route;
	slice capture; /* still percent-encoded, a view into the path; rest_decode() decodes it */
};

/* The route for a path without its query; HEAD is the caller's business (ask for "GET"). False when none fits. */
bool route_match(slice verb, slice path, struct route_match *ret_match);
/* True when the path fits a route under some verb: 405 instead of 404. */
bool route_known(slice path);

#endif
