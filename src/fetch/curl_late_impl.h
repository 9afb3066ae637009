/*
 * Where libcurl cannot be had.
 */
#ifndef FETCH_CURL_LATE_IMPL_H
#define FETCH_CURL_LATE_IMPL_H

/* Says on standard error what is wrong with libcurl and why, and ends the process: nothing can be fetched without it. */
_Noreturn void curl_refuse(const char *what, const char *why);

#endif
