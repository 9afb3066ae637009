/*
 * tables: each noun's columns, declared once for every store.
 *
 * To add a column: the struct in model/nouns.h, a row here (tables.c), a numbered migration; a test compares the three.
 */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include <stddef.h>

#include "model/nouns.h"

enum column_type {
	COLUMN_UID,   /* struct uid; none is NULL in the database */
	COLUMN_TEXT,  /* slice of UTF-8 */
	COLUMN_BYTES, /* slice */
	COLUMN_INT,   /* int64_t */
	COLUMN_BOOL,  /* bool */
	COLUMN_CAPS,  /* struct caps, 32 bytes */
};

struct column {
	const char *name;
	enum column_type type;
	size_t offset; /* in the row struct */
};

struct table {
	const char *name;
	size_t row_bytes;
	const struct column *columns;
	size_t column_count;
	size_t key_count;      /* the first columns are the primary key */
	int change;            /* enum change_kind logged for it; CHANGE_NONE = none */
	int change_subject;    /* column index of a change's subject, -1 = none */
};

extern const struct table table_groups, table_limits, table_identities, table_roles, table_bindings, table_repos, table_tags,
	table_signing_keys, table_setup_codes, table_facts, table_events;

/* Column index by name; -1 when there is none. */
int table_column(const struct table *table, const char *name);

#endif
