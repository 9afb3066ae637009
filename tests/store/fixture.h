/*
 * fixture: a fresh store of the kind this program was built for (STORE_SQLITE or STORE_MEMORY), and one-line rows.
 *
 * uid_at("o.1.2") is the organization 'o', its child '1', that one's child '2': the tree of a test is readable.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "store/fault.h"
#include "store/store.h"

#define FIXTURE_ARENA_BYTES ((size_t)64 << 20)

struct fixture {
	char folder[64];
	struct store_options options;
	struct store *store;
	struct arena *arena; /* of what reads give */
};

static inline status fixture_reopen(struct fixture *f)
{
	f->store = store_close(f->store);
	f->options.path = f->folder;
#ifdef STORE_MEMORY
	return store_open_memory(&f->options, &f->store);
#else
	return store_open_sqlite(&f->options, &f->store);
#endif
}

/* An empty folder; no store yet. */
static inline struct fixture fixture_folder(void)
{
	struct fixture f = { .arena = arena_new(FIXTURE_ARENA_BYTES) };

	(void)snprintf(f.folder, sizeof(f.folder), "/tmp/reeve-store-XXXXXX");
	CHECK(mkdtemp(f.folder));
	return f;
}

static inline struct fixture fixture_new(void)
{
	struct fixture f = fixture_folder();

	CHECK_OK(fixture_reopen(&f));
	return f;
}

static inline void fixture_done(struct fixture *f)
{
	char command[128];

	f->store = store_close(f->store);
	f->arena = arena_free(f->arena);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
	CHECK(system(command) == 0);
}

/* ---- one-line rows ---- */

static inline struct uid uid_at(const char *path)
{
	struct uid uid = { .len = UID_ROOT_BYTES };

	memset(uid.at, *path, UID_ROOT_BYTES);
	for (path++; *path == '.'; path += 2) {
		memset(uid.at + uid.len, path[1], UID_STEP_BYTES);
		uid.len += UID_STEP_BYTES;
	}
	return uid;
}

static inline struct uid parent_of(struct uid uid)
{
	struct uid parent = { 0 };

	if (uid.len > UID_ROOT_BYTES) {
		parent.len = (uint16_t)(uid.len - UID_STEP_BYTES);
		memcpy(parent.at, uid.at, parent.len);
	}
	return parent;
}

static inline struct group group_at(const char *path, const char *name)
{
	return (struct group){ .uid = uid_at(path), .parent = parent_of(uid_at(path)), .name = slice_str(name) };
}

static inline struct identity identity_at(const char *path, const char *name)
{
	return (struct identity){ .uid = uid_at(path), .parent = parent_of(uid_at(path)), .name = slice_str(name) };
}

static inline struct role role_at(const char *path, const char *name)
{
	return (struct role){ .uid = uid_at(path), .parent = parent_of(uid_at(path)), .name = slice_str(name) };
}

static inline struct binding binding_at(const char *path, const char *identity, const char *role)
{
	return (struct binding){
		.uid = uid_at(path), .group = parent_of(uid_at(path)), .identity = uid_at(identity), .role = uid_at(role)
	};
}

/* ---- one call in a transaction of its own ---- */

enum act_op { ACT_INSERT, ACT_UPDATE, ACT_PUT, ACT_DELETE, ACT_DELETE_ALL, ACT_FIND, ACT_LIST, ACT_COUNT };

struct act {
	enum act_op op;
	const struct table *table;
	const void *row;
	const struct query *query;
	void *into;
	bool flag;
	int64_t count;
	struct rows rows;
};

static inline status act_run(struct tx *tx, void *arg)
{
	struct act *act = arg;

	switch (act->op) {
	case ACT_INSERT:
		return row_insert(tx, act->table, act->row);
	case ACT_UPDATE:
		return row_update(tx, act->table, act->row);
	case ACT_PUT:
		return row_put(tx, act->table, act->row);
	case ACT_DELETE:
		return row_delete(tx, act->table, act->row, &act->flag);
	case ACT_DELETE_ALL:
		return row_delete_all(tx, act->table, act->query, &act->count);
	case ACT_FIND:
		return row_find(tx, act->table, act->row, act->into, &act->flag);
	case ACT_LIST:
		return row_list(tx, act->table, act->query, &act->rows);
	case ACT_COUNT:
		return row_count(tx, act->table, act->query, &act->count);
	}
	return FAIL(FAULT_INTERNAL, "no such act");
}

static inline status insert(struct fixture *f, const struct table *table, const void *row)
{
	struct act act = { .op = ACT_INSERT, .table = table, .row = row };

	return store_write(f->store, act_run, &act, NULL, NULL);
}

static inline status update(struct fixture *f, const struct table *table, const void *row)
{
	struct act act = { .op = ACT_UPDATE, .table = table, .row = row };

	return store_write(f->store, act_run, &act, NULL, NULL);
}

static inline status put(struct fixture *f, const struct table *table, const void *row)
{
	struct act act = { .op = ACT_PUT, .table = table, .row = row };

	return store_write(f->store, act_run, &act, NULL, NULL);
}

static inline status delete (struct fixture *f, const struct table *table, const void *key, bool *ret_deleted)
{
	struct act act = { .op = ACT_DELETE, .table = table, .row = key };
	status st = store_write(f->store, act_run, &act, NULL, NULL);

	*ret_deleted = act.flag;
	return st;
}

static inline status delete_all(struct fixture *f, const struct table *table, const struct query *query, int64_t *ret_count)
{
	struct act act = { .op = ACT_DELETE_ALL, .table = table, .query = query };
	status st = store_write(f->store, act_run, &act, NULL, NULL);

	*ret_count = act.count;
	return st;
}

/* What is found lives in the fixture's arena. */
static inline bool find(struct fixture *f, const struct table *table, const void *key, void *row)
{
	struct act act = { .op = ACT_FIND, .table = table, .row = key, .into = row };

	CHECK_OK(store_read(f->store, act_run, &act, f->arena));
	return act.flag;
}

static inline struct rows list(struct fixture *f, const struct table *table, const struct query *query)
{
	struct act act = { .op = ACT_LIST, .table = table, .query = query };

	CHECK_OK(store_read(f->store, act_run, &act, f->arena));
	return act.rows;
}

static inline int64_t count(struct fixture *f, const struct table *table, const struct query *query)
{
	struct act act = { .op = ACT_COUNT, .table = table, .query = query };

	CHECK_OK(store_read(f->store, act_run, &act, NULL));
	return act.count;
}

/* The names of a list's groups, joined: "a b c". */
static inline char *group_names(struct fixture *f, const struct query *query)
{
	struct rows rows = list(f, &table_groups, query);
	const struct group *groups = rows.at;
	char *text = arena_printf(f->arena, "%s", "");

	for (size_t i = 0; i < rows.count; i++)
		text = arena_printf(f->arena, "%s%s%.*s", text, i ? " " : "", SLICE_ARG(groups[i].name));
	return text;
}

#define CHECK_NAMES(f, query, want) assert_string_equal(group_names((f), (query)), (want))

#endif
