/*
 * Which program shows a page.
 */
#include "cli/opener.h"

#include "test.h"

#define URL "http://x.test/a?b=%20c&d='$(id)'"

static struct opener openers[OPENERS_MAX];

static size_t find(struct arena *arena, const struct opener_place *place)
{
	size_t count = 0;

	CHECK_OK(openers_find(arena, place, SLICE(URL), openers, &count));
	return count;
}

TEST(without_a_screen_nothing_is_opened)
{
	struct arena *arena = arena_new((size_t)1 << 20);

	CHECK_INT(find(arena, &(struct opener_place){ NULL }), 0);
	CHECK_INT(find(arena, &(struct opener_place){ .browser = "", .display = "" }), 0);
	arena_free(arena);
}

TEST(a_screen_has_the_systems_opener)
{
	struct arena *arena = arena_new((size_t)1 << 20);

	CHECK_INT(find(arena, &(struct opener_place){ .display = ":0" }), 2);
	CHECK_SLICE(slice_str(openers[0].words[0]), "xdg-open");
	CHECK_SLICE(slice_str(openers[0].words[1]), URL);
	CHECK(!openers[0].words[2]);
	CHECK_INT(find(arena, &(struct opener_place){ .wayland = "wayland-0" }), 2);
	CHECK_INT(find(arena, &(struct opener_place){ .distribution = "Debian" }), 2);
	CHECK_SLICE(slice_str(openers[0].words[0]), "wslview");
	arena_free(arena);
}

TEST(BROWSER_is_a_list_of_commands_and_no_shell_reads_it)
{
	struct arena *arena = arena_new((size_t)1 << 20);

	CHECK_INT(find(arena, &(struct opener_place){ .browser = "a --new %s -x:b  100%%:: ;rm", .display = ":0" }), 3);
	CHECK_SLICE(slice_str(openers[0].words[0]), "a");
	CHECK_SLICE(slice_str(openers[0].words[1]), "--new");
	CHECK_SLICE(slice_str(openers[0].words[2]), URL);
	CHECK_SLICE(slice_str(openers[0].words[3]), "-x");
	CHECK(!openers[0].words[4]);
	CHECK_SLICE(slice_str(openers[1].words[1]), "100%");
	CHECK_SLICE(slice_str(openers[1].words[2]), URL);
	CHECK_SLICE(slice_str(openers[2].words[0]), ";rm");
	CHECK_SLICE(slice_str(openers[2].words[1]), URL);
	arena_free(arena);
}

TEST(a_command_with_too_many_words_is_left_out)
{
	struct arena *arena = arena_new((size_t)1 << 20);

	CHECK_INT(find(arena, &(struct opener_place){ .browser = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17:ok" }), 1);
	CHECK_SLICE(slice_str(openers[0].words[0]), "ok");
	CHECK_INT(find(arena, &(struct opener_place){ .browser = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16:ok" }), 1);
	CHECK_INT(find(arena, &(struct opener_place){ .browser = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 %s" }), 1);
	CHECK_INT(find(arena, &(struct opener_place){ .browser = "a:b:c:d:e:f:g:h:i:j" }), OPENERS_MAX);
	arena_free(arena);
}

TESTS(without_a_screen_nothing_is_opened, a_screen_has_the_systems_opener, BROWSER_is_a_list_of_commands_and_no_shell_reads_it,
      a_command_with_too_many_words_is_left_out)
