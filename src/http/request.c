#include "http/request_impl.h"

const struct refusal refusal_overload = { 503, "the server has no room for this request; try again" };
const struct refusal refusal_body = { 413, "the request's body is too large" };

const char request_token_byte[256] = {
	/* clang-format off */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, '!', 0, '#', '$', '%', '&', '\'', 0, 0, '*', '+', 0, '-', '.', 0,
	'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 0, 0, 0, 0, 0, 0,
	0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
	'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0, 0, 0, '^', '_',
	'`', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
	'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0, '|', 0, '~', 0, /* clang-format on */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool host_ok(slice host)
{
	if (host.len == 0)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (!is_letter(host.at[i]) && !is_digit(host.at[i]) && host.at[i] != '-' && host.at[i] != '.' &&
		    host.at[i] != '_')
			return false;
	return true;
}

static bool ipv6_ok(slice address)
{
	if (address.len < 2)
		return false;
	for (size_t i = 0; i < address.len; i++)
		if (!is_digit(address.at[i]) && !(is_letter(address.at[i]) && (address.at[i] | 0x20) <= 'f') &&
		    address.at[i] != ':' && address.at[i] != '.')
			return false;
	return true;
}

static bool port_ok(slice port)
{
	uint64_t number;

	return slice_number(port, UINT16_MAX, &number);
}

bool request_authority_ok(slice authority)
{
	slice host, port;
	size_t end;

	if (authority.len && authority.at[0] == '[') {
		end = slice_find(authority, ']');
		if (end == authority.len || !ipv6_ok(slice_of(authority.at + 1, end - 1)))
			return false;
		port = slice_from(authority, end + 1);
		return port.len == 0 || (port.at[0] == ':' && port_ok(slice_from(port, 1)));
	}
	if (slice_cut(authority, ':', &host, &port) && !port_ok(port))
		return false;
	return host_ok(host);
}

bool request_target_split(slice target, slice *ret_path, slice *ret_query)
{
	if (target.len == 0 || target.at[0] != '/')
		return false;
	for (size_t i = 0; i < target.len; i++) {
		unsigned char c = (unsigned char)target.at[i];
		if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\' || c == '"' || c == '<' || c == '>')
			return false;
	}
	(void)slice_cut(target, '?', ret_path, ret_query); /* without '?' the query is empty */
	return true;
}

bool request_method_ok(slice method)
{
	if (method.len == 0 || method.len > HTTP_METHOD_BYTES)
		return false;
	for (size_t i = 0; i < method.len; i++)
		if (!request_token_byte[(unsigned char)method.at[i]])
			return false;
	return true;
}

bool request_value_ok(slice value)
{
	for (size_t i = slice_plain_len(value); i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

size_t http_header_named(const struct http_request *request, slice name, slice *ret_value)
{
	size_t found = 0;

	for (size_t i = 0; i < request->header_count; i++) {
		if (!slice_eq(request->headers[i].name, name))
			continue;
		if (found++ == 0)
			*ret_value = request->headers[i].value;
	}
	return found;
}
