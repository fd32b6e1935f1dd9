/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine with queues that (a stand-in for) vhost-net serves. */
#include "tests/unit/vhost_lab.h"

#include "io/loop/engine_vhost.h"
#include "io/loop/vq.h"
#include "io/loop/worker_vq.h"

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

/* What has no room in the ring it goes to waits; nothing is dropped, nobody spins. */
static void test_full(void **state)
{
	enum { N = 400, ROOM = 256, STILL_MS = 30 };

	(void)state;
	for_each_way(i)
	{
		struct engine_worker_stats before, after;
		struct engine_lab l;
		uint64_t go = 1;

		open_vhost(&l, i, 3, NULL);
		fake.gate = eventfd(0, EFD_CLOEXEC);
		lab_start(&l);
		lab_push(&l, 0, N);
		lab_wait_for(lab_counters(&l, 0).rx_packets >= ROOM);
		engine_worker_stats(l.g, 0, &before);
		poll(NULL, 0, STILL_MS);
		engine_worker_stats(l.g, 0, &after);
		assert_true(after.enters - before.enters < 20);
		assert_int_equal(write(fake.gate, &go, sizeof(go)), sizeof(go));
		lab_wait_for(lab_counters(&l, 0).rx_packets >= N && lab_is_conserved(&l));
		assert_int_equal(lab_drops(&l, 1, DROP_tx_ring_full), 0);
		lab_push(&l, 1, 10);
		lab_wait_for(lab_counters(&l, 1).rx_packets >= 10);
		engine_stop(&l.g);
		close(fake.gate);
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

static void test_no_start(void **state)
{
	const struct vhost_conf conf = {.fd = -1};
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
	for (unsigned i = 0; i < 2; i++) { /* which then have no vhost-net fds */
		assert_false(port_vhost_is_attached(&l.ports[i]));
		assert_non_null(strstr(l.ports[i].vhost_why, "binds nothing; using"));
		vhost_open(&l.ports[i].vhost[0], &conf, NULL);
	}
	lab_pass(&l, 0, 1, 100);
	engine_stop(&l.g);
	fake.no_bind = false;
	fake.no_start = true;
	lab_start(&l);
	assert_false(engine_vhost_is_on(l.g, 0));
	assert_int_equal(engine_vhost_trouble(l.g, 0, 0, &e), ENGINE_TROUBLE_left);
	assert_int_equal(engine_vhost_trouble(l.g, 0, 0, &e), ENGINE_TROUBLE_none);
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
		cmocka_unit_test(test_wish_on_the_way),
		cmocka_unit_test_setup(test_full, own_namespace),
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
