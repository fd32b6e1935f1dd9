/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of a queue and their counting. */
#include "core/queue.h"

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

static void drop_offloaded(struct queue *q, struct burst *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++) {
		if (pkt_is_offloaded(b->pkts[i]))
			queue_drop(q, b->pkts[i], DROP_tx_offload);
		else
			b->pkts[n++] = b->pkts[i];
	}
	b->n = n;
}

void queue_tx(struct queue *q, struct burst *b)
{
	uint64_t bytes = 0, gso = 0;

	if (!q->can_offload)
		drop_offloaded(q, b);
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
}
