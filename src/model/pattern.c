#include "model/pattern.h"

#include <pthread.h>

#include "base/mem.h"
#include "model/pattern_impl.h"

#define ERROR_BYTES 200

/* One compiled pattern of a thread; the whole source is its key. */
struct compiled {
	char *source;
	size_t source_len;
	struct program *program;
	uint64_t used; /* the thread's count of matches when it was last wanted */
};

struct cache {
	struct compiled at[PATTERN_CACHE_MAX];
	size_t count;
	uint64_t matches;
};

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t cache_key;
static bool has_key;

static void cache_free(void *at)
{
	struct cache *cache = at;

	for (size_t i = 0; cache && i < cache->count; i++) {
		(void)program_free(cache->at[i].program); /* the cache goes as a whole */
		(void)mem_free(cache->at[i].source);
	}
	(void)mem_free(cache);
}

static void make_key(void)
{
	has_key = pthread_key_create(&cache_key, cache_free) == 0;
}

/* This thread's cache; NULL without memory: then nothing is kept. */
static struct cache *cache_of_thread(void)
{
	struct cache *cache;

	(void)pthread_once(&key_once, make_key); /* cannot fail with an initialised control */
	if (!has_key)
		return NULL;
	cache = pthread_getspecific(cache_key);
	if (cache)
		return cache;
	cache = NEW_ZERO(struct cache);
	if (cache && pthread_setspecific(cache_key, cache) != 0)
		cache = mem_free(cache);
	return cache;
}

void pattern_thread_done(void)
{
	if (!has_key)
		return;
	cache_free(pthread_getspecific(cache_key));
	(void)pthread_setspecific(cache_key, NULL); /* setting NULL allocates nothing */
}

/* True when \C, "any byte", stands in the source: it would match half a character, and Go refuses it. */
static bool has_any_byte(slice source)
{
	bool is_quoted = false; /* between \Q and \E */

	for (size_t i = 0; i + 1 < source.len; i++) {
		if (source.at[i] != '\\')
			continue;
		char c = source.at[i + 1];
		if (is_quoted) {
			is_quoted = c != 'E';
			i += c == 'E';
			continue;
		}
		if (c == 'C')
			return true;
		is_quoted = c == 'Q';
		i++;
	}
	return false;
}

/* NULL with why in ret_error unless the source is a pattern we take. */
static struct program *compile(slice source, char ret_error[ERROR_BYTES])
{
	struct program *program;
	int instructions;

	if (source.len > PATTERN_BYTES_MAX) {
		(void)snprintf(ret_error, ERROR_BYTES, "is longer than %d bytes", PATTERN_BYTES_MAX); /* fits */
		return NULL;
	}
	if (!slice_is_text(source) || has_any_byte(source)) {
		(void)snprintf(ret_error, ERROR_BYTES, "%s",
			       slice_is_text(source) ? "\\C is not supported" : "is not UTF-8 without NUL"); /* fits */
		return NULL;
	}
	program = program_new(source.at, source.len, ret_error, ERROR_BYTES, &instructions);
	if (program && instructions > PATTERN_PROGRAM_MAX) {
		(void)snprintf(ret_error, ERROR_BYTES, "is too complex: it compiles to %d instructions, %d are allowed",
			       instructions, PATTERN_PROGRAM_MAX); /* fits */
		return program_free(program);
	}
	return program;
}

status pattern_check(slice source, const char *field)
{
	char error[ERROR_BYTES];
	struct program *program = compile(source, error);

	if (!program)
		return FAIL_FIELD(field, "not a regular expression (RE2 syntax): %s", error);
	(void)program_free(program); /* only asked whether it compiles */
	return OK;
}

status pattern_check_issuer(slice source, const char *field)
{
	const char *why;

	TRY(pattern_check(source, field));
	why = pattern_lint(source.at, source.len);
	if (why)
		return FAIL_FIELD(field, "matches more issuers than it says: %s", why);
	return OK;
}

/* Compiles into a free place, or over what was not wanted for the longest time. NULL when it does not compile. */
static struct program *compile_into(struct cache *cache, slice source)
{
	char error[ERROR_BYTES], *copy = mem_copy_text(source.at, source.len);
	struct program *program = copy ? compile(source, error) : NULL;
	struct compiled *place = &cache->at[0];

	if (!program) {
		(void)mem_free(copy); /* nothing to keep */
		return NULL;
	}
	if (cache->count < PATTERN_CACHE_MAX) {
		place = &cache->at[cache->count++];
	} else {
		for (size_t i = 1; i < cache->count; i++)
			if (cache->at[i].used < place->used)
				place = &cache->at[i];
		(void)program_free(place->program); /* replaced below */
		(void)mem_free(place->source);
	}
	*place = (struct compiled){ .source = copy, .source_len = source.len, .program = program, .used = cache->matches };
	return program;
}

static struct program *cache_get(struct cache *cache, slice source)
{
	cache->matches++;
	for (size_t i = 0; i < cache->count; i++) {
		struct compiled *at = &cache->at[i];
		if (slice_eq(slice_of(at->source, at->source_len), source)) {
			at->used = cache->matches;
			return at->program;
		}
	}
	return compile_into(cache, source);
}

bool pattern_matches(slice source, slice subject)
{
	struct cache *cache;
	struct program *program;

	if (source.len > PATTERN_BYTES_MAX || subject.len > PATTERN_SUBJECT_BYTES_MAX)
		return false;
	cache = cache_of_thread();
	program = cache ? cache_get(cache, source) : NULL;
	return program && program_matches(program, subject.at, subject.len);
}
