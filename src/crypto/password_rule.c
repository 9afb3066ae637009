/*
 * password_rule: which passwords everybody tries first.
 *
 * A password is common when it is one short piece repeated, or falls apart into listed words (two different ones at most), runs
 * of neighbours on a keyboard or in the alphabet, repeated characters and a few loose digits or marks.
 */
#include "crypto/password.h"

#define WORDS_MAX 2      /* different listed words in one common password */
#define LOOSE_MAX 6      /* digits and marks between and around them */
#define RUN_MIN 3        /* neighbours or repetitions that count as a run */
#define PERIOD_MAX 4     /* characters of a piece that repeats */
#define WORD_BYTES_MIN 5 /* of a login's part that a password may not consist of */

static const slice words[] = {
#define WORD(text) { text, sizeof(text) - 1 },
#include "crypto/password_words.def"
#undef WORD
};
#define WORD_COUNT (sizeof(words) / sizeof(*words))

static const char *const rows[] = {
	"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm"
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* What a look-alike stands for. */
static char letter_of(char c)
{
	static const char from[] = "013457@$!|", to[] = "oieastasii";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : lower(c);
}

static bool is_loose(char c)
{
	return c > 0x20 && c < 0x7f && !(lower(c) >= 'a' && lower(c) <= 'z');
}

static bool are_neighbours(char a, char b)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *x = strchr(rows[i], lower(a)), *y = strchr(rows[i], lower(b));
		if (x && y && (y == x + 1 || x == y + 1))
			return true;
	}
	return false;
}

/* How many characters from `at` on are one run; 0 when fewer than RUN_MIN. */
static size_t run_at(slice password, size_t at)
{
	size_t same = 1, next = 1;

	while (at + same < password.len && lower(password.at[at + same]) == lower(password.at[at]))
		same++;
	while (at + next < password.len && password.at[at + next] &&
	       are_neighbours(password.at[at + next - 1], password.at[at + next]))
		next++;
	if (next > same)
		same = next;
	return same >= RUN_MIN ? same : 0;
}

static bool word_at(slice password, size_t at, slice word)
{
	if (password.len - at < word.len)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (letter_of(password.at[at + i]) != word.at[i])
			return false;
	return true;
}

/* Takes pieces off the front; at most WORDS_MAX words and LOOSE_MAX loose characters deep, so it ends soon. */
static bool falls_apart(slice password, size_t at, unsigned words_left, unsigned loose_left)
{
	size_t run;

	if (at == password.len)
		return true;
	run = run_at(password, at);
	if (run && falls_apart(password, at + run, words_left, loose_left))
		return true;
	if (loose_left && is_loose(password.at[at]) && falls_apart(password, at + 1, words_left, loose_left - 1))
		return true;
	if (password.at[at] == ' ' && falls_apart(password, at + 1, words_left, loose_left))
		return true;
	for (size_t i = 0; words_left && i < WORD_COUNT; i++)
		if (word_at(password, at, words[i]) && falls_apart(password, at + words[i].len, words_left - 1, loose_left))
			return true;
	return false;
}

static bool repeats(slice password)
{
	for (size_t period = 1; period <= password.len / 2; period++) {
		size_t i = period;
		while (i < password.len && lower(password.at[i]) == lower(password.at[i - period]))
			i++;
		if (i == password.len &&
		    (period <= PERIOD_MAX || falls_apart(slice_to(password, period), 0, WORDS_MAX, LOOSE_MAX)))
			return true;
	}
	return false;
}

bool password_is_common(slice password)
{
	if (password.len > PASSWORD_BYTES_MAX)
		return false;
	return repeats(password) || falls_apart(password, 0, WORDS_MAX, LOOSE_MAX);
}

static size_t characters(slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return count;
}

/* The login, or its part before the @, with nothing but loose characters around it. */
static bool is_login(slice password, slice login)
{
	slice local = slice_to(login, slice_find(login, '@'));
	size_t start = 0, end = password.len;

	if (slice_eq_nocase(password, login))
		return true;
	while (start < end && is_loose(password.at[start]))
		start++;
	while (end > start && is_loose(password.at[end - 1]))
		end--;
	return local.len >= WORD_BYTES_MIN && slice_eq_nocase(slice_of(password.at + start, end - start), local);
}

FALLIBLE password_rule(slice password, slice login, const char *field)
{
	if (!slice_is_text(password) || characters(password) < PASSWORD_CHARACTERS_MIN)
		return FAIL_FIELD(field, "must have at least %d characters; a few words in a row are a good choice",
				  PASSWORD_CHARACTERS_MIN);
	if (password.len > PASSWORD_BYTES_MAX)
		return FAIL_FIELD(field, "must have at most %d bytes", PASSWORD_BYTES_MAX);
	if (is_login(password, login))
		return FAIL_FIELD(field, "must not be your own e-mail address");
	if (password_is_common(password))
		return FAIL_FIELD(field, "is among the first that others would try; choose words that do not belong together");
	return OK;
}
