/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_tx: puts frames on an interface, in batches. */
#ifndef BENCH_WIRE_WIRE_TX_H
#define BENCH_WIRE_WIRE_TX_H

#include "bench/wire/wire.h"

/*
 * How it works: a wire_tx owns its buffers (a TX_RING's are shared with the kernel). The
 * sender fills the one that wire_tx_buffer() gives, says its length with wire_tx_put(),
 * and every WIRE_BATCH frames or sooner calls wire_tx_flush(), which gives them to the
 * kernel. Each frame that was put is afterwards either sent or refused: the device had no
 * room for it. A refused one is not tried again: for the receiver it is lost. One thread
 * at a time.
 */
enum wire_tx_kind {
	WIRE_TX_sendmmsg, /* AF_PACKET, past the qdisc */
	WIRE_TX_txring,	  /* AF_PACKET with TPACKET_V2 TX_RING, past the qdisc */
	WIRE_TX_tap,	  /* the user side of a TAP, as if a forwarder sent */
	WIRE_TX_N_KINDS,
};

struct wire_tx_wish {
	enum wire_tx_kind kind;
	struct wire_place at;
	int fd;		/* tap: one that is open, stays the caller's; -1 = open at.ifname,
			     which is created if there is none */
	bool vnet;	/* frames are put with a virtio-net header of WIRE_VNET_LEN */
	size_t max_len; /* longest [header and] frame that will be put; 0 = any */
};

struct wire_tx_count {
	uint64_t put, sent, refused; /* frames; put = sent + refused after a flush */
	uint64_t calls;		     /* system calls that it took */
};

struct wire_tx;

/* "sendmmsg", ...; NULL behind the last one. */
const char *wire_tx_kind_name(enum wire_tx_kind kind);
int wire_tx_kind_parse(const char *word, enum wire_tx_kind *kind, struct err *e);

/* *w is copied, its ifname too. On failure nothing is left and *t is NULL. */
int wire_tx_open(struct wire_tx **t, const struct wire_tx_wish *w, struct err *e);
void wire_tx_close(struct wire_tx *t); /* NULL is fine; what was put and not flushed is
					  forgotten */

/* How many buffers there are; numbered from 0. */
unsigned wire_tx_n_buffers(const struct wire_tx *t);

/*
 * The next buffer, max_len bytes, and its number. It holds what was put into it the last
 * time, unchanged. NULL: all are waiting: flush.
 */
uint8_t *wire_tx_buffer(struct wire_tx *t, unsigned *idx);
void wire_tx_put(struct wire_tx *t, size_t len);

/* 0, or a negative errno with a sentence when the interface cannot send any more. */
int wire_tx_flush(struct wire_tx *t, struct err *e);

struct wire_tx_count wire_tx_count_of(const struct wire_tx *t);

#endif
