/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/vq_health: a vhost-net that fails in all its ways, in a running engine. */
#include "tests/unit/vhost_lab.h"

#include "io/loop/tapq_try.h"
#include "io/loop/tapq_tx.h"

/* The kernel without memory, as the TAP fd tells of it. */
int tapq_try_send(const struct tapq *t, const struct pkt *p)
{
	if (fake_get(no_memory))
		return -ENOMEM;
	return tapq_tx_once(t, p) < 0 ? -errno : 0;
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

/* One that the TAP lets go on just after it was asked gets a second chance. */
static void test_second_chance(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		fake_set(hold, fake_get(n_flushes) + 2);
		lab_pass(&l, 0, 1, 1);
		lab_pass(&l, 0, 1, 100);
		lab_wait_for(lab_is_conserved(&l));
		assert_int_equal(both(&l).rebuilds + both(&l).fallbacks, 0);
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

/* A kernel that has no memory to send with: frames wait, however long, and all go. */
static void test_no_memory(void **state)
{
	enum { N = 5 };

	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;
		struct err e = {0};
		unsigned first;

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		fake_set(no_memory, true);
		first = l.number;
		lab_push(&l, 0, N);
		check_trouble(&l, 1, ENGINE_TROUBLE_healed, "memory");
		lab_wait_for(fake_get(n_flushes) >= 8); /* four times looked at */
		assert_int_equal(engine_vhost_trouble(l.g, 1, 0, &e),
				 ENGINE_TROUBLE_none); /* told once */
		fake_set(no_memory, false);
		for (unsigned k = first; k < first + N; k++) {
			static uint8_t got[LAB_FRAME_MAX + 100];
			uint32_t number;

			assert_true(lab_recv(l.sock[1], got, sizeof(got), LAB_LIMIT_MS));
			memcpy(&number, got + 42, 4);
			assert_int_equal(number, k);
		}
		lab_pass(&l, 0, 1, 100);
		lab_wait_for(lab_is_conserved(&l));
		/* one if memory came just before the TAP fd was tried */
		assert_true(n_healed(&l) <= 1);
		assert_int_equal(both(&l).tx_failed_packets, 0);
		close_vhost(&l);
	}
}

/* It lasts: asked for ever more seldom, and in the end the TAP fd has its say. */
static void test_no_memory_for_long(void **state)
{
	enum { N = 5, FEW = 50 }; /* every 80 ms would be 250 */
	static uint8_t got[LAB_FRAME_MAX + 100];
	struct engine_lab l;

	(void)state;
	open_vhost(&l, best ? 0 : WAYS - 1, 2, NULL);
	lab_start(&l);
	lab_pass(&l, 0, 1, 100);
	fake_set(no_memory, true);
	lab_push(&l, 0, N);
	lab_wait_for(both(&l).rebuilds == 1);
	assert_int_equal(both(&l).fallbacks, 0);
	check_trouble(&l, 1, ENGINE_TROUBLE_healed, "memory to send with for long");
	lab_wait_for(!engine_vhost_is_on(l.g, 1));
	check_trouble(&l, 1, ENGINE_TROUBLE_left, "memory to send with for long");
	assert_int_equal(both(&l).rebuilds, 3);
	assert_int_equal(both(&l).fallbacks, 1);
	assert_true(fake_get(n_flushes) < FEW);
	for (unsigned k = 0; k < N; k++)
		assert_true(lab_recv(l.sock[1], got, sizeof(got), LAB_LIMIT_MS));
	lab_pass(&l, 0, 1, 100);
	lab_wait_for(lab_is_conserved(&l));
	close_vhost(&l);
}

/* A frame that the ring is stuck at without a sign goes by the TAP fd, in its place. */
static void test_stuck_before_a_frame(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;
		unsigned before;

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		before = fake_get(n_errors);
		fake_set(is_silent, true);
		fake_set(error_each, 7);
		lab_pass(&l, 0, 1, 20);
		fake_set(error_each, 0);
		assert_true(fake_get(n_errors) > before);
		lab_wait_for(both(&l).rebuilds > 0);
		lab_wait_for(lab_is_conserved(&l));
		assert_int_equal(both(&l).tx_failed_packets, 0);
		close_vhost(&l);
	}
}

/* A ring that cannot be started again: the TAP fd, at once. */
static void test_no_restart(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;

		open_vhost(&l, i, 2, NULL);
		lab_start(&l);
		lab_pass(&l, 0, 1, 100);
		fake_set(no_start, true);
		fake_set(stall_each, 1);
		lab_push(&l, 0, 1);
		lab_wait_for(!engine_vhost_is_on(l.g, 1));
		fake_set(stall_each, 0);
		check_trouble(&l, 1, ENGINE_TROUBLE_left, "does not start");
		assert_int_equal(both(&l).rebuilds, 0);
		assert_int_equal(both(&l).fallbacks, 1);
		lab_pass(&l, 0, 1, 100);
		lab_pass(&l, 1, 0, 100);
		lab_wait_for(lab_is_conserved(&l));
		fake_set(no_start, false);
		assert_int_equal(engine_vhost_switch(l.g, 1, true, NULL), 0);
		lab_wait_for(engine_vhost_is_on(l.g, 1));
		lab_pass(&l, 0, 1, 100);
		close_vhost(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_stall, own_namespace),
		cmocka_unit_test_setup(test_error, own_namespace),
		cmocka_unit_test_setup(test_late, own_namespace),
		cmocka_unit_test_setup(test_second_chance, own_namespace),
		cmocka_unit_test_setup(test_liar, own_namespace),
		cmocka_unit_test_setup(test_liar_then_silence, own_namespace),
		cmocka_unit_test_setup(test_no_memory, own_namespace),
		cmocka_unit_test_setup(test_no_memory_for_long, own_namespace),
		cmocka_unit_test_setup(test_stuck_before_a_frame, own_namespace),
		cmocka_unit_test_setup(test_no_restart, own_namespace),
	};

	const char *no_lab = lab_begin();

	if (no_lab) {
		printf("SKIP vq_health: %s\n", no_lab);
		return 0;
	}
	return cmocka_run_group_tests_name("vq_health", tests, NULL, NULL);
}
