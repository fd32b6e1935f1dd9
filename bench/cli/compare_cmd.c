/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway-bench compare: two builds, in paired rounds: better, worse, or not shown. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/bench_option.h"
#include "bench/cli/bench_place.h"
#include "bench/cli/break_off.h"
#include "bench/report/machine.h"
#include "bench/report/pairs.h"
#include "bench/report/suite_trial.h"
#include "bench/report/versions.h"

enum { ROUNDS = 10 };

struct wish {
	const char *jobs, *json;
	unsigned rounds;
	double seconds, confidence, limit; /* limit < 0: nothing fails */
	bool is_quick;
};

static const struct bench_option options[] = {
	{"jobs", "A,B,...", "these jobs or groups of jobs (short)",
	 BENCH_OPTION_TO(text, struct wish, jobs)},
	{"rounds", "N", "pairs of trials of each job (10)",
	 BENCH_OPTION_IN(number, struct wish, rounds, 1, DOC_MAX_ROUNDS)},
	{"quick", NULL, "shorter trials", BENCH_OPTION_TO(flag, struct wish, is_quick)},
	{"seconds", "S", "of a trial with frames (3; 1 with --quick)",
	 BENCH_OPTION_IN(real, struct wish, seconds, 0.1, 3600)},
	{"confidence", "PERCENT", "of the intervals (95)",
	 BENCH_OPTION_IN(real, struct wish, confidence, 50, 99.9)},
	{"fail-if-worse", "PERCENT",
	 "exit status 1 if a metric is shown to be worse, by more than this",
	 BENCH_OPTION_IN(real, struct wish, limit, 0, 1000)},
	{"json", "FILE",
	 "save every sample in FILE, after each one; -: print the document",
	 BENCH_OPTION_TO(text, struct wish, json)},
	{.name = NULL},
};

/* Of a document there, only the last state may be printed, and nothing beside it. */
static bool is_on_stdout(const struct wish *w)
{
	return w->json && strcmp(w->json, "-") == 0;
}

static int measure(struct suite *s, const struct wish *w, struct err *e)
{
	struct suite_trial trial = {.folder = NULL};
	unsigned n_worse, n_failed;
	int rc, saved;

	s->measure = suite_trial_measure;
	s->arg = &trial;
	s->is_asked_to_end = break_off_is_asked;
	break_off_later();
	rc = suite_run(s, stderr, e);
	break_off_status(e);
	suite_trial_fini(&trial);
	if (rc && rc != -EINTR)
		return rc;
	n_failed = doc_n_failed(s->doc);
	n_worse = pairs_print(s->doc, "new", "old", w->confidence / 100,
			      w->limit < 0 ? 0 : w->limit,
			      is_on_stdout(w) ? stderr : stdout);
	if (is_on_stdout(w) && (saved = doc_save(s->doc, w->json, e)) < 0)
		return saved;
	if (n_failed)
		fprintf(stderr, "%u samples failed\n", n_failed);
	if (rc)
		return rc;
	return n_failed || (w->limit >= 0 && n_worse) ? 1 : 0;
}

static int run(const struct wish *w, const char *old, const char *new, int argc,
	       char **argv, struct err *e)
{
	struct suite s = {.n_rounds = w->rounds,
			  .path = is_on_stdout(w) ? NULL : w->json,
			  .is_alternating = true};
	int rc;

	s.time = suite_jobs_time(w->is_quick);
	s.time.load = w->seconds > 0 ? w->seconds : s.time.load;
	s.doc = doc_new("Old against new", argc, argv, w->rounds, machine_describe(""),
			versions_collect(NULL));
	if (!s.doc)
		return err_set(e, -ENOMEM, "no memory for the result document");
	rc = suite_jobs_add(&s, w->jobs, e);
	rc = rc ? rc : suite_trial_add_case(&s, "old", old, e);
	rc = rc ? rc : suite_trial_add_case(&s, "new", new, e);
	rc = rc ? rc : doc_add_baseline(s.doc, "old", e);
	rc = rc ? rc : bench_place_check_right(e);
	rc = rc || !s.path ? rc : doc_save(s.doc, s.path, e);
	if (!rc)
		fprintf(is_on_stdout(w) ? stderr : stdout, "old: %s\nnew: %s\n", old,
			new);
	rc = rc ? rc : measure(&s, w, e);
	json_decref(s.doc);
	return rc;
}

int compare_cmd(int argc, char **argv, struct err *e)
{
	struct wish w = {
		.jobs = "short", .rounds = ROUNDS, .confidence = 95, .limit = -1};
	char **typed = calloc((size_t)argc + 1, sizeof(*typed)); /* getopt moves words */
	int rc;

	if (!typed)
		return err_set(e, -ENOMEM, "no memory");
	typed[0] = (char *)"ringway-bench";
	memcpy(typed + 1, argv, (size_t)argc * sizeof(*typed));
	rc = bench_option_parse(options, argc, argv, &w, e);
	if (rc >= 0 && argc - rc != 2)
		rc = err_usage(e,
			       "compare takes two builds, OLD and NEW, not %d words; see "
			       "'ringway-bench help compare'",
			       argc - rc);
	else if (rc >= 0)
		rc = run(&w, argv[rc], argv[rc + 1], argc + 1, typed, e);
	free(typed);
	return rc;
}

void compare_cmd_help(FILE *f)
{
	bench_option_help(options, f);
	fputs("\nOLD and NEW are paths of ringway binaries, or any words that name a "
	      "case\n('ringway-bench help cases'). The exit status is 1 if a sample "
	      "failed, or where\n--fail-if-worse found something.\n",
	      f);
}
