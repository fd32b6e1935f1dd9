/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/report/summary, tables, plot: ratios within rounds, what is marked, what is
 * shown. */
#include "tests/unit/result_sample.h"

#include <math.h>
#include <string.h>

#include "bench/report/plot.h"
#include "bench/report/summary.h"
#include "bench/report/tables.h"

/* Drift by a factor of 2 between the rounds; the ratio stays 1.5, 2, 1.75. */
static json_t *drifting(void)
{
	json_t *doc = sample_doc(3);

	sample_add(doc, "rwloop", 100, 3);
	sample_add(doc, "ringway", 150, 1.5);
	sample_add(doc, "rwloop", 200, 3);
	sample_add(doc, "ringway", 400, 1.4);
	sample_add(doc, "rwloop", 160, 2.9);
	sample_add(doc, "ringway", 280, 1.6);
	return doc;
}

static const char *const rwloop_base[] = {"rwloop"};

static void test_ratios_within_rounds(void **state)
{
	json_t *doc = drifting();
	json_t *job = doc_job_lookup(doc, "pps64");
	struct summary_row row;
	const char *bases[SUMMARY_MAX_BASES];

	(void)state;
	assert_int_equal(summary_bases(doc, job, "kpps", bases), 1);
	assert_string_equal(bases[0], "rwloop");
	assert_int_equal(summary_bases(doc, job, "gbit", bases), 0);
	row = summary_of(job, "kpps", "ringway", rwloop_base, 1);
	assert_int_equal(row.values.n, 3);
	assert_float_equal(row.values.median, 280, 1e-9);
	assert_float_equal(row.ratio[0].r.min, 1.5, 1e-9);
	assert_float_equal(row.ratio[0].r.median, 1.75, 1e-9);
	assert_float_equal(row.ratio[0].r.max, 2, 1e-9);
	/* 100..200 and 150..400 share a point; 2.9..3 and 1.4..1.6 do not */
	assert_true(row.ratio[0].is_doubtful);
	row = summary_of(job, "cpu_us", "ringway", rwloop_base, 1);
	assert_false(row.ratio[0].is_doubtful);
	row = summary_of(job, "kpps", "rwloop", rwloop_base, 1);
	assert_int_equal(row.ratio[0].r.n, 0);
	json_decref(doc);
}

/* A round in which one of the two failed has no ratio; the other rounds keep theirs. */
static void test_failed_rounds(void **state)
{
	json_t *doc = sample_doc(3), *job;
	double v[DOC_MAX_ROUNDS], base[DOC_MAX_ROUNDS];
	struct summary_row row;

	(void)state;
	sample_add(doc, "rwloop", 100, 3);
	sample_add_error(doc, "ringway", "no way");
	sample_add_error(doc, "rwloop", "gone");
	sample_add(doc, "ringway", 400, 1);
	sample_add(doc, "rwloop", 160, 3);
	sample_add(doc, "ringway", 320, 1);
	job = doc_job_lookup(doc, "pps64");
	assert_int_equal(summary_pairs(job, "kpps", "ringway", "rwloop", v, base), 1);
	assert_float_equal(v[0] / base[0], 2, 1e-9);
	row = summary_of(job, "kpps", "ringway", rwloop_base, 1);
	assert_int_equal(row.values.n, 2);
	assert_int_equal(row.ratio[0].r.n, 1);
	assert_int_equal(row.n_failed, 1);
	assert_string_equal(row.failed, "no way");
	json_decref(doc);
}

/* One round proves nothing. */
static void test_one_round(void **state)
{
	json_t *doc = sample_doc(1);
	struct summary_row row;

	(void)state;
	sample_add(doc, "rwloop", 100, 3);
	sample_add(doc, "ringway", 900, 1);
	row = summary_of(doc_job_lookup(doc, "pps64"), "kpps", "ringway", rwloop_base, 1);
	assert_float_equal(row.ratio[0].r.median, 9, 1e-9);
	assert_true(row.ratio[0].is_doubtful);
	json_decref(doc);
}

typedef void print_doc(const json_t *doc, FILE *f);

static char *printed(print_doc *print, const json_t *doc)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	print(doc, f);
	fclose(f);
	return text;
}

static void expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in\n%s", part, text);
}

static void test_text(void **state)
{
	json_t *doc = drifting();
	char *text = printed(tables_print_text, doc);

	(void)state;
	expect_in(text, "64-byte frames: delivered, kpps (more is better)\n");
	expect_in(text, "280 [150..400]  1.75 [1.50..2.00] ~  loss 1 %\n");
	expect_in(text, "1.5 [1.4..1.6]");
	expect_in(text, "0.50 [0.47..0.55]\n"); /* not marked */
	expect_in(text, "\n~ the spreads");
	expect_in(text, "A CPU");
	assert_null(strstr(text, " \n"));
	free(text);
	json_decref(doc);
}

static void test_nothing_marked(void **state)
{
	json_t *doc = sample_doc(2);
	char *text;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		sample_add(doc, "rwloop", 100 + i, 3);
		sample_add(doc, "ringway", 200 + i, 1);
	}
	text = printed(tables_print_text, doc);
	assert_null(strstr(text, "~"));
	free(text);
	json_decref(doc);
}

static void test_markdown(void **state)
{
	json_t *doc = drifting();
	char *text;

	(void)state;
	sample_add_error(doc, "a|b", "it is <b>broken</b>");
	text = printed(tables_print_markdown, doc);
	expect_in(text, "# Peers\n");
	expect_in(text, "    ringway-bench peers --jobs 'pps 64'\n");
	expect_in(text, "| ringway | 280 \\[150..400\\] | 1.75 \\[1.50..2.00\\] \\~ | "
			"loss 1 % |\n");
	expect_in(text, "| a\\|b | - |  | FAILED 1x: it is &lt;b>broken&lt;/b> |\n");
	expect_in(text, "| spectre\\_v2 | Mitigation: a\\|b |\n");
	expect_in(text, "| governor | not told |\n");
	expect_in(text, "| rwloop | read and write |\n");
	expect_in(text, "3 rounds");
	free(text);
	json_decref(doc);
}

static void test_csv(void **state)
{
	json_t *doc = sample_doc(1);
	char *text;

	(void)state;
	sample_add(doc, "ringway --cpus 0,1", 12.5, 3);
	sample_add_error(doc, "rwloop", "say \"no\"");
	text = printed(tables_print_csv, doc);
	assert_string_equal(text, "job,case,round,metric,unit,value\n"
				  "pps64,\"ringway --cpus 0,1\",1,kpps,kpps,12.5\n"
				  "pps64,\"ringway --cpus 0,1\",1,cpu_us,us/packet,3\n"
				  "pps64,\"ringway --cpus 0,1\",1,loss_percent,%,1\n"
				  "pps64,rwloop,1,error,,\"say \"\"no\"\"\"\n");
	free(text);
	json_decref(doc);
}

/* Names are data to gnuplot, whatever is in them. */
static void test_script(void **state)
{
	json_t *doc = sample_doc(1), *job = doc_job_lookup(doc, "pps64");
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	sample_add(doc, "a\"; system('x') #", 5, 1);
	plot_bars(job, doc_metric_lookup(job, "kpps"), "out/it's", f);
	fclose(f);
	expect_in(text, "0 \"a'; system('x') #\" 5 5 5\n");
	expect_in(text, "set output 'out/it''s.svg'\n");
	expect_in(text, "set output 'out/it''s.png'\n");
	free(text);
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ratios_within_rounds),
		cmocka_unit_test(test_failed_rounds),
		cmocka_unit_test(test_one_round),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_nothing_marked),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_script),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
