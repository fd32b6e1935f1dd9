/* SPDX-License-Identifier: BSD-2-Clause */
/* trial: one measurement through a forwarder under test, and all that was seen of it. */
#ifndef BENCH_LAB_TRIAL_H
#define BENCH_LAB_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/lab/lab.h"
#include "bench/stats/hist.h"
#include "core/err.h"

/*
 * How it works: trial_run() measures through a lab that is open, as often as wished, so
 * that a search keeps its forwarder; trial_once() opens a fresh lab for one trial. A
 * figure that was not taken is NaN (and its count 0): never guessed.
 *
 * Every frame of the generator is known by its mark; what else passes (ARP, discovery)
 * is not counted. sent = received + lost, exactly, duplicates counted apart.
 */
enum trial_job {
	TRIAL_JOB_rate, /* frames from the even ends to the odd ones */
	TRIAL_JOB_tcp,	/* iperf3 between the ends 0 and 1 */
	TRIAL_JOB_rtt,	/* UDP round trips between the ends 0 and 1 */
	TRIAL_JOB_idle, /* nothing, after a load: what it costs when there is nothing to
			   do */
};

enum trial_count {
	TRIAL_COUNT_count, /* at the odd end a filter counts and drops: the cheapest */
	TRIAL_COUNT_check, /* each frame is looked at: order, content, latency */
};

/* What is counted beside, each in a trial of its own: it costs the forwarder time. */
enum trial_probe {
	TRIAL_PROBE_none,
	TRIAL_PROBE_calls,  /* system calls per packet */
	TRIAL_PROBE_cycles, /* instructions and cycles per packet */
};

struct trial_wish {
	const char *case_words; /* see case.h */
	enum trial_job job;
	const char *frames; /* gen_spec words; NULL: 64-byte UDP frames of 64 flows */
	double rate_pps;    /* of each pair of ports; 0: flat out */
	double seconds;	    /* of the measured part */
	double warmup;	    /* seconds before it; their frames are not counted */
	uint64_t count;	    /* frames at most, of each pair; 0: no limit */
	unsigned n_queues, n_ports, mtu;
	enum trial_count receive;
	enum trial_probe probe;
	int gen_cpu, fwd_cpu; /* -1: anywhere; -2: as the job wants it */
	unsigned streams;     /* tcp */
	unsigned round_trips; /* rtt */
	unsigned gap_us;      /* rtt: silence before the next request */
	bool is_plain;	      /* no offloads at the ends */
	const char *event;    /* a shell command run in the middle; NULL: none */
};

enum { TRIAL_CPU_free = -1, TRIAL_CPU_auto = -2, TRIAL_WORDS_MAX = 256 };

struct trial_result {
	/* rate */
	uint64_t sent, received, lost;
	uint64_t duplicated, reordered, corrupted;	/* only with check */
	double seconds;					/* as measured */
	double offered_pps, received_pps, received_bps; /* bits of frames, without FCS */
	struct hist *latency; /* one way, or round trips; NULL: not taken */
	/* tcp */
	double bps, retransmits;
	/* the forwarder */
	double cpu_ns_packet, vhost_ns_packet, cpu_ns_gbit, cpu_percent;
	double calls_packet, instructions_packet, cycles_packet, switches_packet;
	uint64_t rss_bytes;
	/* how far it can be believed */
	double ceiling_pps, ceiling_share; /* of the sender's own ceiling */
	bool is_disturbed, is_sender_slow;
	char disturbed[TRIAL_WORDS_MAX]; /* why; "" = was not */
};

void trial_defaults(struct trial_wish *w);
int trial_check(const struct trial_wish *w, struct err *e);

/* trial_fini frees the histogram; for a result that was never filled, too. */
void trial_init(struct trial_result *r);
void trial_fini(struct trial_result *r);

/* The lab that this trial wants of a case (w->case_words is not looked at). */
int trial_open(struct lab **l, const struct trial_wish *w, const struct case_spec *c,
	       struct err *e);
int trial_run(struct lab *l, const struct trial_wish *w, struct trial_result *r,
	      struct err *e);

/* Read the case, open, warm up, run, close. */
int trial_once(const struct trial_wish *w, struct trial_result *r, struct err *e);

#endif
