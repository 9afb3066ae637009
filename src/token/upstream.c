/*
 * upstream: what other issuers publish: discovery documents and keys.
 *
 * Owns      a bounded cache of both by issuer URL.
 * Promises  nothing is fetched because a token alone says so: the URL comes from a stored identity or provider; one fetch for
 * an issuer at a time, others wait for it; an unknown kid has the keys fetched anew at most once in 30 s; what cannot be
 * fetched again is used for a day in all, a document only until its issuer answers with something else; a document from
 * before its provider was last changed is not used for it; how many threads wait is bounded, for one issuer and for all, and
 * who needs not wait is not refused for those who do; issuers without keys push none out that has them.
 */
#include "token/upstream.h"
#include "base/mem.h"
#include "fetch/url.h"
#include "token/issuer_impl.h"

#define FRESH_US (3600 * US_PER_S)
#define STALE_US (24 * 3600 * US_PER_S)
#define KID_EVERY_US (30 * US_PER_S)
#define RETRY_EVERY_US (10 * US_PER_S)
#define SET_BACK_US US_PER_S /* clocks are corrected by less all the time */
#define WORK_BYTES ((size_t)1024 * 1024)
#define URL_BYTES_MAX 2048

struct upstream {
	char url[URL_BYTES_MAX];
	size_t url_len;
	struct jwks *keys;   /* NULL until the first fetch succeeds */
	char *document;      /* the same */
	size_t document_len; /* bytes */
	/* When the fetch began that brought them, and the last one that was tried; 0: never. */
	int64_t keys_us, document_us, tried_us;
	int64_t used_us;
	bool is_fetching;
};

/* What a caller needs of an issuer. */
struct want {
	slice url, kid;
	int64_t since_us;    /* a document fetched before is none */
	struct arena *arena; /* for a copy of the document; NULL: the keys are wanted */
	bool may_block;
};

struct upstreams {
	pthread_mutex_t lock;
	pthread_cond_t fetched;
	size_t count, most;
	struct upstream *at[];
};

struct upstreams *upstreams_new(size_t most)
{
	struct upstreams *upstreams = mem_zero(1, sizeof(*upstreams) + most * sizeof(struct upstream *));

	if (!upstreams)
		return NULL;
	upstreams->most = most;
	(void)pthread_mutex_init(&upstreams->lock, NULL); /* cannot fail on Linux with default attributes */
	(void)pthread_cond_init(&upstreams->fetched, NULL);
	return upstreams;
}

static void clear(struct upstream *upstream)
{
	(void)jwks_unref(upstream->keys); /* the struct is emptied */
	(void)mem_free(upstream->document);
	*upstream = (struct upstream){ 0 };
}

struct upstreams *upstreams_free(struct upstreams *upstreams)
{
	if (!upstreams)
		return NULL;
	while (upstreams->count) {
		struct upstream *upstream = upstreams->at[--upstreams->count];
		clear(upstream);
		(void)mem_free(upstream);
	}
	(void)pthread_mutex_destroy(&upstreams->lock); /* nobody is left */
	(void)pthread_cond_destroy(&upstreams->fetched);
	return mem_free(upstreams);
}

/* ---- one fetch ---- */

struct fetched {
	struct jwks *keys;
	char *document;
	size_t document_len;
};

/* The document stands even where the keys cannot be had. */
static FALLIBLE fetch(struct issuer *issuer, slice url, struct fetched *fetched)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WORK_BYTES);
	slice body = { 0 }, keys_url = { 0 };

	TRY_NEW(arena);
	TRY(discovery_fetch(issuer->fetcher, arena, url, &body, &keys_url));
	fetched->document = mem_copy_text(body.at, body.len);
	TRY_NEW(fetched->document);
	fetched->document_len = body.len;
	TRY(discovery_get(issuer->fetcher, arena, keys_url, &body));
	return jwks_parse(body, &fetched->keys);
}

/* ---- the cache, under its lock ---- */

static struct upstream *find_locked(struct upstreams *upstreams, slice url)
{
	for (size_t i = 0; i < upstreams->count; i++)
		if (slice_eq(slice_of(upstreams->at[i]->url, upstreams->at[i]->url_len), url))
			return upstreams->at[i];
	return NULL;
}

/* Whoever has no keys goes first, then whoever is unused longest. */
static bool goes_before(const struct upstream *a, const struct upstream *b)
{
	if (!a->keys != !b->keys)
		return !a->keys;
	return a->used_us < b->used_us;
}

/* Room for one more: a new struct, or one that is given up. */
static struct upstream *room_locked(struct upstreams *upstreams)
{
	struct upstream *oldest = NULL;

	if (upstreams->count < upstreams->most) {
		struct upstream *fresh = NEW_ZERO(struct upstream);
		if (fresh)
			upstreams->at[upstreams->count++] = fresh;
		return fresh;
	}
	for (size_t i = 0; i < upstreams->count; i++)
		if (!upstreams->at[i]->is_fetching && (!oldest || goes_before(upstreams->at[i], oldest)))
			oldest = upstreams->at[i];
	if (oldest)
		clear(oldest);
	return oldest;
}

static struct upstream *take_locked(struct upstreams *upstreams, slice url)
{
	struct upstream *upstream = find_locked(upstreams, url);

	if (upstream || url.len > URL_BYTES_MAX)
		return upstream;
	upstream = room_locked(upstreams);
	if (upstream) {
		memcpy(upstream->url, url.at, url.len);
		upstream->url_len = url.len;
	}
	return upstream;
}

static bool knows(const struct jwks *keys, slice kid)
{
	return kid.len == 0 || jwks_find(keys, kid) != NULL;
}

static bool has_document(const struct upstream *upstream, const struct want *want)
{
	return upstream->document && upstream->document_us >= want->since_us;
}

/* It may be used when nothing better can be fetched. */
static bool is_usable_locked(const struct upstream *upstream, const struct want *want, int64_t now_us)
{
	if (want->arena)
		return has_document(upstream, want) && now_us - upstream->document_us <= STALE_US;
	return upstream->keys && now_us - upstream->keys_us <= STALE_US;
}

/* Less than span_us ago. What was after now was before the clock was set back, nobody knows how long ago. */
static bool is_within(int64_t then_us, int64_t now_us, int64_t span_us)
{
	return now_us - then_us < span_us && then_us - now_us < SET_BACK_US;
}

/* It may be used as it is: fresh, of that kid, or tried so lately that asking again is no use. */
static bool is_good_locked(const struct upstream *upstream, const struct want *want, int64_t now_us)
{
	int64_t since_us = want->arena ? upstream->document_us : upstream->keys_us;
	bool knows_kid = want->arena || (upstream->keys && knows(upstream->keys, want->kid));

	if (!is_usable_locked(upstream, want, now_us))
		return false;
	if (knows_kid && is_within(since_us, now_us, FRESH_US))
		return true;
	return is_within(upstream->tried_us, now_us, knows_kid ? RETRY_EVERY_US : KID_EVERY_US);
}

/* Nothing is there, and it is no use to ask again so soon, unless what was asked for last is too old by now. */
static bool is_hopeless_locked(const struct upstream *upstream, const struct want *want, int64_t now_us)
{
	bool has_any = want->arena ? has_document(upstream, want) : upstream->keys != NULL;

	return !has_any && !upstream->is_fetching && upstream->tried_us && upstream->tried_us >= want->since_us &&
	       is_within(upstream->tried_us, now_us, RETRY_EVERY_US);
}

static void keep_locked(struct upstream *upstream, const struct fetched *fetched, status result)
{
	/* Whoever answers with something else, or from where nothing is asked, is no longer who wrote it. */
	if (fetched->document || result.fault == FAULT_DENIED) {
		(void)mem_free(upstream->document); /* replaced */
		upstream->document = fetched->document;
		upstream->document_len = fetched->document_len;
		upstream->document_us = upstream->tried_us;
	}
	if (fetched->keys) {
		(void)jwks_unref(upstream->keys); /* replaced */
		upstream->keys = fetched->keys;
		upstream->keys_us = upstream->tried_us;
	}
}

/* Fetches without the lock; one thread an issuer. */
static FALLIBLE refresh_locked(struct issuer *issuer, struct upstream *upstream, slice url)
{
	struct upstreams *upstreams = issuer->upstreams;
	struct fetched fetched = { 0 };
	status result;

	upstream->is_fetching = true;
	upstream->tried_us = issuer_now_us(issuer);
	pthread_mutex_unlock(&upstreams->lock);
	result = fetch(issuer, url, &fetched);
	pthread_mutex_lock(&upstreams->lock);
	upstream->is_fetching = false;
	keep_locked(upstream, &fetched, result);
	pthread_cond_broadcast(&upstreams->fetched);
	return result;
}

static void wait_locked(struct upstreams *upstreams, const struct upstream *upstream, slice url)
{
	authz_thread_offline(); /* the network is slow */
	while (upstream->is_fetching && slice_eq(slice_of(upstream->url, upstream->url_len), url))
		pthread_cond_wait(&upstreams->fetched, &upstreams->lock);
	authz_thread_online();
}

/* Fetches, or waits for who does; both on behalf of the issuer. FAULT_BUSY when it keeps enough others waiting. */
static FALLIBLE renew_locked(struct issuer *issuer, struct upstream *upstream, slice url)
{
	status result = OK;
	size_t place;

	TRY(fetch_place_take(issuer->fetcher, url, &place));
	if (upstream->is_fetching)
		wait_locked(issuer->upstreams, upstream, url);
	else
		result = refresh_locked(issuer, upstream, url);
	fetch_place_leave(issuer->fetcher, place);
	return result;
}

/* Waits until what is wanted is there. ret_upstream: where it is then. */
static FALLIBLE find_good_locked(struct issuer *issuer, struct upstream *upstream, const struct want *want,
				 const struct upstream **ret_upstream)
{
	int64_t now_us = issuer_now_us(issuer);
	status result = OK;

	upstream->used_us = now_us;
	if (!is_good_locked(upstream, want, now_us)) {
		if (!want->may_block)
			return FAIL(FAULT_ELSEWHERE, "what an issuer publishes must be fetched");
		if (is_hopeless_locked(upstream, want, now_us))
			return FAIL(FAULT_UNAVAILABLE, "the issuer could not be asked a moment ago; try again");
		result = renew_locked(issuer, upstream, want->url);
		if (result.fault == FAULT_BUSY && !want->arena && upstream->keys && !knows(upstream->keys, want->kid))
			return result;
		upstream = find_locked(issuer->upstreams, want->url); /* it may have made room meanwhile */
	}
	if (!upstream || !is_usable_locked(upstream, want, now_us)) {
		TRY(result);
		return FAIL(FAULT_UNAVAILABLE, "the issuer could not be asked; try again");
	}
	report_clear(report_current()); /* what is stale is used while the issuer does not answer */
	*ret_upstream = upstream;
	return OK;
}

static FALLIBLE take_keys_or_document(const struct upstream *upstream, const struct want *want, struct jwks **ret_keys,
				      slice *ret_document)
{
	if (!want->arena) {
		*ret_keys = jwks_ref(upstream->keys);
		return OK;
	}
	*ret_document = arena_copy(want->arena, slice_of(upstream->document, upstream->document_len));
	TRY_NEW(ret_document->at);
	return OK;
}

bool issuer_may_ask(const struct issuer *issuer, slice url)
{
	const struct issuer_options *options = &issuer->options;

	if (options->issuer_allow_count == 0 || idtoken_connection(issuer, url)) /* who configures it allows it */
		return true;
	for (size_t i = 0; i < options->issuer_allow_count; i++)
		if (slice_eq(options->issuer_allow[i], url))
			return true;
	return false;
}

static FALLIBLE take(struct issuer *issuer, const struct want *want, struct jwks **ret_keys, slice *ret_document)
{
	struct upstreams *upstreams = issuer->upstreams;
	const struct upstream *found = NULL;
	struct upstream *upstream;
	status result;

	if (!issuer_may_ask(issuer, want->url))
		return FAIL(FAULT_DENIED, "this server's configuration does not allow the issuer (issuers.allow)");
	pthread_mutex_lock(&upstreams->lock);
	upstream = take_locked(upstreams, want->url);
	if (upstream)
		result = find_good_locked(issuer, upstream, want, &found);
	else
		result = FAIL(FAULT_UNAVAILABLE, "too many issuers at once; try again");
	if (!FAILED(result))
		result = take_keys_or_document(found, want, ret_keys, ret_document);
	pthread_mutex_unlock(&upstreams->lock);
	return result;
}

FALLIBLE upstream_keys(struct issuer *issuer, slice url, slice kid, bool may_block, struct jwks **ret_keys)
{
	struct want want = { .url = url, .kid = kid, .may_block = may_block };
	slice no_document;

	return take(issuer, &want, ret_keys, &no_document);
}

FALLIBLE issuer_document(struct issuer *issuer, struct arena *arena, slice url, int64_t since_us, slice *ret_document)
{
	struct want want = { .url = url, .since_us = since_us, .arena = arena, .may_block = true };
	struct jwks *no_keys;

	return take(issuer, &want, &no_keys, ret_document);
}

FALLIBLE upstream_verify(const struct jwks *keys, const struct jws *jws)
{
	status result = jwks_verify(keys, jws, NULL);

	if (result.fault == FAULT_ABSENT || result.fault == FAULT_UNAUTHENTIC)
		return FAIL(FAULT_UNAUTHENTIC, "no key of the issuer made the token's signature");
	TRY(result);
	return OK;
}
