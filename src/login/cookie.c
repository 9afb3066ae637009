#include "login/cookie.h"

static bool is_value(slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.at[i] <= 0x20 || (unsigned char)value.at[i] >= 0x7f || value.at[i] == '"' ||
		    value.at[i] == '\\' || value.at[i] == ',')
			return false;
	return true;
}

static bool next_pair(slice *rest, slice *ret_name, slice *ret_value)
{
	slice pair;

	while (rest->len) {
		(void)slice_cut(*rest, ';', &pair, rest); /* the last one has none behind it */
		if (slice_cut(slice_trim(pair), '=', ret_name, ret_value))
			return true;
	}
	return false;
}

bool cookie_find(slice header, slice name, slice *ret_value)
{
	slice rest = header, found, value;
	size_t count = 0;

	while (next_pair(&rest, &found, &value))
		if (slice_eq(found, name)) {
			*ret_value = value;
			count++;
		}
	return count == 1 && is_value(*ret_value);
}

bool cookie_next(slice *rest, slice prefix, slice *ret_name)
{
	slice value;

	while (next_pair(rest, ret_name, &value))
		if (slice_starts(*ret_name, prefix))
			return true;
	return false;
}

FALLIBLE cookie_make(struct arena *arena, slice name, slice value, int64_t life_s, slice *ret_set_cookie)
{
	char *text;

	if (value.len > COOKIE_VALUE_BYTES_MAX)
		return FAIL(FAULT_INVALID, "this link carries more than a sign-in can hold; ask for less in it");
	text = arena_printf(arena, "%.*s=%.*s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Lax", SLICE_ARG(name),
			    SLICE_ARG(value), (long long)life_s);
	TRY_NEW(text);
	*ret_set_cookie = slice_str(text);
	return OK;
}
