/* SPDX-License-Identifier: BSD-2-Clause */
/* suite: jobs measured for several cases in interleaved rounds. */
#ifndef BENCH_REPORT_SUITE_H
#define BENCH_REPORT_SUITE_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/lab/trial.h"
#include "bench/report/doc.h"
#include "bench/report/progress.h"

/*
 * How it works: speed drifts between minutes, so nothing is compared over time. In each
 * round every job is run for every case in turn (A B C A B C), each freshly started and
 * alone: no case, and so no poll-mode one, runs while it waits its turn. With
 * is_alternating every second round goes C B A, so that what the order does evens out.
 * Each sample is in the document at once, and the document is saved after each one if a
 * file is named: who breaks a long run off has what was measured.
 */
enum {
	SUITE_MAX_CASES = 32,
	SUITE_MAX_JOBS = 64,
	SUITE_PATIENCE = 3, /* failures of a case in a row before it is left out */
};

struct suite_job {
	struct doc_job doc;
	const char *groups; /* words that ask for it beside its name */
	enum trial_job kind;
	unsigned size;	  /* of a frame with FCS; rate */
	double total_pps; /* of all pairs together; 0: flat out */
	unsigned streams, queues, ports, gap_us;
	enum trial_probe probe;
	bool is_apart; /* rtt: the client on a CPU of its own */
};

struct suite_case {
	const char *name;  /* in the document */
	const char *words; /* see bench/lab/case.h */
	unsigned max_ports, max_queues;
	unsigned n_in_row; /* failures so far */
};

struct suite_time {
	double load, tcp;	 /* seconds of a trial */
	unsigned n_trips, n_gap; /* round trips; those with a gap between them */
};

struct suite;

/* Measure once: figures into sample (an empty object), or a negative errno and *e. */
typedef int suite_measure(void *arg, const struct suite *s, const struct suite_job *job,
			  unsigned case_idx, json_t *sample, struct err *e);

struct suite {
	json_t *doc;	  /* with the cases in it; suite_run adds jobs and samples */
	const char *path; /* where it is saved; NULL: nowhere */
	struct suite_case cases[SUITE_MAX_CASES];
	const struct suite_job *jobs[SUITE_MAX_JOBS];
	unsigned n_cases, n_jobs, n_rounds;
	struct suite_time time;
	bool is_alternating;
	suite_measure *measure;
	void *arg;
	bool (*is_asked_to_end)(void); /* looked at after each trial; NULL: never */
	struct progress progress;
};

/* All jobs there are; *n of them. */
const struct suite_job *suite_jobs(unsigned *n);

/*
 * Add jobs by a list with commas between: names, groups (default, short, sizes, queues,
 * ports, counts, all); each once, in the order of the list of all.
 */
int suite_jobs_add(struct suite *s, const char *words, struct err *e);

struct suite_time suite_jobs_time(bool is_quick);

/* What a trial of this job is to be; words of the case included. */
struct trial_wish suite_jobs_wish(const struct suite *s, const struct suite_job *job,
				  const struct suite_case *c);

/* Seconds that one sample of this job is expected to take, start and stop included. */
double suite_jobs_weight(const struct suite *s, const struct suite_job *job);

/* The figures of a trial that this job's metrics name, and its warning, into sample. */
void suite_sample_fill(json_t *sample, const struct suite_job *job,
		       const struct trial_result *r);

/*
 * All rounds. 0, or a negative errno when the document cannot be saved or the work was
 * broken off (-EINTR); what failed otherwise is in the document.
 */
int suite_run(struct suite *s, FILE *f, struct err *e);

#endif
