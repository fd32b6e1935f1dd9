/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/vq_health: a vhost-net that fails in all its ways, in a running engine. */
#include "tests/unit/vhost_lab.h"

#include "io/loop/engine_vhost.h"

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
		lab_wait_for(engine_vhost_trouble(l.g, 1, 0, &e));
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

/* A kernel thread that gets no CPU for a while is no fault: nothing is dropped. */
static void test_late(void **state)
{
	(void)state;
	for_each_way(i)
	{
		static uint8_t got[LAB_FRAME_MAX + 100];
		struct engine_lab l;
		unsigned n = 0;

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		fake_set(late, true);
		lab_push(&l, 0, 2);
		lab_wait_for(fake_get(n_flushes) > 0); /* it is waited for */
		fake_set(late, false);
		while (n < 2 && lab_recv(l.sock[1], got, sizeof(got), LAB_LIMIT_MS))
			n++;
		assert_int_equal(n, 2);
		lab_pass(&l, 0, 1, 100);
		lab_wait_for(lab_is_conserved(&l));
		assert_int_equal(both(&l).rebuilds + both(&l).fallbacks, 0);
		assert_int_equal(both(&l).tx_failed_packets, 0);
		close_vhost(&l);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_stall, own_namespace),
		cmocka_unit_test_setup(test_error, own_namespace),
		cmocka_unit_test_setup(test_late, own_namespace),
		cmocka_unit_test_setup(test_liar, own_namespace),
		cmocka_unit_test_setup(test_liar_then_silence, own_namespace),
	};

	const char *no_lab = lab_enter();

	if (no_lab) {
		printf("SKIP vq_health: %s\n", no_lab);
		return 0;
	}
	warm_up();
	best = lab_best_form();
	return cmocka_run_group_tests_name("vq_health", tests, NULL, NULL);
}
