/*
 * menu: one thing (or several) picked from a list by arrow keys and typing; what it holds and how it is drawn, without a
 * terminal.
 *
 * Promises  a line never is wider than the terminal, counted as it shows UTF-8 (combining and wide characters); nothing of an
 *           item's text can drive the terminal; typing narrows the list to what holds the text, with the folders above it.
 * Start at  menu_begin(), menu_take(), menu_draw(); choose.h runs it on a terminal.
 */
#ifndef CLI_MENU_H
#define CLI_MENU_H

#include "base/buffer.h"

#define MENU_FILTER_BYTES 64
#define MENU_ROWS_MAX 12 /* items shown at once */
#define MENU_DRAWN_BYTES_MAX ((size_t)64 * 1024)

struct menu_item {
	slice label, note; /* note: said after the label, less loudly */
	unsigned depth;    /* in a tree; an item's children follow it */
	bool is_marked;    /* of several */
	bool is_shown;     /* passes the filter; kept by the menu */
};

struct menu {
	const char *title;
	struct menu_item *items;
	size_t count;
	bool is_many; /* space marks, Enter takes all that is marked */
	bool has_colour;
	size_t cursor; /* an item that is shown; count when none is */
	size_t top;    /* the first of those shown that is drawn */
	size_t filter_len;
	char filter[MENU_FILTER_BYTES];
};

enum menu_step { MENU_GOES_ON, MENU_TAKEN, MENU_LEFT };

void menu_begin(struct menu *menu);
/* What was typed: arrows, Page Up and Down, Home, End, Enter, Escape (alone: leaves), Backspace, Space (of many: marks),
 * anything else is text to filter by. A sequence that is not known is left out. */
enum menu_step menu_take(struct menu *menu, slice typed);
/* All lines, each ended by "\r\n"; gives how many. columns, rows: of the terminal. */
size_t menu_draw(struct menu *menu, unsigned columns, unsigned rows, struct buffer *out);

/* ---- text on a terminal ---- */

/* Columns a UTF-8 text takes: 0 for combining characters, 2 for wide ones. Bytes that are no UTF-8 count as one. */
size_t text_columns(slice text);
/* As much as fits into so many columns; control characters become "?", what is cut ends in an ellipsis. */
void text_put(struct buffer *out, slice text, size_t columns);

#endif
