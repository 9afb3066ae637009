/*
 * device_code: what a person types for a device's code. What is taken is eight letters of the alphabet, and shown again it is
 * the same code.
 */
#include "login/device_code.h"

#include <assert.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slice typed = slice_of(data, size);
	char letters[DEVICE_CODE_LETTERS], again[DEVICE_CODE_LETTERS], shown[DEVICE_CODE_SHOWN_BYTES];

	(void)device_code_is_formed(typed);
	if (!user_code_parse(typed, letters))
		return 0;
	for (size_t i = 0; i < sizeof(letters); i++)
		assert(letters[i] && strchr(DEVICE_ALPHABET, letters[i]));
	user_code_format(letters, shown);
	assert(user_code_parse(slice_str(shown), again));
	assert(memcmp(letters, again, sizeof(letters)) == 0);
	return 0;
}
