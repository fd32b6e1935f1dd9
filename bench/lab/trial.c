/* SPDX-License-Identifier: BSD-2-Clause */
/* One measurement through a forwarder: what is wished, and which job does it. */
#include "bench/lab/trial.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>

#include "bench/lab/trial_inside.h"

enum {
	COUNT_MAX = 1000000000,
	SECONDS_MAX = 1000000,
	PPS_MAX = 1000000000,
	ENDING_MS = 1000
};

void trial_defaults(struct trial_wish *w)
{
	*w = (struct trial_wish){
		.seconds = 3,
		.warmup = 0.2,
		.n_queues = 1,
		.n_ports = 2,
		.gen_cpu = TRIAL_CPU_auto,
		.fwd_cpu = TRIAL_CPU_auto,
		.streams = 1,
		.round_trips = 20000,
	};
}

/* Outside of a range, NaN too. */
static bool is_outside(double v, double min, double max)
{
	return !(v >= min && v <= max);
}

int trial_check(const struct trial_wish *w, struct err *e)
{
	if (is_outside(w->rate_pps, 0, PPS_MAX))
		return err_usage(e,
				 "a rate of %g frames per second: from 1 to %d, or 0 for "
				 "flat out",
				 w->rate_pps, PPS_MAX);
	if (is_outside(w->seconds, 0, SECONDS_MAX) ||
	    is_outside(w->warmup, 0, SECONDS_MAX))
		return err_usage(e, "a trial of %g seconds: up to %d", w->seconds,
				 SECONDS_MAX);
	if (w->seconds == 0 && (w->count == 0 || w->job != TRIAL_JOB_rate))
		return err_usage(e, "a trial of 0 seconds has no end");
	if (w->n_ports < 2 || w->n_ports % 2 || w->n_ports > CASE_PORTS_MAX)
		return err_usage(e, "%u ports: they go in pairs, and %d is the most",
				 w->n_ports, CASE_PORTS_MAX);
	if (w->n_queues < 1 || w->n_queues > CASE_QUEUES_MAX)
		return err_usage(e, "%u queues: from 1 to %d", w->n_queues,
				 CASE_QUEUES_MAX);
	if (w->streams < 1 || w->streams > 128)
		return err_usage(e, "%u streams: from 1 to 128", w->streams);
	if (w->round_trips < 1 || w->round_trips > COUNT_MAX)
		return err_usage(e, "%u round trips: from 1 to %d", w->round_trips,
				 COUNT_MAX);
	if (w->event && w->job != TRIAL_JOB_rate)
		return err_usage(e, "an event happens within a trial of job rate only");
	return 0;
}

void trial_init(struct trial_result *r)
{
	*r = (struct trial_result){
		.bps = NAN,
		.retransmits = NAN,
		.cpu_ns_packet = NAN,
		.vhost_ns_packet = NAN,
		.cpu_ns_gbit = NAN,
		.cpu_percent = NAN,
		.calls_packet = NAN,
		.instructions_packet = NAN,
		.cycles_packet = NAN,
		.switches_packet = NAN,
		.ceiling_pps = NAN,
		.ceiling_share = NAN,
		.offered_pps = NAN,
		.received_pps = NAN,
		.received_bps = NAN,
	};
}

void trial_fini(struct trial_result *r)
{
	free(r->latency);
	r->latency = NULL;
}

static int nth_cpu(unsigned n)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return TRIAL_CPU_free;
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set) && n-- == 0)
			return (int)i;
	return TRIAL_CPU_free;
}

struct trial_cpus trial_cpus_of(const struct trial_wish *w)
{
	bool is_placed = w->job == TRIAL_JOB_rate;
	struct trial_cpus c = {w->gen_cpu, w->fwd_cpu};

	if (c.gen == TRIAL_CPU_auto)
		c.gen = is_placed ? nth_cpu(0) : TRIAL_CPU_free;
	if (c.fwd == TRIAL_CPU_auto)
		c.fwd = is_placed ? nth_cpu(1) : TRIAL_CPU_free;
	return c;
}

void trial_account(struct trial_result *r, const struct lab_usage *from,
		   const struct lab_usage *to, uint64_t packets, double bits)
{
	double cpu, vhost, wall = (double)(to->at_ns - from->at_ns);

	if (!from->n_processes || !to->n_processes)
		return; /* the kernel does it all, in the sender's time */
	cpu = to->cpu_ns > from->cpu_ns ? (double)(to->cpu_ns - from->cpu_ns) : 0;
	vhost = to->vhost_ns > from->vhost_ns ? (double)(to->vhost_ns - from->vhost_ns)
					      : 0;
	r->rss_bytes = to->rss_bytes;
	r->cpu_percent = wall > 0 ? 100 * cpu / wall : NAN;
	if (packets) {
		r->cpu_ns_packet = cpu / (double)packets;
		r->vhost_ns_packet = vhost / (double)packets;
		if (to->switches >= from->switches)
			r->switches_packet =
				(double)(to->switches - from->switches) / (double)packets;
	}
	if (bits > 0)
		r->cpu_ns_gbit = cpu / (bits / 1e9);
}

int trial_open(struct lab **l, const struct trial_wish *w, const struct case_spec *c,
	       struct err *e)
{
	struct lab_wish lw;
	int rc = trial_check(w, e);

	*l = NULL;
	if (rc < 0)
		return rc;
	lab_defaults(&lw);
	lw.spec = c;
	lw.n_ports = w->n_ports;
	lw.n_queues = w->n_queues;
	lw.mtu = w->mtu;
	lw.fwd_cpu = trial_cpus_of(w).fwd;
	lw.is_plain = w->is_plain;
	return lab_open(l, &lw, e);
}

int trial_run(struct lab *l, const struct trial_wish *w, struct trial_result *r,
	      struct err *e)
{
	struct err why = {0};
	int rc;

	trial_init(r);
	rc = trial_check(w, e);
	if (!rc)
		rc = lab_check(l, e);
	if (rc < 0)
		return rc;
	switch (w->job) {
	case TRIAL_JOB_rate:
		rc = trial_rate(l, w, r, e);
		break;
	case TRIAL_JOB_tcp:
		rc = trial_traffic_tcp(l, w, r, e);
		break;
	case TRIAL_JOB_rtt:
		rc = trial_traffic_rtt(l, w, r, e);
		break;
	default:
		rc = trial_traffic_idle(l, w, r, e);
	}
	/* one that is dead at the end has been measured dead */
	if (rc == 0)
		return lab_check(l, e);
	/* why the forwarder ended says more than what came of it, a moment before */
	if (rc < 0 && rc != -EINVAL && lab_check_end(l, ENDING_MS, &why) < 0) {
		rc = why.code;
		if (e)
			*e = why;
	}
	return rc;
}

int trial_once(const struct trial_wish *w, struct trial_result *r, struct err *e)
{
	struct case_spec c;
	struct lab *l = NULL;
	int rc;

	trial_init(r);
	rc = case_read(&c, w->case_words, e);
	if (rc < 0)
		return rc;
	rc = trial_open(&l, w, &c, e);
	if (!rc)
		rc = trial_run(l, w, r, e);
	lab_close(l);
	case_fini(&c);
	return rc;
}
