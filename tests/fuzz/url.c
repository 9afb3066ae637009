/*
 * url: a URL that parses puts its parts where the text has them, and reading it again changes nothing.
 */
#include <assert.h>

#include "fetch/url.h"
#include "fuzz.h"

static bool is_within(slice part, slice whole)
{
	return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slice text = slice_of(data, size);
	struct url url, again;
	size_t parts;

	if (FAILED(url_parse(text, &url))) {
		assert(!url_is_issuer(text) && !url_is_https_issuer(text));
		return 0;
	}
	assert(is_within(url.host, url.authority) && is_within(url.authority, url.origin) && is_within(url.origin, text));
	assert(is_within(url.path, text) && is_within(url.query, text) && url.port != 0 && url.host.len > 0);
	parts = url.origin.len + url.path.len + url.has_query + url.query.len;
	assert(parts == text.len);
	assert(memchr(text.at, '@', url.origin.len) == NULL && memchr(text.at, '#', text.len) == NULL);
	assert(!FAILED(url_parse(url.origin, &again)) && slice_eq(again.host, url.host) && again.port == url.port);
	assert(url_is_issuer(text) == !url.has_query);
	return 0;
}
