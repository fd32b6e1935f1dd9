/* SPDX-License-Identifier: BSD-2-Clause */
/* search: the field's searches and procedures as pure functions over a measure callback.
 */
#ifndef BENCH_SEARCH_SEARCH_H
#define BENCH_SEARCH_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

/*
 * How it works: a search asks the callback for trials and decides from what they lost. It
 * has no clock and no other input, so that the same answers give the same search.
 *
 * A trial that the callback marks is_bad (disturbed, or the sender did not reach the
 * rate) says nothing about the device. So says one that offered nothing, or received more
 * than was offered; these are marked by the search. It is kept in the log and repeated,
 * at most max_repeats times. A rate at which no trial was good cannot be measured: the
 * search goes on below it, and its result says SEARCH_END_unusable. No decision uses a
 * bad trial.
 *
 * Rates are frames per second of one direction. Loss ratio = 1 - received / offered.
 *
 * Each X has struct search_X, filled by search_X_defaults() with the standard's figures,
 * and search_X(), which refuses what makes no sense (-EINVAL and a sentence) before the
 * first trial. It returns 0, or the negative errno of the callback, or -ENOMEM. In every
 * case the result is filled as far as it came, and search_X_fini() frees it (twice is
 * fine).
 */
struct search_trial {
	double rate_pps, seconds;   /* intended */
	uint64_t offered, received; /* frames */
	bool is_bad;		    /* disturbed, sender too slow: says nothing */
};

/*
 * One trial: offer rate_pps for seconds, count what comes back. *out arrives with rate
 * and seconds filled in; offered, received and is_bad are to be filled. 0 or a negative
 * errno.
 */
typedef int search_measure(void *arg, double rate_pps, double seconds,
			   struct search_trial *out, struct err *e);

/* Every trial of a search, in the order they were made. */
struct search_log {
	struct search_trial *trial;
	unsigned n, room;
	unsigned n_bad; /* of them */
	double seconds; /* of traffic and of gaps, in sum */
};

/* Why a search ended, and so how its figure is to be read. */
enum search_end {
	SEARCH_END_found, /* between a lower and an upper bound, as close as was asked */
	SEARCH_END_max,	  /* the device passed at max_pps: it can do at least that */
	SEARCH_END_min,	  /* it failed at min_pps: there is no figure (0) */
	SEARCH_END_unusable,  /* passed at the figure; above, no good trial was to be had
			       */
	SEARCH_END_time,      /* time limit: the bounds are true, but not close */
	SEARCH_END_undefined, /* not ended: an error came first */
};

/* A few words on it for a person, "found" or "device passed at the highest load" say. */
const char *search_end_text(enum search_end end);

/* What all searches over rates are limited by. */
struct search_range {
	double min_pps, max_pps;
	double time_limit;    /* seconds, counted as traffic + gaps; 0: none */
	double gap;	      /* seconds that a trial costs beside its traffic */
	unsigned max_repeats; /* of a bad trial */
};

/* 0 when nothing was offered. */
double search_loss_ratio(const struct search_trial *t);

/* --- throughput, RFC 2544 26.1: binary search for the highest rate without loss -------
 */

struct search_throughput {
	struct search_range range;
	double seconds;	   /* of a trial; 60 (RFC 2544 24) */
	double resolution; /* relative: ends when upper - lower <= resolution * upper;
			      0.005 */
	double loss_ratio; /* what still passes; 0 */
};

struct search_throughput_result {
	enum search_end end;
	double pps;		     /* the highest rate that passed; 0: none */
	double lower_pps, upper_pps; /* 0: none */
	struct search_log log;
};

void search_throughput_defaults(struct search_throughput *s);
int search_throughput(const struct search_throughput *s, search_measure *measure,
		      void *arg, struct search_throughput_result *r, struct err *e);
void search_throughput_fini(struct search_throughput_result *r);

/* --- NDR and PDR, MLRsearch (draft-ietf-bmwg-mlrsearch-15, RFC 9971) -------------------
 */

enum { SEARCH_GOALS_MAX = 8 };

struct search_goal {
	const char *name; /* "NDR" */
	double loss_ratio;
	double exceed_ratio;	/* share of full-length trials that may lose more */
	double width;		/* relative: (upper - lower) / upper */
	double initial_seconds; /* trial durations: the first target's, the last's */
	double final_seconds;
	double duration_sum; /* seconds of full-length trials that settle a load */
	unsigned preceding;  /* targets before the last; each twice as wide as the next */
};

struct search_mlr {
	struct search_range range;
	struct search_goal goal[SEARCH_GOALS_MAX];
	unsigned n_goals;
};

struct search_goal_result {
	enum search_end end;
	double lower_pps, upper_pps; /* relevant bounds; 0: none */
	double conditional_pps; /* conditional throughput at the lower bound; 0: none */
};

struct search_mlr_result {
	struct search_goal_result goal[SEARCH_GOALS_MAX]; /* in the order of the goals */
	unsigned n_goals;
	struct search_log log;
};

/* CSIT's: NDR and PDR; 1 s, 1 s, 21 s, 0.5, 0.5 %, loss 0 and 0.005, two preceding; 1200
 * s at most, as a device that drifts could be followed for ever. */
void search_mlr_defaults(struct search_mlr *s);
int search_mlr(const struct search_mlr *s, search_measure *measure, void *arg,
	       struct search_mlr_result *r, struct err *e);
void search_mlr_fini(struct search_mlr_result *r);

/* --- frame loss rate, RFC 2544 26.3: 100 %, 90 % ... until two trials without loss
 * ------ */

struct search_loss {
	struct search_range
		range;	/* max_pps is the 100 %; no rate below min_pps is tried */
	double seconds; /* 60 */
	double step;	/* 0.1; RFC 2544 allows no coarser one */
};

enum { SEARCH_LOSS_ROWS = 1000 };

struct search_loss_result {
	enum search_end end; /* found: two in a row; min: the bottom; or time */
	unsigned n_rows;
	struct search_loss_row {
		double share;	   /* of max_pps */
		double loss_ratio; /* NaN: no good trial at this rate */
		unsigned trial;	   /* its place in the log */
	} row[SEARCH_LOSS_ROWS];
	struct search_log log;
};

void search_loss_defaults(struct search_loss *s);
int search_loss(const struct search_loss *s, search_measure *measure, void *arg,
		struct search_loss_result *r, struct err *e);
void search_loss_fini(struct search_loss_result *r);

/* --- back-to-back frames, RFC 2544 26.4 and RFC 9004
 * ------------------------------------ */

/* Send a burst of frames as close as the sender can; out->rate_pps: how close it was. */
typedef int search_burst_measure(void *arg, uint64_t frames, struct search_trial *out,
				 struct err *e);

struct search_burst {
	uint64_t min_frames, max_frames;
	uint64_t resolution;   /* frames; 1 */
	unsigned repeats;      /* searches that are averaged; 50 */
	unsigned max_repeats;  /* of a bad trial */
	double max_pps;	       /* the maximum theoretical (or sender's) frame rate */
	double throughput_pps; /* measured before; 0: not known, nothing is corrected */
};

enum { SEARCH_BURST_REPEATS_MAX = 1000 };

struct search_burst_result {
	enum search_end end; /* max: a burst of max_frames passed in each repetition */
	unsigned n;	     /* searches done */
	uint64_t frames[SEARCH_BURST_REPEATS_MAX]; /* longest burst without loss, of each
						    */
	double average, min, max, stddev;	   /* of them, frames */
	double implied_seconds;			   /* average / max_pps (RFC 9004 6.4) */
	double corrected_seconds; /* less what was forwarded meanwhile; NaN: not known */
	struct search_log log;
};

void search_burst_defaults(struct search_burst *s);
int search_burst(const struct search_burst *s, search_burst_measure *measure, void *arg,
		 struct search_burst_result *r, struct err *e);
void search_burst_fini(struct search_burst_result *r);

/* --- latency, RFC 2544 26.2, at shares of PDR as CSIT does
 * ------------------------------- */

enum { SEARCH_LATENCY_STEPS = 4 };

struct search_latency_step {
	double share; /* of PDR: 0, 0.1, 0.5, 0.9 */
	double rate_pps, seconds;
};

/* The trials to make. idle_pps: what stands for 0 % (some frames must be there). */
int search_latency_plan(double pdr_pps, double idle_pps, double seconds,
			struct search_latency_step step[SEARCH_LATENCY_STEPS],
			struct err *e);

/* --- reset and reconfiguration: blocked time, RFC 6201's frame-loss method
 * --------------- */

struct search_blocked {
	double rate_pps, seconds; /* of each trial; the rate is one that loses nothing */
	unsigned repeats;	  /* 3 */
	unsigned max_repeats;	  /* of a bad trial */
};

enum { SEARCH_BLOCKED_REPEATS_MAX = 100 };

struct search_blocked_result {
	unsigned n;
	double seconds[SEARCH_BLOCKED_REPEATS_MAX]; /* lost / offered rate, of each event
						     */
	double min, median, max;		    /* NaN: none */
	double quiet_seconds; /* the same of a trial without event: what is not due to it
			       */
	struct search_log log;
};

/*
 * One quiet trial by measure, then repeats trials by with_event, which lets the event
 * (restart, reconfiguration) happen once within the trial.
 */
void search_blocked_defaults(struct search_blocked *s);
int search_blocked(const struct search_blocked *s, search_measure *measure,
		   search_measure *with_event, void *arg, struct search_blocked_result *r,
		   struct err *e);
void search_blocked_fini(struct search_blocked_result *r);
/* Lost frames / offered rate; 0 when more came than was sent. */
double search_blocked_time(const struct search_trial *t);

/* --- soak: one rate for long
 * -------------------------------------------------------------- */

/*
 * Follows no draft: PLRsearch (draft-vpolak-bmwg-plrsearch) looks for a critical load;
 * this keeps one load and watches the loss of each interval, its worst, and whether it
 * grows.
 */
struct search_soak {
	double rate_pps;
	double interval;      /* seconds of one trial; 10 */
	unsigned intervals;   /* 180: half an hour */
	unsigned max_repeats; /* of a bad trial */
};

struct search_soak_result {
	unsigned n;	    /* good intervals */
	unsigned n_lossy;   /* of them, with loss */
	double loss_ratio;  /* over all good ones */
	double worst_ratio; /* of one interval */
	unsigned worst;	    /* its place in the log */
	double drift; /* change of the loss ratio per hour, least squares; 0 if n < 3 */
	double drift_error; /* its standard error; drift is real beyond twice that */
	uint64_t lost;
	struct search_log log;
};

void search_soak_defaults(struct search_soak *s);
int search_soak(const struct search_soak *s, search_measure *measure, void *arg,
		struct search_soak_result *r, struct err *e);
void search_soak_fini(struct search_soak_result *r);

#endif
