/*
 * choose: a menu for what the command line leaves out, where a person sits at a terminal, and never otherwise.
 *
 * Promises  asked only when standard input and standard error are terminals; the terminal is as before afterwards, also when a
 * signal ends it; what is picked is said. With one thing to pick it is taken. Start at  choose_is_possible(), choose_group().
 */
#ifndef CLI_CHOOSE_H
#define CLI_CHOOSE_H

#include "cli/menu.h"
#include "cli/resolve.h"

#define CHOICES_MAX 10000 /* more than this is no menu */

bool choose_is_possible(const struct cli *cli);
/* Runs it; the picked one is menu->cursor, or the marked ones. FAULT_CANCELLED when it is left or interrupted. */
FALLIBLE choose_run(struct cli *cli, struct menu *menu);

/* Organizations and folders as a tree. FAULT_ABSENT when there is none. */
FALLIBLE choose_group(struct cli *cli, enum group_kind kind, slice *ret_uid);
/* A role that can be bound at `at` (empty: anywhere). */
FALLIBLE choose_role(struct cli *cli, slice at, slice *ret_uid);
FALLIBLE choose_identity(struct cli *cli, slice *ret_uid);
/* Capabilities by name, those in `marked` marked at first. */
FALLIBLE choose_capabilities(struct cli *cli, const slice *marked, size_t marked_count, slice **ret_names, size_t *ret_count);

#endif
