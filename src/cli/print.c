/*
 * print: rows in every format.
 */
#include "cli/print.h"

#include "cli/client.h"

#define COLUMNS_MAX 24

/* --- text --- */

/* Bytes that would drive a terminal; a line end becomes a blank. Also C1 controls as UTF-8 (0xc2 0x80..0x9f). */
static bool is_control(slice text, size_t i)
{
	unsigned char c = (unsigned char)text.at[i];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < text.len && (unsigned char)text.at[i + 1] < 0xa0);
}

void print_plain(FILE *out, slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_control(text, i)) {
			fputc(text.at[i], out);
			continue;
		}
		fputc(text.at[i] == '\n' || text.at[i] == '\t' ? ' ' : '?', out);
		i += (unsigned char)text.at[i] == 0xc2;
	}
}

/* Characters, taking each for one column. */
static size_t width_of(slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return n;
}

/* The first line of a cell: up to CELL_WIDTH_MAX, cut behind a blank where there is one. */
static slice line_take(slice *rest)
{
	size_t end = 0, blank = 0, width = 0;
	slice line;

	while (end < rest->len && rest->at[end] != '\n') {
		if (((unsigned char)rest->at[end] & 0xc0) != 0x80)
			width++;
		if (width > CELL_WIDTH_MAX && blank > 0)
			break;
		if (rest->at[end] == ' ')
			blank = end + 1;
		end++;
	}
	if (end < rest->len && rest->at[end] != '\n')
		end = blank;
	line = slice_to(*rest, end);
	*rest = slice_from(*rest, end < rest->len && rest->at[end] == '\n' ? end + 1 : end);
	return slice_trim(line);
}

/* --- tables --- */

struct grid {
	const struct column *columns[COLUMNS_MAX];
	size_t columns_count, rows_count;
	slice *cells; /* rows_count * columns_count */
	size_t widths[COLUMNS_MAX];
};

static slice cell_of(struct cli *cli, const struct column *column, const struct json *row)
{
	return column->render ? column->render(cli, row) : json_at(row, column->path);
}

static void widen(size_t *width, slice text)
{
	do {
		size_t line = width_of(line_take(&text));

		*width = line > *width ? line : *width;
	} while (text.len > 0);
}

static FALLIBLE grid_fill(struct cli *cli, const struct show *show, const struct json *const *rows, size_t count,
			  struct grid *grid)
{
	*grid = (struct grid){ .rows_count = count };
	for (const struct column *column = show->columns; column->title; column++)
		if ((!column->is_wide || cli->output == OUTPUT_WIDE) && grid->columns_count < COLUMNS_MAX)
			grid->columns[grid->columns_count++] = column;
	grid->cells = NEW_N(cli->arena, slice, count * grid->columns_count + 1);
	TRY_NEW(grid->cells);
	for (size_t c = 0; c < grid->columns_count; c++) {
		grid->widths[c] = strlen(grid->columns[c]->title);
		for (size_t r = 0; r < count; r++) {
			slice cell = cell_of(cli, grid->columns[c], rows[r]);

			grid->cells[r * grid->columns_count + c] = cell;
			widen(&grid->widths[c], cell);
		}
	}
	return OK;
}

/* width 0: nothing follows, so nothing is filled up. */
static void put_padded(FILE *out, slice text, size_t before, size_t width)
{
	size_t used = before + width_of(text);

	fprintf(out, "%*s", (int)before, "");
	print_plain(out, text);
	fprintf(out, "%*s", width > used ? (int)(width - used) : 0, "");
}

static void table_head(FILE *out, const struct grid *grid)
{
	fputs("  ", out);
	for (size_t c = 0; c < grid->columns_count; c++) {
		slice title = slice_str(grid->columns[c]->title);

		put_padded(out, title, (grid->widths[c] - title.len) / 2, c + 1 < grid->columns_count ? grid->widths[c] : 0);
		fputs(c + 1 < grid->columns_count ? " | " : "\n", out);
	}
	for (size_t c = 0; c < grid->columns_count; c++) {
		fputs(c == 0 ? "--" : "-", out);
		for (size_t i = 0; i < grid->widths[c] + 1; i++)
			fputc('-', out);
		fputs(c + 1 < grid->columns_count ? "+" : "\n", out);
	}
}

static void table_row(FILE *out, const struct grid *grid, size_t r)
{
	slice rest[COLUMNS_MAX];
	bool is_left = true;

	memcpy(rest, grid->cells + r * grid->columns_count, grid->columns_count * sizeof(*rest));
	while (is_left) {
		is_left = false;
		fputs("  ", out);
		for (size_t c = 0; c < grid->columns_count; c++) {
			put_padded(out, line_take(&rest[c]), 0, c + 1 < grid->columns_count ? grid->widths[c] : 0);
			fputs(c + 1 < grid->columns_count ? " | " : "\n", out);
			is_left |= rest[c].len > 0;
		}
	}
}

static void print_table(FILE *out, const struct grid *grid)
{
	table_head(out, grid);
	for (size_t r = 0; r < grid->rows_count; r++)
		table_row(out, grid, r);
}

static void print_markdown(FILE *out, const struct grid *grid)
{
	for (size_t c = 0; c < grid->columns_count; c++)
		fprintf(out, "| %s ", grid->columns[c]->title);
	fputs("|\n", out);
	for (size_t c = 0; c < grid->columns_count; c++)
		fputs("|---", out);
	fputs("|\n", out);
	for (size_t r = 0; r < grid->rows_count; r++) {
		for (size_t c = 0; c < grid->columns_count; c++) {
			slice rest = grid->cells[r * grid->columns_count + c], part;

			fputs("| ", out);
			for (bool more = true; more;) {
				more = slice_cut(rest, '|', &part, &rest);
				print_plain(out, part);
				fputs(more ? "\\|" : " ", out);
			}
		}
		fputs("|\n", out);
	}
}

/* RFC 4180. A cell that a spreadsheet would take for a formula is quoted like any other: it stays data. */
static void csv_cell(FILE *out, slice text)
{
	bool is_quoted = slice_find(text, ',') < text.len || slice_find(text, '"') < text.len ||
			 slice_find(text, '\n') < text.len || slice_find(text, '\r') < text.len;

	if (!is_quoted) {
		print_plain(out, text);
		return;
	}
	fputc('"', out);
	while (text.len > 0) {
		size_t quote = slice_find(text, '"'), line = slice_find(text, '\n'), end = quote < line ? quote : line;

		print_plain(out, slice_to(text, end));
		if (end < text.len)
			fputs(end == quote ? "\"\"" : "\n", out);
		text = slice_from(text, end + 1);
	}
	fputc('"', out);
}

static void print_csv(FILE *out, const struct grid *grid)
{
	for (size_t c = 0; c < grid->columns_count; c++) {
		csv_cell(out, slice_str(grid->columns[c]->title));
		fputs(c + 1 < grid->columns_count ? "," : "\r\n", out);
	}
	for (size_t i = 0; i < grid->rows_count * grid->columns_count; i++) {
		csv_cell(out, grid->cells[i]);
		fputs((i + 1) % grid->columns_count ? "," : "\r\n", out);
	}
}

/* Without a head, by tabs: for cut and awk. */
static void print_terse(FILE *out, const struct grid *grid)
{
	for (size_t i = 0; i < grid->rows_count * grid->columns_count; i++) {
		print_plain(out, grid->cells[i]);
		fputc((i + 1) % grid->columns_count ? '\t' : '\n', out);
	}
}

/* --- JSON --- */

static void put_json_text(FILE *out, slice text)
{
	fputc('"', out);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c == '\t')
			fputs("\\t", out);
		else if (is_control(text, i) && c == 0xc2)
			fprintf(out, "\\u%04x", (unsigned char)text.at[++i]);
		else if (is_control(text, i))
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void put_line(FILE *out, const char *unit, int depth)
{
	fputc('\n', out);
	while (depth-- > 0)
		fputs(unit, out);
}

static void put_json(FILE *out, const struct json *value, const char *unit, int depth)
{
	bool is_object = value->kind == JSON_OBJECT;

	switch (value->kind) {
	case JSON_NULL:
		fputs("null", out);
		return;
	case JSON_BOOL:
		fputs(value->truth ? "true" : "false", out);
		return;
	case JSON_NUMBER:
		fprintf(out, "%.*s", SLICE_ARG(value->text));
		return;
	case JSON_STRING:
		put_json_text(out, value->text);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	fputc(is_object ? '{' : '[', out);
	JSON_EACH (item, value) {
		fputs(item == value->first ? "" : ",", out);
		put_line(out, unit, depth + 1);
		if (is_object) {
			put_json_text(out, item->name);
			fputs(": ", out);
		}
		put_json(out, item, unit, depth + 1);
	}
	if (value->first)
		put_line(out, unit, depth);
	fputc(is_object ? '}' : ']', out);
}

void print_json(FILE *out, const struct json *value)
{
	put_json(out, value, "    ", 0);
	fputc('\n', out);
}

void print_json_tabs(FILE *out, const struct json *value)
{
	put_json(out, value, "\t", 0);
	fputc('\n', out);
}

struct json *json_new_text(struct cli *cli, slice text)
{
	struct json *value = NEW(cli->arena, struct json);

	if (value)
		*value = (struct json){ .kind = JSON_STRING, .text = text };
	return value;
}

struct json *json_new_array(struct cli *cli, const struct json *const *items, size_t count)
{
	struct json *array = NEW(cli->arena, struct json), *copies = NEW_N(cli->arena, struct json, count + 1);

	if (!array || !copies)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		copies[i] = *items[i];
		copies[i].name = slice_str("");
		copies[i].next = i + 1 < count ? &copies[i + 1] : NULL;
	}
	*array = (struct json){ .kind = JSON_ARRAY, .count = (uint32_t)count, .first = count ? copies : NULL };
	return array;
}

static void put_member(struct json *members, size_t *n, const char *name, const struct json *value)
{
	members[*n] = *value;
	members[(*n)++].name = slice_str(name);
}

/* Copies the members but those named `drop`, with one put first or last. */
static const struct json *rebuilt(struct cli *cli, const struct json *object, const char *drop, const char *name,
				  const struct json *value, bool is_first)
{
	struct json *copy = NEW(cli->arena, struct json), *members;
	size_t n = 0;

	members = NEW_N(cli->arena, struct json, (size_t)object->count + 1);
	if (!copy || !members || !value)
		return NULL;
	if (is_first)
		put_member(members, &n, name, value);
	JSON_EACH (member, object) {
		if (!is_first && slice_is(member->name, name))
			put_member(members, &n, name, value); /* in its old place */
		else if (!slice_is(member->name, drop) && !slice_is(member->name, name))
			members[n++] = *member;
	}
	if (!is_first && !json_member(object, name))
		put_member(members, &n, name, value);
	for (size_t i = 0; i < n; i++)
		members[i].next = i + 1 < n ? &members[i + 1] : NULL;
	*copy = *object;
	copy->count = (uint32_t)n;
	copy->first = members;
	return copy;
}

const struct json *json_with(struct cli *cli, const struct json *object, const char *name, const struct json *value)
{
	return object ? rebuilt(cli, object, name, name, value, false) : NULL;
}

const struct json *json_row(struct cli *cli, const struct show *show, const struct json *row)
{
	const struct json *uid = json_member(row, "uid");

	if (uid)
		row = rebuilt(cli, row, "uid", "id", uid, true);
	return row && show->extend ? show->extend(cli, row) : row;
}

static FALLIBLE print_json_rows(struct cli *cli, const struct show *show, const struct json *const *rows, size_t count,
				bool is_list)
{
	const struct json **shown = NEW_N(cli->arena, const struct json *, count + 1);
	struct json *array, *object = NEW(cli->arena, struct json);

	TRY_NEW(shown);
	TRY_NEW(object);
	for (size_t i = 0; i < count; i++) {
		shown[i] = json_row(cli, show, rows[i]);
		TRY_NEW(shown[i]);
	}
	if (!is_list && count == 1) {
		print_json(cli->out, shown[0]);
		return OK;
	}
	array = json_new_array(cli, shown, count);
	TRY_NEW(array);
	array->name = slice_str("items");
	*object = (struct json){ .kind = JSON_OBJECT, .count = 1, .first = array };
	print_json(cli->out, object);
	return OK;
}

/* --- the rest --- */

static void print_tree(struct cli *cli, const struct json *const *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		slice description = json_at(rows[i], "description");

		fputc('[', cli->out);
		print_plain(cli->out, json_at(rows[i], "name"));
		fputs(description.len ? "] " : "]", cli->out);
		print_plain(cli->out, description);
		fputc('\n', cli->out);
	}
}

FALLIBLE print_rows(struct cli *cli, const struct show *show, const struct json *const *rows, size_t count, bool is_list)
{
	struct grid grid;

	switch (cli->output) {
	case OUTPUT_NONE:
		return OK;
	case OUTPUT_JSON:
		return print_json_rows(cli, show, rows, count, is_list);
	case OUTPUT_ID:
		for (size_t i = 0; i < count; i++) {
			print_plain(cli->out, json_at(rows[i], show->id ? show->id : "uid"));
			fputc('\n', cli->out);
		}
		return OK;
	case OUTPUT_TREE:
		(show->tree ? show->tree : print_tree)(cli, rows, count);
		return OK;
	default:
		break;
	}
	TRY(grid_fill(cli, show, rows, count, &grid));
	if (cli->output == OUTPUT_CSV)
		print_csv(cli->out, &grid);
	else if (cli->output == OUTPUT_MARKDOWN)
		print_markdown(cli->out, &grid);
	else if (cli->output == OUTPUT_TERSE)
		print_terse(cli->out, &grid);
	else
		print_table(cli->out, &grid);
	return OK;
}

void print_pairs(struct cli *cli, const struct pair *pairs, size_t count)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		width = strlen(pairs[i].name) > width ? strlen(pairs[i].name) : width;
	for (size_t i = 0; i < count; i++) {
		fprintf(cli->out, "%s:%*s", pairs[i].name, (int)(width - strlen(pairs[i].name)) + 2, "");
		print_plain(cli->out, pairs[i].value);
		fputc('\n', cli->out);
	}
}

void print_pairs_json(struct cli *cli, const struct pair *pairs, size_t count)
{
	fputs("{", cli->out);
	for (size_t i = 0; i < count; i++) {
		fprintf(cli->out, "%s\n    ", i ? "," : "");
		put_json_text(cli->out, slice_str(pairs[i].name));
		fputs(": ", cli->out);
		put_json_text(cli->out, pairs[i].value);
	}
	fputs("\n}\n", cli->out);
}
