/* SPDX-License-Identifier: BSD-2-Clause */
/* Laying a pool out in its memory. */
#include "core/pool.h"

static size_t lines(size_t len)
{
	return (len + 63) / 64 * 64;
}

size_t pool_mem_len(unsigned n)
{
	return lines(n * sizeof(struct pkt)) + lines(n * sizeof(struct pkt *)) +
	       (size_t)n * PKT_BUF_LEN;
}

void pool_init(struct pool *pool, void *mem, unsigned n)
{
	uint8_t *at = mem;

	pool->pkts = mem;
	at += lines(n * sizeof(struct pkt));
	pool->stack = (struct pkt **)(void *)at;
	at += lines(n * sizeof(struct pkt *));
	pool->bufs = at;
	pool->n = n;
	pool->n_free = 0;
	while (n-- > 0) {
		struct pkt *p = &pool->pkts[n];

		p->buf = pool->bufs + (size_t)n * PKT_BUF_LEN;
		p->pool = pool;
		p->idx = (uint16_t)n;
		pkt_reset(p, 0);
		pool_put(p);
	}
}
