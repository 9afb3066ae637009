#include "login/device_code.h"

#include "base/encode.h"

#define LETTERS (sizeof(DEVICE_ALPHABET) - 1)
#define EVEN (256 / LETTERS * LETTERS) /* bytes from here on would favour the first letters */
#define TYPED_BYTES_MAX 32

bool user_code_draw(const uint8_t random[DEVICE_DRAW_BYTES], char ret_letters[DEVICE_CODE_LETTERS])
{
	size_t count = 0;

	for (size_t i = 0; i < DEVICE_DRAW_BYTES && count < DEVICE_CODE_LETTERS; i++)
		if (random[i] < EVEN)
			ret_letters[count++] = DEVICE_ALPHABET[random[i] % LETTERS];
	return count == DEVICE_CODE_LETTERS;
}

void user_code_format(const char letters[DEVICE_CODE_LETTERS], char ret_text[DEVICE_CODE_SHOWN_BYTES])
{
	memcpy(ret_text, letters, 4);
	ret_text[4] = '-';
	memcpy(ret_text + 5, letters + 4, 4);
	ret_text[DEVICE_CODE_SHOWN_BYTES - 1] = '\0';
}

static bool is_letter(char c)
{
	return slice_find(SLICE(DEVICE_ALPHABET), c) < LETTERS;
}

bool user_code_parse(slice typed, char ret_letters[DEVICE_CODE_LETTERS])
{
	size_t count = 0;

	if (typed.len > TYPED_BYTES_MAX)
		return false;
	for (size_t i = 0; i < typed.len; i++) {
		char c = typed.at[i];
		if (c == ' ' || c == '-' || c == '\t')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (count == DEVICE_CODE_LETTERS || !is_letter(c))
			return false;
		ret_letters[count++] = c;
	}
	return count == DEVICE_CODE_LETTERS;
}

FALLIBLE user_code_digest(const char letters[DEVICE_CODE_LETTERS], uint8_t ret_digest[SHA256_BYTES])
{
	return sha256(slice_of(letters, DEVICE_CODE_LETTERS), ret_digest);
}

bool device_code_is_formed(slice code)
{
	uint8_t bytes[DEVICE_SECRET_BYTES];
	size_t len;

	return code.len == DEVICE_SECRET_CHARACTERS && base64_decode_into(BASE64_URL, code, bytes, sizeof(bytes), &len) &&
	       len == sizeof(bytes);
}
