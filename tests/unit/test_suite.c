/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/report/suite: rounds are interleaved, failures are told, figures are not guessed.
 */
#include "tests/unit/result_sample.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "bench/report/suite.h"
#include "bench/report/summary.h"

/* What was measured, in its order: "tcp1/a ". */
static char trace[2000];

struct script {
	const char *fails;     /* this case */
	unsigned interrupt_at; /* 0: never */
	unsigned n;
	int code; /* of the failure; 0: -EIO */
};

static int scripted(void *arg, const struct suite *s, const struct suite_job *job,
		    unsigned case_idx, json_t *sample, struct err *e)
{
	const char *name = s->cases[case_idx].name;
	struct script *script = arg;
	size_t len = strlen(trace);

	assert_int_equal(json_object_size(sample), 0);
	snprintf(trace + len, sizeof(trace) - len, "%s/%s ", job->doc.name, name);
	if (++script->n == script->interrupt_at)
		return err_set(e, -EINTR, "SIGINT");
	json_object_set_new(sample, job->doc.metrics[0].name, json_real(script->n));
	if (script->fails && strcmp(script->fails, name) == 0)
		return err_set(e, script->code ? script->code : -EIO, "it\nfailed");
	return 0;
}

static void prepare(struct suite *s, struct script *script, const char *jobs,
		    const char *const *cases, unsigned rounds)
{
	struct err e = {0};

	trace[0] = '\0';
	*s = (struct suite){.n_rounds = rounds,
			    .measure = scripted,
			    .arg = script,
			    .time = suite_jobs_time(true)};
	s->doc = doc_new("t", 0, NULL, rounds, json_object(), json_object());
	assert_int_equal(suite_jobs_add(s, jobs, &e), 0);
	for (; *cases; cases++) {
		s->cases[s->n_cases++] = (struct suite_case){
			.name = *cases, .words = *cases, .max_ports = 4, .max_queues = 1};
		assert_int_equal(doc_add_case(s->doc, *cases, *cases, NULL, NULL, &e), 0);
	}
}

static int run(struct suite *s, struct err *e)
{
	FILE *f = fopen("/dev/null", "w");
	int rc = suite_run(s, f, e);

	fclose(f);
	return rc;
}

static const char *const abc[] = {"A", "B", "C", NULL};
static const char *const ab[] = {"A", "B", NULL};

static void test_interleaved(void **state)
{
	struct script script = {0};
	struct err e = {0};
	struct suite s;

	(void)state;
	prepare(&s, &script, "pps64,tcp1", abc, 2);
	assert_int_equal(run(&s, &e), 0);
	assert_string_equal(trace, "tcp1/A tcp1/B tcp1/C pps64/A pps64/B pps64/C "
				   "tcp1/A tcp1/B tcp1/C pps64/A pps64/B pps64/C ");
	assert_int_equal(doc_check(s.doc, &e), 0);
	json_decref(s.doc);
}

static void test_alternating(void **state)
{
	struct script script = {0};
	struct err e = {0};
	struct suite s;

	(void)state;
	prepare(&s, &script, "rtt", ab, 3);
	s.is_alternating = true;
	assert_int_equal(run(&s, &e), 0);
	assert_string_equal(trace, "rtt/A rtt/B rtt/B rtt/A rtt/A rtt/B ");
	json_decref(s.doc);
}

/* Cases do at most 4 ports and 1 queue: the rest is not asked of them. */
static void test_what_cannot_be(void **state)
{
	struct script script = {0};
	struct err e = {0};
	struct suite s;

	(void)state;
	prepare(&s, &script, "ports,queues", ab, 1);
	s.cases[1].max_ports = 8;
	assert_int_equal(run(&s, &e), 0);
	assert_string_equal(trace, "ports2/A ports2/B ports4/A ports4/B ports8/B ");
	assert_int_equal(doc_check(s.doc, &e), 0);
	json_decref(s.doc);
}

static void test_failures(void **state)
{
	struct script script = {.fails = "B"};
	struct summary_row row;
	struct err e = {0};
	struct suite s;

	(void)state;
	prepare(&s, &script, "pps64", ab, 5);
	assert_int_equal(run(&s, &e), 0);
	assert_string_equal(trace, "pps64/A pps64/B pps64/A pps64/B pps64/A pps64/B "
				   "pps64/A pps64/A ");
	assert_int_equal(doc_n_failed(s.doc), 5);
	row = summary_of(doc_job_lookup(s.doc, "pps64"), "kpps", "B", NULL, 0);
	assert_string_equal(row.failed, "it failed");
	assert_int_equal(row.values.n, 0); /* not the figure that it left */
	assert_int_equal(doc_check(s.doc, &e), 0);
	json_decref(s.doc);
}

static void test_interrupted(void **state)
{
	struct script script = {.interrupt_at = 4};
	struct err e = {0};
	struct suite s;

	(void)state;
	prepare(&s, &script, "pps64", ab, 5);
	assert_int_equal(run(&s, &e), -EINTR);
	assert_int_equal(script.n, 4);
	assert_int_equal(doc_check(s.doc, &e), 0); /* what is there is a document */
	assert_int_equal(doc_n_failed(s.doc), 0);
	json_decref(s.doc);
}

/* What cannot be counted here is no failure of the case. */
static void test_uncounted(void **state)
{
	struct script script = {.fails = "B", .code = -EOPNOTSUPP};
	struct summary_row row;
	struct err e = {0};
	struct suite s;

	(void)state;
	prepare(&s, &script, "insns", ab, 4);
	assert_int_equal(run(&s, &e), 0);
	assert_int_equal(script.n, 8); /* it is tried each time */
	assert_int_equal(doc_n_failed(s.doc), 0);
	row = summary_of(doc_job_lookup(s.doc, "insns"), "instructions", "B", NULL, 0);
	assert_int_equal(row.n_failed, 0);
	assert_int_equal(row.values.n, 0);
	assert_int_equal(row.n_warned, 4);
	json_decref(s.doc);
}

static bool is_always(void)
{
	return true;
}

/* The trial under way ends, and counts. */
static void test_asked_to_end(void **state)
{
	struct script script = {0};
	struct err e = {0};
	struct suite s;

	(void)state;
	prepare(&s, &script, "pps64", ab, 5);
	s.is_asked_to_end = is_always;
	assert_int_equal(run(&s, &e), -EINTR);
	assert_int_equal(script.n, 1);
	assert_int_equal(summary_spread(doc_job_lookup(s.doc, "pps64"), "kpps", "A").n,
			 1);
	json_decref(s.doc);
}

static void test_lists(void **state)
{
	static const char *const bad[] = {"",	   "pps64,",	    "pps",
					  "PPS64", "default short", "a,pps64"};
	struct suite s = {0};
	struct err e = {0};
	unsigned all;

	(void)state;
	suite_jobs(&all);
	assert_int_equal(suite_jobs_add(&s, "all", &e), 0);
	assert_int_equal(s.n_jobs, all);
	assert_int_equal(suite_jobs_add(&s, "pps1518,pps64,sizes,pps64", &e), 0);
	assert_int_equal(s.n_jobs, 7); /* the sizes of RFC 2544, each once */
	for (unsigned i = 0; i < 7; i++)
		assert_true(!i || s.jobs[i]->size > s.jobs[i - 1]->size);
	assert_int_equal(suite_jobs_add(&s, "ports", &e), 0);
	assert_int_equal(s.n_jobs, 6);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(suite_jobs_add(&s, bad[i], &e), -EINVAL);
}

/* Every job makes a document that passes, and a wish that the lab would take. */
static void test_every_job(void **state)
{
	struct suite s = {.time = suite_jobs_time(false)};
	struct suite_case c = {.words = "bridge"};
	struct err e = {0};

	(void)state;
	s.doc = doc_new("t", 0, NULL, 1, json_object(), json_object());
	assert_int_equal(suite_jobs_add(&s, "all", &e), 0);
	for (unsigned i = 0; i < s.n_jobs; i++) {
		struct trial_wish w = suite_jobs_wish(&s, s.jobs[i], &c);

		assert_int_equal(doc_add_job(s.doc, &s.jobs[i]->doc, &e), 0);
		assert_true(s.jobs[i]->doc.metrics[0].is_leading);
		assert_int_equal(w.n_ports, s.jobs[i]->ports);
		assert_float_equal(w.rate_pps * (w.n_ports / 2), s.jobs[i]->total_pps, 1);
		assert_true(s.jobs[i]->kind != TRIAL_JOB_rate || w.frames);
		assert_true(suite_jobs_weight(&s, s.jobs[i]) > 0.5);
		if (trial_check(&w, &e))
			fail_msg("%s: %s", s.jobs[i]->doc.name, e.text);
	}
	if (doc_check(s.doc, &e))
		fail_msg("%s", e.text);
	json_decref(s.doc);
}

static double figure(const json_t *sample, const char *name)
{
	return json_number_value(json_object_get(sample, name));
}

static void test_sample(void **state)
{
	struct trial_result r;
	struct suite s = {.time = suite_jobs_time(true)};
	json_t *o = json_object();
	struct err e = {0};

	(void)state;
	trial_init(&r);
	assert_int_equal(suite_jobs_add(&s, "pps64,cpu50", &e), 0);
	r.sent = 200;
	r.lost = 50;
	r.received_pps = 400000;
	r.offered_pps = 533333;
	r.cpu_ns_packet = 2500;
	r.vhost_ns_packet = r.calls_packet = NAN;
	r.ceiling_share = 0.9;
	suite_sample_fill(o, s.jobs[0], &r);
	assert_float_equal(figure(o, "kpps"), 400, 1e-6);
	assert_float_equal(figure(o, "loss_percent"), 25, 1e-6);
	assert_float_equal(figure(o, "cpu_us"), 2.5, 1e-6);
	assert_null(json_object_get(o, "vhost_us"));
	assert_null(json_object_get(o, "calls"));
	assert_non_null(strstr(json_string_value(json_object_get(o, "warning")), "80 %"));
	json_object_clear(o);
	r.ceiling_share = 0.2;
	r.is_sender_slow = true;
	suite_sample_fill(o, s.jobs[0], &r); /* flat out: no rate was asked for */
	assert_null(json_object_get(o, "warning"));
	suite_sample_fill(o, s.jobs[1], &r);
	assert_non_null(json_object_get(o, "warning"));
	json_decref(o);
	trial_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_alternating),
		cmocka_unit_test(test_what_cannot_be),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_asked_to_end),
		cmocka_unit_test(test_uncounted),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_every_job),
		cmocka_unit_test(test_sample),
	};

	return cmocka_run_group_tests_name("suite", tests, NULL, NULL);
}
