#include "registry/basic.h"

#include "base/encode.h"

FALLIBLE basic_parse(struct arena *arena, slice header, struct basic *ret_basic)
{
	static const char scheme[] = "Basic ";
	struct basic basic = { .is_given = true };
	slice text = SLICE("");
	status decoded;

	header = slice_trim(header);
	*ret_basic = (struct basic){ 0 };
	if (header.len == 0)
		return OK;
	if (header.len > BASIC_BYTES_MAX || !slice_eq_nocase(slice_to(header, sizeof(scheme) - 1), SLICE("Basic ")))
		return FAIL(FAULT_UNAUTHENTIC, "send Basic credentials here");
	decoded = base64_decode(arena, BASE64_STANDARD, slice_trim(slice_from(header, sizeof(scheme) - 1)), &text);
	if (decoded.fault == FAULT_EXHAUSTED) /* no fault of what was sent: a client that is told so would forget it */
		return decoded;
	if (FAILED(decoded) || !slice_is_text(text))
		return FAIL(FAULT_UNAUTHENTIC, "the Basic credentials are malformed");
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return FAIL(FAULT_UNAUTHENTIC, "the Basic credentials are malformed");
	if (!slice_cut(text, ':', &basic.user, &basic.password))
		return FAIL(FAULT_UNAUTHENTIC, "the Basic credentials are malformed");
	*ret_basic = basic;
	return OK;
}
