/*
 * page: where a list goes on, as a token nobody else can make (spec model.md 2.2).
 *
 * Promises  a page token is authenticated, typed, and bound to the method, the filter, the order and the caller it was made
 *           for; anything else is INVALID_ARGUMENT; one that is too old starts the list again without an error.
 * Start at  page_order_parse(), then page_read(), at the end page_write().
 */
#ifndef MODEL_PAGE_H
#define MODEL_PAGE_H

#include "base/arena.h"
#include "model/uid.h"

#define PAGE_SIZE_DEFAULT 50
#define PAGE_SIZE_MAX 200
#define PAGE_KEY_BYTES 32
#define PAGE_LIFE_S (3 * INT64_C(86400))
#define PAGE_TOKEN_BYTES_MAX 2048
#define PAGE_VALUE_BYTES_MAX 512 /* of the ordering column in a token */

/* 0 gives the default; larger than PAGE_SIZE_MAX is clamped; a negative one is INVALID_ARGUMENT naming page_size. */
FALLIBLE page_size(int64_t asked, int64_t *ret_size);
/* Negative is INVALID_ARGUMENT naming skip. */
FALLIBLE page_skip(int64_t asked, int64_t *ret_skip);

/* A field by which a method's list may be ordered: an allow-list, so that nothing else reaches a query. */
struct page_field {
	const char *name; /* as the caller writes it, snake case; camel case is accepted too */
	int column;       /* of the table; -1: the primary key alone */
	bool is_number;   /* the column holds a number, else a text */
};
struct page_order {
	const struct page_field *field;
	bool is_descending;
};
/* "field [asc|desc]" in any case of asc and desc; empty gives the default. INVALID_ARGUMENT naming order_by and the fields
 * there are. */
FALLIBLE page_order_parse(slice text, const struct page_field *fields, size_t count, struct page_order by_default,
			  struct page_order *ret_order);

/* What a token is bound to. */
struct page_scope {
	slice method; /* "iam.v2.groups.list" */
	slice filter; /* the request's filter in any stable form, e.g. its wire bytes without paging fields */
	struct page_order order;
	struct uid caller; /* none: not bound to anyone */
};
/* Where the last page ended, for struct query's after_*. */
struct page_cursor {
	slice text;      /* the ordering column of the last row, when it is text (in the arena) */
	int64_t number;  /* when it is a number */
	struct uid uid;  /* primary key of the last row */
	int64_t skipped; /* rows skipped so far */
};
/* The token in the arena. FAULT_STATE when the ordering text is longer than PAGE_VALUE_BYTES_MAX. */
FALLIBLE page_write(const uint8_t key[PAGE_KEY_BYTES], const struct page_scope *scope, const struct page_cursor *cursor,
		    int64_t now_s, struct arena *arena, slice *ret_token);
/* *ret_has_cursor is false for an empty token and for one older than PAGE_LIFE_S: then the list starts at the beginning.
 * INVALID_ARGUMENT naming page_token for a forged one, or one of another method, filter, order or caller. */
FALLIBLE page_read(const uint8_t key[PAGE_KEY_BYTES], const struct page_scope *scope, slice token, int64_t now_s,
		   struct arena *arena, struct page_cursor *ret_cursor, bool *ret_has_cursor);

#endif
