/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway-bench search: the field's searches and procedures through one forwarder. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/search_run.h"
#include "bench/cli/trial_options.h"

enum {
	OPT_max = TRIAL_OPTIONS_own,
	OPT_min,
	OPT_resolution,
	OPT_loss,
	OPT_repeats,
	OPT_step,
	OPT_time_limit,
	OPT_sum,
	OPT_interval,
	OPT_disturbed,
	OPT_json,
};

static const struct option options[] = {
	TRIAL_OPTIONS_LIST,
	{"max", 1, NULL, OPT_max},
	{"min", 1, NULL, OPT_min},
	{"resolution", 1, NULL, OPT_resolution},
	{"loss-ratio", 1, NULL, OPT_loss},
	{"repeats", 1, NULL, OPT_repeats},
	{"step", 1, NULL, OPT_step},
	{"time-limit", 1, NULL, OPT_time_limit},
	{"duration-sum", 1, NULL, OPT_sum},
	{"interval", 1, NULL, OPT_interval},
	{"keep-disturbed", 0, NULL, OPT_disturbed},
	{"json", 0, NULL, OPT_json},
	{0},
};

void search_cmd_help(FILE *f)
{
	fputs("\nKIND is one of\n"
	      "  throughput    the highest rate without loss (RFC 2544 26.1)\n"
	      "  ndrpdr        non-drop and partial-drop rate (MLRsearch, RFC 9971)\n"
	      "  loss          frame loss at 100 %, 90 %, ... (RFC 2544 26.3)\n"
	      "  back-to-back  the longest burst without loss (RFC 2544 26.4, RFC 9004)\n"
	      "  latency       at 0, 10, 50 and 90 % of the partial-drop rate (26.2)\n"
	      "  reset         how long --event CMD blocks (RFC 6201: lost frames / "
	      "rate)\n"
	      "  soak          one --rate for long\n"
	      "Options; what is not given is the standard's:\n"
	      "  --max R           highest rate (the sender's own), or frames of a "
	      "burst\n"
	      "  --min R           lowest rate, or frames of a burst\n"
	      "  --resolution X    when to end: relative, or frames of a burst\n"
	      "  --loss-ratio X    what still passes (0; of PDR 0.005)\n"
	      "  --duration-sum S  seconds of trials that settle a load, of ndrpdr\n"
	      "  --repeats N       searches, of back-to-back; events, of reset\n"
	      "  --step X          share of the highest rate, of loss (0.1)\n"
	      "  --interval S      of soak (10); --seconds is its whole length\n"
	      "  --time-limit S    end a search over rates by then\n"
	      "  --keep-disturbed  do not repeat a trial because the machine was "
	      "disturbed\n"
	      "  --json            print one line of JSON, with every trial\n",
	      f);
	trial_options_help(f);
}

/* --- options ------------------------------------------------------------------- */

static int take(struct search_run *s, int opt, const char *arg, struct err *e)
{
	const char *frames = s->wish.frames;

	switch (opt) {
	case OPT_max:
		return trial_options_rate(arg, frames, &s->max, e);
	case OPT_min:
		return trial_options_rate(arg, frames, &s->min, e);
	case OPT_resolution:
		return trial_options_number("resolution", arg, 1e-6, 1e9, &s->resolution,
					    e);
	case OPT_loss:
		return trial_options_number("loss-ratio", arg, 0, 1, &s->loss, e);
	case OPT_repeats:
		return trial_options_number("repeats", arg, 1, 1000, &s->repeats, e);
	case OPT_step:
		return trial_options_number("step", arg, 1e-3, 0.1, &s->step, e);
	case OPT_time_limit:
		return trial_options_number("time-limit", arg, 0, 1e7, &s->time_limit, e);
	case OPT_sum:
		return trial_options_number("duration-sum", arg, 1e-3, 1e6, &s->sum, e);
	case OPT_interval:
		return trial_options_number("interval", arg, 1e-3, 1e6, &s->interval, e);
	case OPT_disturbed:
		s->keeps_disturbed = true;
		return 0;
	case OPT_json:
		s->is_json = true;
		return 0;
	case TRIAL_OPTIONS_seconds:
		return trial_options_number("seconds", arg, 1e-3, 1e6, &s->seconds, e);
	default:
		return trial_options_take(&s->wish, opt, arg, e);
	}
}

static int parse(struct search_run *s, int argc, char **argv, struct err *e)
{
	int opt, rc = 0;

	optind = 0;
	while (!rc && (opt = trial_options_next(argc, argv, options, e)) != -1)
		rc = opt < 0 ? opt : take(s, opt, optarg, e);
	if (rc < 0)
		return rc;
	if (optind + 2 != argc)
		return err_usage(
			e, "search takes a CASE and a KIND; see 'ringway-bench help "
			   "search'");
	s->wish.case_words = argv[optind];
	s->kind = argv[optind + 1];
	if (s->wish.event && strcmp(s->kind, "reset") != 0)
		return err_usage(e, "--event is for reset");
	return trial_check(&s->wish, e);
}

/* --- the search -------------------------------------------------------------- */

static int search(struct search_run *s, struct err *e)
{
	int rc;

	if (!search_run_has_kind(s->kind))
		return err_usage(
			e,
			"'%.40s' is no kind of search; there are throughput, ndrpdr, "
			"loss, back-to-back, latency, reset and soak",
			s->kind);
	rc = case_read(&s->spec, s->wish.case_words, e);
	if (!rc)
		rc = trial_open(&s->l, &s->wish, &s->spec, e);
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

	trial_defaults(&s.wish);
	case_init(&s.spec);
	rc = parse(&s, argc, argv, e);
	if (rc < 0)
		return rc;
	rc = search(&s, e);
	if (!rc && s.is_json && !s.out)
		rc = err_set(e, -ENOMEM, "not enough memory for the result");
	if (!rc && s.is_json) {
		json_object_set_new(s.out, "case", json_string(s.wish.case_words));
		json_object_set_new(s.out, "search", json_string(s.kind));
		json_dumpf(s.out, stdout, JSON_PRESERVE_ORDER);
		putchar('\n');
	}
	json_decref(s.out);
	free(s.latency);
	case_fini(&s.spec);
	return rc;
}
