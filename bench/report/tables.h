/* SPDX-License-Identifier: BSD-2-Clause */
/* tables: a result document as tables on a terminal, as Markdown (RESULTS.md), as CSV. */
#ifndef BENCH_REPORT_TABLES_H
#define BENCH_REPORT_TABLES_H

#include <jansson.h>
#include <stdio.h>

/* The machine in one line, then a table for each leading metric of each job. */
void tables_print_text(const json_t *doc, FILE *f);

/* The same as a page: the machine, the versions, the command, the tables, how to read
 * them. */
void tables_print_markdown(const json_t *doc, FILE *f);

/* Every figure of every sample on a line of its own: job, case, round, metric, unit,
 * value. Errors and warnings stand as metrics of these names. */
void tables_print_csv(const json_t *doc, FILE *f);

#endif
