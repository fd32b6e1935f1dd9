/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_send: sends a gen's frames through a wire_tx at a rate, bounded by time and count.
 */
#ifndef BENCH_WIRE_WIRE_SEND_H
#define BENCH_WIRE_WIRE_SEND_H

#include <stdatomic.h>

#include "bench/pktgen/gen.h"
#include "bench/wire/wire_pace.h"
#include "bench/wire/wire_tx.h"

struct wire_send_wish {
	struct gen *gen;
	struct wire_tx *tx;	    /* opened for gen_max_len(gen) */
	struct wire_pace_rate rate; /* WIRE_PACE_max: flat out */
	double mean_len;	    /* of a frame, without header; for rates of a line */
	double seconds;		    /* 0 = no limit */
	uint64_t count;		    /* frames; 0 = no limit */
	unsigned burst;		    /* 0 = even */
	bool spin;		    /* never sleep between frames */
	const atomic_bool *stop;    /* set by others: end early; may be NULL */
	void (*progress)(void *arg, uint64_t offered, double seconds); /* each second */
	void *arg;
};

struct wire_send_result {
	uint64_t offered, sent, refused; /* offered = sent + refused */
	uint64_t units, bytes;		 /* of those offered, see gen_taken */
	uint64_t calls;
	double seconds;	 /* from the first frame to the end of the last one's time */
	double wish_pps; /* 0: flat out */
	double pps;	 /* offered per second */
	uint64_t late_max_ns, slipped; /* see wire_pace */
	unsigned burst;
	bool is_slow; /* the rate was not reached: below 99 % of it, or slipped */
};

/*
 * Send, in the calling thread, until a limit is reached, a pcap has ended or stop is set.
 * With a rate and seconds, exactly rate * seconds frames are due. *r is filled in every
 * case. 0 or a negative errno.
 */
int wire_send(const struct wire_send_wish *w, struct wire_send_result *r, struct err *e);

#endif
