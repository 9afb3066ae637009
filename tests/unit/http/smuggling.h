/*
 * smuggling: request heads that two parsers could read differently, each of which must be refused with this status.
 *
 * To add one: append a row { what it tries, the bytes, the status }. The bytes end with what ends a head, or a chunk, for us.
 */
#ifndef TESTS_UNIT_HTTP_SMUGGLING_H
#define TESTS_UNIT_HTTP_SMUGGLING_H

#include <stddef.h>

struct smuggled {
	const char *what;
	const char *bytes;
	size_t len;
	int code;
};

#define HEAD(what, bytes, code)                      \
	{                                            \
		what, bytes, sizeof(bytes) - 1, code \
	}
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static const struct smuggled smuggled_heads[] = {
	HEAD("no host", "GET / HTTP/1.1\r\n\r\n", 400),
	HEAD("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
	HEAD("two equal hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400),
	HEAD("empty host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400),
	HEAD("host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
	HEAD("host with user info", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
	HEAD("host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
	HEAD("host with a bad port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
	HEAD("host with a large port", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
	HEAD("host unlike target", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("absolute form without host in it", "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("absolute form with user info", "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", 400),
	HEAD("absolute form of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
	HEAD("bare LF after a header", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400),
	HEAD("bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
	HEAD("bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
	HEAD("bare CR before a name", "GET / HTTP/1.1\r\nHost: a\r\n\rX: a\r\n\r\n", 400),
	HEAD("two CR", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400),
	HEAD("folded by a blank", "GET / HTTP/1.1\r\nHost: a\r\n X: y\r\n\r\n", 400),
	HEAD("folded by a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n", 400),
	HEAD("folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
	HEAD("blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
	HEAD("tab before the colon", POST "Content-Length\t: 5\r\n\r\n", 400),
	HEAD("no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
	HEAD("no name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400),
	HEAD("NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0Y: y\r\n\r\n", 400),
	HEAD("NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n", 400),
	HEAD("control in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\x01\r\n\r\n", 400),
	HEAD("DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\x7f\r\n\r\n", 400),
	HEAD("vertical tab before chunked",
	     POST "Transfer-Encoding: \x0b"
		  "chunked\r\n\r\n",
	     400),
	HEAD("non-ASCII name", "GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: y\r\n\r\n", 400),
	HEAD("no version", "GET /\r\nHost: a\r\n\r\n", 400),
	HEAD("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("two blanks before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("blank at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
	HEAD("tab in the request line", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("tab in the target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("backslash", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("raw UTF-8 in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("target without slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
	HEAD("preface gone wrong", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 505),
	HEAD("PRI as a method", "PRI / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("method with a colon", "GE:T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("endless method", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("HTTP/1.9", "GET / HTTP/1.9\r\nHost: a\r\n\r\n", 505),
	HEAD("HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
	HEAD("HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
	HEAD("http in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("HTTP/01.1", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", 400),
	HEAD("HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
	HEAD("Host of empty brackets", "GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400),
	HEAD("Host with a colon and no port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400),
	HEAD("Host with a port past 16 bits", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
	HEAD("leading empty line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("leading blank", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	HEAD("length and coding", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
	HEAD("coding and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
	HEAD("two lengths", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
	HEAD("two equal lengths", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
	HEAD("length list", POST "Content-Length: 5, 5\r\n\r\n", 400),
	HEAD("signed length", POST "Content-Length: +5\r\n\r\n", 400),
	HEAD("negative length", POST "Content-Length: -5\r\n\r\n", 400),
	HEAD("hex length", POST "Content-Length: 0x5\r\n\r\n", 400),
	HEAD("length with a blank inside", POST "Content-Length: 5 5\r\n\r\n", 400),
	HEAD("leading zero", POST "Content-Length: 05\r\n\r\n", 400),
	HEAD("empty length", POST "Content-Length:\r\n\r\n", 400),
	HEAD("length past 64 bits", POST "Content-Length: 18446744073709551621\r\n\r\n", 400),
	HEAD("two codings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
	HEAD("coding list", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
	HEAD("chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501),
	HEAD("identity", POST "Transfer-Encoding: identity\r\n\r\n", 501),
	HEAD("quoted coding", POST "Transfer-Encoding: \"chunked\"\r\n\r\n", 501),
	HEAD("coding in capitals", POST "Transfer-Encoding: CHUNKED\r\n\r\n", 501),
	HEAD("coding with a parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n", 501),
	HEAD("empty coding", POST "Transfer-Encoding:\r\n\r\n", 501),
	HEAD("xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n", 501),
	HEAD("coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
	HEAD("another expectation", POST "Expect: 200-ok\r\n\r\n", 417),
};

#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

/* Sound heads with bodies that are not. */
static const struct smuggled smuggled_bodies[] = {
	HEAD("chunk size with a sign", CHUNKED "+5\r\nhello\r\n0\r\n\r\n", 400),
	HEAD("chunk size with 0x", CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400),
	HEAD("chunk size with a blank", CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400),
	HEAD("blank before the chunk size", CHUNKED " 5\r\nhello\r\n0\r\n\r\n", 400),
	HEAD("empty chunk size", CHUNKED "\r\nhello\r\n0\r\n\r\n", 400),
	HEAD("chunk size past 32 bits", CHUNKED "100000005\r\nhello\r\n0\r\n\r\n", 400),
	HEAD("chunk size past 64 bits", CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n", 400),
	HEAD("chunk extension", CHUNKED "5;a=b\r\nhello\r\n0\r\n\r\n", 400),
	HEAD("chunk size ended by LF", CHUNKED "5\nhello\r\n0\r\n\r\n", 400),
	HEAD("chunk size ended by CR", CHUNKED "5\rhello\r\n0\r\n\r\n", 400),
	/* In step but for one byte each, so that no later check makes up for the one that is meant. */
	HEAD("chunk size ended by CR and another byte", CHUNKED "5\rXhello\r\n0\r\n\r\n", 400),
	HEAD("chunk ended by another byte and LF", CHUNKED "5\r\nhelloX\n0\r\n\r\n", 400),
	HEAD("chunk ended by CR and another byte", CHUNKED "5\r\nhello\rX0\r\n\r\n", 400),
	HEAD("last chunk without a size", CHUNKED "5\r\nhello\r\n\r\n\r\n", 400),
	HEAD("end of the body by another byte and LF", CHUNKED "5\r\nhello\r\n0\r\nX\n", 400),
	HEAD("end of the body by CR and another byte", CHUNKED "5\r\nhello\r\n0\r\n\rX", 400),
	HEAD("chunk longer than told", CHUNKED "5\r\nhello!\r\n0\r\n\r\n", 400),
	HEAD("chunk ended by LF", CHUNKED "5\r\nhello\n0\r\n\r\n", 400),
	HEAD("trailer", CHUNKED "5\r\nhello\r\n0\r\nX: y\r\n\r\n", 400),
	HEAD("last chunk ended by LF", CHUNKED "5\r\nhello\r\n0\n\r\n", 400),
	HEAD("body ended by LF", CHUNKED "5\r\nhello\r\n0\r\n\n", 400),
};

#undef HEAD
#undef POST
#undef CHUNKED

#endif
