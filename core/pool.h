/* SPDX-License-Identifier: BSD-2-Clause */
/* struct pool: the buffers of one worker, hottest first. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stddef.h>

#include "core/pkt.h"

/*
 * How it works: a stack, so that the buffer used last, which is still in the
 * cache, is used next. One thread gets and puts. The memory is the caller's.
 */
struct pool {
	struct pkt **stack; /* n_free pointers */
	struct pkt *pkts;   /* n, by idx */
	uint8_t *bufs;	    /* n * PKT_BUF_LEN */
	unsigned n, n_free;
};

enum { POOL_BUFS_MAX = 65535 };

/* Bytes of memory for n buffers (at most POOL_BUFS_MAX). */
size_t pool_mem_len(unsigned n);

/* mem: pool_mem_len(n) bytes, aligned to 64, the pool's until it is no longer used. */
void pool_init(struct pool *pool, void *mem, unsigned n);

/* A buffer as an empty packet, or NULL when there is none. */
static inline struct pkt *pool_get(struct pool *pool)
{
	return pool->n_free ? pool->stack[--pool->n_free] : NULL;
}

/* Give a whole packet back, each buffer to the pool it came from. */
static inline void pool_put(struct pkt *p)
{
	while (p) {
		struct pkt *next = p->next;

		p->next = NULL;
		p->pool->stack[p->pool->n_free++] = p;
		p = next;
	}
}

#endif
