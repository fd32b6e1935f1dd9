/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kinds of wire_tx have in common, for wire_tx*.c alone. */
#ifndef BENCH_WIRE_WIRE_TX_OWN_H
#define BENCH_WIRE_WIRE_TX_OWN_H

#include "bench/wire/wire_tx.h"

/*
 * How it works: next is the buffer that wire_tx_buffer() gives, first the oldest that was
 * put and not yet flushed; they go round. A kind's flush takes from first to next.
 */
struct wire_tx_ops {
	int (*open)(struct wire_tx *t, struct err *e); /* in the namespace; on failure
							  close follows */
	void (*close)(struct wire_tx *t);
	bool (*is_free)(struct wire_tx *t, unsigned idx); /* NULL = once flushed */
	void (*put)(struct wire_tx *t, unsigned idx, size_t len);
	int (*flush)(struct wire_tx *t, struct err *e);
};

extern const struct wire_tx_ops wire_tx_mmsg_ops, wire_tx_ring_ops, wire_tx_tap_ops;

struct wire_tx {
	const struct wire_tx_ops *ops;
	struct wire_tx_wish wish; /* at.ifname is ifname */
	char ifname[IFNAMSIZ];
	struct link_info info;
	int fd; /* -1 = none */
	uint8_t **buf;
	unsigned n_bufs, next, first, n_put;
	size_t too_long; /* a frame that was put and cannot be sent; 0 = none */
	struct wire_tx_count count;
	void *own; /* of the kind */
};

/* An AF_PACKET socket bound to t->info, that receives nothing. */
int wire_tx_socket(struct wire_tx *t, struct err *e);

/* Memory for t->n_bufs buffers, each of max_len. */
int wire_tx_memory(struct wire_tx *t, struct err *e);

/* Is code one frame's refusal, and not the end of sending? */
bool wire_tx_is_refusal(int code);

/* The sentence for an interface that sends no more. */
int wire_tx_failed(struct wire_tx *t, int code, struct err *e);

#endif
