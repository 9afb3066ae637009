/*
 * What a menu does with keys, and what it draws.
 */
#include "cli/menu.h"

#include "test.h"

static struct menu_item items[] = { { .label = { "example.com", 11 }, .note = { "ours", 4 } },
				    { .label = { "ci", 2 }, .depth = 1 },
				    { .label = { "nightly", 7 }, .depth = 2 },
				    { .label = { "web", 3 }, .depth = 1 },
				    { .label = { "other.org", 9 } } };
#define COUNT (sizeof(items) / sizeof(*items))

static struct menu fresh(void)
{
	struct menu menu = { .title = "Which?", .items = items, .count = COUNT };

	for (size_t i = 0; i < COUNT; i++)
		items[i].is_marked = false;
	menu_begin(&menu);
	return menu;
}

static slice drawn(struct arena *arena, struct menu *menu, unsigned columns, unsigned rows)
{
	struct buffer out;

	buffer_init(&out, arena, MENU_DRAWN_BYTES_MAX);
	(void)menu_draw(menu, columns, rows, &out);
	return buffer_slice(&out);
}

static bool shows(slice text, const char *part)
{
	return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

TEST(arrows_move_and_stop_at_the_ends)
{
	struct menu menu = fresh();

	CHECK_INT(menu.cursor, 0);
	CHECK_INT(menu_take(&menu, SLICE("\033[A")), MENU_GOES_ON);
	CHECK_INT(menu.cursor, 0);
	CHECK_INT(menu_take(&menu, SLICE("\033[B\033OB\016")), MENU_GOES_ON);
	CHECK_INT(menu.cursor, 3);
	CHECK_INT(menu_take(&menu, SLICE("\033[6~\033[B")), MENU_GOES_ON);
	CHECK_INT(menu.cursor, COUNT - 1);
	CHECK_INT(menu_take(&menu, SLICE("\033[H")), MENU_GOES_ON);
	CHECK_INT(menu.cursor, 0);
	CHECK_INT(menu_take(&menu, SLICE("\r")), MENU_TAKEN);
}

TEST(escape_alone_leaves_and_unknown_sequences_do_nothing)
{
	struct menu menu = fresh();

	CHECK_INT(menu_take(&menu, SLICE("\033[1;5C\033[200~\033OP")), MENU_GOES_ON);
	CHECK_INT(menu.filter_len, 0);
	CHECK_INT(menu.cursor, 0);
	CHECK_INT(menu_take(&menu, SLICE("\033")), MENU_LEFT);
	CHECK_INT(menu_take(&menu, SLICE("\003")), MENU_LEFT);
}

TEST(typing_narrows_to_what_holds_it_with_the_folders_above)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct menu menu = fresh();
	slice text;

	CHECK_INT(menu_take(&menu, SLICE("/NIGHT")), MENU_GOES_ON);
	CHECK_INT(menu.cursor, 2);
	text = drawn(arena, &menu, 80, 24);
	CHECK(shows(text, "example.com") && shows(text, "ci") && shows(text, "nightly"));
	CHECK(!shows(text, "web") && !shows(text, "other.org"));
	CHECK(shows(text, "/ NIGHT"));
	CHECK_INT(menu_take(&menu, SLICE("x")), MENU_GOES_ON);
	CHECK_INT(menu_take(&menu, SLICE("\r")), MENU_GOES_ON); /* nothing is there to take */
	CHECK_INT(menu_take(&menu, SLICE("\x7f\x7f\x7f\x7f\x7f\x7f")), MENU_GOES_ON);
	CHECK_INT(menu.filter_len, 0);
	CHECK(shows(drawn(arena, &menu, 80, 24), "other.org"));
	arena_free(arena);
}

TEST(many_are_marked_by_space)
{
	struct menu menu = fresh();

	menu.is_many = true;
	CHECK_INT(menu_take(&menu, SLICE(" \033[B \033[B  \r")), MENU_TAKEN);
	CHECK(items[0].is_marked && items[1].is_marked && !items[2].is_marked);
}

TEST(no_line_is_wider_than_the_terminal)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct menu_item wide[] = { { .label = SLICE(
					      "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e") },
				    { .label = SLICE("a very long name of a folder indeed"), .depth = 9 },
				    { .label = SLICE("e\xcc\x81t\xc3\xa9 \033[2J\xff") } };
	struct menu menu = { .title = "Which organization or folder?", .items = wide, .count = 3 };

	menu_begin(&menu);
	for (unsigned columns = 1; columns < 60; columns++) {
		slice rest = drawn(arena, &menu, columns, 24), line;

		while (slice_cut(rest, '\n', &line, &rest)) {
			CHECK(slice_ends(line, SLICE("\033[K\r")));
			line = slice_to(line, line.len - 4);
			CHECK(slice_find(line, '\033') == line.len);
			CHECK(text_columns(line) <= (columns > 8 ? columns : 8));
		}
	}
	arena_free(arena);
}

TEST(the_cursor_stays_in_view)
{
	struct arena *arena = arena_new((size_t)1 << 22);
	static struct menu_item many[200];
	struct menu menu = { .title = "Which?", .items = many, .count = 200 };

	for (size_t i = 0; i < 200; i++)
		many[i].label = slice_str(arena_printf(arena, "item-%03zu", i));
	menu_begin(&menu);
	for (size_t i = 0; i < 199; i++) {
		char want[32];

		CHECK_INT(menu_take(&menu, SLICE("\033[B")), MENU_GOES_ON);
		(void)snprintf(want, sizeof(want), "> item-%03zu", i + 1);
		CHECK(shows(drawn(arena, &menu, 80, 10), want));
	}
	arena_free(arena);
}

TEST(a_text_counts_as_it_shows)
{
	CHECK_INT(text_columns(SLICE("abc")), 3);
	CHECK_INT(text_columns(SLICE("e\xcc\x81t\xc3\xa9")), 3);
	CHECK_INT(text_columns(SLICE("\xe6\x97\xa5\xe6\x9c\xac")), 4);
	CHECK_INT(text_columns(SLICE("\xf0\x9f\x98\x80")), 2);
	CHECK_INT(text_columns(SLICE("\xff\xe6\x97")), 3);
}

TEST(nothing_in_a_text_drives_the_terminal)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct buffer out;

	buffer_init(&out, arena, 1024);
	text_put(&out,
		 SLICE("a\033[31m\xc2\x9b"
		       "2J\xe2\x80\xae"
		       "b"),
		 80);
	CHECK_SLICE(buffer_slice(&out), "a?[31m?2Jb");
	buffer_clear(&out);
	text_put(&out, SLICE("abcdef"), 4);
	CHECK_SLICE(buffer_slice(&out), "abc\xe2\x80\xa6");
	arena_free(arena);
}

TESTS(arrows_move_and_stop_at_the_ends, escape_alone_leaves_and_unknown_sequences_do_nothing,
      typing_narrows_to_what_holds_it_with_the_folders_above, many_are_marked_by_space, no_line_is_wider_than_the_terminal,
      the_cursor_stays_in_view, a_text_counts_as_it_shows, nothing_in_a_text_drives_the_terminal)
