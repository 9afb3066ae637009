/*
 * upstream: the keys of other issuers, by discovery.
 *
 * Owns      a bounded cache of key sets by issuer URL.
 * Promises  nothing is fetched because a token alone says so: the URL comes from a stored identity; one fetch for an issuer at
 * a time, others wait for it; an unknown kid has the set fetched anew at most once in KID_EVERY_S; a set that cannot be fetched
 * again is used for STALE_S more; how many threads wait at once is bounded, and who needs not wait is not refused for those who
 * do; issuers without keys push none out that has them.
 */
#include "token/upstream.h"
#include "base/mem.h"
#include "fetch/url.h"
#include "token/issuer_impl.h"

#define FRESH_S 3600
#define STALE_S (24 * 3600)
#define KID_EVERY_S 30
#define RETRY_EVERY_S 10
#define WAITERS_MAX 6
#define FETCH_TIMEOUT_MS 5000
#define FETCH_BYTES 65536
#define WORK_BYTES ((size_t)1024 * 1024)
#define URL_BYTES_MAX 2048

struct upstream {
	char url[URL_BYTES_MAX];
	size_t url_len;
	struct jwks *keys;          /* NULL until the first fetch succeeds */
	int64_t fetched_s, tried_s; /* 0: never */
	int64_t used_s;
	bool is_fetching;
};

struct upstreams {
	pthread_mutex_t lock;
	pthread_cond_t fetched;
	unsigned waiters;
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

struct upstreams *upstreams_free(struct upstreams *upstreams)
{
	if (!upstreams)
		return NULL;
	while (upstreams->count) {
		struct upstream *upstream = upstreams->at[--upstreams->count];
		(void)jwks_unref(upstream->keys); /* the struct goes too */
		(void)mem_free(upstream);
	}
	return mem_free(upstreams);
}

/* ---- one fetch ---- */

static FALLIBLE get(struct issuer *issuer, struct arena *arena, slice url, slice *ret_body)
{
	static const struct fetch_header accept[] = { { { "accept", 6 }, { "application/json", 16 } } };
	struct fetch_request request = { .url = url,
					 .method = FETCH_GET,
					 .headers = accept,
					 .header_count = 1,
					 .max_bytes = FETCH_BYTES,
					 .timeout_ms = FETCH_TIMEOUT_MS };
	struct fetch_answer answer;
	status result;

	authz_thread_offline(); /* the network is slow */
	result = fetch_wait(issuer->fetcher, &request, arena, &answer);
	authz_thread_online();
	TRY(result);
	if (answer.http_status != 200)
		return FAIL(FAULT_UNAVAILABLE, "%.*s answers with status %d", SLICE_ARG(slice_to(url, 200)),
			    answer.http_status);
	*ret_body = answer.body;
	return OK;
}

FALLIBLE discovery_read(struct arena *arena, slice body, slice issuer, slice *ret_keys_url)
{
	const struct json *document;
	struct url parsed;
	slice named;

	TRY(json_parse_object(arena, body, NULL, &document));
	if (!json_text(json_member(document, "issuer"), &named) || !slice_eq(named, issuer))
		return FAIL(FAULT_DENIED, "the issuer's discovery document names another issuer");
	if (!json_text(json_member(document, "jwks_uri"), ret_keys_url) || FAILED(url_parse(*ret_keys_url, &parsed)))
		return FAIL(FAULT_DENIED, "the issuer's discovery document has no jwks_uri");
	return OK;
}

static FALLIBLE fetch(struct issuer *issuer, slice url, struct jwks **ret_keys)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WORK_BYTES);
	slice body = { 0 }, keys_url;
	char *discovery;

	TRY_NEW(arena);
	discovery = arena_printf(arena, "%.*s%s.well-known/openid-configuration", SLICE_ARG(url),
				 url.len && url.at[url.len - 1] == '/' ? "" : "/");
	TRY_NEW(discovery);
	TRY(get(issuer, arena, slice_str(discovery), &body));
	TRY(discovery_read(arena, body, url, &keys_url));
	TRY(get(issuer, arena, keys_url, &body));
	return jwks_parse(body, ret_keys);
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
	return a->used_s < b->used_s;
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
	if (oldest) {
		oldest->keys = jwks_unref(oldest->keys);
		*oldest = (struct upstream){ 0 };
	}
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

/* The set may be used when it cannot be fetched. */
static bool is_usable_locked(const struct upstream *upstream, slice kid, int64_t now_s)
{
	return upstream->keys && now_s - upstream->fetched_s <= STALE_S && knows(upstream->keys, kid);
}

/* The set may be used as it is: fresh and of that kid, or tried so lately that asking again is no use. */
static bool is_good_locked(const struct upstream *upstream, slice kid, int64_t now_s)
{
	if (!upstream->keys || now_s - upstream->fetched_s > STALE_S)
		return false;
	if (now_s - upstream->fetched_s < FRESH_S && knows(upstream->keys, kid))
		return true;
	return now_s - upstream->tried_s < (knows(upstream->keys, kid) ? RETRY_EVERY_S : KID_EVERY_S);
}

/* Fetches without the lock; one thread an issuer. */
static FALLIBLE refresh_locked(struct issuer *issuer, struct upstream *upstream, slice url)
{
	struct upstreams *upstreams = issuer->upstreams;
	int64_t now_s = issuer_now_us(issuer) / US_PER_S;
	struct jwks *keys = NULL;
	status result;

	upstream->is_fetching = true;
	upstream->tried_s = now_s;
	pthread_mutex_unlock(&upstreams->lock);
	result = fetch(issuer, url, &keys);
	pthread_mutex_lock(&upstreams->lock);
	upstream->is_fetching = false;
	if (!FAILED(result)) {
		(void)jwks_unref(upstream->keys); /* replaced */
		upstream->keys = keys;
		upstream->fetched_s = now_s;
	}
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

/* Fetches, or waits for who does. */
static FALLIBLE renew_locked(struct issuer *issuer, struct upstream *upstream, slice url)
{
	status result = OK;

	issuer->upstreams->waiters++;
	if (upstream->is_fetching)
		wait_locked(issuer->upstreams, upstream, url);
	else
		result = refresh_locked(issuer, upstream, url);
	issuer->upstreams->waiters--;
	return result;
}

static FALLIBLE use_locked(struct issuer *issuer, struct upstream *upstream, slice url, slice kid, bool may_block,
			   struct jwks **ret_keys)
{
	struct upstreams *upstreams = issuer->upstreams;
	int64_t now_s = issuer_now_us(issuer) / US_PER_S;
	status result = OK;

	upstream->used_s = now_s;
	if (!is_good_locked(upstream, kid, now_s)) {
		if (!may_block)
			return FAIL(FAULT_ELSEWHERE, "an issuer's keys must be fetched");
		if (!upstream->keys && !upstream->is_fetching && upstream->tried_s && now_s - upstream->tried_s < RETRY_EVERY_S)
			return FAIL(FAULT_UNAVAILABLE, "the issuer's keys could not be fetched a moment ago; try again");
		if (upstreams->waiters < WAITERS_MAX)
			result = renew_locked(issuer, upstream, url);
		else if (!is_usable_locked(upstream, kid, now_s))
			return FAIL(FAULT_UNAVAILABLE, "too many calls wait for issuers' keys; try again");
	}
	upstream = find_locked(upstreams, url); /* it may have made room meanwhile */
	if (!upstream || !upstream->keys || now_s - upstream->fetched_s > STALE_S) {
		TRY(result);
		return FAIL(FAULT_UNAVAILABLE, "the issuer's keys could not be fetched; try again");
	}
	report_clear(report_current()); /* stale keys while the issuer does not answer */
	*ret_keys = jwks_ref(upstream->keys);
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

FALLIBLE upstream_keys(struct issuer *issuer, slice url, slice kid, bool may_block, struct jwks **ret_keys)
{
	struct upstreams *upstreams = issuer->upstreams;
	struct upstream *upstream;
	status result;

	if (!issuer_may_ask(issuer, url))
		return FAIL(FAULT_DENIED, "this server's configuration does not allow the issuer (issuers.allow)");
	pthread_mutex_lock(&upstreams->lock);
	upstream = take_locked(upstreams, url);
	if (upstream)
		result = use_locked(issuer, upstream, url, kid, may_block, ret_keys);
	else
		result = FAIL(FAULT_UNAVAILABLE, "too many issuers at once; try again");
	pthread_mutex_unlock(&upstreams->lock);
	return result;
}

FALLIBLE upstream_verify(const struct jwks *keys, const struct jws *jws)
{
	status result = jwks_verify(keys, jws, NULL);

	if (result.fault == FAULT_ABSENT || result.fault == FAULT_UNAUTHENTIC)
		return FAIL(FAULT_UNAUTHENTIC, "no key of the issuer made the token's signature");
	TRY(result);
	return OK;
}
