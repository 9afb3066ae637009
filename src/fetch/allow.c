#include "fetch/allow_impl.h"

#include "base/mem.h"
#include "fetch/fetch.h"

struct allow_entry {
	char *text; /* "http://host[:port]", as url_parse took it */
	struct url url;
	bool has_port, is_http;
};

struct allow_list {
	size_t count;
	struct allow_entry entries[FETCH_ALLOWED_MAX];
};

#define HTTP "http://"

static FALLIBLE entry_read(const char *text, struct allow_entry *into)
{
	struct report scratch = { 0 }, *before;
	bool is_http = slice_starts(slice_str(text), SLICE(HTTP));
	slice host = slice_from(slice_str(text), is_http ? sizeof(HTTP) - 1 : 0);
	char whole[URL_BYTES_MAX + 1];
	bool is_valid;

	if (host.len + sizeof(HTTP) > sizeof(whole))
		return FAIL_FIELD("fetch.allow", "an entry is longer than any host name");
	(void)snprintf(whole, sizeof(whole), HTTP "%.*s", SLICE_ARG(host)); /* fits, as just checked */
	into->text = mem_copy_text(whole, strlen(whole));
	if (!into->text)
		return FAIL(FAULT_EXHAUSTED, "no memory for the allow list");
	before = report_use(&scratch);
	is_valid = !FAILED(url_parse(slice_str(into->text), &into->url)) && into->url.path.len == 0 && !into->url.has_query;
	report_use(before);
	if (!is_valid)
		return FAIL_FIELD("fetch.allow", "\"%s\" must be host, host:port or http://host[:port]", text);
	into->has_port = into->url.authority.len != into->url.host.len;
	into->is_http = is_http;
	return OK;
}

FALLIBLE allow_new(const char *const *entries, struct allow_list **ret_list)
{
	struct allow_list *list = NEW_ZERO(struct allow_list);

	if (!list)
		return FAIL(FAULT_EXHAUSTED, "no memory for the allow list");
	for (; entries && *entries; entries++) {
		status st;

		if (list->count == FETCH_ALLOWED_MAX) {
			allow_free(list);
			return FAIL_FIELD("fetch.allow", "has at most %d entries", FETCH_ALLOWED_MAX);
		}
		st = entry_read(*entries, &list->entries[list->count++]);
		if (FAILED(st)) {
			allow_free(list);
			return fault_via(st, __func__, __LINE__);
		}
	}
	*ret_list = list;
	return OK;
}

struct allow_list *allow_free(struct allow_list *list)
{
	for (size_t i = 0; list && i < list->count; i++)
		mem_free(list->entries[i].text);
	return mem_free(list);
}

enum allow_level_t allow_level(const struct allow_list *list, const struct url *url)
{
	enum allow_level_t level = ALLOW_PUBLIC;

	for (size_t i = 0; i < list->count; i++) {
		const struct allow_entry *entry = &list->entries[i];

		if (!slice_eq(entry->url.host, url->host) || (entry->has_port && entry->url.port != url->port))
			continue;
		if (entry->is_http)
			return ALLOW_HTTP;
		level = ALLOW_ADDRESS;
	}
	return level;
}
