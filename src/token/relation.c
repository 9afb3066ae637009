/*
 * relation: how identities are proved, remembered.
 *
 * Owns      a cache of bounded size, shared by all threads, a lock per slot group held for a comparison and a reference.
 * Promises  a relation is never used after a commit that changed its identity was acknowledged: the commit hook forgets it, and
 *           one read before that commit is not remembered (the generation tells).
 */
#include "base/mem.h"
#include "token/issuer_impl.h"

#define STRIPES 16
#define OWN_BYTES ((size_t)512 * 1024)

struct relations {
	size_t room; /* a power of two */
	_Atomic uint64_t generation;
	pthread_mutex_t locks[STRIPES];
	struct relation *slots[];
};

struct relations *relations_new(size_t most)
{
	size_t room = STRIPES;
	struct relations *relations;

	while (room < most && room < ((size_t)1 << 20))
		room *= 2;
	relations = mem_zero(1, sizeof(*relations) + room * sizeof(struct relation *));
	if (!relations)
		return NULL;
	relations->room = room;
	for (size_t i = 0; i < STRIPES; i++)
		(void)pthread_mutex_init(&relations->locks[i], NULL); /* cannot fail on Linux with default attributes */
	return relations;
}

struct relation *relation_unref(struct relation *relation)
{
	if (relation && atomic_fetch_sub_explicit(&relation->refs, 1, memory_order_acq_rel) == 1) {
		(void)jwks_unref(relation->keys); /* the struct goes too */
		(void)arena_free(relation->own);
		(void)mem_free(relation);
	}
	return NULL;
}

struct relations *relations_free(struct relations *relations)
{
	if (!relations)
		return NULL;
	for (size_t i = 0; i < relations->room; i++)
		(void)relation_unref(relations->slots[i]); /* the table goes too */
	return mem_free(relations);
}

static size_t slot_of(const struct relations *relations, const struct uid *identity)
{
	uint64_t word = 0;

	/* The last step is random where there is one, and so is a root. */
	memcpy(&word, identity->at + identity->len - sizeof(word), sizeof(word));
	return (size_t)(word * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (relations->room - 1);
}

static struct relation *find(struct relations *relations, const struct uid *identity)
{
	size_t at = slot_of(relations, identity);
	struct relation *relation;

	pthread_mutex_lock(&relations->locks[at % STRIPES]);
	relation = relations->slots[at];
	if (relation && uid_eq(&relation->row.uid, identity))
		atomic_fetch_add_explicit(&relation->refs, 1, memory_order_relaxed);
	else
		relation = NULL;
	pthread_mutex_unlock(&relations->locks[at % STRIPES]);
	return relation;
}

static void remember(struct relations *relations, struct relation *relation, uint64_t generation)
{
	size_t at = slot_of(relations, &relation->row.uid);
	struct relation *old = NULL;

	pthread_mutex_lock(&relations->locks[at % STRIPES]);
	if (relations->generation == generation) {
		old = relations->slots[at];
		atomic_fetch_add_explicit(&relation->refs, 1, memory_order_relaxed);
		relations->slots[at] = relation;
	}
	pthread_mutex_unlock(&relations->locks[at % STRIPES]);
	(void)relation_unref(old); /* replaced */
}

void relations_forget(struct relations *relations, const struct change *changes, size_t count)
{
	bool counted = false;

	for (size_t i = 0; i < count; i++) {
		struct relation *old = NULL;
		size_t at;
		if (changes[i].kind != CHANGE_IDENTITY)
			continue;
		if (!counted)
			relations->generation++;
		counted = true;
		at = slot_of(relations, &changes[i].key);
		pthread_mutex_lock(&relations->locks[at % STRIPES]);
		if (relations->slots[at] && uid_eq(&relations->slots[at]->row.uid, &changes[i].key)) {
			old = relations->slots[at];
			relations->slots[at] = NULL;
		}
		pthread_mutex_unlock(&relations->locks[at % STRIPES]);
		(void)relation_unref(old); /* forgotten */
	}
}

/* ---- reading ---- */

struct reading {
	struct relation *relation;
	bool found;
};

static status read_row(struct tx *tx, void *arg)
{
	struct reading *reading = arg;

	return row_find(tx, &table_identities, &reading->relation->row, &reading->relation->row, &reading->found);
}

static FALLIBLE read_json(struct relation *relation, slice text, const struct json **ret_tree)
{
	if (text.len)
		TRY(json_parse(relation->own, text, NULL, ret_tree));
	return OK;
}

/* Any text may be stored; one that holds no key proves nothing. */
static FALLIBLE read_keys(struct relation *relation)
{
	status result = jwks_parse(relation->row.issuer_keys, &relation->keys);

	if (!FAILED(result))
		return OK;
	relation->keys = NULL;
	if (result.fault != FAULT_INVALID)
		TRY(result);
	report_clear(report_current()); /* it is remembered; who asks is told then */
	return OK;
}

static FALLIBLE fill(struct issuer *issuer, struct relation *relation, const struct uid *identity)
{
	struct reading reading = { .relation = relation };
	struct identity *row = &relation->row;
	const struct uid *system_group = authz_system_group(issuer->authz);

	relation->own = arena_new(OWN_BYTES);
	TRY_NEW(relation->own);
	row->uid = *identity;
	TRY(store_read(issuer->store, read_row, &reading, relation->own));
	if (!reading.found)
		return FAIL(FAULT_DENIED, "there is no such identity, or it may not be assumed with this token");
	TRY(read_json(relation, row->claims, &relation->claims));
	TRY(read_json(relation, row->claim_patterns, &relation->claim_patterns));
	TRY(read_json(relation, row->audiences, &relation->audiences));
	relation->is_operator = uid_covers(system_group, identity);
	return row->relationship == RELATIONSHIP_STATIC ? read_keys(relation) : OK;
}

FALLIBLE relation_get(struct issuer *issuer, const struct uid *identity, bool may_block, struct relation **ret_relation)
{
	struct relation *relation = find(issuer->relations, identity);
	uint64_t generation = issuer->relations->generation; /* before the snapshot */
	status result;

	if (relation) {
		*ret_relation = relation;
		return OK;
	}
	if (!may_block)
		return FAIL(FAULT_ELSEWHERE, "an identity must be read");
	relation = NEW_ZERO(struct relation);
	TRY_NEW(relation);
	atomic_init(&relation->refs, 1);
	result = fill(issuer, relation, identity);
	if (FAILED(result)) {
		(void)relation_unref(relation); /* a local */
		return result;
	}
	remember(issuer->relations, relation, generation);
	*ret_relation = relation;
	return OK;
}
