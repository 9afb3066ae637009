/*
 * keyset: see keyset.h. rotate.c decides when there is another one.
 */
#include "token/keyset.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/mem.h"

/* Headers and certificates of all keys. */
#define OWN_BYTES_MAX ((size_t)512 * 1024)
#define HEADER_BYTES_MAX 8192

struct keyset *keyset_ref(struct keyset *keyset)
{
	atomic_fetch_add_explicit(&keyset->refs, 1, memory_order_relaxed);
	return keyset;
}

static struct keyset *free_all(struct keyset *keyset)
{
	for (size_t i = 0; i < keyset->count; i++)
		(void)vault_key_unref(keyset->keys[i].key); /* the struct goes too */
	(void)arena_free(keyset->own);
	return mem_free(keyset);
}

struct keyset *keyset_unref(struct keyset *keyset)
{
	if (keyset && atomic_fetch_sub_explicit(&keyset->refs, 1, memory_order_acq_rel) == 1)
		return free_all(keyset);
	return NULL;
}

/* ---- loading ---- */

static void put_x5c(struct json_writer *writer, struct buffer *json, slice certificate)
{
	json_put_name(writer, SLICE("x5c"));
	json_open_array(writer);
	json_put_raw(writer, SLICE("\""));
	base64_encode(json, BASE64_STANDARD, certificate);
	buffer_byte(json, '"');
	json_close_array(writer);
}

/* {"alg","kid","typ"[,"x5c"]} as the first segment of a token. */
static FALLIBLE make_header(struct keyset *keyset, struct keyset_key *key, enum token_kind kind)
{
	const struct kind_row *row = kind_row(kind);
	struct json_writer writer;
	struct buffer json, text;

	buffer_init(&json, keyset->own, HEADER_BYTES_MAX);
	buffer_init(&text, keyset->own, BASE64_TEXT_BYTES(HEADER_BYTES_MAX) + 1);
	json_writer_init(&writer, &json);
	json_open_object(&writer);
	json_pair_text(&writer, "alg", slice_str(alg_name(key->alg)));
	json_pair_text(&writer, "kid", key->kid);
	json_pair_text(&writer, "typ", slice_str(row->typ));
	if (row->key == KIND_KEY_CHAINED)
		put_x5c(&writer, &json, key->certificate);
	json_close_object(&writer);
	base64_encode(&text, BASE64_URL, buffer_slice(&json));
	buffer_byte(&text, '.');
	if (buffer_failed(&json) || buffer_failed(&text))
		return FAIL(FAULT_EXHAUSTED, "no memory for a signing key");
	key->headers[kind] = buffer_slice(&text);
	return OK;
}

static struct vault_key *key_of(const struct keyset *before, slice kid)
{
	for (size_t i = 0; before && i < before->count; i++)
		if (slice_eq(before->keys[i].kid, kid))
			return vault_key_ref(before->keys[i].key);
	return NULL;
}

static FALLIBLE add_key(struct keyset *keyset, struct vault *vault, const struct signing_key *row, const struct keyset *before)
{
	struct keyset_key *key = &keyset->keys[keyset->count];

	key->key = key_of(before, row->kid);
	if (!key->key)
		TRY(vault_unseal(vault, row->kid, row->sealed, &key->key));
	keyset->count++; /* from here on it is freed with the set */
	key->alg = key_alg(vault_public(key->key));
	key->kid = key_thumbprint(vault_public(key->key));
	key->certificate = arena_copy(keyset->own, row->certificate);
	TRY_NEW(key->certificate.at);
	key->created_us = row->created_us;
	key->active_us = row->active_us;
	key->retired_us = row->retired_us;
	for (enum token_kind kind = 0; kind < TOKEN_KIND_COUNT; kind++)
		TRY(make_header(keyset, key, kind));
	return OK;
}

static int by_active(const void *a, const void *b)
{
	const struct keyset_key *left = a, *right = b;

	if (left->active_us != right->active_us)
		return left->active_us < right->active_us ? -1 : 1;
	return slice_compare(left->kid, right->kid);
}

FALLIBLE keyset_load(struct vault *vault, const struct signing_key *rows, size_t count, const struct keyset *before,
		     struct keyset **ret_keyset)
{
	struct keyset *keyset;
	status st = OK;

	if (count > KEYSET_KEYS_MAX)
		return FAIL(FAULT_LOST, "the database holds more than %d signing keys", KEYSET_KEYS_MAX);
	keyset = NEW_ZERO(struct keyset);
	TRY_NEW(keyset);
	atomic_init(&keyset->refs, 1);
	keyset->own = arena_new(OWN_BYTES_MAX);
	if (!keyset->own)
		st = FAIL(FAULT_EXHAUSTED, "no memory for the signing keys");
	for (size_t i = 0; i < count && !FAILED(st); i++)
		st = add_key(keyset, vault, &rows[i], before);
	if (FAILED(st)) {
		(void)free_all(keyset); /* a local */
		return fault_via(st, __func__, __LINE__);
	}
	qsort(keyset->keys, keyset->count, sizeof(*keyset->keys), by_active);
	*ret_keyset = keyset;
	return OK;
}

/* ---- asking ---- */

const struct keyset_key *keyset_signer(const struct keyset *keyset, int64_t now_us)
{
	for (size_t i = keyset->count; i-- > 0;)
		if (keyset->keys[i].active_us <= now_us)
			return key_is_believed(keyset->keys[i].retired_us, now_us) ? &keyset->keys[i] : NULL;
	return NULL;
}

const struct keyset_key *keyset_find(const struct keyset *keyset, slice kid, int64_t now_us)
{
	for (size_t i = 0; i < keyset->count; i++)
		if (slice_eq(keyset->keys[i].kid, kid))
			return key_is_believed(keyset->keys[i].retired_us, now_us) ? &keyset->keys[i] : NULL;
	return NULL;
}

void keyset_put(const struct keyset *keyset, int64_t now_us, struct json_writer *writer)
{
	json_open_object(writer);
	json_put_name(writer, SLICE("keys"));
	json_open_array(writer);
	for (size_t i = 0; i < keyset->count; i++)
		if (key_is_believed(keyset->keys[i].retired_us, now_us))
			key_put_jwk(vault_public(keyset->keys[i].key), writer);
	json_close_array(writer);
	json_close_object(writer);
}
