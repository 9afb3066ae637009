/*
 * Every command and flag of the table stands in each place that is made from it: help screens, the manual page, docs/cli.md,
 * the completion of each shell. What is not in the table, or hidden there, stands in none.
 */
#include "cli/help.h"

#include <stdlib.h>

#include "test.h"

#define PLACE_BYTES 256

/* A page in memory; the caller frees it. */
struct text {
	char *at;
	size_t len;
};

static struct text page_of(void (*write)(FILE *out, const void *about), const void *about)
{
	struct text text = { 0 };
	FILE *out = open_memstream(&text.at, &text.len);

	CHECK(out);
	write(out, about);
	CHECK_INT(fclose(out), 0);
	return text;
}

static void write_man(FILE *out, const void *about)
{
	(void)about;
	page_man(out);
}

static void write_markdown(FILE *out, const void *about)
{
	(void)about;
	page_markdown(out);
}

static void write_completion(FILE *out, const void *shell)
{
	CHECK(complete_print(out, slice_str(shell)));
}

static void write_help(FILE *out, const void *verb)
{
	help_print(out, verb, "");
}

static void write_group(FILE *out, const void *path)
{
	help_print(out, NULL, path);
}

/* What stands between the line that begins with `from` and the next one that begins with `to`; NULL at: there is none. */
static slice part(slice page, const char *from, const char *to)
{
	slice line, rest = page;
	const char *begin = NULL;

	while (rest.len) {
		slice before = rest;
		(void)slice_cut(rest, '\n', &line, &rest); /* the last line may have no end */
		if (begin && slice_starts(line, slice_str(to)))
			return slice_of(begin, (size_t)(before.at - begin));
		if (!begin && slice_starts(line, slice_str(from)))
			begin = rest.at;
	}
	return begin ? slice_of(begin, (size_t)(page.at + page.len - begin)) : (slice){ 0 };
}

static bool holds(slice page, const char *text)
{
	return page.at && memmem(page.at, page.len, text, strlen(text)) != NULL;
}

static size_t count(slice page, const char *text)
{
	size_t found = 0;

	for (const char *at = page.at; (at = memmem(at, (size_t)(page.at + page.len - at), text, strlen(text))); at++)
		found++;
	return found;
}

/* Names the command that is missing there, and fails. */
static void must_hold(slice page, const char *text, const char *place, const struct verb *verb)
{
	if (holds(page, text))
		return;
	print_error("%s: \"%s\" of \"reeve %s\" is missing\n", place, text, verb->words);
	fail();
}

/* "\-" for "-", as roff wants it. */
static const char *roffed(const char *text, char ret_roff[2 * PLACE_BYTES])
{
	char *at = ret_roff;

	for (const char *c = text; *c; c++) {
		if (*c == '-')
			*at++ = '\\';
		*at++ = *c;
	}
	*at = '\0';
	return ret_roff;
}

/* "\|" for "|", as a table's cell wants it. */
static const char *celled(const char *text, char ret_cell[2 * PLACE_BYTES])
{
	char *at = ret_cell;

	for (const char *c = text; *c; c++) {
		if (*c == '|')
			*at++ = '\\';
		*at++ = *c;
	}
	*at = '\0';
	return ret_cell;
}

/* Into a text of PLACE_BYTES. */
#define WRITE(into, ...) CHECK(snprintf((into), PLACE_BYTES, __VA_ARGS__) < PLACE_BYTES)

/* What stands before a word of `words`. */
static void write_path(char into[PLACE_BYTES], slice words, slice word)
{
	size_t before = (size_t)(word.at - words.at);

	WRITE(into, "%.*s", (int)(before ? before - 1 : 0), words.at);
}

/* ---- pages with a part for each command ---- */

static void check_part(slice page, const struct verb *verb, const char *place, const char *from, const char *to,
		       const char *(*written)(const char *text, char ret[2 * PLACE_BYTES]))
{
	slice own = part(page, from, to);

	if (!own.at) {
		print_error("%s: \"reeve %s\" is missing\n", place, verb->words);
		fail();
	}
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++) {
		char text[FLAG_TEXT_BYTES], there[2 * PLACE_BYTES];
		help_flag(*at, text);
		must_hold(own, written(text, there), place, verb);
	}
}

static size_t shown_count(void)
{
	size_t shown = 0;

	for (size_t i = 0; i < verbs_count; i++)
		shown += !verbs[i].is_hidden;
	return shown;
}

TEST(the_manual_page_has_each_command_with_its_flags_and_no_other)
{
	struct text page = page_of(write_man, NULL);
	slice all = slice_of(page.at, page.len);

	for (size_t i = 0; i < verbs_count; i++) {
		char title[PLACE_BYTES], there[2 * PLACE_BYTES];
		const char *end = *verbs[i].args ? " " : "\"";
		WRITE(title, ".SS \"reeve %s%s", verbs[i].words, end);
		if (verbs[i].is_hidden)
			CHECK(!holds(all, roffed(title, there)));
		else
			check_part(all, &verbs[i], "reeve(1)", roffed(title, there), ".S", roffed);
	}
	CHECK_INT(count(all, "\n.SS "), shown_count());
	free(page.at);
}

TEST(the_page_of_the_command_line_has_each_command_with_its_flags_and_no_other)
{
	struct text page = page_of(write_markdown, NULL);
	slice all = slice_of(page.at, page.len);

	for (size_t i = 0; i < verbs_count; i++) {
		char line[PLACE_BYTES], title[PLACE_BYTES];
		WRITE(line, "\n### reeve %s\n", verbs[i].words);
		WRITE(title, "### reeve %s", verbs[i].words);
		if (verbs[i].is_hidden) {
			CHECK(!holds(all, line));
			continue;
		}
		must_hold(all, line, "cli.md", &verbs[i]); /* from there on its title is the first to begin like this */
		check_part(slice_from(all, (size_t)((char *)memmem(all.at, all.len, line, strlen(line)) - all.at)), &verbs[i],
			   "cli.md", title, "##", celled);
	}
	CHECK_INT(count(all, "\n### reeve "), shown_count());
	free(page.at);
}

static void check_line(slice page, enum flag_id id, const struct verb *verb)
{
	char text[FLAG_TEXT_BYTES], line[PLACE_BYTES];

	help_flag(id, text);
	WRITE(line, "\n  %s", text);
	must_hold(page, line, "help", verb);
}

TEST(each_command_has_a_screen_with_its_flags_and_those_of_every_command)
{
	for (size_t i = 0; i < verbs_count; i++) {
		struct text page = page_of(write_help, &verbs[i]);
		slice all = slice_of(page.at, page.len);
		char usage[PLACE_BYTES];

		WRITE(usage, "\n  reeve %s%s%s [flags]\n", verbs[i].words, *verbs[i].args ? " " : "", verbs[i].args);
		must_hold(all, usage, "help", &verbs[i]);
		for (const enum flag_id *at = verbs[i].flags; *at != FLAG_END; at++)
			check_line(all, *at, &verbs[i]);
		for (enum flag_id id = 0; flag_is_global(id); id++)
			if (verb_flag(&verbs[i], slice_str(flags[id].name)) == id) /* else it has its own of that name */
				check_line(all, id, &verbs[i]);
		free(page.at);
	}
}

/* ---- words below words, and completion ---- */

static const char *const shells[] = { "bash", "zsh" };

/* The list behind `"<words>") choices="` in one of the shell's functions, with a blank in front. */
static slice choices(slice script, const char *function, const char *words)
{
	char begin[PLACE_BYTES];
	slice body = part(script, function, "}"), line;

	WRITE(begin, "\t\"%s\") choices=\"", words);
	while (body.len) {
		(void)slice_cut(body, '\n', &line, &body); /* as above */
		if (slice_starts(line, slice_str(begin)))
			return slice_from(line, strlen(begin) - 1);
	}
	return (slice){ 0 };
}

/* A word among others: between blanks, or behind the quote. */
static bool lists(slice list, const char *word)
{
	char first[PLACE_BYTES], other[PLACE_BYTES];

	WRITE(first, "\"%s ", word);
	WRITE(other, " %s ", word);
	return holds(list, first) || holds(list, other);
}

static void check_shell(slice script, const char *shell, const struct verb *verb)
{
	slice words = slice_str(verb->words), word, list;

	for (slice rest = words; word_next(&rest, &word);) {
		char path[PLACE_BYTES], text[PLACE_BYTES];
		write_path(path, words, word);
		WRITE(text, "%.*s", SLICE_ARG(word));
		list = choices(script, "__reeve_words()", path);
		if (!lists(list, text)) {
			print_error("%s: \"%s\" is not offered behind \"reeve %s\"\n", shell, text, path);
			fail();
		}
	}
	list = choices(script, "__reeve_flags()", verb->words);
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++) {
		char flag[PLACE_BYTES];
		WRITE(flag, "--%s", flags[*at].name);
		if (!lists(list, flag)) {
			print_error("%s: %s is not offered for \"reeve %s\"\n", shell, flag, verb->words);
			fail();
		}
	}
	CHECK(lists(list, "--help"));
}

TEST(bash_and_zsh_offer_each_command_word_by_word_and_its_flags)
{
	for (size_t s = 0; s < sizeof(shells) / sizeof(*shells); s++) {
		struct text script = page_of(write_completion, shells[s]);
		slice all = slice_of(script.at, script.len);
		for (size_t i = 0; i < verbs_count; i++) {
			if (verbs[i].is_hidden)
				CHECK(!choices(all, "__reeve_flags()", verbs[i].words).at);
			else
				check_shell(all, shells[s], &verbs[i]);
		}
		free(script.at);
	}
}

TEST(fish_offers_each_command_word_by_word_and_its_flags)
{
	struct text script = page_of(write_completion, "fish");
	slice all = slice_of(script.at, script.len), word;

	for (size_t i = 0; i < verbs_count; i++) {
		slice words = slice_str(verbs[i].words);
		char line[PLACE_BYTES];
		for (slice rest = words; !verbs[i].is_hidden && word_next(&rest, &word);) {
			size_t before = (size_t)(word.at - words.at);
			WRITE(line, "-n '__reeve_at \"%.*s\"' -a %.*s -d ", (int)(before ? before - 1 : 0), words.at,
			      SLICE_ARG(word));
			must_hold(all, line, "fish", &verbs[i]);
		}
		for (const enum flag_id *at = verbs[i].flags; !verbs[i].is_hidden && *at != FLAG_END; at++) {
			WRITE(line, "-n '__reeve_in \"%s\"' -l %s ", verbs[i].words, flags[*at].name);
			must_hold(all, line, "fish", &verbs[i]);
		}
	}
	free(script.at);
}

TEST(the_screen_of_each_group_lists_the_words_behind_it)
{
	for (size_t i = 0; i < verbs_count; i++) {
		slice words = slice_str(verbs[i].words), word;
		for (slice rest = words; !verbs[i].is_hidden && word_next(&rest, &word);) {
			char path[PLACE_BYTES], line[PLACE_BYTES];
			struct text page;
			write_path(path, words, word);
			WRITE(line, "\n  %.*s ", SLICE_ARG(word));
			page = page_of(write_group, path);
			must_hold(slice_of(page.at, page.len), line, "help", &verbs[i]);
			free(page.at);
		}
	}
}

TEST(every_flag_is_taken_by_a_command_and_every_other_name_means_a_word)
{
	for (enum flag_id id = 0; id < FLAG_COUNT; id++) {
		bool is_taken = flag_is_global(id);
		for (size_t i = 0; i < verbs_count && !is_taken; i++)
			is_taken = verb_takes(&verbs[i], id);
		if (!is_taken)
			print_error("no command takes --%s\n", flags[id].name);
		CHECK(is_taken);
	}
	for (size_t a = 0; a < aliases_count; a++) {
		bool is_word = false;
		for (size_t i = 0; i < verbs_count && !is_word; i++) {
			slice rest = slice_str(verbs[i].words), word;
			while (word_next(&rest, &word))
				is_word |= slice_is(word, aliases[a].means);
		}
		if (!is_word)
			print_error("%s means %s, which is no word of a command\n", aliases[a].word, aliases[a].means);
		CHECK(is_word);
	}
}

TESTS(the_manual_page_has_each_command_with_its_flags_and_no_other,
      the_page_of_the_command_line_has_each_command_with_its_flags_and_no_other,
      each_command_has_a_screen_with_its_flags_and_those_of_every_command,
      bash_and_zsh_offer_each_command_word_by_word_and_its_flags, fish_offers_each_command_word_by_word_and_its_flags,
      the_screen_of_each_group_lists_the_words_behind_it, every_flag_is_taken_by_a_command_and_every_other_name_means_a_word)
