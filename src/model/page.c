#include "model/page.h"

#include <ctype.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

#define TOKEN_VERSION 1
#define NUMBER_BYTES 8
/* Version, issued, skipped, number, and two lengths; then the uid, the text and the mac. */
#define FIXED_BYTES (1 + 5 * NUMBER_BYTES)
#define PAYLOAD_BYTES_MAX (FIXED_BYTES + UID_BYTES_MAX + PAGE_VALUE_BYTES_MAX)
#define MAC_INPUT_BYTES_MAX ((size_t)1 << 20) /* a filter is part of a request, which is smaller */
#define MAC_LABEL "reeve page token v1"
#define FIELDS_TEXT_BYTES 256

status page_size(int64_t asked, int64_t *ret_size)
{
	if (asked < 0)
		return FAIL_FIELD("page_size", "must not be negative");
	*ret_size = asked == 0 ? PAGE_SIZE_DEFAULT : asked > PAGE_SIZE_MAX ? PAGE_SIZE_MAX : asked;
	return OK;
}

status page_skip(int64_t asked, int64_t *ret_skip)
{
	if (asked < 0)
		return FAIL_FIELD("skip", "must not be negative");
	*ret_skip = asked;
	return OK;
}

/* ---- order_by ---- */

/* "createTime" names the field create_time. */
static bool is_field(slice text, const char *name)
{
	size_t at = 0;

	for (; *name; name++) {
		bool is_upper = at < text.len && text.at[at] >= 'A' && text.at[at] <= 'Z';
		if (name[0] == '_' && name[1] && is_upper && text.at[at] == toupper((unsigned char)name[1])) {
			name++;
			at++;
		} else if (at >= text.len || text.at[at++] != *name) {
			return false;
		}
	}
	return at == text.len;
}

static status unknown_order(const struct page_field *fields, size_t count)
{
	char names[FIELDS_TEXT_BYTES];
	struct buffer list = { .at = names, .cap = sizeof(names), .limit = sizeof(names) - 1 };

	names[0] = '\0';
	for (size_t i = 0; i < count; i++)
		buffer_printf(&list, "%s%s", i ? ", " : "", fields[i].name); /* what does not fit is left out */
	return FAIL_FIELD("order_by", "must be one of %s, then asc or desc or nothing", names);
}

status page_order_parse(slice text, const struct page_field *fields, size_t count, struct page_order by_default,
			struct page_order *ret_order)
{
	struct page_order order = { 0 };
	slice name, direction;

	text = slice_trim(text);
	if (!text.len) {
		*ret_order = by_default;
		return OK;
	}
	(void)slice_cut(text, ' ', &name, &direction); /* no blank: no direction */
	direction = slice_trim(direction);
	order.is_descending = slice_eq_nocase(direction, SLICE("desc"));
	for (size_t i = 0; i < count && !order.field; i++)
		if (is_field(name, fields[i].name))
			order.field = &fields[i];
	if (!order.field || (direction.len && !order.is_descending && !slice_eq_nocase(direction, SLICE("asc"))))
		return unknown_order(fields, count);
	*ret_order = order;
	return OK;
}

/* ---- tokens ---- */

static void add_number(struct buffer *to, uint64_t number)
{
	for (int shift = 8 * (NUMBER_BYTES - 1); shift >= 0; shift -= 8)
		buffer_byte(to, (char)(number >> shift));
}

static void add_prefixed(struct buffer *to, slice bytes)
{
	add_number(to, bytes.len);
	buffer_add(to, bytes);
}

/* Takes n bytes from the front; NULL when there are fewer. */
static const char *take(slice *from, size_t n)
{
	const char *at = from->at;

	if (from->len < n)
		return NULL;
	*from = slice_from(*from, n);
	return at;
}

static bool take_number(slice *from, uint64_t *ret_number)
{
	const char *at = take(from, NUMBER_BYTES);

	*ret_number = 0;
	for (int i = 0; at && i < NUMBER_BYTES; i++)
		*ret_number = *ret_number << 8 | (unsigned char)at[i];
	return at;
}

static bool take_prefixed(slice *from, size_t most, slice *ret_bytes)
{
	uint64_t len;

	if (!take_number(from, &len) || len > most)
		return false;
	ret_bytes->at = take(from, len);
	ret_bytes->len = len;
	return ret_bytes->at;
}

/* Over the scope and the payload, every part with its length in front. */
static status mac_of(const uint8_t *key, const struct page_scope *scope, slice payload, struct arena *arena,
		     unsigned char ret_mac[SHA256_BYTES])
{
	struct buffer input;

	buffer_init(&input, arena, MAC_INPUT_BYTES_MAX);
	add_prefixed(&input, SLICE(MAC_LABEL));
	add_prefixed(&input, scope->method);
	add_prefixed(&input, scope->filter);
	add_prefixed(&input, slice_str(scope->order.field ? scope->order.field->name : ""));
	add_number(&input, scope->order.is_descending);
	add_prefixed(&input, uid_bytes(&scope->caller));
	add_prefixed(&input, payload);
	if (buffer_failed(&input))
		return FAIL(FAULT_EXHAUSTED, "this filter is too large for a list in pages");
	TRY(hmac_sha256(slice_of(key, PAGE_KEY_BYTES), buffer_slice(&input), ret_mac));
	return OK;
}

status page_write(const uint8_t key[PAGE_KEY_BYTES], const struct page_scope *scope, const struct page_cursor *cursor,
		  int64_t now_s, struct arena *arena, slice *ret_token)
{
	unsigned char mac[SHA256_BYTES];
	struct buffer bytes, text;

	if (cursor->text.len > PAGE_VALUE_BYTES_MAX)
		return FAIL_STATE("PAGE_VALUE_TOO_LONG", "this list cannot be paged in this order: a value is too long");
	buffer_init(&bytes, arena, PAYLOAD_BYTES_MAX + SHA256_BYTES);
	buffer_init(&text, arena, PAGE_TOKEN_BYTES_MAX);
	buffer_byte(&bytes, TOKEN_VERSION);
	add_number(&bytes, (uint64_t)now_s);
	add_number(&bytes, (uint64_t)cursor->skipped);
	add_number(&bytes, (uint64_t)cursor->number);
	add_prefixed(&bytes, uid_bytes(&cursor->uid));
	add_prefixed(&bytes, cursor->text);
	TRY(mac_of(key, scope, buffer_slice(&bytes), arena, mac));
	buffer_add(&bytes, slice_of(mac, sizeof(mac)));
	if (!buffer_failed(&bytes))
		base64_encode(&text, BASE64_URL, buffer_slice(&bytes));
	if (buffer_failed(&bytes) || buffer_failed(&text))
		return FAIL(FAULT_EXHAUSTED, "this call needs more memory than one call may use");
	*ret_token = buffer_slice(&text);
	return OK;
}

/* Everything is checked although the mac held: a key may outlive a version of this code. */
static bool payload_read(slice payload, int64_t *ret_issued_s, struct page_cursor *ret_cursor)
{
	struct page_cursor cursor = { 0 };
	const char *version = take(&payload, 1);
	uint64_t issued, skipped, number;
	slice uid;

	if (!version || *version != TOKEN_VERSION || !take_number(&payload, &issued) || !take_number(&payload, &skipped) ||
	    !take_number(&payload, &number) || !take_prefixed(&payload, UID_BYTES_MAX, &uid) ||
	    !take_prefixed(&payload, PAGE_VALUE_BYTES_MAX, &cursor.text) || payload.len)
		return false;
	if (uid.len && !uid_of_bytes(uid, &cursor.uid))
		return false;
	if (skipped > INT64_MAX)
		return false;
	cursor.skipped = (int64_t)skipped;
	cursor.number = (int64_t)number;
	*ret_issued_s = (int64_t)issued;
	*ret_cursor = cursor;
	return true;
}

static status not_ours(void)
{
	return FAIL_FIELD("page_token", "is not a token that this list gave out with this filter and order");
}

status page_read(const uint8_t key[PAGE_KEY_BYTES], const struct page_scope *scope, slice token, int64_t now_s,
		 struct arena *arena, struct page_cursor *ret_cursor, bool *ret_has_cursor)
{
	unsigned char mac[SHA256_BYTES];
	struct page_cursor cursor;
	int64_t issued_s;
	slice payload;
	char *bytes;
	size_t len;

	if (!token.len) {
		*ret_has_cursor = false;
		return OK;
	}
	bytes = arena_alloc(arena, BASE64_DATA_BYTES((size_t)PAGE_TOKEN_BYTES_MAX));
	TRY_NEW(bytes);
	if (token.len > PAGE_TOKEN_BYTES_MAX ||
	    !base64_decode_into(BASE64_URL, token, bytes, BASE64_DATA_BYTES((size_t)PAGE_TOKEN_BYTES_MAX), &len) ||
	    len < SHA256_BYTES)
		return not_ours();
	payload = slice_of(bytes, len - SHA256_BYTES);
	TRY(mac_of(key, scope, payload, arena, mac));
	if (!bytes_equal(slice_of(mac, sizeof(mac)), slice_from(slice_of(bytes, len), payload.len)) ||
	    !payload_read(payload, &issued_s, &cursor))
		return not_ours();
	*ret_has_cursor = now_s - issued_s <= PAGE_LIFE_S;
	if (*ret_has_cursor)
		*ret_cursor = cursor;
	return OK;
}
