/*
 * pattern_re2: the one door to RE2, and the only C++ of the house (design.md 3).
 *
 * Promises  no exception leaves, nothing is logged, the work and memory of one program are bounded.
 */
#include <cstdio>
#include <new>

#include <re2/re2.h>

#include "model/pattern_impl.h"

namespace
{
/* For the program and its lazily built automaton; past it RE2 falls back to a slower, still linear matcher. */
constexpr int64_t memory_bytes_max = 256 * 1024;
} // namespace

struct program {
	RE2 re2;
	program(const re2::StringPiece &source, const RE2::Options &options) : re2(source, options)
	{
	}
};

struct program *program_new(const char *source, size_t len, char *ret_error, size_t error_bytes, int *ret_instructions)
{
	struct program *made = nullptr;

	try {
		RE2::Options options;
		options.set_log_errors(false);
		options.set_max_mem(memory_bytes_max);
		options.set_never_capture(true);
		made = new program(re2::StringPiece(source, len), options);
		if (made->re2.ok()) {
			*ret_instructions = made->re2.ProgramSize();
			return made;
		}
		(void)snprintf(ret_error, error_bytes, "%s", made->re2.error().c_str()); /* cut where it does not fit */
	} catch (...) {
		(void)snprintf(ret_error, error_bytes, "no memory"); /* a literal that fits */
	}
	delete made;
	return nullptr;
}

struct program *program_free(struct program *program)
{
	delete program;
	return nullptr;
}

bool program_matches(const struct program *program, const char *subject, size_t len)
{
	try {
		return program->re2.Match(re2::StringPiece(subject, len), 0, len, RE2::ANCHOR_BOTH, nullptr, 0);
	} catch (...) {
		return false;
	}
}
