/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/vq_health: receive rings that vhost-net stops serving, and those that are only
 * silent. */
#include "tests/unit/vhost_lab.h"

#include "io/loop/vq_health.h"

/* The receive ring: refused with a sign, or without one while frames wait in the TAP. */
static void heal_rx(unsigned way, bool by_error)
{
	struct engine_lab l;

	open_vhost(&l, way, 1, NULL);
	lab_start(&l);
	for (unsigned round = 1; round <= 3; round++) {
		lab_pass(&l, 0, 1, 100);
		if (by_error)
			fake_set(rx_error, true);
		else
			fake_set(rx_stall, true);
		lab_push(&l, 0, 3);
		if (by_error)
			lab_wait_for(fake_get(n_errors) == round);
		else
			lab_wait_for(!fake_get(rx_stall));
		wait_for_rebuilds(&l, round);
		lab_wait_for(lab_counters(&l, 0).rx_packets == round * 103);
		check_trouble(&l, 0,
			      round < 3 ? ENGINE_TROUBLE_healed : ENGINE_TROUBLE_left,
			      by_error ? "receive ring" : "gave no frame");
		for (unsigned k = 0; k < 3; k++) {
			uint8_t got[LAB_FRAME_MAX];

			assert_true(lab_recv(l.sock[1], got, sizeof(got), LAB_LIMIT_MS));
		}
	}
	lab_wait_for(!engine_vhost_is_on(l.g, 0));
	lab_pass(&l, 0, 1, 100);
	lab_wait_for(lab_is_conserved(&l));
	assert_int_equal(both(&l).tx_failed_packets, 0);
	close_vhost(&l);
}

static void test_rx_error(void **state)
{
	(void)state;
	for_each_way(i) heal_rx(i, true);
}

static void test_rx_stall(void **state)
{
	(void)state;
	heal_rx(best ? 0 : WAYS - 1, false);
	heal_rx(WAYS - 4, false);
}

/* Has the worker not been awake for longer than it would be between two looks? */
static bool is_fast_asleep(const struct engine_lab *l)
{
	struct engine_worker_stats before, after;

	engine_worker_stats(l->g, 0, &before);
	poll(NULL, 0, VQ_HEALTH_RX_MS * 3 / 2);
	engine_worker_stats(l->g, 0, &after);
	return before.enters == after.enters;
}

/*
 * Nothing comes for more than the time of the watchdog: that is no trouble, and costs
 * nothing, and a ring that stops then is seen all the same.
 */
static void rx_silence(unsigned way)
{
	struct engine_lab l;

	open_vhost(&l, way, 1, NULL);
	lab_start(&l);
	lab_pass(&l, 0, 1, 10);
	lab_wait_for(is_fast_asleep(&l));
	assert_int_equal(n_healed(&l), 0);
	assert_int_equal(fake_get(n_flushes), 0);
	fake_set(rx_stall, true);
	lab_pass(&l, 0, 1, 3);
	assert_int_equal(n_healed(&l), 1);
	lab_wait_for(is_fast_asleep(&l));
	/* to the TAP fd and back while the TAP is watched */
	for (unsigned on = 0; on < 2; on++) {
		assert_int_equal(engine_vhost_switch(l.g, 0, on, NULL), 0);
		lab_wait_for(engine_vhost_is_on(l.g, 0) == on);
		lab_pass(&l, 0, 1, 10);
	}
	lab_wait_for(is_fast_asleep(&l));
	lab_wait_for(lab_is_conserved(&l));
	/* a device that is deleted meanwhile is noticed, which ends the watch */
	lab_wait_for(is_fast_asleep(&l));
	lab_delete("t0");
	lab_wait_for(!engine_vhost_is_on(l.g, 0));
	assert_int_equal(n_healed(&l), 1);
	close_vhost(&l);
}

static void test_rx_silence(void **state)
{
	(void)state;
	rx_silence(best ? 0 : WAYS - 1);
	rx_silence(WAYS - 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rx_error, own_namespace),
		cmocka_unit_test_setup(test_rx_stall, own_namespace),
		cmocka_unit_test_setup(test_rx_silence, own_namespace),
	};

	const char *no_lab = lab_begin();

	if (no_lab) {
		printf("SKIP vq_health_rx: %s\n", no_lab);
		return 0;
	}
	return cmocka_run_group_tests_name("vq_health_rx", tests, NULL, NULL);
}
