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
 * figure that was not taken is NaN (of counts 0): never guessed.
 *
 * Frames go from each even end to the odd one behind it. They are known by their mark:
 * what else passes (ARP, discovery) is not counted. A frame that the first device had no
 * room for was offered, and is lost. sent = received + lost, exactly; duplicates are
 * apart. A super-packet counts as its segments.
 */
enum trial_job {
	TRIAL_JOB_rate,
	TRIAL_JOB_tcp,	/* iperf3 between the ends 0 and 1 */
	TRIAL_JOB_rtt,	/* UDP round trips between the ends 0 and 1 */
	TRIAL_JOB_idle, /* nothing, after a load: what it costs when there is nothing to
			   do */
};

enum trial_count {
	TRIAL_COUNT_count, /* a filter at the odd end counts and drops: the cheapest */
	TRIAL_COUNT_check, /* each frame is looked at: order, content, latency */
};

/* What is counted beside; it costs the forwarder time, so never in a trial for a rate. */
enum trial_probe {
	TRIAL_PROBE_none,
	TRIAL_PROBE_calls,  /* system calls per packet */
	TRIAL_PROBE_cycles, /* instructions and cycles per packet */
};

enum { TRIAL_CPU_free = -1, TRIAL_CPU_auto = -2, TRIAL_WORDS_MAX = 256 };

struct trial_wish {
	const char *case_words; /* see case.h */
	enum trial_job job;
	const char *frames; /* gen_spec words; NULL: 64-byte UDP frames of 64 flows */
	double rate_pps;    /* of each pair of ports; 0: flat out */
	double seconds;	    /* of the measured part; 0: until count */
	double warmup;	    /* seconds before it; their frames are not counted */
	uint64_t count;	    /* frames at most, of each pair; 0: no limit */
	unsigned n_queues, n_ports, mtu;
	enum trial_count receive;
	enum trial_probe probe;
	/* of the sender, and of the forwarder; auto: one each for rates, free otherwise
	 */
	int gen_cpu, fwd_cpu;
	unsigned streams;     /* tcp */
	unsigned round_trips; /* rtt */
	unsigned gap_us;      /* rtt: silence before the next request */
	unsigned burst;	      /* frames sent at once; 0: even */
	bool is_plain;	      /* no offloads at the ends */
	bool has_ceiling;  /* measure the sender's own ceiling first (once per process) */
	const char *event; /* a shell command run in the middle; NULL: none */
};

struct trial_result {
	/* rate; the counts are sums over all pairs */
	uint64_t sent, received, lost, refused;
	uint64_t duplicated, reordered, corrupted;	/* only with check */
	double seconds;					/* of sending */
	double offered_pps, received_pps, received_bps; /* bits of frames, without FCS */
	struct hist *latency; /* one way, or round trips; NULL: not taken */
	/* tcp */
	double bps, retransmits;
	/* the forwarder; per packet received */
	double cpu_ns_packet, vhost_ns_packet, cpu_ns_gbit, cpu_percent;
	double calls_packet, instructions_packet, cycles_packet, switches_packet;
	uint64_t rss_bytes;
	/* how far it can be believed */
	double ceiling_pps, ceiling_share; /* received, of the sender's own ceiling */
	bool is_disturbed, is_sender_slow;
	char disturbed[TRIAL_WORDS_MAX]; /* why; "" = was not */
};

void trial_defaults(struct trial_wish *w);

/* Can it be at all? 0 or -EINVAL with a sentence; names no case. */
int trial_check(const struct trial_wish *w, struct err *e);

/* trial_fini frees the histogram; after trial_init, and twice, too. */
void trial_init(struct trial_result *r);
void trial_fini(struct trial_result *r);

/* The lab that this trial wants of a case (w->case_words is not looked at). */
int trial_open(struct lab **l, const struct trial_wish *w, const struct case_spec *c,
	       struct err *e);

/* *r is initialised here; on failure it is filled as far as it came. */
int trial_run(struct lab *l, const struct trial_wish *w, struct trial_result *r,
	      struct err *e);

/* Read the case, open, warm up, run, close. */
int trial_once(const struct trial_wish *w, struct trial_result *r, struct err *e);

#endif
