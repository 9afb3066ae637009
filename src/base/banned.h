/*
 * banned: calls we never want, turned into compile errors that name the replacement. The build includes it into every C file.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* The declarations come first, so that the macros below meet calls alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef atoi
#undef atol
#undef atof
#undef rand
#undef srand
#undef gmtime
#undef localtime
#undef ctime
#undef mktemp
#undef tmpnam
#define strcpy(...) banned_strcpy__use_arena_copy_or_buffer
#define strcat(...) banned_strcat__use_buffer
#define strncpy(...) banned_strncpy__use_arena_copy_or_buffer
#define strncat(...) banned_strncat__use_buffer
#define sprintf(...) banned_sprintf__use_snprintf_or_buffer
#define vsprintf(...) banned_vsprintf__use_vsnprintf_or_buffer
#define strtok(...) banned_strtok__use_slice_cut
#define atoi(...) banned_atoi__use_slice_number
#define atol(...) banned_atol__use_slice_number
#define atof(...) banned_atof__use_the_json_reader
#define rand(...) banned_rand__use_random_fill
#define srand(...) banned_srand__use_random_seeded
#define gmtime(...) banned_gmtime__use_clock_format
#define localtime(...) banned_localtime__use_clock_format
#define ctime(...) banned_ctime__use_clock_format
#define mktemp(...) banned_mktemp__use_mkstemp
#define tmpnam(...) banned_tmpnam__use_mkstemp

#endif
