/* SPDX-License-Identifier: BSD-2-Clause */
/* search_through: what the searches of bench/search measure: trials through one
 * forwarder.
 */
#ifndef BENCH_CLI_SEARCH_THROUGH_H
#define BENCH_CLI_SEARCH_THROUGH_H

#include "bench/cli/search_run.h"
#include "bench/search/search.h"

/* arg is a struct search_run whose lab is open; the last trial's latencies are kept. */
int search_through_steady(void *arg, double rate_pps, double seconds,
			  struct search_trial *out, struct err *e);
/* The same, with the wish's event in the middle. */
int search_through_event(void *arg, double rate_pps, double seconds,
			 struct search_trial *out, struct err *e);
int search_through_burst(void *arg, uint64_t frames, struct search_trial *out,
			 struct err *e);

/*
 * s->max, unless it was given: the sender's own rate through this forwarder, since
 * nothing above it can be tried.
 */
int search_through_max(struct search_run *s, struct err *e);

#endif
