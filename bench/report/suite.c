/* SPDX-License-Identifier: BSD-2-Clause */
/* suite: jobs measured for several cases in interleaved rounds. */
#include "bench/report/suite.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/report/cells.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool can_do(const struct suite_case *c, const struct suite_job *job)
{
	return job->ports <= c->max_ports && job->queues <= c->max_queues;
}

/* For the line of progress: the leading figure, or what went wrong. */
static void describe(const struct suite_job *job, const json_t *sample, char *text,
		     size_t size)
{
	const struct doc_metric *m = &job->doc.metrics[0];
	const char *error = json_string_value(json_object_get(sample, "error"));
	const char *warning = json_string_value(json_object_get(sample, "warning"));
	const json_t *v = json_object_get(sample, m->name);

	if (error)
		snprintf(text, size, "%s", error);
	else if (!json_is_number(v))
		snprintf(text, size, "no figure%s%s", warning ? "; " : "",
			 warning ? warning : "");
	else
		snprintf(text, size, "%s %s%s%s", cells_number(json_number_value(v)).text,
			 m->unit, warning ? "; " : "", warning ? warning : "");
}

/* A machine without counters has no figure, and the case is not to blame. */
static bool is_uncounted(const struct suite_job *job, int rc)
{
	return job->probe != TRIAL_PROBE_none &&
	       (rc == -EOPNOTSUPP || rc == -ENOENT || rc == -ENODEV || rc == -EACCES ||
		rc == -EPERM);
}

/* A case that failed so often does not get its time to become ready once more. */
static int try(struct suite *s, const struct suite_job *job, unsigned case_idx,
	       json_t *sample)
{
	struct suite_case *c = &s->cases[case_idx];
	struct err why = {0};
	int rc = 0;

	if (c->n_in_row >= SUITE_PATIENCE) {
		json_object_set_new(
			sample, "error",
			json_sprintf("not tried: %u failures in a row", c->n_in_row));
		return 0;
	}
	rc = s->measure(s->arg, s, job, case_idx, sample, &why);
	if (is_uncounted(job, rc)) {
		json_object_clear(sample);
		json_object_set_new(sample, "warning", doc_text(why.text));
		return 0;
	}
	c->n_in_row = rc ? c->n_in_row + 1 : 0;
	if (rc) {
		json_object_clear(sample);
		json_object_set_new(sample, "error", doc_text(why.text));
	}
	return rc;
}

static int broken_off(unsigned round, struct err *e)
{
	return err_set(e, -EINTR, "broken off in round %u", round + 1);
}

static int one(struct suite *s, unsigned round, const struct suite_job *job,
	       unsigned case_idx, struct err *e)
{
	const struct suite_case *c = &s->cases[case_idx];
	char what[160], outcome[300];
	json_t *sample = json_object();
	int rc;

	snprintf(what, sizeof(what), "round %u/%u  %s  %s", round + 1, s->n_rounds,
		 job->doc.name, c->name);
	progress_begin(&s->progress, what, now());
	rc = try(s, job, case_idx, sample);
	if (rc && s->is_asked_to_end && s->is_asked_to_end())
		rc = -EINTR; /* it may have failed for that */
	describe(job, sample, outcome, sizeof(outcome));
	progress_end(&s->progress, what, outcome, suite_jobs_weight(s, job), now());
	if (rc == -EINTR) {
		json_decref(sample);
		return broken_off(round, e);
	}
	rc = doc_add_sample(s->doc, job->doc.name, c->name, sample, e);
	rc = rc || !s->path ? rc : doc_save(s->doc, s->path, e);
	if (!rc && s->is_asked_to_end && s->is_asked_to_end())
		rc = broken_off(round, e);
	return rc;
}

static int one_round(struct suite *s, unsigned round, struct err *e)
{
	bool is_back = s->is_alternating && round % 2;

	for (unsigned j = 0; j < s->n_jobs; j++)
		for (unsigned i = 0; i < s->n_cases; i++) {
			unsigned n = is_back ? s->n_cases - 1 - i : i;
			int rc = 0;

			if (can_do(&s->cases[n], s->jobs[j]))
				rc = one(s, round, s->jobs[j], n, e);
			if (rc)
				return rc;
		}
	return 0;
}

static void plan(struct suite *s, FILE *f)
{
	double planned = 0;
	unsigned n = 0;

	for (unsigned j = 0; j < s->n_jobs; j++)
		for (unsigned i = 0; i < s->n_cases; i++)
			if (can_do(&s->cases[i], s->jobs[j])) {
				planned += suite_jobs_weight(s, s->jobs[j]);
				n++;
			}
	progress_init(&s->progress, f, isatty(fileno(f)), n * s->n_rounds,
		      planned * s->n_rounds, now());
	fprintf(f, "%u trials, about %s\n", n * s->n_rounds,
		progress_time(planned * s->n_rounds).text);
}

int suite_run(struct suite *s, FILE *f, struct err *e)
{
	int rc = 0;

	for (unsigned j = 0; j < s->n_jobs && !rc; j++)
		rc = doc_add_job(s->doc, &s->jobs[j]->doc, e);
	if (rc)
		return rc;
	plan(s, f);
	for (unsigned round = 0; round < s->n_rounds && !rc; round++)
		rc = one_round(s, round, e);
	progress_fini(&s->progress);
	return rc;
}
