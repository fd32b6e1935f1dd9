/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/vq_switch: between vhost-net and the TAP fd, at the worst moments. */
#include "tests/unit/vhost_lab.h"

#include "io/loop/vq_switch.h"
#include "io/loop/worker.h"
#include "io/loop/worker_vq.h"

/* Live switching under load: nothing is lost, order is kept. */
static void test_switching(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;
		struct toggling t = {.l = &l};
		pthread_t thread;

		open_vhost(&l, i, 3, NULL);
		lab_start(&l);
		assert_int_equal(pthread_create(&thread, NULL, toggle, &t), 0);
		while (__atomic_load_n(&t.n, __ATOMIC_RELAXED) < 40) {
			lab_pass(&l, 0, 1, 500);
			lab_pass(&l, 1, 0, 500);
		}
		__atomic_store_n(&t.stop, true, __ATOMIC_RELEASE);
		pthread_join(thread, NULL);
		lab_wait_for(lab_is_conserved(&l));
		assert_int_equal(both(&l).rebuilds + both(&l).fallbacks, 0);
		check_idle(&l);
		close_vhost(&l);
	}
}

/* However often a queue changes while nothing comes, the TAP fd is read afterwards. */
static void test_switching_idle(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;
		struct err e = {0};

		open_vhost(&l, i, 3, NULL);
		lab_start(&l);
		for (unsigned n = 0; n < 140; n++) {
			bool on = n % 2;

			assert_int_equal(engine_vhost_switch(l.g, 0, on, &e), 0);
			lab_wait_for(engine_vhost_is_on(l.g, 0) == on);
		}
		assert_int_equal(engine_vhost_switch(l.g, 0, false, &e), 0);
		lab_wait_for(!engine_vhost_is_on(l.g, 0));
		lab_pass(&l, 0, 1, 100);
		lab_pass(&l, 1, 0, 100);
		lab_wait_for(lab_is_conserved(&l));
		close_vhost(&l);
	}
}

/* A wish that comes while a queue is on its way waits until it has come there. */
static void test_wish_on_the_way(void **state)
{
	static const enum vq_state ways_between[] = {VQ_pausing, VQ_draining};
	struct tapq view = {0};
	struct vq vq = {.t = &view, .wish = true}, *vqs[2] = {0};
	struct worker w = {.views = &view, .n_views = 1, .n_rx = 1, .vqs = vqs};

	(void)state;
	view.w = &w;
	view.vq = &vq;
	for (unsigned i = 0; i < 2; i++) {
		vq.state = ways_between[i];
		vq.has_wish = true;
		worker_vq_take_wishes(&w);
		assert_true(vq.has_wish);
		assert_int_equal(vq.state, ways_between[i]);
	}
	vq.state = VQ_on; /* where the wish leads: there is nothing to do */
	worker_vq_take_wishes(&w);
	assert_false(vq.has_wish);
	assert_int_equal(vq.state, VQ_on);
}

/* Several queues and workers, under load. */
static void test_many_queues(void **state)
{
	static const char *const options[][2] = {{"queues=4", "queues=4"},
						 {"queues=3", "queues=1"}};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned n = 1; n <= 3; n += 2) {
			struct engine_lab l;
			struct toggling t = {.l = &l};
			pthread_t thread;

			open_vhost(&l, best ? 0 : WAYS - 1, 3, options[i]);
			l.conf.n_workers = n;
			lab_start(&l);
			assert_int_equal(pthread_create(&thread, NULL, toggle, &t), 0);
			while (__atomic_load_n(&t.n, __ATOMIC_RELAXED) < 40) {
				lab_pass(&l, 0, 1, 500);
				lab_pass(&l, 1, 0, 500);
			}
			__atomic_store_n(&t.stop, true, __ATOMIC_RELEASE);
			pthread_join(thread, NULL);
			lab_wait_for(lab_is_conserved(&l));
			assert_int_equal(both(&l).rebuilds + both(&l).fallbacks, 0);
			close_vhost(&l);
		}
	}
}

/* Rings that get stuck while their queue goes to and fro: what counts as sent has come.
 */
static void test_during_a_heal(void **state)
{
	enum { N = 600, PART = 30 };

	(void)state;
	for_each_way(i)
	{
		static uint8_t got[LAB_FRAME_MAX + 100];
		struct engine_lab l;
		struct toggling t = {.l = &l, .only = true};
		struct counters c;
		pthread_t thread;
		uint64_t n = 0;

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		fake_set(stall_each, 40);
		assert_int_equal(pthread_create(&thread, NULL, toggle, &t), 0);
		for (unsigned k = 0; k < N; k += PART) {
			lab_push(&l, 0, PART);
			lab_wait_for(lab_counters(&l, 0).rx_packets >= k + PART);
		}
		__atomic_store_n(&t.stop, true, __ATOMIC_RELEASE);
		pthread_join(thread, NULL);
		fake_set(stall_each, 0);
		lab_wait_for(lab_is_conserved(&l));
		assert_int_equal(engine_vhost_switch(l.g, 1, false, NULL), 0);
		lab_wait_for(!engine_vhost_is_on(l.g, 1));
		while (c = lab_counters(&l, 1), n < counters_sent_packets(&c)) {
			if (!lab_recv(l.sock[1], got, sizeof(got), LAB_LIMIT_MS))
				fail_msg("%llu frames came", (unsigned long long)n);
			n++;
		}
		/* a ring that stands still for long on a busy machine may fill up */
		assert_int_equal(n + lab_drops(&l, 1, DROP_tx_ring_stuck) +
					 lab_drops(&l, 1, DROP_tx_ring_full),
				 N);
		close_vhost(&l);
	}
}

/* A wish that comes just before the end: what waits is still forwarded. */
static void test_during_the_stop(void **state)
{
	enum { N = 100 };

	(void)state;
	for_each_way(i)
	{
		for (unsigned round = 0; round < 6; round++) {
			static uint8_t got[LAB_FRAME_MAX + 100];
			struct engine_lab l;
			unsigned n = 0;

			open_vhost(&l, i, 3, NULL);
			lab_start(&l);
			if (round % 3) {
				assert_int_equal(
					engine_vhost_switch(l.g, round % 2, false, NULL),
					0);
				lab_wait_for(!engine_vhost_is_on(l.g, round % 2));
			}
			lab_push(&l, 0, N);
			assert_int_equal(
				engine_vhost_switch(l.g, round % 2, round % 3 != 0, NULL),
				0);
			engine_stop(&l.g);
			while (n < N &&
			       lab_recv(l.sock[1], got, sizeof(got), LAB_LIMIT_MS))
				n++;
			assert_int_equal(n, N);
			close_vhost(&l);
		}
	}
}

/* A receive ring that takes longer to stop than the end may take: what it has brought
 * meanwhile is forwarded, and no buffer goes home twice. */
static void test_slow_stop(void **state)
{
	enum { N = 60, MS = 700 };

	(void)state;
	for_each_way(i)
	{
		static uint8_t got[LAB_FRAME_MAX + 100];
		struct engine_lab l;
		unsigned n = 0;

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		lab_pass(&l, 1, 0, 100);
		fake_set(stop_ms, MS);
		worker_stop(&l.g->workers[0]);
		lab_wait_for(fake_get(n_stops) == 1);
		lab_push(&l, 1, N);
		engine_stop(&l.g);
		while (n < N && lab_recv(l.sock[0], got, sizeof(got), LAB_LIMIT_MS))
			n++;
		assert_int_equal(n, N);
		fake_set(stop_ms, 0);
		close_vhost(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_switching, own_namespace),
		cmocka_unit_test_setup(test_switching_idle, own_namespace),
		cmocka_unit_test(test_wish_on_the_way),
		cmocka_unit_test_setup(test_many_queues, own_namespace),
		cmocka_unit_test_setup(test_during_a_heal, own_namespace),
		cmocka_unit_test_setup(test_during_the_stop, own_namespace),
		cmocka_unit_test_setup(test_slow_stop, own_namespace),
	};

	const char *no_lab = lab_begin();

	if (no_lab) {
		printf("SKIP vq_switch: %s\n", no_lab);
		return 0;
	}
	return cmocka_run_group_tests_name("vq_switch", tests, NULL, NULL);
}
