/* SPDX-License-Identifier: BSD-2-Clause */
/* disturb: was the machine ours during a measurement? CPU time that others took. */
#ifndef BENCH_WIRE_DISTURB_H
#define BENCH_WIRE_DISTURB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How it works: of what /proc/stat counts, time stolen by the hypervisor is never ours.
 * User and system time is ours as far as this process (with all its threads) used it, or
 * those that the caller knows of: known_ns is their CPU time so far, counted from any
 * point. Soft interrupts run in the time of whom they interrupt, or in the kernel's
 * threads for them, which are ours: mostly it is our frames. (A kernel with
 * CONFIG_IRQ_TIME_ACCOUNTING counts them for nobody: there they look like others.)
 */
enum {
	DISTURB_STEAL_PERCENT =
		1, /* of all CPUs' time: above it the trial is disturbed */
	DISTURB_OTHERS_PERCENT = 10, /* of one CPU, the same */
};

/* As known_ns: all that runs is known; only stolen time counts. */
#define DISTURB_ALL UINT64_MAX

struct disturb {
	bool is_known; /* /proc/stat could be read */
	uint64_t at_ns;
	uint64_t busy_ns, steal_ns, total_ns; /* of all CPUs */
	uint64_t own_ns, known_ns;
};

void disturb_begin(struct disturb *d, uint64_t known_ns);

/* True if disturbed, with the sentence in text; else text is "". */
bool disturb_end(const struct disturb *d, uint64_t known_ns, char *text, size_t len);

/* What disturb_end decides by; for tests, and for who wants the figures. */
struct disturb_share {
	double steal_percent;  /* of all CPUs' time */
	double others_percent; /* of one CPU */
};
struct disturb_share disturb_between(const struct disturb *from,
				     const struct disturb *to);

#endif
