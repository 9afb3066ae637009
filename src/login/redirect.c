#include "login/redirect.h"

#include "base/encode.h"
#include "fetch/url.h"

#define NAME_BYTES_MAX 256

/* ---- what may follow the host ---- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool has_dot_segment(slice path)
{
	slice rest = path, part;
	bool more;

	do {
		more = slice_cut(rest, '/', &part, &rest);
		if (slice_is(part, ".") || slice_is(part, ".."))
			return true;
	} while (more);
	return false;
}

/* Visible ASCII without what browsers read differently from each other. */
static const char *broken_rule(slice text)
{
	const slice odd = SLICE("\\\"<>^`{|}");

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if ((unsigned char)c <= 0x20 || (unsigned char)c >= 0x7f || slice_find(odd, c) < odd.len)
			return "must not hold blanks, backslashes, quotes or characters outside of ASCII";
		if (c == '#')
			return "must not have a fragment";
		if (c == '%' && (i + 2 >= text.len || !is_hex(text.at[i + 1]) || !is_hex(text.at[i + 2])))
			return "has a % without two hex digits";
		if (c == '%' && text.at[i + 1] == '2' && (text.at[i + 2] == 'e' || text.at[i + 2] == 'E'))
			return "must not hold encoded dots";
		if (c == '%' && text.at[i + 1] == '5' && (text.at[i + 2] == 'c' || text.at[i + 2] == 'C'))
			return "must not hold encoded backslashes";
	}
	return NULL;
}

static void split_path(slice rest, struct redirect *redirect)
{
	size_t question = slice_find(rest, '?');

	redirect->path = slice_to(rest, question);
	redirect->query = slice_from(rest, question + 1);
}

/* ---- loopback ---- */

static bool read_port(slice *rest)
{
	size_t len = 0;
	uint64_t port;

	if (rest->len == 0 || rest->at[0] != ':')
		return true;
	*rest = slice_from(*rest, 1);
	while (len < rest->len && rest->at[len] >= '0' && rest->at[len] <= '9')
		len++;
	if (!slice_number(slice_to(*rest, len), 65535, &port) || port == 0)
		return false;
	*rest = slice_from(*rest, len);
	return true;
}

static bool read_loopback(slice text, struct redirect *redirect)
{
	static const char *const hosts[] = { "http://127.0.0.1", "http://[::1]", "http://localhost" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		slice rest;

		if (!slice_starts(text, slice_str(hosts[i])))
			continue;
		rest = slice_from(text, strlen(hosts[i]));
		if (!read_port(&rest) || (rest.len && rest.at[0] != '/' && rest.at[0] != '?'))
			return false;
		redirect->origin = slice_to(text, text.len - rest.len);
		redirect->is_loopback = true;
		split_path(rest, redirect);
		return true;
	}
	return false;
}

/* ---- the configuration's ---- */

/* Equal when scheme, host and port are, the default port written or not. */
static bool same_origin(const struct url *a, slice origin)
{
	struct url b;

	return !FAILED(url_parse(origin, &b)) && b.is_https && a->is_https && a->port == b.port && slice_eq(a->host, b.host);
}

static bool read_configured(slice text, const slice *origins, size_t count, struct redirect *redirect)
{
	struct url url;

	if (FAILED(url_parse(text, &url)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (same_origin(&url, origins[i])) {
			redirect->origin = url.origin;
			redirect->path = url.path;
			redirect->query = url.query;
			return true;
		}
	return false;
}

FALLIBLE redirect_origin_parse(slice text, const char *field, slice *ret_origin)
{
	struct url url;

	if (FAILED(url_parse(text, &url)) || !url.is_https || url.path.len || url.has_query)
		return FAIL_FIELD(field, "\"%.*s\" must be an origin: https://host or https://host:port",
				  SLICE_ARG(slice_to(text, 200)));
	*ret_origin = url.origin;
	return OK;
}

FALLIBLE redirect_parse(slice text, const slice *origins, size_t count, const char *field, struct redirect *ret_redirect)
{
	struct redirect redirect = { .text = text };
	const char *rule;

	if (text.len == 0 || text.len > REDIRECT_BYTES_MAX)
		return FAIL_FIELD(field, "must be a URL of at most %d bytes", REDIRECT_BYTES_MAX);
	rule = broken_rule(text);
	if (rule)
		return FAIL_FIELD(field, "%s", rule);
	if (!read_loopback(text, &redirect) && !read_configured(text, origins, count, &redirect))
		return FAIL_FIELD(field, "must be http on 127.0.0.1, [::1] or localhost, or https at an origin that the "
					 "server's configuration names (login.redirect-origins)");
	if (has_dot_segment(redirect.path))
		return FAIL_FIELD(field, "must not hold dot segments");
	report_clear(report_current()); /* of readings that did not fit */
	*ret_redirect = redirect;
	return OK;
}

/* ---- the answer ---- */

static int hex_value(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The name as its reader will decode it; false when it is too long to be one of ours. */
static bool decode_name(slice name, char into[NAME_BYTES_MAX], size_t *ret_len)
{
	size_t len = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (len == NAME_BYTES_MAX)
			return false;
		if (c == '%' && i + 2 < name.len) {
			c = (char)(hex_value(name.at[i + 1]) * 16 + hex_value(name.at[i + 2]));
			i += 2;
		}
		into[len++] = c == '+' ? ' ' : c;
	}
	*ret_len = len;
	return true;
}

static bool is_ours(slice name)
{
	static const char *const ours[] = { "token", "refresh_token", "error", "status_code",
					    "code",  "state",         "iss",   "error_description" };
	char text[NAME_BYTES_MAX];
	size_t len;

	if (!decode_name(name, text, &len))
		return false;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (slice_is(slice_of(text, len), ours[i]))
			return true;
	return false;
}

void redirect_with(const struct redirect *redirect, const struct redirect_pair *pairs, size_t count, struct buffer *out)
{
	slice rest = redirect->query, pair, name, value;
	char join = '?';
	bool more = rest.len > 0;

	buffer_add(out, redirect->origin);
	buffer_add(out, redirect->path.len ? redirect->path : SLICE("/"));
	while (more) {
		more = slice_cut(rest, '&', &pair, &rest);
		(void)slice_cut(pair, '=', &name, &value); /* a bare name is one too */
		if (pair.len == 0 || is_ours(name))
			continue;
		buffer_byte(out, join);
		buffer_add(out, pair);
		join = '&';
	}
	for (size_t i = 0; i < count; i++) {
		buffer_byte(out, join);
		buffer_text(out, pairs[i].name);
		buffer_byte(out, '=');
		percent_encode(out, PERCENT_QUERY, pairs[i].value);
		join = '&';
	}
}

slice redirect_csp_source(const struct redirect *redirect)
{
	return slice_find(redirect->origin, '[') < redirect->origin.len ? SLICE("http:") : redirect->origin;
}
