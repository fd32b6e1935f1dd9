/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/report/pairs, progress: what a comparison may say, and how long work will take.
 */
#include "tests/unit/result_sample.h"

#include <math.h>
#include <string.h>

#include "bench/report/pairs.h"
#include "bench/report/progress.h"

/* n rounds: base drifts by a factor of 3, v is base times factor, and noise of its own.
 */
static struct pairs judge(double factor, double noise, unsigned n, enum doc_better better)
{
	double v[DOC_MAX_ROUNDS], base[DOC_MAX_ROUNDS];

	for (unsigned i = 0; i < n; i++) {
		base[i] = 100 * (1 + 2.0 * i / n);
		v[i] = base[i] * factor * (1 + noise * (i % 2 ? 1 : -1));
	}
	return pairs_of(v, base, n, better, 0.95);
}

static void test_verdicts(void **state)
{
	struct pairs p;

	(void)state;
	p = judge(1.1, 0.02, 10, DOC_BETTER_MORE);
	assert_int_equal(p.verdict, PAIRS_VERDICT_BETTER);
	assert_float_equal(p.percent_worse, 0, 1e-9);
	p = judge(1.1, 0.02, 10, DOC_BETTER_LESS);
	assert_int_equal(p.verdict, PAIRS_VERDICT_WORSE);
	assert_float_equal(p.percent_worse, 10, 0.5);
	assert_int_equal(judge(0.9, 0.02, 10, DOC_BETTER_MORE).verdict,
			 PAIRS_VERDICT_WORSE);
	assert_int_equal(judge(0.9, 0.02, 10, DOC_BETTER_LESS).verdict,
			 PAIRS_VERDICT_BETTER);
	assert_int_equal(judge(0.9, 0.02, 10, DOC_BETTER_NONE).verdict,
			 PAIRS_VERDICT_CHANGED);
	assert_int_equal(judge(1.0, 0.1, 10, DOC_BETTER_MORE).verdict,
			 PAIRS_VERDICT_NONE);
	assert_int_equal(judge(1.01, 0.2, 10, DOC_BETTER_MORE).verdict,
			 PAIRS_VERDICT_NONE);
}

/* All ratios on one side of 1 by chance: 2 in 2^5 with 5 rounds, 2 in 2^6 with 6. */
static void test_few_rounds(void **state)
{
	struct pairs p;

	(void)state;
	assert_int_equal(pairs_min_rounds(0.95), 6);
	assert_int_equal(pairs_min_rounds(0.99), 8);
	assert_int_equal(pairs_min_rounds(0.5), 2);
	for (unsigned n = 0; n < 6; n++) {
		p = judge(9, 0, n, DOC_BETTER_MORE);
		assert_int_equal(p.verdict, PAIRS_VERDICT_FEW);
		assert_int_equal(p.n, n);
	}
	assert_true(isnan(judge(9, 0, 0, DOC_BETTER_MORE).ratio.mid));
	assert_int_equal(judge(9, 0, 6, DOC_BETTER_MORE).verdict, PAIRS_VERDICT_BETTER);
}

static void test_print(void **state)
{
	json_t *doc = sample_doc(8);
	char *text = NULL;
	unsigned n;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		sample_add(doc, "rwloop", 100 + i, 3);
		sample_add(doc, "ringway", 110 + i, 3.3 + 0.01 * i);
	}
	n = pairs_print(doc, "ringway", "rwloop", 0.95, 5, f);
	fflush(f);
	assert_int_equal(n, 1); /* CPU is a tenth worse */
	assert_non_null(strstr(text, "better"));
	assert_non_null(strstr(text, "worse"));
	assert_int_equal(pairs_print(doc, "ringway", "rwloop", 0.95, 20, f), 0);
	fclose(f);
	free(text);
	json_decref(doc);
}

static void test_time_left(void **state)
{
	struct progress p;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	progress_init(&p, f, false, 3, 30, 1000);
	assert_float_equal(progress_left(&p, 1000), 30, 1e-9);
	progress_begin(&p, "a", 1000); /* not shown where it cannot be written over */
	progress_end(&p, "a", "5 kpps", 10, 1020);
	assert_float_equal(progress_left(&p, 1020), 40, 1e-9); /* twice as slow */
	progress_end(&p, "b", "failed", 20, 1060);
	assert_float_equal(progress_left(&p, 1060), 0, 1e-9);
	progress_fini(&p);
	fclose(f);
	assert_string_equal(text,
			    "[1/3, 40 s left] a: 5 kpps\n[2/3, 0 s left] b: failed\n");
	free(text);
}

static void test_times(void **state)
{
	(void)state;
	assert_string_equal(progress_time(-1).text, "0 s");
	assert_string_equal(progress_time(99).text, "99 s");
	assert_string_equal(progress_time(120).text, "2 min");
	assert_string_equal(progress_time(7500).text, "2 h 05 min");
	assert_non_null(progress_time(INFINITY).text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_few_rounds),
		cmocka_unit_test(test_print),	 cmocka_unit_test(test_time_left),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests_name("pairs", tests, NULL, NULL);
}
