/* SPDX-License-Identifier: BSD-2-Clause */
/* Loss, duplicates and order of numbered frames, flow by flow. */
#ifndef BENCH_FLOW_CHECK_H
#define BENCH_FLOW_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bench/bench_frame.h"

/*
 * How it works: per flow, next is one past the highest number seen, and seen
 * holds a bit for each of the FLOW_CHECK_WINDOW numbers below it. A number
 * below next is a duplicate if its bit is set, else it came out of order.
 */
enum { FLOW_CHECK_WINDOW = 4096 };

struct flow_check_flow {
	uint64_t next, unique;
	uint64_t seen[FLOW_CHECK_WINDOW / 64];
};

struct flow_check {
	uint32_t run; /* the first one seen; others are counted apart */
	bool has_run;
	uint64_t other_runs, duplicates, out_of_order;
	struct flow_check_flow flows[BENCH_FRAME_FLOWS_MAX];
};

static inline bool flow_check_seen(struct flow_check_flow *f, uint64_t seq)
{
	uint64_t bit = 1ULL << (seq % 64), *word = &f->seen[seq % FLOW_CHECK_WINDOW / 64];
	bool was = *word & bit;

	*word |= bit;
	return was;
}

static inline void flow_check_advance(struct flow_check_flow *f, uint64_t seq)
{
	if (seq - f->next >= FLOW_CHECK_WINDOW)
		memset(f->seen, 0, sizeof(f->seen));
	else
		for (uint64_t s = f->next; s <= seq; s++)
			f->seen[s % FLOW_CHECK_WINDOW / 64] &= ~(1ULL << (s % 64));
	f->next = seq + 1;
}

static inline void flow_check_take(struct flow_check *c, uint32_t run, unsigned flow,
				   uint64_t seq)
{
	struct flow_check_flow *f = &c->flows[flow % BENCH_FRAME_FLOWS_MAX];

	if (!c->has_run) {
		c->run = run;
		c->has_run = true;
	}
	if (run != c->run) {
		c->other_runs++;
		return;
	}
	if (seq >= f->next) {
		flow_check_advance(f, seq);
		flow_check_seen(f, seq);
		f->unique++;
	} else if (f->next - seq <= FLOW_CHECK_WINDOW && flow_check_seen(f, seq)) {
		c->duplicates++;
	} else {
		c->out_of_order++;
		f->unique++;
	}
}

/* Numbers below each flow's highest that never came; the tail cannot be known here. */
static inline uint64_t flow_check_lost(const struct flow_check *c)
{
	uint64_t lost = 0;
	unsigned i;

	for (i = 0; i < BENCH_FRAME_FLOWS_MAX; i++)
		lost += c->flows[i].next - c->flows[i].unique;
	return lost;
}

static inline unsigned flow_check_n_flows(const struct flow_check *c)
{
	unsigned i, n = 0;

	for (i = 0; i < BENCH_FRAME_FLOWS_MAX; i++)
		n += c->flows[i].next > 0;
	return n;
}

#endif
