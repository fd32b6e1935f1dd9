/* SPDX-License-Identifier: BSD-2-Clause */
/* plot: pictures of a result document, drawn by gnuplot as SVG and as PNG. */
#ifndef BENCH_REPORT_PLOT_H
#define BENCH_REPORT_PLOT_H

#include <jansson.h>
#include <stdio.h>

#include "core/err.h"

/*
 * How it works: three kinds of pictures, each from one gnuplot script with its data in
 * it, which is drawn twice:
 *   JOB-METRIC     bars of the cases' medians with whiskers from lowest to highest;
 *   series-JOB-METRIC  from JOB on, the jobs of one axis (frame sizes, numbers of ports)
 * as lines; JOB-latency    the percentiles of the cases' .hgrm files, the distance to 100
 * % on a logarithmic axis. Names of cases come from anywhere, so they are quoted and
 * never enhanced text.
 */

/* The script of one leading metric's bars; drawn to path.svg and path.png. */
void plot_bars(const json_t *job, const json_t *metric, const char *path, FILE *script);

/* The jobs whose axis is that of the first one, and which have this metric. */
void plot_series(const json_t *doc, const json_t *first, const json_t *metric,
		 const char *path, FILE *script);

/* folder: where the .hgrm files are. Returns how many cases had one; 0: no script. */
unsigned plot_latency(const json_t *job, const char *folder, const char *path,
		      FILE *script);

/*
 * All pictures of the document into the folder out (made if it is not there); from: the
 * folder of the document. Returns how many pictures there are, or a negative errno
 * (-ENOENT: no gnuplot, with the sentence that says what to install).
 */
int plot_all(const json_t *doc, const char *from, const char *out, struct err *e);

#endif
