/*
 * h2_memory: the heap of one nghttp2 session, so that it can be given back whole.
 *
 * nghttp2 1.52 frees a frame twice when its queue of streams cannot grow: nghttp2_submit_data() frees the item, the stream
 * still points at it, and nghttp2_session_del() frees it again. A session that once ran out of memory is therefore not asked
 * anything any more, not even to delete itself; its blocks are freed from here.
 */
#include "base/mem.h"
#include "http/server_impl.h"

struct h2_block {
	LIST_ENTRY(h2_block) link;
	_Alignas(max_align_t) char bytes[];
};

static struct h2_block *block_of(void *at)
{
	return (struct h2_block *)(void *)((char *)at - offsetof(struct h2_block, bytes));
}

static void *keep(struct h2_memory *memory, struct h2_block *block)
{
	if (!block) {
		memory->has_failed = true;
		return NULL;
	}
	LIST_INSERT_HEAD(&memory->blocks, block, link);
	return block->bytes;
}

void *h2_memory_alloc(size_t size, void *user)
{
	size_t whole;

	return keep(user, __builtin_add_overflow(size, sizeof(struct h2_block), &whole) ? NULL : mem_alloc(whole));
}

void *h2_memory_zero(size_t count, size_t size, void *user)
{
	size_t bytes;
	void *at = __builtin_mul_overflow(count, size, &bytes) ? keep(user, NULL) : h2_memory_alloc(bytes, user);

	if (at)
		memset(at, 0, bytes);
	return at;
}

void h2_memory_free(void *at, void *user)
{
	(void)user;
	if (!at)
		return;
	LIST_REMOVE(block_of(at), link);
	(void)mem_free(block_of(at)); /* gives NULL */
}

void *h2_memory_resize(void *at, size_t size, void *user)
{
	struct h2_memory *memory = user;
	struct h2_block *old = at ? block_of(at) : NULL, *fresh;
	size_t whole;

	if (!old)
		return h2_memory_alloc(size, user);
	LIST_REMOVE(old, link);
	fresh = __builtin_add_overflow(size, sizeof(*fresh), &whole) ? NULL : mem_resize(old, whole);
	LIST_INSERT_HEAD(&memory->blocks, fresh ? fresh : old, link);
	memory->has_failed = memory->has_failed || !fresh;
	return fresh ? fresh->bytes : NULL;
}

void h2_memory_done(struct h2_memory *memory)
{
	struct h2_block *block;

	while ((block = LIST_FIRST(&memory->blocks)))
		h2_memory_free(block->bytes, memory);
}
