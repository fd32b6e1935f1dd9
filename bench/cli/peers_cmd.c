/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway-bench peers: forwarders side by side, in interleaved rounds. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/bench_option.h"
#include "bench/cli/bench_place.h"
#include "bench/cli/break_off.h"
#include "bench/lab/case_find.h"
#include "bench/report/machine.h"
#include "bench/report/suite_out.h"
#include "bench/report/suite_trial.h"
#include "bench/report/tables.h"
#include "bench/report/versions.h"

enum { MAX_BASELINES = 4, MAX_WORDS = 100 };

struct wish {
	const char *words[MAX_WORDS]; /* of cases */
	const char *baselines[MAX_BASELINES];
	unsigned n_words, n_baselines;
	const char *jobs, *json, *out, *markdown;
	char *lists[MAX_WORDS]; /* what words may point into */
	unsigned n_lists, rounds;
	double seconds;
	bool is_quick, is_list;
};

static int add_word(struct wish *w, const char *word, struct err *e)
{
	if (!*word)
		return err_usage(e, "--cases: an empty name");
	if (w->n_words == MAX_WORDS)
		return err_usage(e, "no more than %d cases", MAX_WORDS);
	w->words[w->n_words++] = word;
	return 0;
}

static int take_cases(void *to, const char *list, struct err *e)
{
	struct wish *w = to;
	char *rest = strdup(list), *word;
	int rc = 0;

	if (!rest || w->n_lists == MAX_WORDS) {
		free(rest);
		return err_set(e, -ENOMEM, "no memory for %d lists of cases", MAX_WORDS);
	}
	w->lists[w->n_lists++] = rest;
	while (!rc && (word = strsep(&rest, ",")))
		rc = add_word(w, word, e);
	return rc;
}

static int take_case(void *to, const char *words, struct err *e)
{
	return add_word(to, words, e);
}

static int take_baseline(void *to, const char *value, struct err *e)
{
	struct wish *w = to;

	if (w->n_baselines == MAX_BASELINES)
		return err_usage(e, "--baseline: no more than %d", MAX_BASELINES);
	w->baselines[w->n_baselines++] = value;
	return 0;
}

static const struct bench_option options[] = {
	{"cases", "A,B,...", "these cases (all that are installed)",
	 .kind = BENCH_OPTION_own, .take = take_cases},
	{"case", "WORDS", "one more, with options: --case 'ringway --busy-poll off'",
	 .kind = BENCH_OPTION_own, .take = take_case},
	{"jobs", "A,B,...", "these jobs or groups of jobs (default)",
	 BENCH_OPTION_TO(text, struct wish, jobs)},
	{"rounds", "N", "how often everything is measured (3; 1 with --quick)",
	 BENCH_OPTION_IN(number, struct wish, rounds, 1, DOC_MAX_ROUNDS)},
	{"quick", NULL, "shorter trials", BENCH_OPTION_TO(flag, struct wish, is_quick)},
	{"seconds", "S", "of a trial with frames (3; 1 with --quick)",
	 BENCH_OPTION_IN(real, struct wish, seconds, 0.1, 3600)},
	{"baseline", "CASE",
	 "take ratios to CASE; up to 4 (rwloop, rwloop-epoll, bridge)",
	 .kind = BENCH_OPTION_own, .take = take_baseline},
	{"json", "FILE",
	 "save every sample in FILE, after each one; -: print the document",
	 BENCH_OPTION_TO(text, struct wish, json)},
	{"out", "DIR", "write results.json, .csv, RESULTS.md, pictures, latencies there",
	 BENCH_OPTION_TO(text, struct wish, out)},
	{"markdown", "FILE", "write the page, as bench/RESULTS.md is, to FILE",
	 BENCH_OPTION_TO(text, struct wish, markdown)},
	{"list", NULL, "show the jobs, and measure nothing",
	 BENCH_OPTION_TO(flag, struct wish, is_list)},
	{.name = NULL},
};

static void print_jobs(void)
{
	unsigned n;
	const struct suite_job *jobs = suite_jobs(&n);

	for (unsigned i = 0; i < n; i++)
		printf("%-10s %-56s %s\n", jobs[i].doc.name, jobs[i].doc.title,
		       jobs[i].groups);
}

/* All that are installed; what is missing is told, and no failure. */
static int add_installed(struct suite *s, char **names, struct err *e)
{
	for (; *names; names++) {
		struct err why = {0};
		int rc = suite_trial_add_case(s, NULL, *names, &why);

		if (rc == -ENOENT)
			fprintf(stderr, "left out: %s\n", why.text);
		else if (rc) {
			*e = why;
			return rc;
		}
	}
	return s->n_cases ? 0 : err_set(e, -ENOENT, "no case can run here");
}

static int add_cases(struct suite *s, const struct wish *w, char **names, struct err *e)
{
	if (!w->n_words)
		return add_installed(s, names, e);
	for (unsigned i = 0; i < w->n_words; i++) {
		int rc = suite_trial_add_case(s, NULL, w->words[i], e);

		if (rc)
			return rc;
	}
	return 0;
}

static bool has_case(const struct suite *s, const char *name)
{
	for (unsigned i = 0; i < s->n_cases; i++)
		if (strcmp(s->cases[i].name, name) == 0)
			return true;
	return false;
}

static int add_baselines(struct suite *s, const struct wish *w, struct err *e)
{
	static const char *const usual[] = {"rwloop", "rwloop-epoll", "bridge"};
	int rc = 0;

	for (unsigned i = 0; !rc && i < w->n_baselines; i++)
		rc = has_case(s, w->baselines[i])
			     ? doc_add_baseline(s->doc, w->baselines[i], e)
			     : err_usage(e, "--baseline %s: it is none of the cases",
					 w->baselines[i]);
	for (unsigned i = 0; !rc && !w->n_baselines && i < 3; i++)
		if (has_case(s, usual[i]))
			rc = doc_add_baseline(s->doc, usual[i], e);
	return rc;
}

/* Of a document there, only the last state may be printed, and nothing beside it. */
static bool is_on_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

/* The suite has run, wholly or not: what there is, is shown; a page is made of all only.
 */
static int show(const struct suite *s, const struct wish *w, bool is_whole, struct err *e)
{
	unsigned failed = doc_n_failed(s->doc);
	int rc = 0;

	tables_print_text(s->doc, is_on_stdout(w->json) ? stderr : stdout);
	if (is_on_stdout(w->json))
		rc = doc_save(s->doc, w->json, e);
	if (!rc && w->out)
		rc = suite_out_write(s->doc, w->out, e);
	if (!rc && w->markdown && is_whole)
		rc = suite_out_markdown(s->doc, w->markdown, e);
	if (failed)
		fprintf(stderr, "%u samples failed\n", failed);
	return rc ? rc : failed ? 1 : 0;
}

static int measure(struct suite *s, const struct wish *w, struct err *e)
{
	struct suite_trial trial = {.folder = w->out};
	struct err later = {0};
	int rc, shown;

	s->measure = suite_trial_measure;
	s->arg = &trial;
	s->is_asked_to_end = break_off_is_asked;
	break_off_later();
	rc = suite_run(s, stderr, e);
	shown = show(s, w, rc == 0, &later);
	suite_trial_fini(&trial);
	if (!rc && shown < 0)
		*e = later;
	break_off_status(e);
	return rc ? rc : shown;
}

static json_t *new_doc(int argc, char **argv, unsigned rounds)
{
	char ringway[PATH_MAX];
	bool is_there = case_find_program("ringway", ringway) == 0;

	return doc_new("Forwarders side by side", argc, argv, rounds,
		       machine_describe(""), versions_collect(is_there ? ringway : NULL));
}

static int run(const struct wish *w, int argc, char **argv, struct err *e)
{
	unsigned rounds = w->rounds ? w->rounds : w->is_quick ? 1 : 3;
	struct suite s = {.n_rounds = rounds,
			  .path = is_on_stdout(w->json) ? NULL : w->json};
	char **names = case_names(e);
	int rc = names ? 0 : e->code;

	s.time = suite_jobs_time(w->is_quick);
	s.time.load = w->seconds > 0 ? w->seconds : s.time.load;
	s.doc = new_doc(argc, argv, rounds);
	if (!rc && !s.doc)
		rc = err_set(e, -ENOMEM, "no memory for the result document");
	rc = rc ? rc : suite_jobs_add(&s, w->jobs ? w->jobs : "default", e);
	rc = rc ? rc : add_cases(&s, w, names, e);
	rc = rc ? rc : add_baselines(&s, w, e);
	rc = rc ? rc : bench_place_check_right(e);
	rc = rc || !s.path ? rc : doc_save(s.doc, s.path, e);
	rc = rc || !w->out ? rc : suite_out_prepare(w->out, e);
	rc = rc ? rc : measure(&s, w, e);
	json_decref(s.doc);
	free(names);
	return rc;
}

int peers_cmd(int argc, char **argv, struct err *e)
{
	struct wish w = {0};
	char **typed = calloc((size_t)argc + 1, sizeof(*typed)); /* getopt moves words */
	int rc;

	if (!typed)
		return err_set(e, -ENOMEM, "no memory");
	typed[0] = (char *)"ringway-bench";
	memcpy(typed + 1, argv, (size_t)argc * sizeof(*typed));
	rc = bench_option_parse(options, argc, argv, &w, e);
	if (rc >= 0)
		rc = bench_option_words(argc, argv, rc, 0, "options only", e);
	if (rc >= 0 && w.is_list)
		print_jobs();
	if (rc >= 0)
		rc = w.is_list ? 0 : run(&w, argc + 1, typed, e);
	for (unsigned i = 0; i < w.n_lists; i++)
		free(w.lists[i]);
	free(typed);
	return rc;
}

void peers_cmd_help(FILE *f)
{
	bench_option_help(options, f);
	fputs("\nEvery round measures every job for every case in turn, each freshly "
	      "started and alone.\n'ringway-bench cases' lists the cases, 'peers --list' "
	      "the jobs and their groups.\nThe exit status is 1 if a sample failed.\n",
	      f);
}
