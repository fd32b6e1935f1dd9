/* SPDX-License-Identifier: BSD-2-Clause */
/* search_mlr_load: the definitions of RFC 9971 by the RFC's own example. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/search/search_mlr_load.h"

/* RFC 9971, appendix "Example Search". */
static const struct search_mlr_target example[4] = {
	{0, 0, 0.01, 60, 60},	    /* RFC2544 */
	{0, 0.5, 0.01, 60, 120},    /* TST009 */
	{0.005, 0.5, 0.01, 1, 120}, /* 1s final */
	{0.005, 0.2, 0.01, 60, 60}, /* 20% exceed */
};

static struct search_trial trials[200];
static struct search_log example_log = {.trial = trials};

static void add(unsigned n, double seconds, double loss)
{
	while (n--)
		trials[example_log.n++] = (struct search_trial){
			.rate_pps = 1e6,
			.seconds = seconds,
			.offered = 1000000,
			.received = (uint64_t)(1e6 * (1 - loss) + 0.5)};
}

static void classes(const char *want)
{
	for (int i = 0; i < 4; i++) {
		struct search_mlr_sums sums =
			search_mlr_load_sums(&example_log, 1e6, &example[i]);

		if ("ulU"[search_mlr_load_class(&example[i], &sums)] != want[i])
			fail_msg("%s: goal %d is another", want, i + 1);
	}
}

static void test_example_search(void **state)
{
	(void)state;
	example_log.n = 0;
	classes("uuuu");
	add(59, 1, 0);
	classes("uuuu"); /* point 1 */
	add(1, 1, 0.01);
	classes("Uuuu");
	add(59, 1, 0.01);
	classes("UuuU");
	add(1, 1, 0);
	classes("UulU");
	add(1, 60, 0.001);
	/* the table has the last as lower, though 45 of its 105 s exceed, and 20 % may */
	classes("UulU");
	trials[example_log.n] = (struct search_trial){1e6, 60, 1000000, 0, true};
	example_log.n++; /* a bad one, and one at another load: neither counts */
	trials[example_log.n] = (struct search_trial){2e6, 60, 1000000, 0, false};
	example_log.n++;
	classes("UulU");
	add(1, 60, 0);
	classes("UllU"); /* point 6, the same */
	assert_true(search_mlr_load_conditional(&example_log, 1e6, &example[1]) == 1e6);
	assert_true(search_mlr_load_conditional(&example_log, 1e6, &example[2]) == 1e6);
	assert_true(fabs(search_mlr_load_conditional(&example_log, 1e6, &example[3]) -
			 999000) < 1e-3);
}

static void test_conditional(void **state)
{
	const struct search_mlr_target t = {0, 0.5, 0.005, 1, 21};

	(void)state;
	example_log.n = 0;
	add(1, 1, 0);
	/* 9.5 s more would have to be good, and are not there */
	assert_true(search_mlr_load_conditional(&example_log, 1e6, &t) == 0);
	add(10, 1, 0.25);
	assert_true(search_mlr_load_conditional(&example_log, 1e6, &t) == 750000);
	add(10, 1, 0);
	assert_true(search_mlr_load_conditional(&example_log, 1e6, &t) == 1e6);
	add(5, 1, 0.75); /* more than the sum: 13 of 26 are enough */
	assert_true(search_mlr_load_conditional(&example_log, 1e6, &t) == 750000);
}

static void test_sums_of_tenths(void **state)
{
	const struct search_mlr_target t = {0, 0.5, 0.005, 0.1, 1};
	const struct search_mlr_target six = {0, 0.5, 0.005, 0.1, 0.6};
	struct search_mlr_sums sums;

	(void)state;
	example_log.n = 0;
	add(3, 0.1, 1); /* 0.30000000000000004 of 0.6 */
	sums = search_mlr_load_sums(&example_log, 1e6, &six);
	assert_int_equal(search_mlr_load_class(&six, &sums), SEARCH_MLR_CLASS_undecided);
	example_log.n = 0;
	add(5, 0.1, 0); /* 0.5 of 1.0: exactly half, whatever a double makes of it */
	sums = search_mlr_load_sums(&example_log, 1e6, &t);
	assert_int_equal(search_mlr_load_class(&t, &sums), SEARCH_MLR_CLASS_lower);
}

/* Good short trials outweigh bad short ones at most: not a bad full-length one. */
static void test_short_balance_short_alone(void **state)
{
	const struct search_mlr_sums sums = {.full_high = 60, .short_low = 400};

	(void)state;
	assert_int_equal(search_mlr_load_class(&example[3], &sums),
			 SEARCH_MLR_CLASS_upper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_search),
		cmocka_unit_test(test_conditional),
		cmocka_unit_test(test_sums_of_tenths),
		cmocka_unit_test(test_short_balance_short_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
