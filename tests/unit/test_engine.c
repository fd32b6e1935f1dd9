/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/engine over real TAPs: frames pass whole and in order, in each form; nothing is
 * left. */
#include "tests/unit/engine_lab.h"

static void test_each_form(void **state)
{
	unsigned fds = lab_n_fds(), threads = lab_n_threads();

	(void)state;
	for_each_way(i)
	{
		struct engine_worker_stats st;
		struct engine_lab l;

		open_way(&l, i, 2, NULL);
		lab_start(&l);
		assert_string_equal(engine_queue_io(l.g, 0, 0), ways[i].rx);
		assert_string_equal(engine_queue_io(l.g, 1, 0),
				    ways[i].mixed ? "epoll" : ways[i].rx);
		lab_pass(&l, 0, 1, 2000);
		lab_pass(&l, 1, 0, 2000);
		for (int turns = 0; turns < 50; turns++) { /* one by one */
			lab_pass(&l, 0, 1, 1);
			lab_pass(&l, 1, 0, 1);
		}
		lab_wait_for(lab_is_conserved(&l));
		assert_true(lab_counters(&l, 0).rx_packets >= 2050);
		engine_worker_stats(l.g, 0, &st);
		assert_int_equal(st.form, ways[i].form);
		assert_int_equal(st.cpu, -1);
		assert_int_equal(st.n_rx_queues, 2);
		assert_true(st.packets >= 4000 && st.turns > 0 && st.enters > 0);
		assert_true(st.syscalls >= st.enters && st.sleeps <= st.enters);
		lab_close(&l);
		check_clean(fds, threads);
	}
}

/* Spinning, always and by itself, both ways. */
static void test_busy_poll(void **state)
{
	static const int polls[] = {BUSY_POLL_off, BUSY_POLL_auto, 200};

	(void)state;
	for_each_way(i)
	{
		for (int k = 0; k < 3; k++) {
			struct engine_worker_stats st;
			struct engine_lab l;

			open_way(&l, i, 2, NULL);
			l.conf.busy_poll = polls[k];
			lab_start(&l);
			for (int turns = 0; turns < 100; turns++) {
				lab_pass(&l, 0, 1, 1);
				lab_pass(&l, 1, 0, 1);
			}
			engine_worker_stats(l.g, 0, &st);
			assert_true(polls[k] <= 0 || st.spins > 0);
			assert_true(polls[k] != 0 || st.spins == 0);
			lab_close(&l);
		}
	}
}

/* All the same with several queues and workers, as many or not on both sides. */
static void test_queues_and_workers(void **state)
{
	static const struct {
		unsigned workers;
		const char *options[2];
	} t[] = {
		{2, {"queues=1", "queues=1"}}, {2, {"queues=4", "queues=4"}},
		{2, {"queues=4", "queues=2"}}, {3, {"queues=3", "queues=5"}},
		{1, {"queues=1", "queues=4"}}, {4, {"queues=1", "vnet_hdr=off"}},
	};

	(void)state;
	for_each_way(i)
	{
		for (size_t k = 0; k < sizeof(t) / sizeof(t[0]); k++) {
			unsigned n_rx = 0;
			struct engine_lab l;

			open_way(&l, i, 2, t[k].options);
			l.conf.n_workers = t[k].workers;
			lab_start(&l);
			assert_int_equal(engine_n_workers(l.g), t[k].workers);
			lab_pass(&l, 0, 1, 500);
			lab_pass(&l, 1, 0, 500);
			lab_wait_for(lab_is_conserved(&l));
			for (unsigned w = 0; w < t[k].workers; w++) {
				struct engine_worker_stats st;

				engine_worker_stats(l.g, w, &st);
				n_rx += st.n_rx_queues;
			}
			assert_int_equal(n_rx, l.ports[0].n_queues + l.ports[1].n_queues);
			lab_close(&l);
		}
	}
}

static void detach(struct engine_lab *l, unsigned port, unsigned queue)
{
	struct ifreq r = {.ifr_flags = IFF_DETACH_QUEUE};

	assert_int_equal(ioctl(l->ports[port].fds[queue], TUNSETQUEUE, &r), 0);
	l->ports[port].enabled[queue] = false;
}

static void test_detached_queues(void **state)
{
	static const char *const options[] = {"queues=4", "queues=3"};

	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;

		open_way(&l, i, 2, options);
		l.conf.n_workers = 2;
		detach(&l, 0, 0);
		detach(&l, 0, 2);
		detach(&l, 1, 0);
		lab_start(&l);
		assert_int_equal(engine_queue_worker(l.g, 0, 0), -1);
		assert_string_equal(engine_queue_io(l.g, 0, 0), "off");
		assert_true(engine_queue_worker(l.g, 0, 1) >= 0);
		lab_pass(&l, 0, 1, 500);
		lab_pass(&l, 1, 0, 500);
		lab_wait_for(lab_is_conserved(&l));
		lab_close(&l);
		open_way(&l, i, 2,
			 options); /* with none attached everything is dropped by name */
		for (unsigned q = 0; q < 3; q++)
			detach(&l, 1, q);
		lab_start(&l);
		lab_push(&l, 0, 100);
		lab_wait_for(lab_drops(&l, 1, DROP_tx_queue_off) >= 100);
		lab_wait_for(lab_is_conserved(&l));
		lab_close(&l);
	}
}

static void test_unconnected(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;

		open_way(&l, i, 3, NULL);
		lab_start(&l);
		lab_push(&l, 2, 100);
		lab_wait_for(lab_drops(&l, 2, DROP_rx_unconnected) >= 100);
		lab_pass(&l, 0, 1, 100);
		lab_wait_for(lab_is_conserved(&l));
		lab_close(&l);
	}
}

/* A device that is down costs its own frames, by name, and comes back by itself. */
static void test_link_down(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;

		open_way(&l, i, 4, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		lab_flag("t1", false);
		lab_push(&l, 0, 300);
		lab_wait_for(lab_drops(&l, 1, DROP_tx_link_down) >= 300);
		lab_pass(&l, 2, 3, 300);
		lab_flag("t1", true);
		close(l.sock[1]); /* a packet socket remembers that its device was down */
		l.sock[1] = lab_socket("t1");
		lab_pass(&l, 0, 1, 300);
		lab_pass(&l, 1, 0, 300);
		lab_wait_for(lab_is_conserved(&l));
		lab_close(&l);
	}
}

/* A device that is deleted: its frames are dropped by name, others pass, nothing turns
 * for nothing. */
static void test_deleted(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_worker_stats before, after;
		struct engine_lab l;

		open_way(&l, i, 4, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		lab_delete("t1");
		lab_push(&l, 0, 300);
		lab_wait_for(lab_drops(&l, 1, DROP_tx_gone) >= 300);
		lab_pass(&l, 2, 3, 300);
		lab_pass(&l, 3, 2, 300);
		lab_wait_for(lab_is_conserved(&l));
		engine_worker_stats(l.g, 0, &before);
		poll(NULL, 0, 200); /* nothing comes: nothing may turn */
		engine_worker_stats(l.g, 0, &after);
		assert_true(after.turns - before.turns < 20);
		lab_close(&l);
	}
}

/* After a stream the workers sleep: no turn without a packet. */
static void test_idle_after_stream(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_worker_stats before, after;
		struct engine_lab l;

		open_way(&l, i, 2, NULL);
		l.conf.busy_poll = BUSY_POLL_auto;
		lab_start(&l);
		for (int k = 0; k < 20; k++) {
			lab_push(&l, 0, 400);
			lab_wait_for(lab_counters(&l, 1).tx_packets >=
				     400u * (unsigned)(k + 1));
		}
		engine_worker_stats(l.g, 0, &before);
		poll(NULL, 0, 200);
		engine_worker_stats(l.g, 0, &after);
		assert_true(after.enters - before.enters < 20);
		lab_close(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_each_form, own_namespace),
		cmocka_unit_test_setup(test_busy_poll, own_namespace),
		cmocka_unit_test_setup(test_queues_and_workers, own_namespace),
		cmocka_unit_test_setup(test_detached_queues, own_namespace),
		cmocka_unit_test_setup(test_unconnected, own_namespace),
		cmocka_unit_test_setup(test_link_down, own_namespace),
		cmocka_unit_test_setup(test_deleted, own_namespace),
		cmocka_unit_test_setup(test_idle_after_stream, own_namespace),
	};

	const char *no_lab = lab_enter();

	if (no_lab) {
		printf("SKIP engine: %s\n", no_lab);
		return 0;
	}
	best = lab_best_form();
	warm_up();
	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
