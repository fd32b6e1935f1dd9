/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a trial share. */
#ifndef BENCH_LAB_TRIAL_INSIDE_H
#define BENCH_LAB_TRIAL_INSIDE_H

#include "bench/lab/trial.h"
#include "bench/pktgen/gen_spec.h"

/* The CPUs that a job's sender and forwarder are placed on; -1: anywhere. */
struct trial_cpus {
	int gen, fwd;
};
struct trial_cpus trial_cpus_of(const struct trial_wish *w);

/* trial_rate.c, trial_traffic.c: one job each, *r initialised. */
int trial_rate(struct lab *l, const struct trial_wish *w, struct trial_result *r,
	       struct err *e);
int trial_traffic_tcp(struct lab *l, const struct trial_wish *w, struct trial_result *r,
		      struct err *e);
int trial_traffic_rtt(struct lab *l, const struct trial_wish *w, struct trial_result *r,
		      struct err *e);
int trial_traffic_idle(struct lab *l, const struct trial_wish *w, struct trial_result *r,
		       struct err *e);

/* The sender's own ceiling with these frames on this CPU, frames per second; NaN: none.
 */
double trial_ceiling(struct lab *l, const struct gen_spec *spec, int cpu);

/* What the forwarder used between two looks, and whether others disturbed. packets and
 * bits may be 0: no such ratio then. */
void trial_account(struct trial_result *r, const struct lab_usage *from,
		   const struct lab_usage *to, uint64_t packets, double bits);

#endif
