/*
 * sqlite_sql: the text of every statement, written from its shape.
 *
 * Promises  no value ever stands in the text; the number of different texts is bounded: lists of uids are filled up to a
 *           power of two.
 */
#include <assert.h>

#include "store/sqlite_impl.h"

/* Text that does not depend on a table. */
static const char *const fixed[] = {
	[SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[SQL_BEGIN_READ] = "BEGIN",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_SAVE] = "SAVEPOINT job",
	[SQL_RELEASE] = "RELEASE job",
	[SQL_UNDO] = "ROLLBACK TO job",
	[SQL_COUNTER_GET] = "SELECT \"revision\" FROM \"counter\"",
	[SQL_COUNTER_SET] = "UPDATE \"counter\" SET \"revision\" = ?1",
	/* NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one statement in two lines */
	[SQL_LOG] = "INSERT INTO \"changes\" (\"revision\", \"ordinal\", \"kind\", \"op\", \"key\", \"subject\") "
		    "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_LOG_TRIM] = "DELETE FROM \"changes\" WHERE \"revision\" <= ?1",
};

static uint8_t ways_for(size_t count)
{
	uint8_t ways = 0;

	while (ways_count(ways) < count)
		ways++;
	return ways;
}

void shape_of_plan(const struct plan *plan, enum sql_op op, struct shape *ret_shape)
{
	struct shape shape;

	memset(&shape, 0, sizeof(shape)); /* padding too */
	shape.table = plan->table;
	shape.op = (uint8_t)op;
	shape.order_by = -1;
	shape.columns = plan_columns(plan);
	shape.where_count = (uint8_t)plan->where_count;
	for (size_t i = 0; i < plan->where_count; i++) {
		const struct plan_condition *from = &plan->where[i];
		bool is_null = plan->table->columns[from->column].type == COLUMN_UID && !from->uids && uid_is_none(&from->uid);

		shape.where[i].kind = (uint8_t)from->kind;
		shape.where[i].column = (uint8_t)from->column;
		shape.where[i].ways = is_null ? WAYS_IS_NULL : ways_for(from->count);
	}
	if (op == SQL_SELECT && plan->query) {
		shape.order_by = (int8_t)(plan->query->order_by > 0 ? plan->query->order_by : -1);
		shape.is_descending = plan->query->is_descending;
		shape.has_limit = plan->query->limit || plan->query->skip;
		shape.has_after = plan->query->has_after;
	}
	*ret_shape = shape;
}

/* ---- pieces ---- */

static void add_columns(struct buffer *out, const struct table *table)
{
	for (size_t i = 0; i < table->column_count; i++)
		buffer_printf(out, "%s\"%s\"", i ? ", " : "", table->columns[i].name);
}

static void add_chosen(struct buffer *out, const struct table *table, uint64_t columns)
{
	const char *before = "";

	for (size_t i = 0; i < table->column_count; i++) {
		if (!(columns >> i & 1))
			continue;
		buffer_printf(out, "%s\"%s\"", before, table->columns[i].name);
		before = ", ";
	}
}

static void add_key_is(struct buffer *out, const struct table *table)
{
	buffer_text(out, " WHERE ");
	for (size_t i = 0; i < table->key_count; i++)
		buffer_printf(out, "%s\"%s\" = ?%zu", i ? " AND " : "", table->columns[i].name, i + 1);
}

static void add_sets(struct buffer *out, const struct table *table, bool is_upsert)
{
	for (size_t i = table->key_count; i < table->column_count; i++) {
		const char *name = table->columns[i].name;
		buffer_text(out, i > table->key_count ? ", " : "");
		if (is_upsert)
			buffer_printf(out, "\"%s\" = excluded.\"%s\"", name, name);
		else
			buffer_printf(out, "\"%s\" = ?%zu", name, i + 1);
	}
}

static void add_insert(struct buffer *out, const struct table *table, bool is_upsert)
{
	buffer_printf(out, "INSERT INTO \"%s\" (", table->name);
	add_columns(out, table);
	buffer_text(out, ") VALUES (");
	for (size_t i = 0; i < table->column_count; i++)
		buffer_printf(out, "%s?%zu", i ? ", " : "", i + 1);
	buffer_text(out, ")");
	if (!is_upsert)
		return;
	buffer_text(out, " ON CONFLICT (");
	for (size_t i = 0; i < table->key_count; i++)
		buffer_printf(out, "%s\"%s\"", i ? ", " : "", table->columns[i].name);
	buffer_text(out, ") DO UPDATE SET ");
	add_sets(out, table, true);
}

/* ---- conditions ---- */

/* Terms joined by OR as a balanced tree: SQLite bounds the depth of an expression. */
static void add_ranges(struct buffer *out, const char *column, const char *from, size_t count)
{
	if (count == 1) {
		buffer_printf(out, "(\"%s\" %s ? AND \"%s\" < ?)", column, from, column);
		return;
	}
	buffer_byte(out, '(');
	add_ranges(out, column, from, count / 2);
	buffer_text(out, " OR ");
	add_ranges(out, column, from, count / 2);
	buffer_byte(out, ')');
}

static void add_in(struct buffer *out, const char *column, size_t count)
{
	buffer_printf(out, "\"%s\" IN (", column);
	for (size_t i = 0; i < count; i++)
		buffer_text(out, i ? ", ?" : "?");
	buffer_byte(out, ')');
}

static void add_condition(struct buffer *out, const char *column, enum condition_kind kind, uint8_t ways)
{
	switch (kind) {
	case WHERE_EQ:
		buffer_printf(out, ways == WAYS_IS_NULL ? "\"%s\" IS NULL" : "\"%s\" = ?", column);
		break;
	case WHERE_IN_UIDS:
		add_in(out, column, ways_count(ways));
		break;
	case WHERE_UNDER:
		add_ranges(out, column, ">=", ways_count(ways));
		break;
	case WHERE_BELOW:
		add_ranges(out, column, ">", ways_count(ways));
		break;
	case WHERE_AT_LEAST:
		buffer_printf(out, "\"%s\" >= ?", column);
		break;
	case WHERE_LESS:
		buffer_printf(out, "\"%s\" < ?", column);
		break;
	case WHERE_NOT:
		buffer_printf(out, "\"%s\" <> ?", column);
		break;
	}
}

/* What rows are ordered by: a none uid sorts first, as no bytes do. */
static void add_ordering(struct buffer *out, const struct column *column, const char *suffix)
{
	buffer_printf(out, column->is_optional ? "ifnull(\"%s\", x'')%s" : "\"%s\"%s", column->name, suffix);
}

static void add_place(struct buffer *out, const struct shape *shape)
{
	const struct column *columns = shape->table->columns;
	const char *than = shape->is_descending ? "<" : ">";

	if (shape->order_by >= 0) {
		buffer_byte(out, '(');
		add_ordering(out, &columns[shape->order_by], "");
		buffer_printf(out, ", \"%s\") %s (?, ?)", columns[0].name, than);
	} else if (shape->table->is_stamped) {
		buffer_printf(out, "(\"%s\", \"%s\") %s (?, ?)", columns[0].name, columns[1].name, than);
	} else {
		buffer_printf(out, "\"%s\" %s ?", columns[0].name, than);
	}
}

static void add_where(struct buffer *out, const struct shape *shape)
{
	const char *joint = " WHERE ";

	for (size_t i = 0; i < shape->where_count; i++) {
		buffer_text(out, joint);
		add_condition(out, shape->table->columns[shape->where[i].column].name,
			      (enum condition_kind)shape->where[i].kind, shape->where[i].ways);
		joint = " AND ";
	}
	if (shape->has_after) {
		buffer_text(out, joint);
		add_place(out, shape);
	}
}

static void add_select(struct buffer *out, const struct shape *shape)
{
	const struct table *table = shape->table;
	const char *suffix = shape->is_descending ? " DESC" : "";

	buffer_text(out, "SELECT ");
	add_chosen(out, table, shape->columns);
	buffer_printf(out, " FROM \"%s\"", table->name);
	add_where(out, shape);
	buffer_text(out, " ORDER BY ");
	if (shape->order_by >= 0) {
		add_ordering(out, &table->columns[shape->order_by], suffix);
		buffer_text(out, ", ");
	}
	for (size_t i = 0; i < table->key_count; i++)
		buffer_printf(out, "%s\"%s\"%s", i ? ", " : "", table->columns[i].name, suffix);
	if (shape->has_limit)
		buffer_text(out, " LIMIT ? OFFSET ?");
}

/* ---- the whole ---- */

void sql_write(const struct shape *shape, struct buffer *out)
{
	const struct table *table = shape->table;

	switch ((enum sql_op)shape->op) {
	case SQL_INSERT:
	case SQL_PUT:
		add_insert(out, table, shape->op == SQL_PUT);
		break;
	case SQL_UPDATE:
		buffer_printf(out, "UPDATE \"%s\" SET ", table->name);
		add_sets(out, table, false);
		add_key_is(out, table);
		break;
	case SQL_DELETE:
		buffer_printf(out, "DELETE FROM \"%s\"", table->name);
		add_key_is(out, table);
		break;
	case SQL_FIND:
		buffer_text(out, "SELECT ");
		add_columns(out, table);
		buffer_printf(out, " FROM \"%s\"", table->name);
		add_key_is(out, table);
		break;
	case SQL_SELECT:
		add_select(out, shape);
		break;
	case SQL_COUNT:
		buffer_printf(out, "SELECT count(*) FROM \"%s\"", table->name);
		add_where(out, shape);
		break;
	default:
		assert(shape->op < sizeof(fixed) / sizeof(*fixed) && fixed[shape->op]);
		buffer_text(out, fixed[shape->op]);
	}
}
