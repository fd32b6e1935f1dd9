/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop of a sender: when, what, how long. */
#include "bench/wire/wire_send.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "bench/bench_clock.h"

enum {
	SLICE_NS = 100000000, /* of a long wait: then stop and time are looked at */
	AWAKE_NS = 5000,      /* shorter waits are not worth a sleep */
	SLOW_PERCENT = 99,
};

struct sender {
	const struct wire_send_wish *w;
	struct wire_send_result *r;
	struct gen_slot *slots; /* of the wire_tx's buffers */
	struct wire_pace pace;
	uint64_t start, end, told; /* told: whole seconds of progress */
	uint64_t limit;		   /* frames */
	bool is_over;		   /* a pcap has ended */
};

/* Is there a reason to end, other than the number of frames? Tells of progress, too. */
static bool has_ended(struct sender *s, uint64_t now)
{
	const struct wire_send_wish *w = s->w;

	if (w->progress && now - s->start >= (s->told + 1) * BENCH_CLOCK_S) {
		s->told = (now - s->start) / BENCH_CLOCK_S;
		w->progress(w->arg, s->r->offered, (double)(now - s->start) / 1e9);
	}
	return now >= s->end ||
	       (w->stop && atomic_load_explicit(w->stop, memory_order_relaxed));
}

/* Until due; false when the end came first. */
static bool wait_until(struct sender *s, uint64_t due)
{
	uint64_t now = bench_clock_ns();

	while (now < due) {
		uint64_t until = due - now > SLICE_NS ? now + SLICE_NS : due;

		if (has_ended(s, now))
			return false;
		if (!s->w->spin && until - now > AWAKE_NS)
			bench_clock_sleep_until(until);
		now = bench_clock_ns();
	}
	return !has_ended(s, now);
}

/* Up to n frames into the wire_tx's buffers, and to the kernel. */
static int send_some(struct sender *s, unsigned n, struct err *e)
{
	const struct wire_send_wish *w = s->w;
	uint64_t now = bench_clock_ns();
	unsigned i, idx;

	for (i = 0; i < n && !s->is_over; i++) {
		uint8_t *buf = wire_tx_buffer(w->tx, &idx);
		size_t len;

		if (!buf)
			break;
		if (s->pace.pps > 0 && i)
			now = bench_clock_ns();
		len = gen_stamp(w->gen, &s->slots[idx], buf, now);
		if (len)
			wire_tx_put(w->tx, len);
		else
			s->is_over = true;
	}
	if (s->is_over)
		i--;
	s->r->offered += i;
	return wire_tx_flush(w->tx, e);
}

/* n frames at once; as many as there are when the end comes first. */
static int send_burst(struct sender *s, uint64_t n, struct err *e)
{
	uint64_t until = s->r->offered + n;
	int rc = 0;

	while (!rc && s->r->offered < until && !s->is_over) {
		uint64_t left = until - s->r->offered, before = s->r->offered;

		rc = send_some(s, left > WIRE_BATCH ? WIRE_BATCH : (unsigned)left, e);
		if (s->r->offered == before && has_ended(s, bench_clock_ns()))
			break;
	}
	return rc;
}

static int run_paced(struct sender *s, struct err *e)
{
	int rc = 0;

	while (!rc && s->r->offered < s->limit && !s->is_over) {
		uint64_t n = s->limit - s->r->offered;

		if (!wait_until(s, wire_pace_due(&s->pace)))
			break;
		wire_pace_step(&s->pace, bench_clock_ns());
		rc = send_burst(s, n > s->pace.burst ? s->pace.burst : n, e);
	}
	return rc;
}

static int run_recorded(struct sender *s, struct err *e)
{
	int rc = 0;

	while (!rc && s->r->offered < s->limit && !s->is_over) {
		if (!wait_until(s, s->start + gen_next_due_ns(s->w->gen)))
			break;
		rc = send_burst(s, 1, e);
	}
	return rc;
}

static void prepare(struct sender *s, double pps)
{
	const struct wire_send_wish *w = s->w;
	double due = w->seconds > 0 ? pps * w->seconds : 0;

	s->start = bench_clock_ns();
	s->limit = w->count ? w->count : UINT64_MAX;
	if (due > 0 && due < 1e18 && (uint64_t)llround(due) < s->limit)
		s->limit = (uint64_t)llround(due);
	s->end = UINT64_MAX;
	if (w->seconds > 0 && w->seconds < 1e9) {
		s->end = s->start + (uint64_t)(w->seconds * 1e9);
		if (due > 0) /* the last one may be as late as any other */
			s->end += WIRE_PACE_LATE_NS;
	}
	wire_pace_init(&s->pace, pps, w->burst, s->start);
}

static void sum_up(struct sender *s, const struct wire_tx_count *before,
		   const struct gen_taken *taken)
{
	struct wire_send_result *r = s->r;
	struct wire_tx_count after = wire_tx_count_of(s->w->tx);
	struct gen_taken now = gen_taken_of(s->w->gen);

	r->seconds = (double)(bench_clock_ns() - s->start) / 1e9;
	r->wish_pps = s->pace.pps;
	if (s->pace.pps > 0 && r->seconds < (double)r->offered / s->pace.pps)
		r->seconds = (double)r->offered / s->pace.pps;
	r->sent = after.sent - before->sent;
	r->refused = after.refused - before->refused;
	r->calls = after.calls - before->calls;
	r->units = now.units - taken->units;
	r->bytes = now.bytes - taken->bytes;
	r->pps = r->seconds > 0 ? (double)r->offered / r->seconds : 0;
	r->late_max_ns = s->pace.late_max_ns;
	r->slipped = s->pace.slipped;
	r->burst = s->pace.burst;
	r->is_slow = r->wish_pps > 0 &&
		     (r->slipped || r->pps * 100 < r->wish_pps * SLOW_PERCENT);
}

int wire_send(const struct wire_send_wish *w, struct wire_send_result *r, struct err *e)
{
	struct wire_tx_count before = wire_tx_count_of(w->tx);
	struct gen_taken taken = gen_taken_of(w->gen);
	struct sender s = {.w = w, .r = r};
	int rc;

	*r = (struct wire_send_result){0};
	s.slots = calloc(wire_tx_n_buffers(w->tx), sizeof(*s.slots));
	if (!s.slots)
		return err_set(e, -ENOMEM, "no memory for a sender");
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	prepare(&s, wire_pace_pps(&w->rate, w->mean_len));
	rc = w->rate.kind == WIRE_PACE_recorded ? run_recorded(&s, e) : run_paced(&s, e);
	sum_up(&s, &before, &taken);
	free(s.slots);
	return rc;
}
