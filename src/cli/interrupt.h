/*
 * interrupt: Ctrl-C, or an end asked for otherwise, while the program waits: what waits ends by itself and leaves no mess.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include "base/status.h"

#define INTERRUPT_TICK_MS 200 /* a signal may reach another thread: nothing waits longer than this without looking */

/* From now on SIGINT, SIGTERM and SIGHUP are only noted. */
void interrupt_watch(void);
/* As it was before; interrupt_came() keeps its answer. */
void interrupt_unwatch(void);
bool interrupt_came(void);
/* Sleeps; false when an interrupt ended it. */
bool interrupt_sleep(int64_t milliseconds);
/* FAULT_CANCELLED. */
FALLIBLE interrupt_fault(void);

#endif
