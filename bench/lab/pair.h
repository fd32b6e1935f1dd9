/* SPDX-License-Identifier: BSD-2-Clause */
/* pair: the traffic of one pair of ports: a sender at the even end, a receiver at the odd
 * one, each in a thread of its own where it needs one. */
#ifndef BENCH_LAB_PAIR_H
#define BENCH_LAB_PAIR_H

#include <pthread.h>
#include <stdatomic.h>

#include "bench/lab/trial.h"
#include "bench/pktgen/gen.h"
#include "bench/pktgen/gen_check.h"
#include "bench/wire/wire_rx.h"
#include "bench/wire/wire_send.h"

/*
 * How it works: the measuring thread opens all, starts the sender's thread, waits for its
 * end, and drains. With check, the receiver's thread looks at the frames between
 * pair_open and pair_drain; the counts are read when it has ended.
 */
struct pair {
	const struct trial_wish *wish;
	struct gen_spec spec;
	struct gen *gen;
	struct wire_tx *tx;
	struct wire_rx *rx;
	struct gen_check *check; /* NULL: count */
	struct hist *latency;
	int gen_cpu;
	double seconds;
	uint64_t count;
	atomic_bool *stop;	  /* ends all senders */
	atomic_bool is_quiet;	  /* ends the receiver */
	atomic_uint *n_sending;	  /* senders that have not ended */
	atomic_uint_fast64_t got; /* units so far, for whoever waits for quiet */
	pthread_t sender, receiver;
	bool has_sender, has_receiver;
	struct wire_send_result sent;
	struct err send_err, receive_err;
	int send_rc, receive_rc;
};

/* Every pointer NULL: pair_close may follow. */
void pair_init(struct pair *p);

/* run: the tag of its frames, different for each sending. */
int pair_open(struct pair *p, struct lab *l, unsigned port, const struct trial_wish *w,
	      uint16_t run, struct err *e);
void pair_close(struct pair *p);

/* Start to send; gen_cpu -1: anywhere. */
int pair_start(struct pair *p, struct err *e);

/* Wait for the sender's end: 0 or its error. */
int pair_join(struct pair *p, struct err *e);

/* Units received so far; exact after pair_end. */
uint64_t pair_received(struct pair *p);

/* End the receiver; after it the counts stand. */
int pair_end(struct pair *p, struct err *e);

#endif
