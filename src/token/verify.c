/*
 * verify: our own tokens known again, with a bounded cache per thread.
 *
 * Promises  the cache holds what a signature proved and nothing that time changes: expiry, the key's end, audience and
 *           liveness are asked on each use; one verdict comes out, and anything that is not proved is UNAUTHENTICATED. A token
 *           is known again by all of its text, compared in constant time; that text is wiped with what it proved.
 */
#include "base/mem.h"
#include "crypto/jws.h"
#include "crypto/secret.h"
#include "token/issuer_impl.h"

#define CACHE_BITS 10 /* of a slot's number; each thread has that many slots */
#define CACHE_SLOTS (1 << CACHE_BITS)
#define OWN_BYTES ((size_t)96 * 1024)
#define FUTURE_S 60

/* A verified token and what holds it. */
struct box {
	struct verified verified; /* first */
	_Atomic unsigned refs;
	struct arena *own;
	slice text;          /* in own, wiped with it */
	uint64_t generation; /* of the keyset that proved it */
	int64_t retired_us;  /* until when its key is believed; 0: no end is set in that keyset */
};

struct cache {
	struct box *slots[CACHE_SLOTS];
};

static struct box *box_of(struct verified *verified)
{
	return (struct box *)verified;
}

struct verified *verified_ref(struct verified *verified)
{
	atomic_fetch_add_explicit(&box_of(verified)->refs, 1, memory_order_relaxed);
	return verified;
}

struct verified *verified_unref(struct verified *verified)
{
	struct box *box = verified ? box_of(verified) : NULL;

	if (box && atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) == 1) {
		bytes_wipe((void *)(uintptr_t)box->text.at, box->text.len);
		(void)arena_free(box->own); /* the box goes too */
		(void)mem_free(box);
	}
	return NULL;
}

/* ---- the cache ---- */

static pthread_key_t cache_key;
static pthread_once_t cache_once = PTHREAD_ONCE_INIT;

static void cache_free(void *arg)
{
	struct cache *cache = arg;

	for (size_t i = 0; i < CACHE_SLOTS; i++)
		if (cache->slots[i])
			(void)verified_unref(&cache->slots[i]->verified); /* the thread ends */
	(void)mem_free(cache);                                            /* as above */
}

static void cache_setup(void)
{
	(void)pthread_key_create(&cache_key,
				 cache_free); /* without a key there is no cache, and tokens are verified each time */
}

static struct cache *cache_of_thread(void)
{
	struct cache *cache;

	(void)pthread_once(&cache_once, cache_setup); /* cannot fail with a valid control */
	cache = pthread_getspecific(cache_key);
	if (!cache) {
		cache = NEW_ZERO(struct cache);
		if (cache && pthread_setspecific(cache_key, cache) != 0)
			cache = mem_free(cache);
	}
	return cache;
}

/* By the end of the signature, which differs from token to token; a slot is a place to look, never a proof. */
static struct box **slot_of(struct cache *cache, slice text)
{
	uint64_t end = 0;
	size_t len = text.len < sizeof(end) ? text.len : sizeof(end);

	memcpy(&end, text.at + text.len - len, len);
	return &cache->slots[end * UINT64_C(0x9e3779b97f4a7c15) >> (64 - CACHE_BITS)];
}

/* ---- claims into a verified token ---- */

static FALLIBLE keep(struct arena *own, const struct json *claims, const char *name, slice *into)
{
	slice text;

	if (!json_text(json_member(claims, name), &text))
		return OK;
	*into = arena_copy(own, text);
	TRY_NEW(into->at);
	return OK;
}

static FALLIBLE keep_tree(struct arena *own, const struct json *tree, slice *into)
{
	struct json_writer writer;
	struct buffer out;

	if (!tree)
		return OK;
	buffer_init(&out, own, TOKEN_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_put_tree(&writer, tree);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "no memory for a token");
	*into = buffer_slice(&out);
	return OK;
}

/* `aud` as a list, also when it is one text. */
static FALLIBLE keep_audiences(struct arena *own, const struct json *claims, slice *into)
{
	const struct json *audience = json_member(claims, "aud");
	struct json_writer writer;
	struct buffer out;

	if (!json_is(audience, JSON_STRING))
		return keep_tree(own, audience, into);
	buffer_init(&out, own, TOKEN_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_array(&writer);
	json_put_text(&writer, audience->text);
	json_close_array(&writer);
	*into = buffer_slice(&out);
	return buffer_failed(&out) ? FAIL(FAULT_EXHAUSTED, "no memory for a token") : OK;
}

static FALLIBLE keep_grants(struct arena *own, const struct json *claims, struct caller *caller)
{
	const struct json *caps = json_member(claims, "cap");
	struct token_grant *grants;

	if (!json_is(caps, JSON_OBJECT))
		return OK;
	if (caps->count > CALLER_GRANTS_MAX)
		return FAIL(FAULT_UNAUTHENTIC, "the token is malformed");
	grants = NEW_N(own, struct token_grant, caps->count);
	TRY_NEW(grants);
	JSON_EACH (member, caps) {
		struct token_grant *grant = &grants[caller->grants_count];
		slice text;
		if (!uid_parse(member->name, &grant->group) || !json_text(member, &text) || !caps_decode(text, &grant->caps))
			return FAIL(FAULT_UNAUTHENTIC, "the token is malformed");
		caller->grants_count++;
	}
	caller->grants = grants;
	return OK;
}

static FALLIBLE keep_profile(struct arena *own, const struct json *claims, struct caller *caller)
{
	const struct json *upstream = json_member(claims, "upstream");

	TRY(keep(own, claims, "email", &caller->email));
	(void)json_bool(json_member(claims, "email_verified"), &caller->email_is_verified); /* absent: not verified */
	TRY(keep(own, upstream, "name", &caller->name));
	TRY(keep(own, upstream, "picture", &caller->picture));
	TRY(keep(own, upstream, "given_name", &caller->given_name));
	return keep(own, upstream, "family_name", &caller->family_name);
}

static FALLIBLE fill(struct box *box, enum token_kind kind, slice text, const struct json *claims)
{
	struct caller *caller = &box->verified.caller;
	struct arena *own = box->own;
	slice confined;

	box->text = arena_copy(own, text);
	TRY_NEW(box->text.at);
	caller->is_known = true;
	box->verified.kind = kind;
	TRY(keep(own, claims, "iss", &caller->issuer));
	TRY(keep(own, claims, "sub", &caller->subject));
	TRY(keep(own, claims, "jti", &caller->token_id));
	if (!json_int64(json_member(claims, "iat"), &caller->issued_s) ||
	    !json_int64(json_member(claims, "exp"), &caller->expires_s) || !uid_parse(caller->subject, &caller->identity))
		return FAIL(FAULT_UNAUTHENTIC, "the token is malformed");
	TRY(keep_audiences(own, claims, &caller->audiences));
	TRY(keep_tree(own, json_member(claims, "act"), &caller->act));
	(void)json_bool(json_member(claims, "operator"), &caller->claims_operator); /* absent: no */
	if (json_text(json_member(claims, "confined_to"), &confined) && !uid_parse(confined, &caller->confined_to))
		return FAIL(FAULT_UNAUTHENTIC, "the token is malformed");
	TRY(keep_profile(own, claims, caller));
	return keep_grants(own, claims, caller);
}

/* ---- proving ---- */

static FALLIBLE key_gone(void)
{
	return FAIL(FAULT_UNAUTHENTIC, "the token was not issued here, or its key is no longer in use");
}

static FALLIBLE prove(struct issuer *issuer, struct arena *arena, enum token_kind kind, slice text,
		      const struct json **ret_claims, int64_t *ret_retired_us)
{
	CLEANUP(keyset_unrefp) struct keyset *keyset = issuer_keyset(issuer);
	const struct keyset_key *key;
	struct jws jws;
	slice url;

	TRY(jws_parse(arena, text, TOKEN_BYTES_MAX, &jws));
	if (kind_by_typ(jws.typ) != kind)
		return FAIL(FAULT_UNAUTHENTIC, "this is not a token of the kind that is taken here");
	key = keyset_find(keyset, jws.kid, issuer_now_us(issuer));
	if (!key)
		return key_gone();
	TRY(jws_verify(&jws, vault_public(key->key)));
	TRY(jws_claims(arena, &jws, ret_claims));
	if (!json_text(json_member(*ret_claims, "iss"), &url) || !slice_eq(url, issuer->options.url))
		return FAIL(FAULT_UNAUTHENTIC, "the token was not issued here");
	*ret_retired_us = key->retired_us;
	return OK;
}

static FALLIBLE make_box(struct issuer *issuer, enum token_kind kind, slice text, struct box **ret_box)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256 * 1024);
	uint64_t generation = issuer->generation; /* before proving: a key that goes meanwhile makes it stale */
	const struct json *claims;
	int64_t retired_us;
	struct box *box;
	status result;

	TRY_NEW(arena);
	TRY(prove(issuer, arena, kind, text, &claims, &retired_us));
	box = NEW_ZERO(struct box);
	TRY_NEW(box);
	atomic_init(&box->refs, 1);
	box->own = arena_new(OWN_BYTES);
	box->generation = generation;
	box->retired_us = retired_us;
	result = box->own ? fill(box, kind, text, claims) : FAIL(FAULT_EXHAUSTED, "no memory for a token");
	if (FAILED(result)) {
		(void)verified_unref(&box->verified); /* a local */
		return result;
	}
	*ret_box = box;
	return OK;
}

/* ---- each use ---- */

static FALLIBLE names(slice audiences, slice wanted, bool *ret_found)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(TOKEN_BYTES_MAX * 4);
	const struct json *tree;
	bool found = false;

	TRY_NEW(arena);
	TRY(json_parse(arena, audiences, NULL, &tree));
	JSON_EACH (item, tree)
		found = found || (item->kind == JSON_STRING && slice_eq(item->text, wanted));
	*ret_found = found;
	return OK;
}

/* The usual shape, ["…"], is compared without reading JSON. Without memory it is not told that the token is another's. */
static FALLIBLE is_for(slice audiences, slice wanted, bool *ret_is)
{
	*ret_is = audiences.len == wanted.len + 4 && memcmp(audiences.at + 2, wanted.at, wanted.len) == 0 &&
		  slice_starts(audiences, SLICE("[\"")) && slice_ends(audiences, SLICE("\"]"));
	if (*ret_is || audiences.len == 0)
		return OK;
	return names(audiences, wanted, ret_is);
}

/* For the named audience, or without one for our API or our issuer. */
static FALLIBLE check_audience(const struct issuer_options *options, slice audiences, slice audience)
{
	bool fits = false;

	TRY(is_for(audiences, audience.len ? audience : options->api_url, &fits));
	if (!fits && audience.len == 0)
		TRY(is_for(audiences, options->url, &fits));
	return fits ? OK : FAIL(FAULT_UNAUTHENTIC, "the token is for another audience");
}

/* Exactly one audience: the client asked for, or else one that we know. */
static bool is_for_client(const struct issuer *issuer, slice audiences, slice client_id)
{
	if (audiences.len < 4)
		return false;
	if (client_id.len == 0)
		client_id = slice_of(audiences.at + 2, audiences.len - 4);
	return login_is_client(issuer, client_id) && audiences.len == client_id.len + 4 &&
	       slice_starts(audiences, SLICE("[\"")) && slice_ends(audiences, SLICE("\"]")) &&
	       memcmp(audiences.at + 2, client_id.at, client_id.len) == 0;
}

static FALLIBLE check_use(struct issuer *issuer, const struct box *box, enum token_kind kind, slice audience)
{
	const struct caller *caller = &box->verified.caller;
	int64_t now_us = issuer_now_us(issuer), now_s = now_us / US_PER_S;

	if (box->verified.kind != kind)
		return FAIL(FAULT_UNAUTHENTIC, "this is not a token of the kind that is taken here");
	if (!key_is_believed(box->retired_us, now_us))
		return key_gone();
	if (now_s >= caller->expires_s)
		return FAIL(FAULT_UNAUTHENTIC, "the token has expired; sign in again");
	if (caller->issued_s > now_s + FUTURE_S)
		return FAIL(FAULT_UNAUTHENTIC, "the token is from the future; check the clocks");
	if (kind == TOKEN_LOGIN) /* its subject may not have come yet */
		return is_for_client(issuer, caller->audiences, audience)
			       ? OK
			       : FAIL(FAULT_UNAUTHENTIC, "the token is for another client");
	TRY(check_audience(&issuer->options, caller->audiences, audience));
	/* One second of grace: an identity and its first token may share a second. */
	if (authz_identity_life(issuer->authz, &caller->identity, caller->issued_s + 1) != LIFE_ALIVE)
		return FAIL(FAULT_UNAUTHENTIC, "the token's identity does not exist any more");
	return OK;
}

FALLIBLE token_verify(struct issuer *issuer, enum token_kind kind, slice text, slice audience, struct verified **ret_verified)
{
	struct cache *cache = cache_of_thread();
	struct box **slot, *box;

	if (!kind_row(kind)->is_accepted_here)
		return FAIL(FAULT_UNAUTHENTIC, "this kind of token is for somebody else");
	if (text.len == 0 || text.len > TOKEN_BYTES_MAX)
		return FAIL(FAULT_UNAUTHENTIC, "the token is malformed");
	slot = cache ? slot_of(cache, text) : NULL;
	box = slot ? *slot : NULL;
	if (box && box->generation == issuer->generation && bytes_equal(box->text, text)) {
		(void)verified_ref(&box->verified); /* the same pointer */
	} else {
		TRY(make_box(issuer, kind, text, &box));
		if (slot) {
			if (*slot)
				(void)verified_unref(&(*slot)->verified); /* replaced */
			(void)verified_ref(&box->verified);               /* the cache's own */
			*slot = box;
		}
	}
	status result = check_use(issuer, box, kind, audience);
	if (FAILED(result)) {
		(void)verified_unref(&box->verified); /* the caller gets none */
		return result;
	}
	*ret_verified = &box->verified;
	return OK;
}
