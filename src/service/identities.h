/*
 * identities: users and what workloads assume (spec model.md 5).
 *
 * Promises  exactly one relationship, checked when written; no issuer is contacted; whoever changes how an identity is proved
 *           holds everything the identity holds; deleting one takes its bindings with it.
 */
#ifndef SERVICE_IDENTITIES_H
#define SERVICE_IDENTITIES_H

#include "service/list.h"
#include "service/support.h"

extern const struct list_noun identity_noun;

#define CLAIMS_MAX 32
#define STATIC_LIFE_DEFAULT_S (30 * S_PER_DAY)
#define STATIC_LIFE_MAX_S (365 * S_PER_DAY)

/* The row comes filled with everything a client may set; uid, parent and times are made here. */
FALLIBLE identity_create(struct call *call, const struct uid *parent, struct identity *row);
/* Writes the row as changed from `before`. */
FALLIBLE identity_update(struct call *call, const struct identity *before, struct identity *row);
FALLIBLE identity_delete(struct call *call, const struct uid *uid);
FALLIBLE identity_at(struct call *call, const struct uid *uid, struct identity *ret_identity);

/* A map<string, string> as a JSON object and back; members keep their order. protobuf-c's entries of every map<string, string>
 * have one shape: base, key, value. */
struct text_entry {
	ProtobufCMessage base;
	char *key;
	char *value;
};
FALLIBLE take_map(struct call *call, size_t count, void *const *entries, const char *field, slice *ret_json);
FALLIBLE put_map(struct call *call, slice json, const ProtobufCMessageDescriptor *entry, size_t *ret_count,
		 void ***ret_entries);

#endif
