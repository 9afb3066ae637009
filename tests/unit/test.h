/*
 * test: what every unit test includes. A test's name is a sentence that can be false.
 *
 *   TEST(a_binding_never_grants_more_than_its_author_holds) { ... }
 *   TESTS(a_binding_never_grants_more_than_its_author_holds, another_claim)      gives main()
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/slice.h"
#include "base/status.h"

#define TEST(name) static void name(void **state_)
#define CHECK(claim) assert_true(claim)
#define CHECK_OK(call) check_ok_((call), #call, __FILE__, __LINE__)
#define CHECK_FAULT(want, call) check_fault_((want), (call), #call, __FILE__, __LINE__)
#define CHECK_SLICE(got, want) check_slice_((got), (want), __FILE__, __LINE__)
#define CHECK_INT(got, want) assert_int_equal((got), (want))

static inline void check_fault_(enum fault want, status got, const char *call, const char *file, int line)
{
	if (got.fault != want)
		print_error("%s: gives %s, wanted %s: %s [%s]\n", call, fault_row(got.fault)->grpc_name,
			    fault_row(want)->grpc_name, report_current()->text, report_current()->notes);
	_assert_true(got.fault == want, call, file, line);
}

static inline void check_ok_(status got, const char *call, const char *file, int line)
{
	check_fault_(FAULT_NONE, got, call, file, line);
}

static inline void check_slice_(slice got, const char *want, const char *file, int line)
{
	if (!slice_is(got, want))
		print_error("got \"%.*s\", wanted \"%s\"\n", SLICE_ARG(got), want);
	_assert_true(slice_is(got, want), "slices are equal", file, line);
}

/* TESTS lists up to 64 tests and makes main(). */
#define TESTS_1_(t) cmocka_unit_test(t),
#define TESTS(...)                                                                         \
	int main(void)                                                                     \
	{                                                                                  \
		const struct CMUnitTest tests_[] = { TESTS_EACH_(TESTS_1_, __VA_ARGS__) }; \
		return cmocka_run_group_tests(tests_, NULL, NULL);                         \
	}
#define TESTS_PARENS_ ()
#define TESTS_EXPAND_(...) TESTS_EXPAND3_(TESTS_EXPAND3_(TESTS_EXPAND3_(TESTS_EXPAND3_(__VA_ARGS__))))
#define TESTS_EXPAND3_(...) TESTS_EXPAND2_(TESTS_EXPAND2_(TESTS_EXPAND2_(TESTS_EXPAND2_(__VA_ARGS__))))
#define TESTS_EXPAND2_(...) TESTS_EXPAND1_(TESTS_EXPAND1_(TESTS_EXPAND1_(TESTS_EXPAND1_(__VA_ARGS__))))
#define TESTS_EXPAND1_(...) __VA_ARGS__
#define TESTS_EACH_(macro, ...) __VA_OPT__(TESTS_EXPAND_(TESTS_STEP_(macro, __VA_ARGS__)))
#define TESTS_STEP_(macro, first, ...) macro(first) __VA_OPT__(TESTS_AGAIN_ TESTS_PARENS_(macro, __VA_ARGS__))
#define TESTS_AGAIN_() TESTS_STEP_

#endif
