/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine with queues that (a stand-in for) vhost-net serves. */
#include "tests/unit/engine_lab.h"
#include "tests/unit/fake_vhost.h"

#include "io/loop/engine_vhost.h"

/* Ports of the lab, those in `which` (bits) with a vhost-net fd for each queue. */
static void open_vhost(struct engine_lab *l, unsigned way, unsigned which,
		       const char *const *options)
{
	const struct vhost_conf conf = {.fd = -1};

	fake = (struct fake_mode){0};
	open_way(l, way, 2, options);
	for (unsigned p = 0; p < 2; p++) {
		if (!(which & 1u << p))
			continue;
		l->ports[p].spec.vhost = TRI_on;
		for (unsigned q = 0; q < l->ports[p].n_queues; q++)
			vhost_open(&l->ports[p].vhost[q], &conf, NULL);
	}
}

/* The engine first: its workers use what the port has. */
static void close_vhost(struct engine_lab *l)
{
	engine_stop(&l->g);
	for (unsigned p = 0; p < l->conf.n_ports; p++) {
		for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
			vhost_close(&l->ports[p].vhost[q]);
	}
	lab_close(l);
}

static struct counters both(const struct engine_lab *l)
{
	struct counters a = lab_counters(l, 0), b = lab_counters(l, 1);

	counters_add(&a, &b);
	return a;
}

static void test_each_form(void **state)
{
	(void)state;
	for_each_way(i)
	{
		for (unsigned which = 1; which <= 3; which++) {
			struct engine_lab l;

			open_vhost(&l, i, which, NULL);
			lab_start(&l);
			assert_string_equal(engine_queue_io(l.g, 0, 0),
					    which & 1 ? "vhost" : ways[i].rx);
			lab_pass(&l, 0, 1, 2000);
			lab_pass(&l, 1, 0, 2000);
			for (int turns = 0; turns < 50; turns++) {
				lab_pass(&l, 0, 1, 1);
				lab_pass(&l, 1, 0, 1);
			}
			lab_wait_for(lab_is_conserved(&l));
			assert_true(both(&l).kicks > 0 && both(&l).calls > 0);
			assert_int_equal(both(&l).rebuilds, 0);
			close_vhost(&l);
		}
	}
}

/* Frames over several buffers, by indirect tables, chains, and without event indices. */
static void test_merged(void **state)
{
	static const uint64_t features[] = {
		FAKE_FEATURES,
		FAKE_FEATURES & ~(1ull << VIRTIO_RING_F_INDIRECT_DESC),
		FAKE_FEATURES & ~(1ull << VIRTIO_RING_F_EVENT_IDX),
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned which = 1; which <= 3; which++) {
			struct engine_lab l;

			open_vhost(&l, best ? 0 : WAYS - 1, which, NULL);
			/* without tables each part takes a descriptor of the ring */
			fake.merge = i == 1 ? 400 : 60;
			fake.features = features[i];
			lab_start(&l);
			lab_pass(&l, 0, 1, 1000);
			lab_pass(&l, 1, 0, 1000);
			lab_wait_for(lab_is_conserved(&l));
			close_vhost(&l);
		}
	}
}

struct toggling {
	struct engine_lab *l;
	bool stop;
	unsigned n;
};

/* To the other way and back, as soon as the one before has come about. */
static void *toggle(void *arg)
{
	struct toggling *t = arg;

	while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
		unsigned port = t->n % 2;
		bool on = !engine_vhost_is_on(t->l->g, port);
		struct err e = {0};

		assert_int_equal(engine_vhost_switch(t->l->g, port, on, &e), 0);
		lab_wait_for(engine_vhost_is_on(t->l->g, port) == on);
		__atomic_add_fetch(&t->n, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* A worker that has nothing to do sleeps. */
static void check_idle(const struct engine_lab *l)
{
	struct engine_worker_stats before, after;

	poll(NULL, 0, 100);
	engine_worker_stats(l->g, 0, &before);
	poll(NULL, 0, 200);
	engine_worker_stats(l->g, 0, &after);
	assert_true(after.enters - before.enters < 20);
}

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

static void wait_for_rebuilds(const struct engine_lab *l, unsigned n)
{
	lab_wait_for(both(l).rebuilds >= n);
}

/* Frames go on after a ring was rebuilt, but the one it was stuck at. */
static void heal(bool by_error, unsigned way)
{
	struct engine_lab l;
	struct err e = {0};
	unsigned n = 0;

	open_vhost(&l, way, 2, NULL);
	lab_start(&l);
	for (unsigned round = 1; round <= 3; round++) {
		lab_pass(&l, 0, 1, 100);
		if (by_error)
			fake_set(error_each, 1);
		else
			fake_set(stall_each, 1);
		lab_push(&l, 0, 1);
		lab_wait_for(fake_get(n_errors) + fake_get(n_stalls) == round);
		fake_set(error_each, 0);
		fake_set(stall_each, 0);
		wait_for_rebuilds(&l, round);
		lab_wait_for(engine_vhost_error(l.g, 1, 0, &e));
		n++;
		assert_non_null(strstr(e.text, by_error ? "descriptor" : "no frame"));
		assert_int_equal(lab_drops(&l, 1, DROP_tx_ring_stuck), n);
	}
	/* the third time in a minute: the TAP fd */
	lab_wait_for(!engine_vhost_is_on(l.g, 1));
	assert_int_equal(both(&l).fallbacks, 1);
	assert_non_null(strstr(e.text, "three times"));
	lab_pass(&l, 0, 1, 200);
	lab_pass(&l, 1, 0, 200);
	lab_wait_for(lab_is_conserved(&l));
	/* a person may insist */
	assert_int_equal(engine_vhost_switch(l.g, 1, true, &e), 0);
	lab_wait_for(engine_vhost_is_on(l.g, 1));
	lab_pass(&l, 0, 1, 200);
	close_vhost(&l);
}

static void test_stall(void **state)
{
	(void)state;
	for_each_way(i) heal(false, i);
}

static void test_error(void **state)
{
	(void)state;
	for_each_way(i) heal(true, i);
}

/* A device that lies breaks its ring, which is set up again; in the end the TAP fd
 * serves.
 */
static void test_liar(void **state)
{
	struct engine_lab l;

	(void)state;
	open_vhost(&l, best ? 0 : WAYS - 1, 2, NULL);
	lab_start(&l);
	lab_pass(&l, 0, 1, 100);
	fake_set(lies, true);
	for (unsigned i = 0; i < 2000 && engine_vhost_is_on(l.g, 1); i++)
		lab_push(&l, 0, 1);
	lab_wait_for(both(&l).rebuilds > 0);
	lab_wait_for(lab_is_conserved(&l));
	close_vhost(&l);
}

/* One lie of a receive ring, and nothing more happens that would wake the worker. */
static void test_liar_then_silence(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;

		open_vhost(&l, i, 1, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		fake_set(lies, true);
		lab_push(&l, 0, 1);
		lab_wait_for(both(&l).rebuilds == 1);
		fake_set(lies, false);
		lab_pass(&l, 0, 1, 100);
		lab_wait_for(lab_is_conserved(&l));
		close_vhost(&l);
	}
}

static void test_no_start(void **state)
{
	struct engine_lab l;
	struct err e = {0};

	(void)state;
	open_vhost(&l, best ? 0 : WAYS - 1, 3, NULL);
	fake.no_start = true;
	assert_int_equal(engine_start(&l.g, &l.conf, &e), -EBADFD);
	fake.no_start = false;
	fake.no_bind = true;
	assert_int_equal(engine_start(&l.g, &l.conf, &e), -EINVAL);
	/* where nobody insists the TAP fds serve */
	l.ports[0].spec.vhost = l.ports[1].spec.vhost = TRI_auto;
	lab_start(&l);
	assert_false(engine_vhost_is_on(l.g, 0));
	lab_pass(&l, 0, 1, 100);
	engine_stop(&l.g);
	fake.no_bind = false;
	fake.no_start = true;
	lab_start(&l);
	assert_false(engine_vhost_is_on(l.g, 0));
	assert_true(engine_vhost_error(l.g, 0, 0, &e));
	assert_false(engine_vhost_error(l.g, 0, 0, &e));
	lab_pass(&l, 0, 1, 100);
	lab_pass(&l, 1, 0, 100);
	close_vhost(&l);
}

/* Several queues and workers: a worker without the ring writes to the TAP fd. */
static void test_workers(void **state)
{
	static const char *const options[][2] = {{"queues=2", "queues=2"},
						 {"queues=1", "queues=3"},
						 {"queues=4", "queues=1"}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned n = 1; n <= 3; n++) {
			struct engine_lab l;

			open_vhost(&l, best ? 0 : WAYS - 1, 3, options[i]);
			l.conf.n_workers = n;
			lab_start(&l);
			lab_pass(&l, 0, 1, 1000);
			lab_pass(&l, 1, 0, 1000);
			lab_wait_for(lab_is_conserved(&l));
			close_vhost(&l);
		}
	}
}

/* What waits in the TAP and in the rings when it ends is still forwarded. */
static void test_end(void **state)
{
	(void)state;
	for_each_way(i)
	{
		for (unsigned which = 1; which <= 3; which++) {
			static uint8_t got[LAB_FRAME_MAX + 100];
			struct engine_lab l;
			unsigned n = 0;

			open_vhost(&l, i, which, NULL);
			lab_start(&l);
			lab_push(&l, 0, 200);
			engine_stop(&l.g);
			while (n < 200 &&
			       lab_recv(l.sock[1], got, sizeof(got), LAB_LIMIT_MS))
				n++;
			assert_int_equal(n, 200);
			close_vhost(&l);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_each_form, own_namespace),
		cmocka_unit_test_setup(test_merged, own_namespace),
		cmocka_unit_test_setup(test_switching, own_namespace),
		cmocka_unit_test_setup(test_switching_idle, own_namespace),
		cmocka_unit_test_setup(test_stall, own_namespace),
		cmocka_unit_test_setup(test_error, own_namespace),
		cmocka_unit_test_setup(test_liar, own_namespace),
		cmocka_unit_test_setup(test_liar_then_silence, own_namespace),
		cmocka_unit_test_setup(test_no_start, own_namespace),
		cmocka_unit_test_setup(test_workers, own_namespace),
		cmocka_unit_test_setup(test_end, own_namespace),
	};

	const char *no_lab = lab_enter();

	if (no_lab) {
		printf("SKIP engine_vhost: %s\n", no_lab);
		return 0;
	}
	warm_up();
	best = lab_best_form();
	return cmocka_run_group_tests_name("engine_vhost", tests, NULL, NULL);
}
