/*
 * menu: what is picked from, and how it is drawn.
 */
#include "cli/menu.h"

#define INDENT 2     /* columns a level of the tree */
#define FRAME_ROWS 3 /* title, filter, one to spare */
#define MARGIN 6     /* "> [x] " */
#define LINE_BYTES_MAX ((size_t)512)
#define DEPTH_MAX 16u /* drawn no deeper than this */

/* --- what is shown --- */

static bool letter_is(char a, char b)
{
	char lower_a = a >= 'A' && a <= 'Z' ? (char)(a | 0x20) : a, lower_b = b >= 'A' && b <= 'Z' ? (char)(b | 0x20) : b;

	return lower_a == lower_b;
}

static bool holds(slice text, slice part)
{
	for (size_t at = 0; at + part.len <= text.len; at++) {
		size_t i = 0;

		while (i < part.len && letter_is(text.at[at + i], part.at[i]))
			i++;
		if (i == part.len)
			return true;
	}
	return false;
}

static slice filter_of(const struct menu *menu)
{
	return slice_of(menu->filter, menu->filter_len);
}

static bool fits(const struct menu *menu, size_t i)
{
	return holds(menu->items[i].label, filter_of(menu)) || holds(menu->items[i].note, filter_of(menu));
}

/* From the last to the first: an item is shown for itself, or for one below it. */
static void show(struct menu *menu)
{
	unsigned below = 0; /* depth that the nearest shown item further down needs a parent for; 0: none */

	for (size_t i = menu->count; i-- > 0;) {
		struct menu_item *item = &menu->items[i];

		item->is_shown = fits(menu, i) || (below > 0 && item->depth < below);
		if (item->is_shown)
			below = item->depth;
	}
}

static size_t first_fit(const struct menu *menu)
{
	for (size_t i = 0; i < menu->count; i++)
		if (menu->items[i].is_shown && fits(menu, i))
			return i;
	return menu->count;
}

static void filter(struct menu *menu)
{
	show(menu);
	menu->cursor = first_fit(menu);
	menu->top = 0;
}

void menu_begin(struct menu *menu)
{
	menu->filter_len = 0;
	filter(menu);
}

/* --- keys --- */

/* The next item that is shown in this direction; stays where there is none. */
static void move(struct menu *menu, bool is_down, size_t steps)
{
	for (size_t i = menu->cursor; steps > 0 && i < menu->count;) {
		if (is_down ? i + 1 >= menu->count : i == 0)
			return;
		i += is_down ? 1 : (size_t)-1;
		if (menu->items[i].is_shown) {
			menu->cursor = i;
			steps--;
		}
	}
}

/* Sequences of common terminals. */
static const struct key {
	const char *bytes;
	bool is_down;
	size_t steps;
} keys[] = { { "\033[A", false, 1 },
	     { "\033[B", true, 1 },
	     { "\033OA", false, 1 },
	     { "\033OB", true, 1 },
	     { "\033[5~", false, MENU_ROWS_MAX },
	     { "\033[6~", true, MENU_ROWS_MAX },
	     { "\033[H", false, SIZE_MAX },
	     { "\033[F", true, SIZE_MAX },
	     { "\033[1~", false, SIZE_MAX },
	     { "\033[4~", true, SIZE_MAX },
	     { "\020", false, 1 },  /* Ctrl-P */
	     { "\016", true, 1 } }; /* Ctrl-N */

static const struct key *key_at(slice typed)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (slice_starts(typed, slice_str(keys[i].bytes)))
			return &keys[i];
	return NULL;
}

/* Length of a sequence that is not known: ESC, an opening letter, parameters, a final letter. */
static size_t sequence_len(slice typed)
{
	size_t len = 2;

	if (typed.len < 2 || (typed.at[1] != '[' && typed.at[1] != 'O'))
		return 1;
	while (len < typed.len && (unsigned char)typed.at[len] < 0x40)
		len++;
	return len < typed.len ? len + 1 : len;
}

static void erase(struct menu *menu)
{
	while (menu->filter_len > 0 && ((unsigned char)menu->filter[--menu->filter_len] & 0xc0) == 0x80)
		; /* a whole character */
	filter(menu);
}

static void type(struct menu *menu, char c)
{
	if ((unsigned char)c < 0x20 || menu->filter_len == MENU_FILTER_BYTES)
		return;
	if (c == '/' && menu->filter_len == 0)
		return; /* where a slash opens the filter */
	menu->filter[menu->filter_len++] = c;
	filter(menu);
}

static enum menu_step take_character(struct menu *menu, char c)
{
	if (c == '\r' || c == '\n')
		return menu->cursor < menu->count || menu->is_many ? MENU_TAKEN : MENU_GOES_ON;
	if (c == 0x7f || c == 0x08)
		erase(menu);
	else if (c == ' ' && menu->is_many && menu->cursor < menu->count)
		menu->items[menu->cursor].is_marked = !menu->items[menu->cursor].is_marked;
	else
		type(menu, c);
	return MENU_GOES_ON;
}

enum menu_step menu_take(struct menu *menu, slice typed)
{
	while (typed.len > 0) {
		const struct key *key = key_at(typed);
		enum menu_step step;

		if (key) {
			move(menu, key->is_down, key->steps);
			typed = slice_from(typed, strlen(key->bytes));
		} else if (typed.at[0] == '\033') {
			if (typed.len == 1)
				return MENU_LEFT;
			typed = slice_from(typed, sequence_len(typed));
		} else if (typed.at[0] == '\004' || typed.at[0] == '\003') {
			return MENU_LEFT; /* Ctrl-D, Ctrl-C */
		} else {
			step = take_character(menu, typed.at[0]);
			if (step != MENU_GOES_ON)
				return step;
			typed = slice_from(typed, 1);
		}
	}
	return MENU_GOES_ON;
}

/* --- drawing --- */

static void put_line(struct buffer *out, slice text, unsigned columns)
{
	text_put(out, text, columns > 1 ? columns - 1 : 1); /* the last column would wrap on some */
	buffer_text(out, "\033[K\r\n");
}

static void put_item(const struct menu *menu, size_t i, unsigned columns, struct buffer *out)
{
	const struct menu_item *item = &menu->items[i];
	unsigned depth = item->depth < DEPTH_MAX ? item->depth : DEPTH_MAX;
	size_t room = columns > MARGIN + 1 ? columns - MARGIN - 1 : 1, indent = (size_t)depth * INDENT, used;
	bool is_here = i == menu->cursor;

	indent = indent < room ? indent : room - 1;
	buffer_printf(out, "%s%s %s%*s", menu->has_colour && is_here ? "\033[1m" : "", is_here ? ">" : " ",
		      !menu->is_many    ? ""
		      : item->is_marked ? "[x] "
					: "[ ] ",
		      (int)indent, "");
	room -= indent;
	used = text_columns(item->label);
	text_put(out, item->label, room);
	if (item->note.len > 0 && used + 4 < room) {
		buffer_printf(out, "  %s", menu->has_colour ? "\033[2m" : "");
		text_put(out, item->note, room - used - 2);
	}
	buffer_printf(out, "%s\033[K\r\n", menu->has_colour ? "\033[0m" : "");
}

/* Items shown, and where the cursor is among them. */
static size_t shown(const struct menu *menu, size_t *ret_cursor)
{
	size_t count = 0;

	*ret_cursor = 0;
	for (size_t i = 0; i < menu->count; i++) {
		if (i == menu->cursor)
			*ret_cursor = count;
		count += menu->items[i].is_shown;
	}
	return count;
}

static void scroll(struct menu *menu, size_t cursor, size_t count, size_t window)
{
	if (cursor < menu->top)
		menu->top = cursor;
	if (cursor >= menu->top + window)
		menu->top = cursor - window + 1;
	if (menu->top + window > count)
		menu->top = count > window ? count - window : 0;
}

size_t menu_draw(struct menu *menu, unsigned columns, unsigned rows, struct buffer *out)
{
	size_t window = rows > FRAME_ROWS + MENU_ROWS_MAX ? MENU_ROWS_MAX : rows > FRAME_ROWS + 1 ? rows - FRAME_ROWS : 1;
	size_t cursor, count = shown(menu, &cursor), lines = 2, nth = 0;
	struct buffer line;

	scroll(menu, cursor, count, window);
	put_line(out, slice_str(menu->title), columns);
	for (size_t i = 0; i < menu->count; i++) {
		if (!menu->items[i].is_shown)
			continue;
		if (nth >= menu->top && nth < menu->top + window) {
			put_item(menu, i, columns, out);
			lines++;
		}
		nth++;
	}
	buffer_init(&line, NULL, LINE_BYTES_MAX);
	if (menu->filter_len > 0)
		buffer_printf(&line, "/ %.*s  (%zu of %zu)", (int)menu->filter_len, menu->filter, count, menu->count);
	else
		buffer_printf(&line, "arrows move, %sEnter takes, typing filters, Esc leaves",
			      menu->is_many ? "Space marks, " : "");
	put_line(out, buffer_slice(&line), columns);
	buffer_done(&line);
	return lines;
}
