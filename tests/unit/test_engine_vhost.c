/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine with queues that (a stand-in for) vhost-net serves. */
#include "tests/unit/vhost_lab.h"

#include "io/loop/engine_vhost.h"

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

/* Frames over several buffers, by indirect tables, chains, without event indices, and in
 * order. */
static void test_merged(void **state)
{
	static const uint64_t features[] = {
		FAKE_FEATURES,
		FAKE_FEATURES & ~(1ull << VIRTIO_RING_F_INDIRECT_DESC),
		FAKE_FEATURES & ~(1ull << VIRTIO_RING_F_EVENT_IDX),
		FAKE_FEATURES | 1ull << VIRTIO_F_IN_ORDER,
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
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

/* A device that is deleted: what its ring has not sent is dropped, and counted so. */
static void test_deleted(void **state)
{
	enum { N = 50 };

	(void)state;
	for_each_way(i)
	{
		for (unsigned which = 2; which <= 3; which++) {
			struct engine_lab l;
			struct counters c;

			open_vhost(&l, i, which, NULL);
			lab_start(&l);
			lab_pass(&l, 0, 1, 100);
			lab_delete("t1");
			lab_push(&l, 0, N);
			lab_wait_for(lab_drops(&l, 1, DROP_tx_gone) == N);
			assert_true(lab_is_conserved(&l));
			c = lab_counters(&l, 1);
			assert_int_equal(counters_sent_packets(&c), 100);
			assert_int_equal(both(&l).rebuilds + both(&l).fallbacks, 0);
			close_vhost(&l);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_each_form, own_namespace),
		cmocka_unit_test_setup(test_merged, own_namespace),
		cmocka_unit_test_setup(test_no_start, own_namespace),
		cmocka_unit_test_setup(test_workers, own_namespace),
		cmocka_unit_test_setup(test_end, own_namespace),
		cmocka_unit_test_setup(test_deleted, own_namespace),
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
