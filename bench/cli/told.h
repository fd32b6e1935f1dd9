/* SPDX-License-Identifier: BSD-2-Clause */
/* told: what the commands tell: a line of progress, and results as text, as JSON and as
 * percentiles for plotters. */
#ifndef BENCH_CLI_TOLD_H
#define BENCH_CLI_TOLD_H

#include <jansson.h>
#include <stdio.h>

#include "bench/stats/hist.h"
#include "core/err.h"

/* A line on stderr that the next one overwrites, if stderr is a terminal; NULL: wipe. */
void told_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "1.23 Mpps" and the like, in one of four buffers in turn. */
const char *told_pps(double pps);

/* A percentile as people expect it: a histogram's is the end of its bin, which may be
 * above the highest value. */
uint64_t told_percentile(const struct hist *h, double percent);

/* p50, p90, ... of a histogram in microseconds, as an object; and as a line of text. */
json_t *told_hist_json(const struct hist *h);
void told_hist_print(FILE *f, const char *what, const struct hist *h);

/* Can it be written? Asked before the work, not behind it; NULL: nothing is wanted. */
int told_hgrm_check(const char *path, struct err *e);
/* Write the percentile distribution, in microseconds, to a file. */
int told_hgrm(const struct hist *h, const char *path, struct err *e);

/* Print the object on one line and free it; -ENOMEM for NULL. */
int told_print(json_t *o, struct err *e);

#endif
