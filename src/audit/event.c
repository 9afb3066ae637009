/*
 * event: one row of table_events from plain parameters.
 */
#include "audit/event.h"

#include <assert.h>

#include "base/clock.h"
#include "base/encode.h"

void event_id_format(int64_t at_us, const uint8_t random[EVENT_ID_RANDOM_BYTES], char ret_text[EVENT_ID_TEXT_BYTES])
{
	uint64_t ms = (uint64_t)(at_us / 1000);
	uint8_t id[16];
	char hex[32], *to = ret_text;

	memcpy(id, random, sizeof(id));
	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t)(ms >> (40 - 8 * i));
	id[6] = (uint8_t)(0x70 | (id[6] & 0x0f)); /* version 7 */
	id[8] = (uint8_t)(0x80 | (id[8] & 0x3f)); /* the variant of RFC 9562 */
	hex_encode_into(slice_of(id, sizeof(id)), hex);
	for (int i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*to++ = '-';
		*to++ = hex[i];
	}
	*to = '\0';
}

FALLIBLE event_record(struct tx *tx, const struct event_in *in)
{
	char id[EVENT_ID_TEXT_BYTES];
	struct event event = {
		.type = in->type,
		.source = in->source,
		.subject = in->subject,
		.group = in->group,
		.actor = in->actor,
		.audience = in->is_internal ? SLICE("internal") : SLICE("customer"),
		.method = slice_str(in->method),
		.act = in->act,
		.body_type = in->body_type,
		.body = in->body,
		.request_id = in->request_id,
		.peer = in->peer,
		.by_operator = in->by_operator,
		.at_us = in->at_us,
	};

	assert(in->method && tx_is_write(tx));
	if (in->body.len > EVENT_BODY_BYTES_MAX)
		return FAIL(FAULT_EXHAUSTED, "the change is too large to be recorded: %zu bytes at most", EVENT_BODY_BYTES_MAX);
	event_id_format(in->at_us, in->random, id);
	event.id = slice_str(id);
	return row_insert(tx, &table_events, &event);
}
