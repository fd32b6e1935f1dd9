/* SPDX-License-Identifier: BSD-2-Clause */
/* doc: the result document: made, filled, checked, saved and loaded. */
#ifndef BENCH_REPORT_DOC_H
#define BENCH_REPORT_DOC_H

#include <jansson.h>
#include <stdbool.h>

#include "core/err.h"

#define DOC_FORMAT "ringway-bench/1"

/*
 * How it works: a document is JSON, described by document.schema.json beside this file:
 *
 *   { "format": "ringway-bench/1", "title", "date", "argv": [...], "machine": {...},
 *     "versions": {...}, "rounds": n, "baselines": ["CASE", ...],
 *     "cases": { "CASE": { "title", "words", "start" } },
 *     "jobs": [ { "job", "title", "unit",
 *                 "x": { "axis": "frame size, bytes", "value": 64 },
 *                 "metrics": [ { "name", "title", "unit", "better": "more" | "less",
 *                                "notes": ["METRIC", ...] }, ... ],
 *                 "samples": { "CASE": [ { METRIC: number | null, ... }, ... ] } } ] }
 *
 * A metric with "notes" leads a table of its own; the others stand beside the leading
 * ones that name them. samples has one object per round, in the order of the rounds, so
 * that the n-th ones of two cases were measured one after the other. A sample has numbers
 * (null: there is no such figure), and may have the strings "error" (it failed, and why),
 * "warning" (a doubt: the machine was disturbed) and "hgrm" (a file beside the document).
 * Whatever passed doc_check has all this; who reads a document need not check again.
 */
enum doc_better {
	DOC_BETTER_MORE,
	DOC_BETTER_LESS,
	DOC_BETTER_NONE, /* neither */
};

enum { DOC_MAX_NOTES = 6, DOC_MAX_ROUNDS = 1000 };

struct doc_metric {
	const char *name, *title, *unit;
	enum doc_better better;
	bool is_leading;
	const char *notes[DOC_MAX_NOTES]; /* up to the first NULL; of a leading one */
};

struct doc_job {
	const char *name, *title;
	const char *axis; /* what x is, for pictures of several jobs; NULL: none */
	double x;
	const struct doc_metric
		*metrics; /* up to one without a name; the first one leads */
};

/*
 * A new document of now. machine and versions are taken over. NULL: no memory. argv: the
 * exact command line.
 */
json_t *doc_new(const char *title, int argc, char **argv, unsigned rounds,
		json_t *machine, json_t *versions);
int doc_add_baseline(json_t *doc, const char *name, struct err *e);
/* words: as on the command line; start: the commands that start it. Both may be NULL. */
int doc_add_case(json_t *doc, const char *name, const char *title, const char *words,
		 const char *start, struct err *e);
int doc_add_job(json_t *doc, const struct doc_job *job, struct err *e);

/* The next round's sample of a case; sample is taken over. */
int doc_add_sample(json_t *doc, const char *job, const char *name, json_t *sample,
		   struct err *e);

/* 0, or -EINVAL with a sentence that says where the document is not as it should be. */
int doc_check(const json_t *doc, struct err *e);

/* From a file ("-": standard input), checked; NULL with a sentence. */
json_t *doc_load(const char *path, struct err *e);

/* May a file of that name be put in its place? Not of a device (/dev/null, by root). */
bool doc_is_replaceable(const char *path);

/* Whole or not at all: written beside the file, then renamed. "-": standard output; a
 * pipe or a device is written to as it is. */
int doc_save(const json_t *doc, const char *path, struct err *e);

/* A text as a document may hold it: without control characters, cut to its length. */
json_t *doc_text(const char *text);

/* The object of a job, or NULL. */
json_t *doc_job_lookup(const json_t *doc, const char *job);
/* The metric of a job by name, or NULL. */
const json_t *doc_metric_lookup(const json_t *job, const char *metric);
bool doc_is_leading(const json_t *metric);
/* How many samples have an error. */
unsigned doc_n_failed(const json_t *doc);

#endif
