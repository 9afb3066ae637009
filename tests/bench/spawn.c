/*
 * spawn: how long a program takes from its start to its end, in the middle of many runs.
 *
 * Usage: bench-spawn <times> <program> [argument...]
 * Prints one JSON object.
 */
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "bench.h"

#define TIMES_MAX 10000

extern char **environ;

int main(int argc, char **argv)
{
	static uint32_t took[TIMES_MAX];
	posix_spawn_file_actions_t actions;
	uint64_t times = argc > 2 ? number_of(argv[1]) : 0;
	uint32_t p99, p50;

	if (times == 0 || times > TIMES_MAX)
		DIE("usage: bench-spawn <times> <program> [argument...]");
	if (posix_spawn_file_actions_init(&actions) || posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0))
		DIE("no memory");
	for (uint64_t i = 0; i < times; i++) {
		int64_t begun = ticks_ns();
		pid_t pid;
		int state;
		if (posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ) || waitpid(pid, &state, 0) != pid || state)
			DIE("%s does not run", argv[2]);
		took[i] = (uint32_t)(ticks_ns() - begun);
	}
	posix_spawn_file_actions_destroy(&actions);
	p99 = percentile(took, times, 0.99);
	p50 = percentile(took, times, 0.5);
	(void)printf("{\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n", p50 / 1e6, p99 / 1e6);
	return 0;
}
