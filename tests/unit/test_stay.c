/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/stay: a busy thread stays on its CPU, is let go now and then, and when idle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/loop/stay.h"

static unsigned n_allowed(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return (unsigned)CPU_COUNT(&set);
}

/* Leave with the CPUs the test began with, whatever it did. */
static int restore(void **state)
{
	return sched_setaffinity(0, sizeof(cpu_set_t), *state);
}

static int remember(void **state)
{
	static cpu_set_t before;

	*state = &before;
	return sched_getaffinity(0, sizeof(before), &before);
}

static void need_two_cpus(void)
{
	if (n_allowed() < 2)
		skip();
}

static void busy_stays_then_may_move(void **state)
{
	unsigned before = n_allowed();
	struct stay s;

	(void)state;
	need_two_cpus();
	stay_init(&s, false);
	for (int round = 0; round < 3; round++) {
		stay_window(&s, STAY_RATE);
		assert_int_equal(n_allowed(), 1);
		for (int i = 1; i < STAY_WINDOWS; i++)
			stay_window(&s, STAY_RATE);
		assert_int_equal(n_allowed(), 1);
		stay_window(&s, STAY_RATE);
		assert_int_equal(n_allowed(), before);
	}
}

static void stays_where_it_is(void **state)
{
	struct stay s;
	cpu_set_t set;

	(void)state;
	need_two_cpus();
	stay_init(&s, false);
	stay_window(&s, 1000000);
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	assert_true(CPU_ISSET(sched_getcpu(), &set));
	assert_int_equal(CPU_COUNT(&set), 1);
}

static void idle_is_free(void **state)
{
	unsigned before = n_allowed();
	struct stay s;

	(void)state;
	need_two_cpus();
	stay_init(&s, false);
	stay_window(&s, STAY_RATE - 1);
	assert_int_equal(n_allowed(), before);
	stay_window(&s, STAY_RATE);
	assert_int_equal(n_allowed(), 1);
	stay_window(&s, STAY_RATE - 1);
	assert_int_equal(n_allowed(), before);
}

static void pinned_is_left_alone(void **state)
{
	unsigned before = n_allowed();
	struct stay s;

	(void)state;
	stay_init(&s, true);
	stay_window(&s, 1000000);
	assert_int_equal(n_allowed(), before);
}

/* One CPU: nothing to choose, no system call for it. */
static void one_cpu_is_left_alone(void **state)
{
	cpu_set_t one;
	struct stay s;

	(void)state;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	stay_init(&s, false);
	assert_false(s.is_active);
	stay_window(&s, 1000000);
	assert_false(s.is_bound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(busy_stays_then_may_move, remember,
						restore),
		cmocka_unit_test_setup_teardown(stays_where_it_is, remember, restore),
		cmocka_unit_test_setup_teardown(idle_is_free, remember, restore),
		cmocka_unit_test_setup_teardown(pinned_is_left_alone, remember, restore),
		cmocka_unit_test_setup_teardown(one_cpu_is_left_alone, remember, restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
