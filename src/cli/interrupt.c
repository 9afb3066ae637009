/*
 * interrupt: an end asked for while the program waits.
 */
#include "cli/interrupt.h"

#include <poll.h>
#include <signal.h>

#include "base/clock.h"

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
#define NUMBERS_COUNT (sizeof(numbers) / sizeof(*numbers))

static volatile sig_atomic_t came;
static struct sigaction before[NUMBERS_COUNT];

static void on_signal(int number)
{
	(void)number;
	came = 1;
}

void interrupt_watch(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < NUMBERS_COUNT; i++)
		sigaction(numbers[i], &action, &before[i]);
}

void interrupt_unwatch(void)
{
	for (size_t i = 0; i < NUMBERS_COUNT; i++)
		sigaction(numbers[i], &before[i], NULL);
}

bool interrupt_came(void)
{
	return came != 0;
}

bool interrupt_sleep(int64_t milliseconds)
{
	int64_t end_us = clock_ticks_us() + milliseconds * 1000, left_us;

	while (!came && (left_us = end_us - clock_ticks_us()) > 0)
		(void)poll(NULL, 0, left_us > INTERRUPT_TICK_MS * 1000 ? INTERRUPT_TICK_MS : (int)(left_us / 1000 + 1));
	return !came;
}

FALLIBLE interrupt_fault(void)
{
	return FAIL(FAULT_CANCELLED, "interrupted; nobody was signed in");
}
