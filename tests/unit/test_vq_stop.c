/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/vq_stop: a ring that vhost-net does not stop keeps what it was lent. */
#include "tests/unit/vhost_lab.h"

static bool is_read_empty(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) <= 0;
}

/* Told once, not started again, and the TAP fd serves. */
static void check_left(struct engine_lab *l, const char *words)
{
	struct err e = {0};

	lab_wait_for(!engine_vhost_is_on(l->g, 1));
	assert_int_equal(engine_vhost_trouble(l->g, 1, 0, &e), ENGINE_TROUBLE_left);
	assert_non_null(strstr(e.text, words));
	assert_int_equal(engine_vhost_trouble(l->g, 1, 0, &e), ENGINE_TROUBLE_none);
	assert_int_equal(engine_vhost_switch(l->g, 1, true, &e), -EBUSY);
	assert_non_null(strstr(e.text, "restart ringway"));
	assert_false(engine_vhost_is_on(l->g, 1));
	lab_pass(l, 0, 1, 200);
	lab_wait_for(lab_is_conserved(l));
}

/* The device still takes frames, and writes them to memory that it was lent. */
static void check_end(struct engine_lab *l)
{
	engine_stop(&l->g);
	lab_push(l, 1, 20);
	lab_wait_for(is_read_empty(l->ports[1].fds[0]));
	close_vhost(l);
}

static void test_switched(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;
		struct err e = {0};

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		lab_pass(&l, 1, 0, 100);
		lab_wait_for(lab_is_conserved(&l));
		fake_set(no_stop, 1u << VHOST_RX);
		assert_int_equal(engine_vhost_switch(l.g, 1, false, &e), 0);
		check_left(&l, "does not stop ring 0");
		assert_int_equal(lab_vq(&l, 1)->rx.n_out, lab_vq(&l, 1)->rx_depth);
		assert_int_equal(both(&l).fallbacks, 0);
		check_end(&l);
	}
}

/* Frames in a transmit ring that is stuck and cannot be stopped. */
static void test_stuck(void **state)
{
	enum { N = 10 };

	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		lab_pass(&l, 1, 0, 100);
		lab_wait_for(lab_is_conserved(&l));
		fake_set(no_stop, 1u << VHOST_RX | 1u << VHOST_TX);
		fake_set(stall_each, 1);
		lab_push(&l, 0, N);
		check_left(&l, "does not stop ring 1");
		assert_int_equal(both(&l).fallbacks, 1);
		assert_int_equal(both(&l).rebuilds, 0);
		assert_int_equal(lab_vq(&l, 1)->tx.n_out, N);
		assert_int_equal(lab_vq(&l, 1)->rx.n_out, lab_vq(&l, 1)->rx_depth);
		check_end(&l);
	}
}

/* The end of the run is the first that asks for a stop. */
static void test_at_the_end(void **state)
{
	(void)state;
	for_each_way(i)
	{
		static uint8_t got[LAB_FRAME_MAX + 100];
		struct engine_lab l;
		unsigned n = 0;

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		lab_pass(&l, 1, 0, 100);
		fake_set(no_stop, 1u << VHOST_RX);
		lab_push(&l, 0, 100);
		engine_stop(&l.g);
		while (n < 100 && lab_recv(l.sock[1], got, sizeof(got), LAB_LIMIT_MS))
			n++;
		assert_int_equal(n, 100);
		check_end(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_switched, own_namespace),
		cmocka_unit_test_setup(test_stuck, own_namespace),
		cmocka_unit_test_setup(test_at_the_end, own_namespace),
	};

	const char *no_lab = lab_begin();

	if (no_lab) {
		printf("SKIP vq_stop: %s\n", no_lab);
		return 0;
	}
	return cmocka_run_group_tests_name("vq_stop", tests, NULL, NULL);
}
