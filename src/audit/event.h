/*
 * event: the record of a mutation, kept in the same transaction as the change it tells of.
 *
 * Owns      how a row of table_events is made: the id, the audience, what an unset member becomes.
 * Promises  the record commits with its change or not at all; a second run of the same call writes the same row; what the
 *           caller redacted stays out, for nothing is added that was not given.
 * Start at  event_record(), called once per mutation by the one path of a call.
 */
#ifndef AUDIT_EVENT_H
#define AUDIT_EVENT_H

#include "model/uid.h"
#include "store/store.h"

#define EVENT_ID_RANDOM_BYTES 16
#define EVENT_ID_TEXT_BYTES 37
#define EVENT_BODY_BYTES_MAX ((size_t)1 << 20) /* of proto JSON in one record */

/* What happened (spec events.md 2-5). All slices need live only during the call. */
struct event_in {
	const char *method; /* "iam.v2.groups.create_group": a literal; never NULL */
	slice type;         /* "dev.chainguard.api.iam.group.created.v1"; "" = an audit record that no subscription gets */
	slice source;       /* public API base and REST collection path, of the API version used */
	slice subject;      /* UIDP text, or several joined by commas, or "" */
	struct uid group;   /* whose subscribers learn of it (ce-group); none: nobody's */
	struct uid actor;   /* the acting identity; none: the system itself */
	bool is_internal;   /* ce-audience "internal": kept, never delivered to subscribers */
	slice act;          /* JSON object of strings, "" = none: who stands behind the actor */
	slice body_type;    /* full protobuf name, "" = no body */
	slice body;         /* proto JSON matching it, redacted by the caller */
	slice request_id, peer;
	bool by_operator;                      /* an operator's standing allowed it */
	int64_t at_us;                         /* the call's clock */
	uint8_t random[EVENT_ID_RANDOM_BYTES]; /* drawn before the transaction, so that a second run gives the same id */
};

/* Writes the record. FAULT_EXHAUSTED when the body is longer than EVENT_BODY_BYTES_MAX, else as row_insert. The commit's
 * revision is not known inside; the store fills it in (struct event in model/nouns.h). */
FALLIBLE event_record(struct tx *tx, const struct event_in *in);

/* The id of an event: a UUID of version 7 (RFC 9562 section 5.7) from the time and the random bytes; NUL-terminated. */
void event_id_format(int64_t at_us, const uint8_t random[EVENT_ID_RANDOM_BYTES], char ret_text[EVENT_ID_TEXT_BYTES]);

#endif
