/* SPDX-License-Identifier: BSD-2-Clause */
/* core/storm: not more than the rate in the long run, the burst at once, by all threads
 * together. */
#include "tests/unit/frame_make.h"

#include <pthread.h>

#include "core/storm.h"
#include "tests/unit/storm_oracle.h"

static void test_burst_and_rate(void **state)
{
	struct storm s;
	unsigned n = 0;

	(void)state;
	storm_init(&s, 1000, 0, 10);
	while (storm_take(&s, 1, 60, 5000000000))
		n++;
	assert_int_equal(n, 11); /* ten in 10 ms, and the one that is begun */
	assert_false(storm_take(&s, 1, 60, 5000999999));
	assert_true(storm_take(&s, 1, 60, 5001000000));
	assert_false(storm_take(&s, 1, 60, 5001000000));
	n = 0;
	for (uint64_t t = 6000000000; t < 16000000000; t += 100000)
		n += storm_take(&s, 1, 60, t);
	assert_in_range(n, 10000, 10011);
}

/* A frame longer than the burst passes, and is paid for. */
static void test_long_frame(void **state)
{
	struct storm s;

	(void)state;
	storm_init(&s, 0, 1000, 0);
	assert_true(storm_take(&s, 1, 65000, 0));
	assert_false(storm_take(&s, 1, 1, 64999999999));
	assert_true(storm_take(&s, 1, 1, 65000000000));
	storm_init(&s, 1, 1, 0);
	assert_true(storm_take(&s, 65535, 1 << 24, 0));
	assert_false(storm_take(&s, 1, 1, ((1ull << 24) - 1) * 1000000000));
	assert_true(storm_take(&s, 1, 1, (1ull << 24) * 1000000000));
}

/* What the bytes refuse costs no packets. */
static void test_refused_costs_nothing(void **state)
{
	struct storm s;

	(void)state;
	storm_init(&s, 10, 1000, 0);
	assert_true(storm_take(&s, 1, 1000, 0));
	for (int i = 0; i < 100; i++)
		assert_false(storm_take(&s, 1, 1000, 500000000));
	assert_true(storm_take(&s, 1, 10, 1000000000));
}

static void test_no_limit(void **state)
{
	struct storm s;

	(void)state;
	storm_init(&s, 0, 0, 0);
	assert_false(storm_is_limited(&s));
	for (int i = 0; i < 1000; i++)
		assert_true(storm_take(&s, 1, 1500, 0));
	storm_init(&s, 0, 1000000000000, 0); /* a byte costs less than the clock shows */
	assert_true(storm_take(&s, 1, 1, 0));
	assert_false(storm_take(&s, 1, 1, 0));
	storm_init(&s, 1000000000000, 1000000000000, 0);
	assert_true(storm_is_limited(&s));
	assert_true(storm_take(&s, 65535, 1 << 24, 1));
	assert_true(storm_take(&s, 1, 1, 1 + 16777216 / 1000 + 1));
}

/* Rates that a unit of time is a multiple of, so that both reckon exactly. */
static void test_random(void **state)
{
	static const uint64_t rates[] = {0, 1, 5, 1000, 64000, 1000000, 2000000000};
	uint64_t seed = 0x570a35eed, rnd = seed;

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (unsigned round = 0; round < 400; round++) {
		uint64_t packets = rates[make_below(&rnd, 7)], now = 0;
		uint64_t bytes = rates[make_below(&rnd, 7)];
		uint32_t burst = make_below(&rnd, 2) ? make_below(&rnd, 3000) : 0;
		uint32_t pause = 1u << make_below(&rnd, 31);
		struct storm_oracle o;
		struct storm s;

		storm_init(&s, packets, bytes, burst);
		storm_oracle_init(&o, packets, bytes, burst);
		for (unsigned i = 0; i < 500; i++) {
			uint32_t n = make_below(&rnd, 9) ? 1 : 1 + make_below(&rnd, 99);
			uint32_t len = 60 + make_below(&rnd, 1500);

			now += make_below(&rnd, 3) ? make_below(&rnd, pause) : 0;
			assert_int_equal(storm_take(&s, n, len, now),
					 storm_oracle_take(&o, n, len, now));
		}
	}
}

enum { THREADS = 4, TRIES = 50000 };

struct shared {
	struct storm s;
	uint64_t n_passed;
};

static void *hammer(void *arg)
{
	struct shared *sh = arg;
	uint64_t n = 0;

	for (unsigned i = 0; i < TRIES; i++)
		n += storm_take(&sh->s, 1, 100, i);
	__atomic_fetch_add(&sh->n_passed, n, __ATOMIC_RELAXED);
	return NULL;
}

/* Within 50 us, at 20,000 a second: the burst and nothing else, however many take. */
static void test_threads(void **state)
{
	static struct shared sh;
	pthread_t t[THREADS];

	(void)state;
	storm_init(&sh.s, 20000, 0, 1000);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, hammer, &sh), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_in_range(sh.n_passed, 20001, 20002);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_and_rate),
		cmocka_unit_test(test_long_frame),
		cmocka_unit_test(test_refused_costs_nothing),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
