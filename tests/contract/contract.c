/*
 * contract: our tables against the facts of the public contract. Each claim that fails is a line; the tests only count them.
 */
#include "../unit/test.h"

#include <stdarg.h>

#include "base/mem.h"
#include "facts.h"
#include "handlers.gen.h"

#define FACTS_BYTES_MAX ((size_t)1 << 20)

static const struct json *facts;
static unsigned wrong, claims;

const struct json *facts_read(struct arena *arena, const char *path)
{
	char *bytes = arena_alloc(arena, FACTS_BYTES_MAX);
	FILE *file = fopen(path, "rb");
	const struct json *value = NULL;

	if (bytes && file) {
		size_t len = fread(bytes, 1, FACTS_BYTES_MAX, file);

		if (FAILED(json_parse(arena, slice_of(bytes, len), NULL, &value)))
			value = NULL;
	}
	if (file)
		(void)fclose(file); /* only read */
	if (!value) {
		print_error("%s cannot be read: %s\n", path, report_current()->text);
		exit(1);
	}
	return value;
}

slice fact_text(const struct json *object, const char *name)
{
	slice text = SLICE("");

	(void)json_text(json_member(object, name), &text); /* absent: empty */
	return text;
}

bool fact_truth(const struct json *object, const char *name)
{
	bool truth = false;

	(void)json_bool(json_member(object, name), &truth); /* absent: false */
	return truth;
}

int64_t fact_number(const struct json *object, const char *name)
{
	int64_t number = -1;

	(void)json_int64(json_member(object, name), &number); /* absent: -1 */
	return number;
}

bool fact_list_has(const struct json *list, slice text)
{
	slice item;

	for (const struct json *at = list ? list->first : NULL; at; at = at->next)
		if (json_text(at, &item) && slice_eq(item, text))
			return true;
	return false;
}

void fact_claim(bool holds, const char *format, ...)
{
	va_list args;
	char line[500];

	claims++;
	if (holds)
		return;
	wrong++;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args); /* a longer line is cut */
	va_end(args);
	print_error("%s\n", line);
}

unsigned fact_wrong(unsigned *ret_claims)
{
	unsigned count = wrong;

	*ret_claims = claims;
	wrong = claims = 0;
	return count;
}

static void check(void (*compare)(const struct json *all), unsigned least)
{
	unsigned made;

	compare(facts);
	assert_int_equal(fact_wrong(&made), 0);
	assert_true(made >= least); /* a comparison that compares nothing is no proof */
}

TEST(every_message_and_field_is_as_published)
{
	check(compare_messages, 807 * 8);
}

TEST(every_enum_value_is_as_published)
{
	check(compare_enums, 17);
}

TEST(every_capability_is_as_published_and_ours_are_apart)
{
	check(compare_capabilities, 216 * 6);
}

TEST(every_method_is_as_published)
{
	check(compare_methods, 131 * 8);
}

/* One handler is written here; the others are missing, as far as this program goes. */
status groups_get_group(struct call *call, const Chainguard__Platform__Iam__V2__GetGroupRequest *in,
			Chainguard__Platform__Iam__V2__Group *out)
{
	out->name = in->uid;
	return OK;
}

TEST(a_handler_is_found_by_its_name_and_a_missing_one_is_null)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(100000);
	const struct method *method = &methods[METHOD_GROUPS_GET_GROUP];
	Chainguard__Platform__Iam__V2__GetGroupRequest *in = (void *)message_new(arena, method->request);
	Chainguard__Platform__Iam__V2__Group *out = (void *)message_new(arena, method->response);
	char name[] = "x";

	in->uid = name;
	CHECK(method_handlers[METHOD_GROUPS_GET_GROUP] != NULL);
	CHECK_OK(method_handlers[METHOD_GROUPS_GET_GROUP](NULL, in, out));
	assert_string_equal(out->name, "x");
	CHECK(method_handlers[METHOD_GROUPS_LIST_GROUPS] == NULL);
}

int main(int argc, char **argv)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new((size_t)64 << 20);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_and_field_is_as_published),
		cmocka_unit_test(every_enum_value_is_as_published),
		cmocka_unit_test(every_capability_is_as_published_and_ours_are_apart),
		cmocka_unit_test(every_method_is_as_published),
		cmocka_unit_test(a_handler_is_found_by_its_name_and_a_missing_one_is_null),
	};

	facts = facts_read(arena, argc > 1 ? argv[1] : "contract.json");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
