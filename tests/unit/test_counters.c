/* SPDX-License-Identifier: BSD-2-Clause */
/* core/counters: sums, and what a reader sees while the writer goes on. */
#include "tests/unit/frame_make.h"

#include <pthread.h>
#include <stdbool.h>

#include "core/counters.h"

enum { ROUNDS = 20000 };

static void test_sum(void **state)
{
	struct counters a, sum = {0};
	uint64_t *v = (uint64_t *)&a, *s = (uint64_t *)&sum;
	size_t n = sizeof(a) / sizeof(*v);

	(void)state;
	for (size_t i = 0; i < n; i++)
		v[i] = 1000 + i;
	counters_add(&sum, &a);
	counters_add(&sum, &a);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(s[i], 2 * (1000 + i));
}

static void test_sent_and_drops(void **state)
{
	struct counters c = {.tx_packets = 10,
			     .tx_bytes = 1000,
			     .tx_failed_packets = 3,
			     .tx_failed_bytes = 250};

	(void)state;
	assert_int_equal(counters_sent_packets(&c), 7);
	assert_int_equal(counters_sent_bytes(&c), 750);
	assert_int_equal(counters_drops(&c), 0);
	for (int i = 0; i < DROP_N; i++)
		counter_add(&c.drops[i], (uint64_t)i + 1);
	assert_int_equal(counters_drops(&c), DROP_N * (DROP_N + 1) / 2);
}

struct shared {
	struct counters c;
	bool stop;
};

/* A port whose link is down: each packet that is handed over fails. */
static void *write_failing(void *arg)
{
	struct shared *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		counter_add(&s->c.rx_packets, 64);
		counter_add(&s->c.tx_packets, 64);
		counter_add(&s->c.tx_bytes, 6400);
		for (int i = 0; i < 64; i++) {
			counter_add(&s->c.tx_failed_packets, 1);
			counter_add(&s->c.tx_failed_bytes, 100);
			counter_add(&s->c.drops[DROP_tx_link_down], 1);
		}
	}
	return NULL;
}

/* Read until the writer has moved enough under us. */
static void test_reader_beside_writer(void **state)
{
	static struct shared s;
	struct counters before = {0};
	unsigned changed = 0, backwards = 0, underflows = 0;
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, write_failing, &s), 0);
	while (changed < ROUNDS) {
		struct counters now = {0};
		const uint64_t *a = (const uint64_t *)&before,
			       *b = (const uint64_t *)&now;

		counters_add(&now, &s.c);
		for (size_t i = 0; i < sizeof(now) / sizeof(*b); i++)
			backwards += b[i] < a[i];
		changed += now.tx_packets != before.tx_packets;
		underflows += counters_sent_packets(&now) > now.tx_packets;
		underflows += counters_sent_bytes(&now) > now.tx_bytes;
		underflows += counters_sent_packets(&s.c) > UINT32_MAX;
		underflows += counters_drops(&now) > now.rx_packets;
		before = now;
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	assert_int_equal(backwards, 0);
	assert_int_equal(underflows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_sent_and_drops),
		cmocka_unit_test(test_reader_beside_writer),
	};

	return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
