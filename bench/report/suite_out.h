/* SPDX-License-Identifier: BSD-2-Clause */
/* suite_out: the folder of results that a suite leaves. */
#ifndef BENCH_REPORT_SUITE_OUT_H
#define BENCH_REPORT_SUITE_OUT_H

#include <jansson.h>

#include "core/err.h"

/* Make the folder, and find out now, not after an hour, that it cannot be written to. */
int suite_out_prepare(const char *folder, struct err *e);

/*
 * results.json, results.csv, RESULTS.md and the pictures. No gnuplot is no failure:
 * that is said on stderr.
 */
int suite_out_write(const json_t *doc, const char *folder, struct err *e);

/* RESULTS.md alone, whole or not at all. */
int suite_out_markdown(const json_t *doc, const char *path, struct err *e);

#endif
