/* SPDX-License-Identifier: BSD-2-Clause */
/* search: any device, any goals: each search ends, and what it says holds together. */
#include "tests/unit/search_device.h"

static struct search_mlr s;
static struct search_mlr_result r;
static struct search_throughput t;
static struct search_throughput_result tr;

static bool one_of(uint64_t *seed, unsigned n)
{
	return make_below(seed, n) == 0;
}

static struct device any_device(uint64_t *seed)
{
	struct device d = {.seed = make_random(seed) | 1};

	d.capacity = device_log_uniform(seed, 500, 2e7);
	if (one_of(seed, 2))
		d.noise = device_log_uniform(seed, 1e-4, 1);
	if (one_of(seed, 4))
		d.drift =
			device_log_uniform(seed, 1e-6, 1e-2) * (one_of(seed, 2) ? 1 : -1);
	if (one_of(seed, 4))
		d.dip_from = device_log_uniform(seed, 1000, 1e7);
	d.dip_to = d.dip_from * 1.5;
	if (one_of(seed, 5))
		d.sender_max = device_log_uniform(seed, 500, 1e7);
	if (one_of(seed, 5))
		d.disturbed_of_100 = make_below(seed, 60);
	if (one_of(seed, 5))
		d.floor_loss = device_log_uniform(seed, 1e-6, 1);
	return d;
}

static struct search_goal any_goal(uint64_t *seed)
{
	struct search_goal g = {
		.loss_ratio = one_of(seed, 3) ? 0 : device_log_uniform(seed, 1e-5, 0.9),
		.exceed_ratio = one_of(seed, 3) ? make_below(seed, 100) / 100.0 : 0.5,
		.width = device_log_uniform(seed, 1e-4, 0.2),
		.preceding = make_below(seed, 9),
		.initial_seconds = device_log_uniform(seed, 0.01, 1),
		.final_seconds = device_log_uniform(seed, 1, 10),
	};

	g.duration_sum = g.final_seconds * device_log_uniform(seed, 1, 30);
	return g;
}

static void check_goal(const struct search_goal *g, const struct search_goal_result *got)
{
	assert_true(got->end != SEARCH_END_undefined);
	assert_true(s.range.time_limit > 0 || got->end != SEARCH_END_time);
	if (got->upper_pps > 0)
		assert_true(got->lower_pps < got->upper_pps);
	if (got->end == SEARCH_END_time)
		return;
	if (got->end == SEARCH_END_found)
		assert_true(got->lower_pps > 0 &&
			    got->upper_pps - got->lower_pps <=
				    g->width * got->upper_pps * (1 + 1e-9));
	if (got->end == SEARCH_END_max)
		assert_true(got->lower_pps == s.range.max_pps);
	if (got->end == SEARCH_END_min)
		assert_true(got->lower_pps == 0 && got->upper_pps == s.range.min_pps);
	/* what is forwarded at the lower bound meets the goal */
	assert_true(got->conditional_pps <= got->lower_pps);
	assert_true(got->conditional_pps >=
		    got->lower_pps * (1 - g->loss_ratio) * (1 - 1e-12));
}

static void test_mlr(void **state)
{
	uint64_t seed = 99;

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct device d = any_device(&seed);
		struct err e;

		search_mlr_defaults(&s);
		/* what runs away from the search is followed for so long */
		if (fabs(d.drift) < 1e-4)
			s.range.time_limit = 0;
		s.range.min_pps = device_log_uniform(&seed, 200, 1e5);
		s.n_goals = 1 + make_below(&seed, SEARCH_GOALS_MAX);
		for (unsigned i = 0; i < s.n_goals; i++)
			s.goal[i] = any_goal(&seed);
		assert_int_equal(search_mlr(&s, device_measure, &d, &r, &e), 0);
		log_is_sane(&r.log, &d);
		assert_true(d.highest <= s.range.max_pps && d.lowest >= s.range.min_pps);
		for (unsigned i = 0; i < s.n_goals; i++)
			check_goal(&s.goal[i], &r.goal[i]);
		assert_true(s.range.time_limit > 0
				    ? r.log.seconds <= s.range.time_limit * 1.000001
				    : r.log.n < 5000 && r.log.seconds < 20000);
		search_mlr_fini(&r);
	}
}

static void test_throughput(void **state)
{
	uint64_t seed = 98;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct device d = any_device(&seed);
		struct err e;

		search_throughput_defaults(&t);
		t.range.min_pps = device_log_uniform(&seed, 200, 1e7);
		t.resolution = device_log_uniform(&seed, 1e-6, 0.5);
		t.loss_ratio =
			one_of(&seed, 2) ? 0 : device_log_uniform(&seed, 1e-6, 0.9);
		assert_int_equal(search_throughput(&t, device_measure, &d, &tr, &e), 0);
		log_is_sane(&tr.log, &d);
		assert_true(d.highest <= t.range.max_pps && d.lowest >= t.range.min_pps);
		assert_true(tr.log.n - tr.log.n_bad <= 40 && tr.log.n <= 160);
		if (tr.end == SEARCH_END_found)
			assert_true(tr.lower_pps < tr.upper_pps &&
				    tr.upper_pps - tr.lower_pps <=
					    t.resolution * tr.upper_pps * (1 + 1e-9));
		else
			assert_true(tr.end != SEARCH_END_time &&
				    tr.end != SEARCH_END_undefined);
		search_throughput_fini(&tr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mlr),
		cmocka_unit_test(test_throughput),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
