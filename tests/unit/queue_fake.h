/* SPDX-License-Identifier: BSD-2-Clause */
/* A queue whose frames come from and go to the test, over a real pool. */
#ifndef TESTS_UNIT_QUEUE_FAKE_H
#define TESTS_UNIT_QUEUE_FAKE_H

#include "tests/unit/frame_make.h"

#include "core/offload.h"
#include "core/queue.h"

enum { FAKE_BUFS = 200, FAKE_LOG = 20000 };

struct fake {
	struct queue q; /* first */
	struct pool *pool;
	/* what rx gives: n packets a burst, until left is used up */
	unsigned left, per_burst;
	void (*fill)(struct fake *f, struct pkt *p);
	void (*on_rx)(struct fake *f); /* NULL = nothing */
	uint64_t n_rx_calls, n_made;
	/* what tx got: the frame's flow and number, see fake_frame */
	unsigned n_bursts, n_sent;
	uint32_t flow[FAKE_LOG], number[FAKE_LOG];
	unsigned fail_every; /* each so many-th fails with EIO; 0 = none */
};

static inline void fake_rx(struct queue *q, struct burst *b)
{
	struct fake *f = (struct fake *)q;

	f->n_rx_calls++;
	for (unsigned i = 0; i < f->per_burst && f->left; i++) {
		struct pkt *p = pool_get(f->pool);

		assert_non_null(p);
		f->left--;
		f->n_made++;
		f->fill(f, p);
		burst_add(b, p);
	}
	if (f->on_rx)
		f->on_rx(f);
}

static inline void fake_tx(struct queue *q, const struct burst *b)
{
	struct fake *f = (struct fake *)q;

	assert_in_range(b->n, 1, BURST_MAX);
	f->n_bursts++;
	for (unsigned i = 0; i < b->n; i++) {
		struct pkt *p = b->pkts[i];

		assert_true(f->n_sent < FAKE_LOG);
		memcpy(&f->flow[f->n_sent], p->data + PKT_VNET_LEN + 26, 4);
		memcpy(&f->number[f->n_sent], p->data + PKT_VNET_LEN + 42, 4);
		f->n_sent++;
		if (f->fail_every && f->n_sent % f->fail_every == 0) {
			counter_add(&q->count.tx_failed_packets, 1);
			counter_add(&q->count.tx_failed_bytes, pkt_frame_len(p));
			queue_drop(q, p, DROP_tx_link_down);
		} else {
			pool_put(p);
		}
	}
}

/* A good UDP frame of 60 bytes: flow is its source address, number its payload. */
static inline void fake_frame(struct pkt *p, uint32_t flow, uint32_t number)
{
	static struct made m; /* the tests have one thread */

	make_eth(&m, 0, ETHERTYPE_V4);
	make_ipv4(&m, 0, PROTO_UDP, 0);
	make_udp(&m, 18);
	memcpy(m.at + 26, &flow, 4);
	memcpy(m.at + 42, &number, 4);
	pkt_reset(p, PKT_VNET_LEN + m.len);
	memset(p->data, 0, PKT_VNET_LEN);
	memcpy(p->data + PKT_VNET_LEN, m.at, m.len);
}

static inline void fake_fill_numbered(struct fake *f, struct pkt *p)
{
	fake_frame(p, (uint32_t)f->n_made % 37, (uint32_t)f->n_made);
}

static inline void fake_init(struct fake *f, struct pool *pool)
{
	static const struct queue_ops ops = {fake_rx, fake_tx, NULL};

	memset(f, 0, sizeof(*f));
	f->q.ops = &ops;
	f->q.caps = OFFLOAD_ALL;
	f->q.flow_seed = 77;
	f->pool = pool;
	f->per_burst = BURST_MAX;
	f->fill = fake_fill_numbered;
}

/* The pool of a test; free its stack's memory by fake_pool_close. */
static inline void fake_pool_open(struct pool *pool, void **mem)
{
	*mem = aligned_alloc(64, (pool_mem_len(FAKE_BUFS) + 63) / 64 * 64);
	assert_non_null(*mem);
	pool_init(pool, *mem, FAKE_BUFS);
}

static inline void fake_pool_close(struct pool *pool, void **mem)
{
	assert_int_equal(pool->n_free, FAKE_BUFS); /* every buffer came home, once */
	free(*mem);
	*mem = NULL;
}

/* received + made = sent + drops, over all of them */
static inline void fake_conserved(struct fake *const *f, unsigned n)
{
	uint64_t rx = 0, sent = 0, drops = 0, bytes = 0, sent_bytes = 0;

	for (unsigned i = 0; i < n; i++) {
		rx += f[i]->q.count.rx_packets + f[i]->q.count.tx_made_packets;
		bytes += f[i]->q.count.rx_bytes + f[i]->q.count.tx_made_bytes;
		sent += counters_sent_packets(&f[i]->q.count);
		sent_bytes += counters_sent_bytes(&f[i]->q.count);
		drops += counters_drops(&f[i]->q.count);
	}
	assert_int_equal(rx, sent + drops);
	if (!drops)
		assert_int_equal(bytes, sent_bytes);
}

#endif
