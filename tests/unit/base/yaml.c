#include "test.h"

#include "base/buffer.h"
#include "base/yaml.h"

static struct arena *arena;

static FALLIBLE read_text(const char *text, struct yaml_setting **settings, size_t *count)
{
	arena = arena_free(arena);
	arena = arena_new(1 << 20);
	return yaml_read(arena, slice_str(text), settings, count);
}

TEST(nested_keys_become_dotted_ones)
{
	struct yaml_setting *settings;
	size_t count;

	CHECK_OK(read_text("listen: 127.0.0.1:8080\ntoken:\n  life: no\n  audiences: [a, 'b c']\n", &settings, &count));
	CHECK_INT(count, 4);
	CHECK_SLICE(settings[1].key, "token.life");
	CHECK_SLICE(settings[1].value, "no");
	CHECK(settings[2].is_item && settings[3].is_item);
	CHECK_SLICE(settings[3].value, "b c");
	CHECK_INT(settings[3].line, 4);
	CHECK_OK(read_text("", &settings, &count));
	CHECK_INT(count, 0);
}

TEST(what_a_configuration_does_not_need_is_refused)
{
	static const char *const texts[] = { "a: &x 1\nb: *x\n",
					     "a: !!int 1\n",
					     "a: 1\na: 2\n",
					     "- a\n",
					     "a: [[1]]\n",
					     "a: {b: {c: {d: {e: {f: {g: 1}}}}}}\n",
					     "a: 1\n---\nb: 2\n",
					     "a: [1\n",
					     "a: \"\\0\"\n",
					     "? [x]\n: 1\n",
					     "? \n",
					     "\"a\\0b\": 1\n",
					     "a b: 1\n",
					     "a..b: 1\n" };
	struct yaml_setting *settings;
	size_t count;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CHECK_FAULT(FAULT_INVALID, read_text(texts[i], &settings, &count));
		CHECK(strstr(report_current()->text, "line "));
	}
}

TEST(what_is_written_is_read_back_the_same)
{
	struct yaml_setting *settings, *again;
	struct buffer out;
	size_t count, count_again;

	CHECK_OK(read_text("a: {b: 1, c: {d: \"q\\\"x\"}, e: [1, 2]}\nf: 3\n", &settings, &count));
	buffer_init(&out, NULL, 10000);
	yaml_write(&out, settings, count);
	CHECK_OK(yaml_read(arena, buffer_slice(&out), &again, &count_again));
	CHECK_INT(count, count_again);
	for (size_t i = 0; i < count; i++)
		CHECK(slice_eq(settings[i].key, again[i].key) && slice_eq(settings[i].value, again[i].value) &&
		      settings[i].is_item == again[i].is_item);
	buffer_done(&out);
	arena = arena_free(arena);
}

TESTS(nested_keys_become_dotted_ones, what_a_configuration_does_not_need_is_refused, what_is_written_is_read_back_the_same)
