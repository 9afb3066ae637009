#include "crypto/jwks.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"

#define JWKS_DEPTH_MAX 8u
#define JWKS_ARENA_BYTES ((size_t)4 * 1024 * 1024) /* what 32 kB of JSON may become at worst */

struct jwks {
	unsigned refs; /* by atomic builtins; all else is constant once made */
	size_t count, skipped;
	struct key *keys[JWKS_KEYS_MAX];
};

struct jwks *jwks_ref(struct jwks *jwks)
{
	(void)__atomic_add_fetch(&jwks->refs, 1, __ATOMIC_RELAXED); /* who calls holds one already */
	return jwks;
}

struct jwks *jwks_unref(struct jwks *jwks)
{
	if (jwks && __atomic_sub_fetch(&jwks->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		for (size_t i = 0; i < jwks->count; i++)
			jwks->keys[i] = key_unref(jwks->keys[i]);
		(void)mem_free(jwks); /* the last reference */
	}
	return NULL;
}

static FALLIBLE jwks_new(struct jwks **ret_jwks)
{
	struct jwks *jwks = NEW_ZERO(struct jwks);

	if (!jwks)
		return FAIL(FAULT_EXHAUSTED, "out of memory");
	jwks->refs = 1;
	*ret_jwks = jwks;
	return OK;
}

/* Takes in the usable keys. A key that is not is no failure of the set; memory or the library failing is. */
static FALLIBLE take_keys(struct jwks *jwks, const struct json *list)
{
	char why[REPORT_TEXT_BYTES] = "it is empty";

	JSON_EACH (jwk, list) {
		struct key *key;
		status st;
		if (jwks->count == JWKS_KEYS_MAX) {
			jwks->skipped++;
			continue;
		}
		st = key_from_jwk(jwk, KEY_PUBLIC, &key);
		if (!FAILED(st)) {
			jwks->keys[jwks->count++] = key;
		} else if (st.fault == FAULT_INVALID) {
			if (jwks->skipped++ == 0)
				(void)snprintf(why, sizeof(why), "%s", report_current()->text); /* the same size */
		} else {
			TRY(st);
		}
	}
	if (jwks->count == 0)
		return FAIL(FAULT_INVALID, "no usable key in the key set: %s", why);
	return OK;
}

static FALLIBLE read_set(struct arena *arena, slice text, struct jwks *jwks)
{
	const struct json_limits limits = { .bytes = JWKS_BYTES_MAX, .depth = JWKS_DEPTH_MAX };
	const struct json *set, *list;

	TRY(json_parse_object(arena, text, &limits, &set));
	list = json_member(set, "keys");
	if (!json_is(list, JSON_ARRAY))
		return FAIL(FAULT_INVALID, "a key set has an array \"keys\"");
	return take_keys(jwks, list);
}

FALLIBLE jwks_parse(slice text, struct jwks **ret_jwks)
{
	struct arena *arena;
	struct jwks *jwks = NULL;
	status st;

	TRY(jwks_new(&jwks));
	arena = arena_new(JWKS_ARENA_BYTES);
	st = arena ? read_set(arena, text, jwks) : FAIL(FAULT_EXHAUSTED, "out of memory");
	arena = arena_free(arena);
	if (FAILED(st)) {
		jwks = jwks_unref(jwks);
		TRY(st);
	}
	*ret_jwks = jwks;
	return OK;
}

FALLIBLE jwks_of(struct key *const keys[], size_t count, struct jwks **ret_jwks)
{
	struct jwks *jwks = NULL;

	assert(count > 0 && count <= JWKS_KEYS_MAX);
	TRY(jwks_new(&jwks));
	for (size_t i = 0; i < count; i++)
		jwks->keys[jwks->count++] = key_ref(keys[i]);
	*ret_jwks = jwks;
	return OK;
}

size_t jwks_count(const struct jwks *jwks)
{
	return jwks->count;
}

size_t jwks_skipped(const struct jwks *jwks)
{
	return jwks->skipped;
}

struct key *jwks_at(const struct jwks *jwks, size_t i)
{
	assert(i < jwks->count);
	return jwks->keys[i];
}

struct key *jwks_find(const struct jwks *jwks, slice kid)
{
	for (size_t i = 0; i < jwks->count; i++)
		if (slice_eq(key_kid(jwks->keys[i]), kid))
			return jwks->keys[i];
	return NULL;
}

void jwks_put(const struct jwks *jwks, struct json_writer *writer)
{
	json_open_object(writer);
	json_put_name(writer, SLICE("keys"));
	json_open_array(writer);
	for (size_t i = 0; i < jwks->count; i++)
		key_put_jwk(jwks->keys[i], writer);
	json_close_array(writer);
	json_close_object(writer);
}

/* Whether this key may be the one: see jwks_verify in the header. */
static bool fits(const struct key *key, const struct jws *jws, bool kid_is_known)
{
	if (!key_allows(key, jws->alg))
		return false;
	if (!jws->has_kid)
		return true;
	return kid_is_known ? slice_eq(key_kid(key), jws->kid) : !key_has_own_kid(key);
}

FALLIBLE jwks_verify(const struct jwks *jwks, const struct jws *jws, struct key **ret_key)
{
	bool kid_is_known = jws->has_kid && jwks_find(jwks, jws->kid);
	unsigned tries = 0;

	for (size_t i = 0; i < jwks->count && tries < JWKS_TRIES_MAX; i++) {
		status st;
		if (!fits(jwks->keys[i], jws, kid_is_known))
			continue;
		tries++;
		st = jws_verify(jws, jwks->keys[i]);
		if (!FAILED(st)) {
			if (ret_key)
				*ret_key = jwks->keys[i];
			return OK;
		}
		if (st.fault != FAULT_UNAUTHENTIC)
			TRY(st);
	}
	if (tries == 0)
		return FAIL(FAULT_ABSENT, "no key of the issuer fits this token");
	return FAIL(FAULT_UNAUTHENTIC, "the signature does not verify");
}
