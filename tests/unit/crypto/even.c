/*
 * Secrets are compared in the same steps whichever byte differs: the instructions of a comparison are counted, one by one, by a
 * process that traces another.
 */
#include "test.h"

#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/secret.h"

#define BYTES_MAX 300

static volatile bool is_equal; /* so that the comparison is not left out */

/* Stops before and after the comparison. Ends without the sanitizers' own farewell, which traces too. */
static void compare_traced(slice a, slice b)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(2);
	is_equal = bytes_equal(a, b); /* what is done once in a process is done now */
	(void)raise(SIGSTOP);
	is_equal = bytes_equal(a, b);
	(void)raise(SIGSTOP);
	_exit(is_equal);
}

/* What stopped it; 0: it ended. */
static int stop_of(pid_t child, int *ret_status)
{
	CHECK_INT(waitpid(child, ret_status, 0), child);
	return WIFSTOPPED(*ret_status) ? WSTOPSIG(*ret_status) : 0;
}

static unsigned long count_instructions(slice a, slice b)
{
	unsigned long count = 0;
	int result, stopped;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0)
		compare_traced(a, b);
	CHECK_INT(stop_of(child, &result), SIGSTOP);
	do {
		CHECK_INT(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		stopped = stop_of(child, &result);
		count++;
	} while (stopped == SIGTRAP);
	CHECK_INT(stopped, SIGSTOP);
	CHECK_INT(ptrace(PTRACE_CONT, child, NULL, NULL), 0);
	CHECK_INT(stop_of(child, &result), 0);
	CHECK(WIFEXITED(result));
	CHECK_INT(WEXITSTATUS(result), slice_eq(a, b));
	return count;
}

TEST(CVE_2024_25189_bytes_are_compared_in_as_many_instructions_whichever_differs)
{
	static const size_t lens[] = { 1, 7, 8, 16, 20, 32, 43, 64, BYTES_MAX };
	static char ours[BYTES_MAX], theirs[BYTES_MAX];

	memset(ours, 'x', sizeof(ours));
	memset(theirs, 'x', sizeof(theirs));
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		slice a = slice_of(ours, lens[i]), b = slice_of(theirs, lens[i]);
		size_t places[] = { 0, lens[i] / 3, lens[i] / 2, lens[i] - 1 };
		unsigned long equal = count_instructions(a, b);
		CHECK(equal > lens[i] / 8);
		for (size_t k = 0; k < sizeof(places) / sizeof(*places); k++) {
			theirs[places[k]] = 'y';
			CHECK_INT(count_instructions(a, b), equal);
			theirs[places[k]] = 'x';
		}
		memset(theirs, 'y', sizeof(theirs));
		CHECK_INT(count_instructions(a, b), equal);
		memset(theirs, 'x', sizeof(theirs));
	}
}

TESTS(CVE_2024_25189_bytes_are_compared_in_as_many_instructions_whichever_differs)
