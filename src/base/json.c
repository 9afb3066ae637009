#include "base/json.h"

#include <assert.h>

#include "base/json_impl.h"
#include "base/map.h"

/* Objects of more members than this look for a duplicate name by hash. */
#define FEW_MEMBERS 8u
/* One trip to the arena for so many values. */
#define VALUES_AT_ONCE 8u

struct reader {
	struct arena *arena;
	const char *start, *at, *end;
	unsigned depth_left;
	unsigned spare_count;
	struct json *spare; /* values taken from the arena but not yet used */
};

static FALLIBLE read_value(struct reader *reader, struct json *into);

static status bad(const struct reader *reader, const char *at, const char *what)
{
	return FAIL(FAULT_INVALID, "not JSON: %s at byte %zu", what, (size_t)(at - reader->start));
}

static struct json *new_value(struct reader *reader)
{
	if (reader->spare_count == 0) {
		reader->spare = NEW_N(reader->arena, struct json, VALUES_AT_ONCE);
		if (!reader->spare)
			return NULL;
		reader->spare_count = VALUES_AT_ONCE;
	}
	reader->spare_count--;
	return reader->spare++;
}

static void skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end &&
	       (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t' || *reader->at == '\r'))
		reader->at++;
}

static bool accept(struct reader *reader, char c)
{
	skip_blanks(reader);
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

FALLIBLE json_parse(struct arena *arena, slice text, const struct json_limits *limits, const struct json **ret_value)
{
	size_t bytes = limits && limits->bytes ? limits->bytes : JSON_BYTES_MAX;
	unsigned depth = limits && limits->depth ? limits->depth : JSON_DEPTH_DEFAULT;
	struct reader reader = { arena, text.at, text.at, text.at + text.len, depth, 0, NULL };
	struct json *value;

	assert(bytes <= JSON_BYTES_MAX && depth <= JSON_DEPTH_MAX);
	if (text.len > bytes)
		return FAIL(FAULT_INVALID, "not JSON we take: longer than %zu bytes", bytes);
	value = new_value(&reader);
	TRY_NEW(value);
	skip_blanks(&reader);
	TRY(read_value(&reader, value));
	skip_blanks(&reader);
	if (reader.at != reader.end)
		return bad(&reader, reader.at, "something follows the value");
	*ret_value = value;
	return OK;
}

FALLIBLE json_parse_object(struct arena *arena, slice text, const struct json_limits *limits, const struct json **ret_object)
{
	const struct json *value;

	TRY(json_parse(arena, text, limits, &value));
	if (value->kind != JSON_OBJECT)
		return FAIL(FAULT_INVALID, "not a JSON object");
	*ret_object = value;
	return OK;
}

static FALLIBLE read_word(struct reader *reader, slice word)
{
	if (!slice_starts(slice_of(reader->at, (size_t)(reader->end - reader->at)), word))
		return bad(reader, reader->at, "an unknown word");
	reader->at += word.len;
	return OK;
}

static FALLIBLE read_number(struct reader *reader, slice *ret_text)
{
	const char *end = json_number_end(reader->at, reader->end);

	if (!end)
		return bad(reader, reader->at, "a broken number");
	*ret_text = slice_of(reader->at, (size_t)(end - reader->at));
	reader->at = end;
	return OK;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four hex digits of a \u escape; -1 when they are not. */
static int read_unit(const char *at, const char *end)
{
	int unit = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static char *put_utf8(char *to, int code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 63));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 63));
		*to++ = (char)(0x80 | (code & 63));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 63));
		*to++ = (char)(0x80 | (code >> 6 & 63));
		*to++ = (char)(0x80 | (code & 63));
	}
	return to;
}

/* The character of a \u escape whose digits stand at *at, which moves behind it; NULL when fine, else what is wrong. */
static const char *read_escaped_unit(const char **at, const char *end, int *ret_code)
{
	int code = read_unit(*at, end), low;

	if (code < 0)
		return "a \\u without four hex digits";
	if (code == 0)
		return "a NUL in a string";
	*at += 4;
	if (code >= 0xd800 && code < 0xe000) {
		if (code >= 0xdc00 || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
			return "half a surrogate pair";
		low = read_unit(*at + 2, end);
		if (low < 0xdc00 || low >= 0xe000)
			return "half a surrogate pair";
		*at += 6;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	*ret_code = code;
	return NULL;
}

/* The raw inside of a string with its escapes resolved; never longer than before. */
static FALLIBLE unescape(struct reader *reader, slice raw, slice *ret_text)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at = raw.at, *end = raw.at + raw.len, *what, *hit;
	char *into = arena_alloc(reader->arena, raw.len), *to = into;
	int code;

	TRY_NEW(into);
	while (at < end) {
		if (*at != '\\') {
			*to++ = *at++;
			continue;
		}
		at++; /* the scan made sure that something follows */
		if (*at == 'u') {
			const char *digits = at + 1;
			what = read_escaped_unit(&digits, end, &code);
			if (what)
				return bad(reader, at - 1, what);
			at = digits;
			to = put_utf8(to, code);
		} else {
			hit = *at ? strchr(names, *at) : NULL;
			if (!hit)
				return bad(reader, at - 1, "an unknown escape");
			*to++ = meant[hit - names];
			at++;
		}
	}
	*ret_text = slice_of(into, (size_t)(to - into));
	return OK;
}

/* A bit in each byte of the word that is a quote, a backslash, a control character or not ASCII. */
static uint64_t special_bytes(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
	uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';

	return ((word - ones * 0x20) | (quote - ones) | (slash - ones) | word) & tops;
}

/* The first byte from `at` on that special_bytes may mean; at most seven bytes too early. */
static const char *skip_plain(const char *at, const char *end)
{
	uint64_t word;

	while (end - at >= 8) {
		memcpy(&word, at, sizeof(word));
		if (special_bytes(word))
			break;
		at += 8;
	}
	return at;
}

/* A string whose opening quote is behind us. */
static FALLIBLE read_string(struct reader *reader, slice *ret_text)
{
	const char *from = reader->at, *at = skip_plain(from, reader->end);
	bool escaped = false, ascii = true;
	slice raw;

	for (; at < reader->end && *at != '"'; at++) {
		if (*at == '\\') {
			escaped = true;
			if (++at == reader->end)
				break;
		} else if ((unsigned char)*at < 0x20) {
			return bad(reader, at, "a control character in a string");
		}
		ascii = ascii && (unsigned char)*at < 0x80;
	}
	if (at == reader->end)
		return bad(reader, from, "a string without end");
	raw = slice_of(from, (size_t)(at - from));
	if (!ascii && !slice_is_text(raw))
		return bad(reader, from, "a string that is not UTF-8");
	if (escaped)
		TRY(unescape(reader, raw, ret_text));
	else
		*ret_text = raw;
	reader->at = at + 1;
	return OK;
}

/* Appends an empty value to the children of `parent`. */
static FALLIBLE add_child(struct reader *reader, struct json *parent, struct json **last, struct json **ret_child)
{
	struct json *child = new_value(reader);

	TRY_NEW(child);
	if (*last)
		(*last)->next = child;
	else
		parent->first = child;
	*last = child;
	parent->count++;
	*ret_child = child;
	return OK;
}

static FALLIBLE read_array(struct reader *reader, struct json *into)
{
	struct json *last = NULL, *item;

	into->kind = JSON_ARRAY;
	if (accept(reader, ']'))
		return OK;
	do {
		skip_blanks(reader);
		TRY(add_child(reader, into, &last, &item));
		TRY(read_value(reader, item));
	} while (accept(reader, ','));
	if (!accept(reader, ']'))
		return bad(reader, reader->at, "no \",\" or \"]\"");
	return OK;
}

static FALLIBLE refuse_twin(const struct reader *reader, slice name)
{
	return FAIL(FAULT_INVALID, "not JSON we take: member \"%.*s\" stands twice in the object ending at byte %zu",
		    (int)(name.len < 64 ? name.len : 64), name.at, (size_t)(reader->at - reader->start));
}

static FALLIBLE check_few_names(const struct reader *reader, const struct json *object)
{
	JSON_EACH (later, object)
		for (const struct json *one = object->first; one != later; one = one->next)
			if (slice_eq(one->name, later->name))
				return refuse_twin(reader, one->name);
	return OK;
}

/* A hash table of the names, at most half full, in the arena: linear however many there are and whoever chose them. */
static FALLIBLE check_many_names(const struct reader *reader, const struct json *object)
{
	const struct hash_seed *seed;
	const struct json **table;
	size_t slots = FEW_MEMBERS, mask;

	TRY(hash_seed_of_thread(&seed));
	while (slots < (size_t)object->count * 2)
		slots *= 2;
	mask = slots - 1;
	table = arena_alloc_n(reader->arena, slots, sizeof(const struct json *));
	TRY_NEW(table);
	JSON_EACH (member, object) {
		size_t i = hash_slice(seed, member->name) & mask;
		for (; table[i]; i = (i + 1) & mask)
			if (slice_eq(table[i]->name, member->name))
				return refuse_twin(reader, member->name);
		table[i] = member;
	}
	return OK;
}

static FALLIBLE read_object(struct reader *reader, struct json *into)
{
	struct json *last = NULL, *member;

	into->kind = JSON_OBJECT;
	if (accept(reader, '}'))
		return OK;
	do {
		if (!accept(reader, '"'))
			return bad(reader, reader->at, "no member name");
		TRY(add_child(reader, into, &last, &member));
		TRY(read_string(reader, &member->name));
		if (!accept(reader, ':'))
			return bad(reader, reader->at, "no \":\"");
		skip_blanks(reader);
		TRY(read_value(reader, member));
	} while (accept(reader, ','));
	if (!accept(reader, '}'))
		return bad(reader, reader->at, "no \",\" or \"}\"");
	return into->count <= FEW_MEMBERS ? check_few_names(reader, into) : check_many_names(reader, into);
}

static FALLIBLE read_inside(struct reader *reader, struct json *into)
{
	bool is_array = *reader->at == '[';

	if (reader->depth_left == 0)
		return bad(reader, reader->at, "values too deep inside each other");
	reader->depth_left--;
	reader->at++;
	if (is_array)
		TRY(read_array(reader, into));
	else
		TRY(read_object(reader, into));
	reader->depth_left++;
	return OK;
}

static FALLIBLE read_value(struct reader *reader, struct json *into)
{
	if (reader->at == reader->end)
		return bad(reader, reader->at, "no value");
	switch (*reader->at) {
	case '{':
	case '[':
		return read_inside(reader, into);
	case '"':
		reader->at++;
		into->kind = JSON_STRING;
		return read_string(reader, &into->text);
	case 't':
		into->kind = JSON_BOOL;
		into->truth = true;
		return read_word(reader, SLICE("true"));
	case 'f':
		into->kind = JSON_BOOL;
		return read_word(reader, SLICE("false"));
	case 'n':
		into->kind = JSON_NULL;
		return read_word(reader, SLICE("null"));
	default:
		into->kind = JSON_NUMBER;
		return read_number(reader, &into->text);
	}
}

const struct json *json_member(const struct json *object, const char *name)
{
	slice want = slice_str(name);

	if (!json_is(object, JSON_OBJECT))
		return NULL;
	JSON_EACH (member, object)
		if (slice_eq(member->name, want))
			return member;
	return NULL;
}

bool json_is(const struct json *value, enum json_kind kind)
{
	return value && value->kind == kind;
}

bool json_text(const struct json *value, slice *ret_text)
{
	if (!json_is(value, JSON_STRING))
		return false;
	*ret_text = value->text;
	return true;
}

bool json_text_is(const struct json *value, const char *text)
{
	return json_is(value, JSON_STRING) && slice_is(value->text, text);
}

bool json_bool(const struct json *value, bool *ret_truth)
{
	if (!json_is(value, JSON_BOOL))
		return false;
	*ret_truth = value->truth;
	return true;
}

bool json_int64(const struct json *value, int64_t *ret_number)
{
	return json_is(value, JSON_NUMBER) && json_number_int64(value->text, ret_number);
}

bool json_uint64(const struct json *value, uint64_t *ret_number)
{
	return json_is(value, JSON_NUMBER) && json_number_uint64(value->text, ret_number);
}

bool json_double(const struct json *value, double *ret_number)
{
	return json_is(value, JSON_NUMBER) && json_number_double(value->text, ret_number);
}
