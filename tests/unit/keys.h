/*
 * keys: what issuers in tests publish.
 */
#ifndef TESTS_UNIT_KEYS_H
#define TESTS_UNIT_KEYS_H

#include "test.h"

#include "base/json.h"
#include "crypto/key.h"

/* {"keys":[…]} with this key's public half, in the arena. */
static inline slice key_set_of(struct arena *into, const struct key *key)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, into, 8192);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	json_put_name(&writer, SLICE("keys"));
	json_open_array(&writer);
	key_put_jwk(key, &writer);
	json_close_array(&writer);
	json_close_object(&writer);
	CHECK(!buffer_failed(&out));
	return buffer_slice(&out);
}

#endif
