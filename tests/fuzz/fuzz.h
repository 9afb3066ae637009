/*
 * fuzz: what every target in this folder is. A target is a file <name>.c with this one function and a folder corpus/<name>/.
 * meson builds it as a libFuzzer program with -Dfuzz=true, and otherwise as a test that replays the corpus (replay.c).
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Feeds one input; returns 0. A finding is a crash: a sanitizer's report or an assert that a claim holds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
