/* SPDX-License-Identifier: BSD-2-Clause */
/* A bridge whose ports' frames come from and go to the test. */
#ifndef TESTS_UNIT_BRIDGE_LAB_H
#define TESTS_UNIT_BRIDGE_LAB_H

#include "tests/unit/fdb_lab.h"

#include "core/bridge.h"
#include "core/offload.h"

enum {
	LAB_PORTS = 6,
	LAB_QUEUES = 4,
	LAB_BUFS = 600,
	LAB_FRAME = 120, /* bytes that are kept of a frame */
	LAB_LOG = 700,
	LAB_PAYLOAD = 40,
};

struct lab_frame {
	struct virtio_net_hdr_v1 h;
	uint32_t len;
	uint8_t at[LAB_FRAME];
};

struct lab_queue {
	struct queue q; /* first */
	unsigned n, n_bursts;
	struct lab_frame log[LAB_LOG];
};

struct bridge_lab {
	struct fdb_lab fdb;
	struct pool pool;
	void *mem;
	struct bridge br;
	struct bridge_port ports[LAB_PORTS];
	struct bridge_out outs[LAB_PORTS];
	struct bridge_worker w;
	struct lab_queue q[LAB_PORTS][LAB_QUEUES];
	struct queue *views[LAB_PORTS][LAB_QUEUES];
	struct bridge_time now;
};

static inline void lab_tx(struct queue *q, const struct burst *b)
{
	struct lab_queue *lq = (struct lab_queue *)q;

	assert_in_range(b->n, 1, BURST_MAX);
	lq->n_bursts++;
	for (unsigned i = 0; i < b->n; i++) {
		struct lab_frame *f = &lq->log[lq->n++];
		uint8_t copy[LAB_FRAME];

		assert_true(lq->n <= LAB_LOG);
		f->h = *pkt_vnet(b->pkts[i]);
		f->len = pkt_frame_len(b->pkts[i]);
		assert_true(f->len <= LAB_FRAME);
		memcpy(f->at, pkt_bytes(b->pkts[i], 0, f->len, copy), f->len);
		pool_put(b->pkts[i]);
	}
}

static inline void lab_open(struct bridge_lab *l, uint32_t ageing_ms, uint64_t seed)
{
	static const struct queue_ops ops = {NULL, lab_tx, NULL};

	memset(l, 0, sizeof(*l));
	fdb_lab_open(&l->fdb, 4000, LAB_PORTS, ageing_ms, seed);
	l->mem = aligned_alloc(64, (pool_mem_len(LAB_BUFS) + 63) / 64 * 64);
	assert_non_null(l->mem);
	pool_init(&l->pool, l->mem, LAB_BUFS);
	for (unsigned p = 0; p < LAB_PORTS; p++) {
		l->ports[p].flags = BRIDGE_FLAGS;
		l->outs[p] = (struct bridge_out){l->views[p], 1};
		for (unsigned i = 0; i < LAB_QUEUES; i++) {
			l->views[p][i] = &l->q[p][i].q;
			l->q[p][i].q.ops = &ops;
			l->q[p][i].q.caps = OFFLOAD_ALL;
		}
	}
	l->br = (struct bridge){.fdb = &l->fdb.f,
				.ports = l->ports,
				.n_ports = LAB_PORTS,
				.vlan_proto = VLAN_8021Q};
	l->w = (struct bridge_worker){
		.bridge = &l->br, .outs = l->outs, .pool = &l->pool, .flow_seed = seed};
}

static inline void lab_close(struct bridge_lab *l)
{
	assert_int_equal(l->pool.n_free, LAB_BUFS);
	free(l->mem);
	fdb_lab_close(&l->fdb);
}

static inline void lab_clock(struct bridge_lab *l, uint64_t ms)
{
	l->now = (struct bridge_time){fdb_tick(&l->fdb.f, ms), ms * 1000000};
}

/* Bytes as a packet of the pool, in one buffer or (cut > 0) in two. */
static inline struct pkt *lab_pkt(struct bridge_lab *l, const struct virtio_net_hdr_v1 *h,
				  const uint8_t *b, uint32_t len, uint32_t cut)
{
	struct pkt *p = pool_get(&l->pool), *tail;
	uint32_t head = cut && cut < len ? cut : len;

	assert_non_null(p);
	pkt_reset(p, PKT_VNET_LEN + head);
	memset(p->data, 0, PKT_VNET_LEN);
	if (h)
		memcpy(p->data, h, PKT_VNET_LEN);
	memcpy(p->data + PKT_VNET_LEN, b, head);
	if (head == len)
		return p;
	tail = pool_get(&l->pool);
	assert_non_null(tail);
	pkt_reset(tail, len - head);
	memcpy(tail->data, b + head, len - head);
	pkt_chain(p, tail);
	return p;
}

/* Send it as if it had been received at the port's first queue. */
static inline void lab_send(struct bridge_lab *l, unsigned port, struct burst *b)
{
	struct queue *in = l->views[port][0];

	in->count.rx_packets += b->n;
	bridge_send(&l->w, port, in, b, l->now);
}

/* received + copies + made = sent + drops */
static inline void lab_conserved(const struct bridge_lab *l)
{
	uint64_t in = 0, out = 0;

	for (unsigned p = 0; p < LAB_PORTS; p++) {
		for (unsigned i = 0; i < LAB_QUEUES; i++) {
			const struct counters *c = &l->q[p][i].q.count;

			in += c->rx_packets + c->copies + c->tx_made_packets;
			out += c->tx_packets + counters_drops(c);
		}
	}
	assert_int_equal(in, out);
}

static inline void lab_forget(struct bridge_lab *l)
{
	for (unsigned p = 0; p < LAB_PORTS; p++)
		for (unsigned i = 0; i < LAB_QUEUES; i++)
			l->q[p][i].n = l->q[p][i].n_bursts = 0;
}

#endif
