/* SPDX-License-Identifier: BSD-2-Clause */
/* suite_trial: a suite's samples taken by trials of bench/lab. */
#ifndef BENCH_REPORT_SUITE_TRIAL_H
#define BENCH_REPORT_SUITE_TRIAL_H

#include "bench/report/suite.h"

/*
 * How it works: latencies of all rounds of a job and a case are merged, and after each
 * round written again to folder/JOB-N.hgrm (N: the number of the case), which the sample
 * then names.
 */
struct suite_trial {
	const char *folder; /* for .hgrm files; NULL: none are written */
	struct hist *merged[SUITE_MAX_JOBS][SUITE_MAX_CASES];
};

/* arg: a struct suite_trial, zeroed but for the folder. */
suite_measure suite_trial_measure;
void suite_trial_fini(struct suite_trial *t);

/*
 * Read and check the case, and add it to the suite and its document under this name
 * (NULL: its words). -ENOENT if something that it needs is missing; nothing is added
 * then. words must outlive the suite.
 */
int suite_trial_add_case(struct suite *s, const char *name, const char *words,
			 struct err *e);

#endif
