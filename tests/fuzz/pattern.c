/*
 * pattern: input is a pattern, a line end, a subject. What the check refuses matches nothing it could not match before; an
 * issuer pattern that the lint takes matches no host of somebody else's.
 */
#include <assert.h>

#include "fuzz.h"
#include "model/pattern.h"

static bool is_refused(slice source, slice subject)
{
	return FAILED(pattern_check(source, "pattern")) && pattern_matches(source, subject);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slice source, subject, whole = slice_of(data, size);

	if (!slice_cut(whole, '\n', &source, &subject))
		return 0;
	assert(!is_refused(source, subject)); /* fails closed */
	if (!FAILED(pattern_check_issuer(source, "issuer_pattern"))) {
		assert(!FAILED(pattern_check(source, "issuer_pattern")));
		assert(!pattern_matches(source, SLICE("https://attacker.test")));
		assert(!pattern_matches(source, SLICE("https://attacker.test/")));
		assert(!pattern_matches(source, SLICE("")));
	}
	pattern_thread_done();
	return 0;
}
