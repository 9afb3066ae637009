#include "base/prompt.h"

/* Before anything that brings <sched.h>, which has a struct of the same name as the kernel's header. */
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000 /* the shortest that Linux takes */

void thread_is_prompt(void)
{
	struct sched_attr wanted = { .size = sizeof(wanted), .sched_policy = SCHED_NORMAL, .sched_runtime = SLICE_NS };

	wanted.sched_nice = getpriority(PRIO_PROCESS, (id_t)gettid()); /* stays as it is */
	(void)syscall(SYS_sched_setattr, 0, &wanted, 0U);              /* not allowed: it waits its turn */
}
