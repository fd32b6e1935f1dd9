/* SPDX-License-Identifier: BSD-2-Clause */
/* suite_trial: a suite's samples taken by trials of bench/lab. */
#include "bench/report/suite_trial.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/hist.h"

static unsigned idx_of(const struct suite *s, const struct suite_job *job)
{
	unsigned i = 0;

	while (s->jobs[i] != job)
		i++;
	return i;
}

static int write_hgrm(const struct hist *h, const char *path, struct err *e)
{
	FILE *f = fopen(path, "we");
	int rc = f ? hist_write_hgrm(h, f, 1000) : -errno;

	if (f && fclose(f) && !rc)
		rc = -errno;
	return rc ? err_set(e, rc, "%s: %s", path, strerror(-rc)) : 0;
}

static int keep_latency(struct suite_trial *t, const struct suite *s,
			const struct suite_job *job, unsigned case_idx,
			const struct hist *h, json_t *sample, struct err *e)
{
	struct hist **merged = &t->merged[idx_of(s, job)][case_idx];
	char name[64], path[PATH_MAX];
	int rc;

	if (!t->folder || !h || !hist_count(h))
		return 0;
	if (!*merged) {
		*merged = malloc(sizeof(**merged));
		if (!*merged)
			return err_set(e, -ENOMEM, "no memory for a histogram");
		hist_init(*merged);
	}
	hist_merge(*merged, h);
	snprintf(name, sizeof(name), "%s-%u.hgrm", job->doc.name, case_idx);
	snprintf(path, sizeof(path), "%s/%s", t->folder, name);
	rc = write_hgrm(*merged, path, e);
	if (!rc)
		json_object_set_new(sample, "hgrm", json_string(name));
	return rc;
}

int suite_trial_measure(void *arg, const struct suite *s, const struct suite_job *job,
			unsigned case_idx, json_t *sample, struct err *e)
{
	struct trial_wish w = suite_jobs_wish(s, job, &s->cases[case_idx]);
	struct trial_result r;
	int rc;

	trial_init(&r);
	rc = trial_once(&w, &r, e);
	if (!rc) {
		suite_sample_fill(sample, job, &r);
		rc = keep_latency(arg, s, job, case_idx, r.latency, sample, e);
	}
	trial_fini(&r);
	return rc;
}

void suite_trial_fini(struct suite_trial *t)
{
	for (unsigned j = 0; j < SUITE_MAX_JOBS; j++)
		for (unsigned i = 0; i < SUITE_MAX_CASES; i++) {
			free(t->merged[j][i]);
			t->merged[j][i] = NULL;
		}
}

static int add(struct suite *s, const char *name, const char *words,
	       const struct case_spec *c, struct err *e)
{
	for (unsigned i = 0; i < s->n_cases; i++)
		if (strcmp(s->cases[i].name, name) == 0)
			return err_usage(e, "case '%s': it is asked for twice", name);
	if (s->n_cases == SUITE_MAX_CASES)
		return err_usage(e, "no more than %d cases", SUITE_MAX_CASES);
	s->cases[s->n_cases++] = (struct suite_case){
		.name = name,
		.words = words,
		.max_ports = c->max_ports,
		.max_queues = c->max_queues,
	};
	return doc_add_case(s->doc, name, c->title, words, c->start, e);
}

int suite_trial_add_case(struct suite *s, const char *name, const char *words,
			 struct err *e)
{
	struct case_spec c;
	int rc;

	case_init(&c);
	rc = case_read(&c, words, e);
	if (!rc)
		rc = case_check(&c, e);
	if (!rc)
		rc = add(s, name ? name : words, words, &c, e);
	case_fini(&c);
	return rc;
}
