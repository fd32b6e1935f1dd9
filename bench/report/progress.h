/* SPDX-License-Identifier: BSD-2-Clause */
/* progress: one line about long work: how far it is, and how long it will take. */
#ifndef BENCH_REPORT_PROGRESS_H
#define BENCH_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

/*
 * How it works: each step has a weight, the seconds it is expected to take. What is left
 * is the sum of the weights left, times what the steps done took for each second that was
 * expected of them. On a terminal the line is written over; elsewhere each step has its
 * own.
 */
struct progress {
	FILE *f;
	bool is_terminal;
	unsigned n_steps, n_done;
	double planned, done; /* weights: of all, of those done */
	double began;	      /* seconds of any clock */
};

void progress_init(struct progress *p, FILE *f, bool is_terminal, unsigned n_steps,
		   double planned, double now);

/* Seconds left; as planned while nothing is done. */
double progress_left(const struct progress *p, double now);

/* Before a step: what is begun now; only shown where it can be written over. */
void progress_begin(struct progress *p, const char *what, double now);
/* After it. outcome: its figure or failure. */
void progress_end(struct progress *p, const char *what, const char *outcome,
		  double weight, double now);
/* Nothing of the line stays on a terminal. */
void progress_fini(struct progress *p);

/* "2 h 05 min", "12 min", "40 s" */
struct progress_time {
	char text[32];
};
struct progress_time progress_time(double seconds);

#endif
