/*
 * url: one strict reading of an absolute http(s) URL.
 *
 * A parser that forgives reads a text differently than the next one does; that difference is how address rules are walked
 * around. So this one refuses whatever has a second reading (CVE-2026-22772, CVE-2026-49478).
 */
#include "fetch/url.h"

#include <assert.h>

#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */

static bool scheme_read(slice *rest, struct url *into);
static FALLIBLE authority_read(slice authority, struct url *into);
static FALLIBLE host_check(slice host, bool *ret_is_ipv4);
static FALLIBLE tail_check(slice tail, struct url *into);

FALLIBLE url_parse(slice text, struct url *ret_url)
{
	struct url url = { 0 };
	slice rest = text, tail;
	size_t end;

	if (text.len > URL_BYTES_MAX)
		return FAIL(FAULT_INVALID, "a URL has at most %d bytes", URL_BYTES_MAX);
	if (!scheme_read(&rest, &url))
		return FAIL(FAULT_INVALID, "a URL must begin with https:// or http://, in lower case");
	for (end = 0; end < rest.len && rest.at[end] != '/' && rest.at[end] != '?' && rest.at[end] != '#'; end++)
		;
	TRY(authority_read(slice_to(rest, end), &url));
	tail = slice_from(rest, end);
	TRY(tail_check(tail, &url));
	url.origin = slice_to(text, url.scheme.len + 3 + url.authority.len);
	*ret_url = url;
	return OK;
}

bool url_is_issuer(slice text)
{
	struct report scratch = { 0 }, *before = report_use(&scratch);
	struct url url;
	bool is_issuer = !FAILED(url_parse(text, &url)) && !url.has_query;

	report_use(before);
	return is_issuer;
}

bool url_is_https_issuer(slice text)
{
	return slice_starts(text, SLICE("https://")) && url_is_issuer(text);
}

static bool scheme_read(slice *rest, struct url *into)
{
	into->is_https = slice_starts(*rest, SLICE("https://"));
	if (!into->is_https && !slice_starts(*rest, SLICE("http://")))
		return false;
	into->scheme = slice_to(*rest, into->is_https ? 5 : 4);
	into->port = into->is_https ? 443 : 80;
	*rest = slice_from(*rest, into->scheme.len + 3);
	return true;
}

/* host [ ":" port ]; RFC 3986 section 3.2 without userinfo and IP-literal. */
static FALLIBLE authority_read(slice authority, struct url *into)
{
	slice host, port;
	uint64_t number;
	bool has_port;

	if (slice_find(authority, '@') != authority.len)
		return FAIL(FAULT_INVALID, "a URL must not carry a user name or password");
	if (authority.len > 0 && authority.at[0] == '[')
		return FAIL(FAULT_INVALID, "a URL's host must be a name, not an IPv6 address");
	has_port = slice_cut(authority, ':', &host, &port);
	TRY(host_check(host, &into->is_ipv4));
	if (has_port) {
		if (!slice_number(port, UINT16_MAX, &number) || number == 0)
			return FAIL(FAULT_INVALID, "a URL's port must be a decimal number from 1 to 65535");
		into->port = (uint16_t)number;
	}
	into->host = host;
	into->authority = authority;
	return OK;
}

/* One label of letters, digits and inner hyphens (RFC 1123 section 2.1). */
static bool label_is_valid(slice label)
{
	if (label.len == 0 || label.len > LABEL_MAX || label.at[0] == '-' || label.at[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return true;
}

/* Readers of loose habits take "127.1", "0x7f000001", "017700000001" and "2130706433" for addresses: all of them end in a
 * label that begins with a digit, which no top-level domain does. */
static bool label_is_numeric(slice label)
{
	return label.len > 0 && label.at[0] >= '0' && label.at[0] <= '9';
}

static bool host_is_dotted_quad(slice host)
{
	slice rest = host, part;
	uint64_t number;
	int parts = 0;
	bool more = true;

	while (more) {
		more = slice_cut(rest, '.', &part, &rest);
		if (++parts > 4 || !slice_number(part, 255, &number))
			return false;
	}
	return parts == 4;
}

static FALLIBLE host_check(slice host, bool *ret_is_ipv4)
{
	slice rest = host, label = { 0 };
	bool more = true, is_ipv4 = host_is_dotted_quad(host);

	if (host.len == 0)
		return FAIL(FAULT_INVALID, "a URL must name a host");
	if (host.len > URL_HOST_MAX)
		return FAIL(FAULT_INVALID, "a URL's host has at most %d bytes", URL_HOST_MAX);
	while (more) {
		more = slice_cut(rest, '.', &label, &rest);
		if (!label_is_valid(label))
			return FAIL(FAULT_INVALID,
				    "a URL's host must be labels of a-z, 0-9 and inner hyphens, joined by single dots");
	}
	if (label_is_numeric(label) && !is_ipv4)
		return FAIL(FAULT_INVALID, "a URL's host must be a name or an IPv4 address of four decimal numbers");
	*ret_is_ipv4 = is_ipv4;
	return OK;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* pchar, "/" and "?" of RFC 3986 section 3.3 and 3.4, with whole percent triplets. */
static bool tail_is_escaped(slice tail)
{
	static const char marks[] = "-._~!$&'()*+,;=:@/?";

	for (size_t i = 0; i < tail.len; i++) {
		char c = tail.at[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			continue;
		if (c == '%' && i + 2 < tail.len && is_hex(tail.at[i + 1]) && is_hex(tail.at[i + 2])) {
			i += 2;
			continue;
		}
		if (c == '\0' || !memchr(marks, c, sizeof(marks) - 1))
			return false;
	}
	return true;
}

/* Counts "." and "%2e" alike. A segment of one or two dots changes the path on its way. */
static bool segment_is_dots(slice segment)
{
	size_t dots = 0, i = 0;

	while (i < segment.len && dots < 3) {
		if (segment.at[i] == '.')
			i++;
		else if (slice_eq_nocase(slice_to(slice_from(segment, i), 3), SLICE("%2e")))
			i += 3;
		else
			return false;
		dots++;
	}
	return i == segment.len && (dots == 1 || dots == 2);
}

static FALLIBLE tail_check(slice tail, struct url *into)
{
	slice rest, segment;
	bool more = true;

	if (slice_find(tail, '#') != tail.len)
		return FAIL(FAULT_INVALID, "a URL must not have a fragment");
	if (!tail_is_escaped(tail))
		return FAIL(FAULT_INVALID, "a URL must percent-encode every byte its path and query do not allow");
	into->has_query = slice_cut(tail, '?', &into->path, &into->query);
	rest = into->path;
	while (more) {
		more = slice_cut(rest, '/', &segment, &rest);
		if (segment_is_dots(segment))
			return FAIL(FAULT_INVALID, "a URL's path must not have \".\" or \"..\" as a segment");
	}
	assert(into->path.len == 0 || into->path.at[0] == '/');
	return OK;
}
