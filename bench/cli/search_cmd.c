/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway-bench search: the field's searches and procedures through one forwarder. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/bench_option.h"
#include "bench/cli/search_run.h"
#include "bench/cli/told.h"

#define REAL(field, min, max) BENCH_OPTION_IN(real, struct search_run, field, min, max)

static const struct bench_option options[] = {
	{"max", "R", "highest rate (95 % of the sender flat out), or frames of a burst",
	 BENCH_OPTION_TO(text, struct search_run, max_text)},
	{"min", "R", "lowest rate, or frames of a burst",
	 BENCH_OPTION_TO(text, struct search_run, min_text)},
	{"seconds", "S", "of a trial; of soak: its whole length",
	 REAL(seconds, 1e-3, 1e6)},
	{"resolution", "X", "when to end: relative, or frames of a burst",
	 REAL(resolution, 1e-6, 1e9)},
	{"loss-ratio", "X", "what still passes (0; of PDR 0.005)", REAL(loss, 0, 1)},
	{"duration-sum", "S", "seconds of trials that settle a load, of ndrpdr",
	 REAL(sum, 1e-3, 1e6)},
	{"repeats", "N", "searches, of back-to-back; events, of reset",
	 REAL(repeats, 1, 1000)},
	{"step", "X", "share of the highest rate, of loss (0.1)", REAL(step, 1e-3, 0.1)},
	{"interval", "S", "of soak (10)", REAL(interval, 1e-3, 1e6)},
	{"time-limit", "S", "end a search over rates by then", REAL(time_limit, 0, 1e7)},
	{"keep-disturbed", NULL,
	 "do not repeat a trial because the machine was disturbed",
	 BENCH_OPTION_TO(flag, struct search_run, keeps_disturbed)},
	{"json", NULL, "the result, with every trial, as one line of JSON",
	 BENCH_OPTION_TO(flag, struct search_run, is_json)},
	{"", .kind = BENCH_OPTION_table, .at = offsetof(struct search_run, trial),
	 .table = trial_options_table},
	{.name = NULL},
};

void search_cmd_help(FILE *f)
{
	fputs("\nCASE as of run. KIND is one of\n", f);
	search_run_help(f);
	fputs("Options; what is not given is the standard's:\n", f);
	bench_option_help(options, f);
}

/* --- options ------------------------------------------------------------------- */

/* What was given, and is not of this kind of search, would do nothing. */
static int check_kind(const struct search_run *s, struct err *e)
{
	const struct {
		const char *name;
		bool is_given;
	} given[] = {
		{"max", s->max_text},
		{"min", s->min_text},
		{"seconds", !isnan(s->seconds)},
		{"resolution", !isnan(s->resolution)},
		{"loss-ratio", !isnan(s->loss)},
		{"duration-sum", !isnan(s->sum)},
		{"repeats", !isnan(s->repeats)},
		{"step", !isnan(s->step)},
		{"interval", !isnan(s->interval)},
		{"time-limit", !isnan(s->time_limit)},
		{"rate", s->trial.rate},
		{"event", s->trial.wish.event},
	};

	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(given) / sizeof(given[0]); i++)
		if (given[i].is_given)
			rc = search_run_check_option(s->kind, given[i].name, e);
	return rc;
}

static int parse(struct search_run *s, int argc, char **argv, struct err *e)
{
	const char *frames;
	int at = bench_option_parse(options, argc, argv, s, e);
	int rc = at < 0 ? at
			: bench_option_words(argc, argv, at, 2, "a CASE and a KIND", e);

	if (rc)
		return rc;
	s->trial.wish.case_words = argv[at];
	s->kind = argv[at + 1];
	frames = s->trial.wish.frames;
	rc = search_run_check_kind(s->kind, e);
	if (!rc)
		rc = check_kind(s, e);
	if (!rc && s->max_text)
		rc = trial_options_rate("max", s->max_text, frames, &s->max, e);
	if (!rc && s->min_text)
		rc = trial_options_rate("min", s->min_text, frames, &s->min, e);
	return rc ? rc : trial_options_finish(&s->trial, e);
}

/* --- the search -------------------------------------------------------------- */

static int search(struct search_run *s, struct err *e)
{
	int rc = case_read(&s->spec, s->trial.wish.case_words, e);

	if (!rc)
		rc = trial_open(&s->l, &s->trial.wish, &s->spec, e);
	if (!rc)
		rc = search_run(s, e);
	lab_close(s->l);
	return rc;
}

int search_cmd(int argc, char **argv, struct err *e)
{
	struct search_run s = {
		.max = NAN,
		.min = NAN,
		.resolution = NAN,
		.loss = NAN,
		.repeats = NAN,
		.step = NAN,
		.time_limit = NAN,
		.sum = NAN,
		.interval = NAN,
		.seconds = NAN,
	};
	int rc;

	trial_defaults(&s.trial.wish);
	case_init(&s.spec);
	rc = parse(&s, argc, argv, e);
	if (rc < 0)
		return rc;
	rc = search(&s, e);
	if (!rc && s.is_json && !s.out)
		rc = err_set(e, -ENOMEM, "not enough memory for the result");
	if (!rc && s.is_json) {
		json_object_set_new(s.out, "case", json_string(s.trial.wish.case_words));
		json_object_set_new(s.out, "search", json_string(s.kind));
		rc = told_print(s.out, e);
		s.out = NULL;
	}
	json_decref(s.out);
	free(s.latency);
	case_fini(&s.spec);
	return rc;
}
