/*
 * callback: what a browser brings back.
 */
#include "cli/callback.h"

#include "base/encode.h"

enum { BAD = 400, ABSENT = 404, OTHER_METHOD = 405, TOO_LONG = 431, OTHER_VERSION = 505 };

/* --- lines --- */

/* A line up to CR LF, without it; false when it does not end, or ends otherwise. */
static bool take_line(slice *rest, slice *ret_line)
{
	size_t end = slice_find(*rest, '\r');

	if (end + 1 >= rest->len || rest->at[end + 1] != '\n')
		return false;
	*ret_line = slice_to(*rest, end);
	*rest = slice_from(*rest, end + 2);
	return true;
}

static bool is_token(slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return text.len > 0;
}

/* No control characters but tabs; bytes above ASCII stay, as browsers send them in some fields. */
static bool is_field_text(slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* --- the head --- */

static bool is_host(slice value, unsigned port)
{
	char own[32];
	int len = snprintf(own, sizeof(own), "127.0.0.1:%u", port);

	return slice_eq(value, slice_of(own, (size_t)len));
}

/* 0 when all header lines are sound and Host is ours, once; else the status to refuse with. */
static int check_headers(slice rest, unsigned port)
{
	unsigned hosts = 0;
	slice line, name, value;

	while (take_line(&rest, &line) && line.len > 0) {
		if (!slice_cut(line, ':', &name, &value) || !is_token(name) || !is_field_text(value))
			return BAD;
		value = slice_trim(value);
		if (slice_eq_nocase(name, SLICE("transfer-encoding")) ||
		    (slice_eq_nocase(name, SLICE("content-length")) && !slice_is(value, "0")))
			return BAD;
		if (slice_eq_nocase(name, SLICE("host")) && (++hosts > 1 || !is_host(value, port)))
			return BAD;
	}
	return hosts == 1 && rest.len == 0 ? 0 : BAD;
}

/* --- the query --- */

static slice *member_of(struct callback *callback, slice name)
{
	const struct {
		const char *name;
		slice *member;
	} members[] = { { "code", &callback->code },
			{ "state", &callback->state },
			{ "iss", &callback->issuer },
			{ "error", &callback->error },
			{ "error_description", &callback->description } };

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (slice_is(name, members[i].name))
			return members[i].member;
	return NULL;
}

/* Also without C1 controls (U+0080 to U+009F), which some terminals obey. */
static bool is_value_text(slice value)
{
	for (size_t i = 0; i + 1 < value.len; i++)
		if ((unsigned char)value.at[i] == 0xc2 && (unsigned char)value.at[i + 1] < 0xa0)
			return false;
	return is_field_text(value) && slice_find(value, '\t') == value.len;
}

static bool take_pair(struct arena *arena, slice pair, struct callback *callback)
{
	slice name, value, *member;

	if (!slice_cut(pair, '=', &name, &value))
		return member_of(callback, pair) == NULL;
	member = member_of(callback, name);
	if (!member)
		return true; /* none of ours */
	if (member->at || FAILED(percent_decode(arena, PERCENT_FORM, value, &value)))
		return false;
	*member = value;
	return is_value_text(value);
}

static bool take_query(struct arena *arena, slice query, struct callback *ret_callback)
{
	struct callback callback = { .http_status = 0 };
	slice pair;

	for (bool more = query.len > 0; more;) {
		more = slice_cut(query, '&', &pair, &query);
		if (pair.len > 0 && !take_pair(arena, pair, &callback))
			return false;
	}
	*ret_callback = callback;
	return callback.state.len > 0 && (callback.code.len > 0) != (callback.error.len > 0);
}

/* A target of visible characters, so that a blank within it is not two readings. */
static bool is_target(slice target)
{
	for (size_t i = 0; i < target.len; i++)
		if ((unsigned char)target.at[i] <= 0x20 || (unsigned char)target.at[i] >= 0x7f)
			return false;
	return target.len > 0 && target.at[0] == '/';
}

static int read_head(struct arena *arena, slice head, unsigned port, struct callback *ret_callback)
{
	slice line, method, target, path, query;
	int refusal;

	if (!take_line(&head, &line) || !is_field_text(line) || !slice_cut(line, ' ', &method, &line) ||
	    !slice_cut(line, ' ', &target, &line) || !is_token(method) || !is_target(target))
		return BAD;
	if (!slice_is(line, "HTTP/1.1"))
		return OTHER_VERSION;
	refusal = check_headers(head, port);
	if (refusal)
		return refusal;
	if (!slice_is(method, "GET"))
		return OTHER_METHOD;
	if (!slice_cut(target, '?', &path, &query)) {
		path = target;
		query = slice_str("");
	}
	if (!slice_is(path, CALLBACK_PATH))
		return ABSENT;
	return take_query(arena, query, ret_callback) ? 0 : BAD;
}

/* Length of the head with its empty line; 0 while it has none. */
static size_t head_len(slice bytes)
{
	for (size_t i = 3; i < bytes.len; i++)
		if (memcmp(bytes.at + i - 3, "\r\n\r\n", 4) == 0)
			return i + 1;
	return 0;
}

enum callback_kind callback_read(struct arena *arena, slice bytes, unsigned port, struct callback *ret_callback)
{
	size_t len = head_len(bytes);
	struct report scratch = { 0 }, *before;

	*ret_callback = (struct callback){ .http_status = 0 };
	if (len == 0 && bytes.len < CALLBACK_BYTES_MAX)
		return CALLBACK_PARTIAL;
	if (len == 0 || bytes.len > CALLBACK_BYTES_MAX) {
		ret_callback->http_status = TOO_LONG;
		return CALLBACK_REFUSED;
	}
	before = report_use(&scratch); /* what cannot be decoded is refused here, and no failure of the program */
	ret_callback->http_status = len == bytes.len ? read_head(arena, bytes, port, ret_callback) : BAD;
	report_use(before);
	return ret_callback->http_status ? CALLBACK_REFUSED : CALLBACK_READ;
}
