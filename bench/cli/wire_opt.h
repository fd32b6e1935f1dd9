/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_opt: what the commands that send and receive have in common: options, signals,
 * the progress line, results as JSON. */
#ifndef BENCH_CLI_WIRE_OPT_H
#define BENCH_CLI_WIRE_OPT_H

#include <getopt.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/stats/hist.h"
#include "core/err.h"

/* Decimal, whole or with a fraction, no sign; from min to max. */
int wire_opt_number(const char *opt, const char *text, double min, double max, double *n,
		    struct err *e);
int wire_opt_count(const char *opt, const char *text, uint64_t min, uint64_t max,
		   uint64_t *n, struct err *e);

/* The sentence for what getopt_long() calls '?' or ':', with opterr = 0. */
int wire_opt_unknown(int argc, char **argv, int opt, struct err *e);

/* The one word that is expected behind the options. */
int wire_opt_word(int argc, char **argv, const char *what, const char **word,
		  struct err *e);

/* "fd:5" is an open TAP: its fd; -1 for every other word. */
int wire_opt_fd(const char *word, int *fd, struct err *e);

/* Put the process on one CPU. */
int wire_opt_pin(int cpu, struct err *e);

/* From now on SIGINT and SIGTERM set what is returned, and SIGUSR1 asks for an interim
 * result. */
const atomic_bool *wire_opt_stop(void);
bool wire_opt_is_asked(void); /* since the last call */

/* A line on stderr that the next one overwrites, if stderr is a terminal; NULL: wipe. */
void wire_opt_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "1.23 Mpps" and the like, in one of four buffers in turn. */
const char *wire_opt_pps(double pps);

/* p50, p90, ... of a histogram in microseconds, as an object; and as a line of text. */
json_t *wire_opt_hist_json(const struct hist *h);
void wire_opt_hist_print(FILE *f, const char *what, const struct hist *h);

/* Write the percentile distribution, in microseconds, to a file. */
int wire_opt_hgrm(const struct hist *h, const char *path, struct err *e);

/* Print the object on one line and free it; -ENOMEM for NULL. */
int wire_opt_print(json_t *o, struct err *e);

#endif
