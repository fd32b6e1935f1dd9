/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a packet, readable on one screen. */
#include "core/forward.h"

#include "core/bridge.h"
#include "core/vnet.h"
#include "core/xconnect.h"

void forward_ready(struct forward *f, struct queue *q)
{
	if (q->is_ready)
		return;
	q->is_ready = true;
	q->next_ready = NULL;
	if (f->last)
		f->last->next_ready = q;
	else
		f->first = q;
	f->last = q;
}

/* Keep what may reach a kernel interface; drop the rest by name. */
static void filter(struct queue *q, struct burst *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++) {
		enum drop why = vnet_check(b->pkts[i]);

		if (why == DROP_none)
			b->pkts[n++] = b->pkts[i];
		else
			queue_drop(q, b->pkts[i], why);
	}
	b->n = n;
}

static void forward_burst(const struct forward *f, struct queue *q,
			  struct forward_turn *turn)
{
	uint64_t bytes = q->count.rx_bytes;
	struct burst b;

	queue_rx(q, &b);
	if (!b.n)
		return;
	turn->only = turn->packets && turn->only != q ? NULL : q;
	turn->packets += b.n;
	turn->bytes += q->count.rx_bytes - bytes;
	filter(q, &b);
	if (q->bridge)
		bridge_send(q->bridge, q->bridge_port, q, &b,
			    bridge_time_of(q->bridge->bridge, f->now_ns));
	else
		xconnect_send(q, &b);
}

struct forward_turn forward_turn(struct forward *f)
{
	struct forward_turn turn = {0};
	struct queue *q = f->first, *next;

	f->first = f->last = NULL;
	for (; q; q = next) {
		next = q->next_ready;
		q->is_ready = false;
		do
			forward_burst(f, q, &turn);
		while (q->has_more);
	}
	return turn;
}
