/*
 * rcu: the one door to liburcu, quiescent-state flavour: readers take no lock and write nothing.
 *
 * A reader is registered (authz_thread_start) and between authz_thread_online and _offline sees everything it follows stay. The
 * applier publishes with rcu_publish and frees what it replaced after rcu_wait.
 */
#ifndef AUTHZ_RCU_H
#define AUTHZ_RCU_H

/* gcc says it by a macro, clang by a feature. */
#if defined(__SANITIZE_THREAD__)
#define RCU_IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RCU_IS_WATCHED 1
#endif
#endif

/*
 * Readers' calls are the library's inline ones. Watched, they are those inside of the library, which nobody watches: its plain
 * read of a futex word that others write (urcu_qsbr_wake_up_gp) is meant so, and counts as a race.
 */
#if !defined(RCU_IS_WATCHED)
#define _LGPL_SOURCE
#endif
#include <urcu-qsbr.h>

#if defined(RCU_IS_WATCHED)
void __tsan_acquire(void *at);
void __tsan_release(void *at);
#define RCU_ACQUIRE(at) __tsan_acquire((void *)(uintptr_t)(at))
#define RCU_RELEASE(at) __tsan_release((void *)(uintptr_t)(at))
#else
#define RCU_ACQUIRE(at) ((void)0)
#define RCU_RELEASE(at) ((void)0)
#endif

/* Reads a pointer that the applier may replace. */
#define rcu_follow(pointer) __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)
#define rcu_publish(pointer, value) __atomic_store_n(&(pointer), (value), __ATOMIC_RELEASE)

extern char rcu_grace; /* what sanitizers think is handed over */
/* Returns when every reader has been off-line since, or is now. The caller is no registered reader. */
static inline void rcu_wait(void)
{
	urcu_qsbr_synchronize_rcu();
	RCU_ACQUIRE(&rcu_grace);
}

#endif
