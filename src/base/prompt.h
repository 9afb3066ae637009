/*
 * prompt: threads that have little to do each time, and should do it at once.
 */
#ifndef BASE_PROMPT_H
#define BASE_PROMPT_H

/* The calling thread asks the kernel for short slices: it runs as soon as it is woken, also while threads with longer ones are
 * busy, and takes no more time than before. Linux 6.12; an earlier one takes no notice. */
void thread_is_prompt(void);

#endif
