/* SPDX-License-Identifier: BSD-2-Clause */
/* Choice of the output queue of a cross-connect. */
#include "core/xconnect.h"

#include "core/flow.h"

unsigned xconnect_fan_out(unsigned idx, unsigned n, unsigned n_peer, unsigned *first)
{
	*first = 0;
	if (n < n_peer)
		return n_peer;
	*first = n_peer ? idx % n_peer : 0;
	return n_peer ? 1 : 0;
}

/* Classes first, then one simple send per class, in the order of arrival. */
static void spread(struct queue *q, struct burst *b)
{
	unsigned class[BURST_MAX], left = b->n, first = 0;
	struct burst one;

	for (unsigned i = 0; i < b->n; i++)
		class[i] = flow_hash(b->pkts[i], q->flow_seed) % q->n_out;
	while (left) {
		unsigned to;

		while (!b->pkts[first])
			first++;
		to = class[first];
		one.n = 0;
		for (unsigned i = first; i < b->n; i++) {
			if (!b->pkts[i] || class[i] != to)
				continue;
			burst_add(&one, b->pkts[i]);
			b->pkts[i] = NULL;
		}
		left -= one.n;
		queue_tx(q->out[to], &one);
	}
}

void xconnect_send(struct queue *q, struct burst *b)
{
	if (q->n_out == 1) {
		queue_tx(q->out[0], b);
	} else if (q->n_out > 1) {
		spread(q, b);
	} else {
		for (unsigned i = 0; i < b->n; i++)
			queue_drop(q, b->pkts[i], DROP_rx_unconnected);
	}
}
