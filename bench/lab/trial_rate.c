/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames through a forwarder, at a rate or flat out: what came, and what it cost. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench_clock.h"
#include "bench/lab/pair.h"
#include "bench/lab/probe_perf.h"
#include "bench/lab/trial_inside.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire_ceiling.h"

/*
 * How it works: every pair of ports has its sender's thread. When the last one has ended,
 * frames are waited for until all have come, or none came for QUIET_MS. The forwarder's
 * CPU time is taken up to the last look at which frames had come, so that a polling one
 * is not charged for the silence.
 */
enum { LOOK_MS = 5, CHECK_MS = 200, QUIET_MS = 200, EVENT_MS = 60000 };

/* Counters beside; perf is read with each look, so that silence is not counted. */
struct beside {
	struct probe_perf perf[2];
	uint64_t count[2];
	unsigned n_perf;
	bool has_calls; /* the case's own count */
	uint64_t calls;
};

struct sending {
	struct lab *l;
	const struct trial_wish *wish;
	struct pair pair[CASE_PORTS_MAX / 2];
	unsigned n;
	atomic_bool stop;
	atomic_uint n_sending;
	struct lab_usage from, to;
	struct beside beside;
};

static void pause_ms(unsigned ms)
{
	bench_clock_sleep_until(bench_clock_ns() + (uint64_t)ms * 1000000);
}

static void close_all(struct sending *s)
{
	for (unsigned i = 0; i < s->n; i++)
		pair_close(&s->pair[i]);
	free(s);
}

static int open_all(struct sending **to, struct lab *l, const struct trial_wish *w,
		    struct err *e)
{
	static uint16_t run;
	struct sending *s = calloc(1, sizeof(*s));
	int rc = 0;

	*to = NULL;
	if (!s)
		return err_set(e, -ENOMEM, "not enough memory for a trial");
	s->l = l;
	s->wish = w;
	for (s->n = 0; s->n < w->n_ports / 2 && !rc; s->n++) {
		struct pair *p = &s->pair[s->n];

		pair_init(p);
		p->stop = &s->stop;
		p->n_sending = &s->n_sending;
		p->gen_cpu = trial_cpus_of(w).gen;
		rc = pair_open(p, l, 2 * s->n, w, ++run, e);
	}
	if (rc)
		close_all(s);
	else
		*to = s;
	return rc;
}

static uint64_t received_by_all(struct sending *s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->n; i++)
		sum += pair_received(&s->pair[i]);
	return sum;
}

static uint64_t sent_by_all(const struct sending *s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->n; i++)
		sum += s->pair[i].sent.units;
	return sum;
}

/* Until all senders have ended; the event happens in the middle. */
static int watch(struct sending *s, struct err *e)
{
	uint64_t start = bench_clock_ns(), checked = start, now;
	bool is_due = s->wish->event != NULL;
	int rc = 0;

	while (atomic_load(&s->n_sending) > 0 && !rc) {
		pause_ms(LOOK_MS);
		now = bench_clock_ns();
		if (is_due && (double)(now - start) > s->wish->seconds * 1e9 / 2) {
			is_due = false;
			rc = lab_run(s->l, s->wish->event, EVENT_MS, e);
			if (rc < 0)
				err_prefix(e, "the event");
		} else if (now - checked > CHECK_MS * UINT64_C(1000000)) {
			checked = now;
			rc = lab_check(s->l, e);
		}
	}
	if (rc < 0)
		atomic_store(&s->stop, true);
	return rc;
}

/* What it has cost so far. */
static void look(struct sending *s)
{
	struct beside *b = &s->beside;

	(void)lab_usage(s->l, &s->to, NULL); /* none for a bridge */
	for (unsigned i = 0; i < b->n_perf; i++)
		b->count[i] = probe_perf_read(&b->perf[i]);
}

static void wait_for_quiet(struct sending *s)
{
	uint64_t sent = sent_by_all(s), got = received_by_all(s), last = 0;
	uint64_t changed = bench_clock_ns(), now = changed;

	look(s);
	while (got < sent && now - changed < QUIET_MS * UINT64_C(1000000)) {
		last = got;
		pause_ms(LOOK_MS);
		now = bench_clock_ns();
		got = received_by_all(s);
		if (got != last) {
			changed = now;
			look(s);
		}
	}
}

static int send_all(struct sending *s, struct err *e)
{
	int rc = 0, one;

	(void)lab_usage(s->l, &s->from, NULL); /* none for a bridge */
	for (unsigned i = 0; i < s->n && !rc; i++)
		rc = pair_start(&s->pair[i], e);
	if (!rc)
		rc = watch(s, e);
	else
		atomic_store(&s->stop, true);
	for (unsigned i = 0; i < s->n; i++) {
		one = pair_join(&s->pair[i], rc ? NULL : e);
		rc = rc ? rc : one;
	}
	if (!rc)
		wait_for_quiet(s);
	for (unsigned i = 0; i < s->n; i++) {
		one = pair_end(&s->pair[i], rc ? NULL : e);
		rc = rc ? rc : one;
	}
	return rc;
}

/* --- before -------------------------------------------------------------------- */

/* What learns, caches and adapts has done so when the trial begins. */
static int warm_up(struct lab *l, const struct trial_wish *w, struct err *e)
{
	struct trial_wish ww = *w;
	struct sending *s;
	int rc;

	if (w->warmup <= 0)
		return 0;
	ww.seconds = w->warmup;
	ww.receive = TRIAL_COUNT_count;
	ww.event = NULL;
	rc = open_all(&s, l, &ww, e);
	if (rc < 0)
		return rc;
	rc = send_all(s, e);
	close_all(s);
	return rc;
}

/* --- after --------------------------------------------------------------------- */

static void add_counts(struct trial_result *r, struct pair *p, double *bytes)
{
	const struct gen_check_counts *c;
	uint64_t got = pair_received(p);

	r->sent += p->sent.units;
	r->refused += p->sent.refused;
	r->seconds = p->sent.seconds > r->seconds ? p->sent.seconds : r->seconds;
	r->is_sender_slow |= p->sent.is_slow;
	if (!p->check) {
		/* a filter cannot tell a duplicate from another frame */
		if (got > p->sent.units) {
			r->duplicated += got - p->sent.units;
			got = p->sent.units;
		}
		*bytes += (double)wire_rx_count_of(p->rx).bytes;
		r->received += got;
		return;
	}
	c = gen_check_counts_of(p->check);
	r->received += c->unique;
	r->duplicated += c->duplicates;
	r->reordered += c->reordered;
	r->corrupted += c->corrupted;
	*bytes += (double)c->bytes;
}

static int take_latency(struct trial_result *r, struct sending *s, struct err *e)
{
	if (!s->pair[0].latency)
		return 0;
	r->latency = malloc(sizeof(*r->latency));
	if (!r->latency)
		return err_set(e, -ENOMEM, "not enough memory for a histogram");
	hist_init(r->latency);
	for (unsigned i = 0; i < s->n; i++)
		hist_merge(r->latency, s->pair[i].latency);
	return 0;
}

static int fill(struct trial_result *r, struct sending *s, struct err *e)
{
	uint64_t missed = 0;
	double bytes = 0;

	for (unsigned i = 0; i < s->n; i++) {
		add_counts(r, &s->pair[i], &bytes);
		missed += wire_rx_count_of(s->pair[i].rx).lost;
	}
	if (missed) { /* they look lost, but the forwarder is not to blame */
		r->is_disturbed = true;
		snprintf(r->disturbed, sizeof(r->disturbed),
			 "the receiver had no time to look at %llu frames",
			 (unsigned long long)missed);
	}
	r->lost = r->sent > r->received ? r->sent - r->received : 0;
	if (r->seconds > 0) {
		r->offered_pps = (double)r->sent / r->seconds;
		r->received_pps = (double)r->received / r->seconds;
		r->received_bps = bytes * 8 / r->seconds;
	}
	trial_account(r, &s->from, &s->to, r->received, bytes * 8);
	/* what was lost behind it is no sign of a slow sender */
	r->ceiling_share = wire_ceiling_share(r->received_pps, r->ceiling_pps);
	return take_latency(r, s, e);
}

/* --- with counters beside ------------------------------------------------------ */

static int begin_beside(struct beside *b, struct lab *l, const struct trial_wish *w,
			struct err *e)
{
	int rc;

	if (w->probe == TRIAL_PROBE_none)
		return 0;
	if (w->probe == TRIAL_PROBE_cycles) {
		rc = probe_perf_open(&b->perf[0], l, PROBE_PERF_instructions, e);
		if (!rc && probe_perf_open(&b->perf[1], l, PROBE_PERF_cycles, NULL) == 0)
			b->n_perf = 1;
		b->n_perf += !rc;
		return rc;
	}
	rc = lab_calls(l, &b->calls, e);
	b->has_calls = rc == 0;
	if (rc == -EOPNOTSUPP) {
		rc = probe_perf_open(&b->perf[0], l, PROBE_PERF_calls, e);
		b->n_perf = !rc;
	}
	return rc;
}

static int end_beside(struct beside *b, struct lab *l, struct trial_result *r,
		      const struct trial_wish *w, struct err *e)
{
	double n = (double)r->received;
	uint64_t calls = 0;
	int rc = 0;

	if (b->has_calls) {
		rc = lab_calls(l, &calls, e);
		r->calls_packet = rc || n <= 0 ? NAN : (double)(calls - b->calls) / n;
	} else if (b->n_perf && n > 0 && w->probe == TRIAL_PROBE_calls) {
		r->calls_packet = (double)b->count[0] / n;
	} else if (b->n_perf && n > 0) {
		r->instructions_packet = (double)b->count[0] / n;
		if (b->n_perf > 1)
			r->cycles_packet = (double)b->count[1] / n;
	}
	return rc;
}

static int measure(struct sending *s, struct trial_result *r, struct err *e)
{
	struct beside *b = &s->beside;
	struct lab_usage now;
	struct disturb disturb;
	int rc = begin_beside(b, s->l, s->wish, e);

	if (rc < 0)
		return rc;
	(void)lab_usage(s->l, &now, NULL);
	disturb_begin(&disturb, now.cpu_ns);
	rc = send_all(s, e);
	/* a polling one has gone on since the last look */
	(void)lab_usage(s->l, &now, NULL);
	r->is_disturbed =
		disturb_end(&disturb, now.cpu_ns, r->disturbed, sizeof(r->disturbed));
	if (!rc)
		rc = fill(r, s, e);
	if (!rc)
		rc = end_beside(b, s->l, r, s->wish, e);
	for (unsigned i = 0; i < b->n_perf; i++)
		probe_perf_close(&b->perf[i]);
	return rc;
}

static int find_ceiling(struct lab *l, const struct trial_wish *w, struct trial_result *r,
			struct err *e)
{
	struct sending *s;
	int rc = open_all(&s, l, w, e);

	if (rc < 0)
		return rc;
	r->ceiling_pps = trial_ceiling(l, &s->pair[0].spec, s->pair[0].gen_cpu);
	close_all(s);
	return 0;
}

int trial_rate(struct lab *l, const struct trial_wish *w, struct trial_result *r,
	       struct err *e)
{
	struct sending *s;
	int rc = 0;

	/* first: the forwarder is not to cool down after its warm-up */
	if (w->has_ceiling)
		rc = find_ceiling(l, w, r, e);
	if (!rc)
		rc = warm_up(l, w, e);
	if (!rc)
		rc = open_all(&s, l, w, e);
	if (rc < 0)
		return rc;
	rc = measure(s, r, e);
	close_all(s);
	return rc;
}
