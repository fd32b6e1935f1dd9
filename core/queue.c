/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of a queue and their counting. */
#include "core/queue.h"

#include "core/offload.h"

void queue_rx(struct queue *q, struct burst *b)
{
	uint64_t bytes = 0, gso = 0;

	b->n = 0;
	q->ops->rx(q, b);
	if (!b->n)
		return;
	for (unsigned i = 0; i < b->n; i++) {
		const struct pkt *p = b->pkts[i];

		bytes += pkt_frame_len(p);
		gso += p->len >= PKT_VNET_LEN && pkt_is_gso(p);
	}
	counter_add(&q->count.rx_packets, b->n);
	counter_add(&q->count.rx_bytes, bytes);
	if (gso)
		counter_add(&q->count.rx_gso_packets, gso);
	counter_add(&q->count.rx_bursts, 1);
}

/* Count a burst of what the output takes, and hand it over; *b is empty then. */
static void send(struct queue *q, struct burst *b)
{
	uint64_t bytes = 0, gso = 0;

	if (!b->n)
		return;
	for (unsigned i = 0; i < b->n; i++) {
		bytes += pkt_frame_len(b->pkts[i]);
		gso += pkt_is_gso(b->pkts[i]);
	}
	counter_add(&q->count.tx_packets, b->n);
	counter_add(&q->count.tx_bytes, bytes);
	if (gso)
		counter_add(&q->count.tx_gso_packets, gso);
	counter_add(&q->count.tx_bursts, 1);
	q->ops->tx(q, b);
	b->n = 0;
}

/*
 * The segments of g behind what b has; full bursts go. Without a buffer, what holds
 * some goes first; the segments that even then have none are dropped.
 */
static void send_segments(struct queue *q, struct offload_gso *g, struct pool *pool,
			  struct burst *b)
{
	for (;;) {
		offload_more(g, pool, b);
		if (!offload_n_left(g))
			return;
		send(q, b);
		if (!pool->n_free && q->ops->reclaim)
			q->ops->reclaim(q);
		if (!pool->n_free)
			break;
	}
	counter_add(&q->count.drops[DROP_tx_no_buffer], offload_n_left(g));
}

/* Each segment is a packet of its own from here on. */
static void segment(struct queue *q, struct pkt *p, struct burst *b)
{
	struct offload_gso g;
	unsigned n = offload_start(&g, p, q->caps);

	if (!n) {
		queue_drop(q, p, DROP_tx_offload);
		return;
	}
	counter_add(&q->count.tx_made_packets, n - 1);
	counter_add(&q->count.tx_made_bytes, (uint64_t)(n - 1) * g.header_len);
	counter_add(&q->count.tx_sw_gso, 1);
	send_segments(q, &g, p->pool, b);
	pool_put(p);
}

static void finish_csum(struct queue *q, struct pkt *p)
{
	offload_csum(p);
	counter_add(&q->count.tx_sw_csum, 1);
}

/* Bring each packet into a form that the output takes, and send it, in order. */
static void fit_and_send(struct queue *q, const struct burst *b)
{
	struct burst out;

	out.n = 0;
	for (unsigned i = 0; i < b->n; i++) {
		struct pkt *p = b->pkts[i];
		enum offload_fit fit = offload_fit(p, q->caps);

		if (fit == OFFLOAD_FIT_gso) {
			segment(q, p, &out);
			continue;
		}
		if (fit == OFFLOAD_FIT_csum)
			finish_csum(q, p);
		if (out.n == BURST_MAX)
			send(q, &out);
		burst_add(&out, p);
	}
	send(q, &out);
}

void queue_tx(struct queue *q, struct burst *b)
{
	if (q->caps == OFFLOAD_ALL)
		send(q, b);
	else
		fit_and_send(q, b);
}
