/* SPDX-License-Identifier: BSD-2-Clause */
/* core/wait: patterns of traffic in synthetic time, and the way to wait each leads to. */
#include "tests/unit/frame_make.h"

#include "core/wait.h"

enum { US = 1000, MS = 1000000 };

static struct wait w;
static struct queue a, b;
static uint64_t now, cpu;
static unsigned cost_of[3]; /* CPU ns per packet of each way to wait, by enum wait_mode */
static unsigned windows_in[3]; /* windows that ended in each way */

/* CPU ns per packet of batching for 50, 100 and 200 us; 0 = as cost_of says. */
static unsigned batch_cost[3];

static void start(int busy_poll, bool can_batch)
{
	now = 5000000000ull;
	cpu = 12345;
	cost_of[WAIT_block] = 3000;
	cost_of[WAIT_batch] = 2000;
	cost_of[WAIT_spin] = 5000;
	memset(windows_in, 0, sizeof(windows_in));
	memset(batch_cost, 0, sizeof(batch_cost));
	wait_init(&w, busy_poll, can_batch);
}

static unsigned cost_now(void)
{
	unsigned us = (unsigned)(wait_ns(&w, WAIT_batch) / US);

	if (wait_mode(&w) == WAIT_batch && batch_cost[0])
		return batch_cost[us <= 50 ? 0 : us <= 100 ? 1 : 2];
	return cost_of[wait_mode(&w)];
}

/* A turn as the worker makes it. */
static void note(const struct queue *only, unsigned packets, unsigned len)
{
	struct forward_turn t = {
		.packets = packets, .only = only, .bytes = (uint64_t)packets * len};

	cpu += (uint64_t)packets * cost_now();
	wait_note(&w, &t);
	if (!wait_is_due(&w, now))
		return;
	windows_in[wait_mode(&w)]++;
	wait_measure(&w, now, cpu);
	assert_false(wait_is_due(&w, now));
}

/* One worker's turns at a steady rate from one side. */
static void stream(unsigned kpps, unsigned per_turn, unsigned len, unsigned ms)
{
	for (uint64_t end = now + (uint64_t)ms * MS; now < end;) {
		now += (uint64_t)per_turn * 1000000 / kpps;
		note(&a, per_turn, len);
	}
}

static void dialogue(unsigned turns, unsigned gap_us, unsigned len)
{
	for (unsigned i = 0; i < turns; i++) {
		now += (uint64_t)gap_us * US;
		note(i % 2 ? &a : &b, 1, len);
	}
}

static void test_idle_blocks(void **state)
{
	(void)state;
	start(-1, true);
	assert_int_equal(wait_mode(&w), WAIT_block);
	for (int i = 0; i < 100; i++) { /* a packet a second, from both sides */
		now += 1000ull * MS;
		note(i % 3 ? &a : &b, 1, 60);
		if (wait_mode(&w) == WAIT_spin)
			wait_spun_out(&w);
		assert_int_not_equal(wait_mode(&w), WAIT_batch);
	}
	assert_int_equal(windows_in[WAIT_batch], 0);
}

static void test_dialogue_spins(void **state)
{
	(void)state;
	for (unsigned gap = 5; gap <= 40; gap += 5) {
		start(-1, true);
		dialogue(20, gap, 100);
		assert_int_equal(wait_mode(&w), WAIT_spin);
		for (int i = 0; i < 100; i++) {
			dialogue(100, gap, 100);
			assert_int_equal(wait_mode(&w), WAIT_spin);
		}
	}
}

/* A dialogue slower than the spin: after a few spins in vain it sleeps, most of the time.
 */
static void test_slow_dialogue_stops_to_spin(void **state)
{
	unsigned spins = 0;

	(void)state;
	start(-1, true);
	for (unsigned i = 0; i < 1000; i++) {
		now += 200 * US;
		if (wait_mode(&w) == WAIT_spin) {
			spins++;
			wait_spun_out(&w);
		}
		note(i % 2 ? &a : &b, 1, 100);
	}
	assert_true(spins <= 1000 / 8 + 8);
}

/* A steady one-way stream never spins; it is batched where that was measured to be
 * cheaper. */
static void test_stream_takes_the_cheaper_way(void **state)
{
	static const struct {
		unsigned block, batch;
		enum wait_mode want;
	} t[] = {
		{3000, 2000, WAIT_batch}, {3000, 2600, WAIT_batch},
		{3000, 2800, WAIT_block}, {3000, 3000, WAIT_block},
		{3000, 4500, WAIT_block},
	};
	static const unsigned rates[] = {20, 50, 150, 400};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
			start(-1, true);
			cost_of[WAIT_block] = t[i].block;
			cost_of[WAIT_batch] = t[i].batch;
			stream(rates[r], 4, 60, 2000);
			assert_int_equal(windows_in[WAIT_spin], 0);
			/* the other way gets a window now and then, and no more */
			if (t[i].want == WAIT_batch)
				assert_true(windows_in[WAIT_batch] >
					    10 * windows_in[WAIT_block]);
			else
				assert_true(windows_in[WAIT_block] >
					    10 * windows_in[WAIT_batch]);
			assert_true(windows_in[WAIT_batch] > 0);
		}
	}
}

/* The shortest time that saves a quarter; else the best of those that save a tenth. */
static void test_stream_takes_the_shortest_time(void **state)
{
	static const struct {
		unsigned cost[3], us;
	} t[] = {
		{{2200, 1500, 1000}, 50},  {{2300, 2200, 1000}, 100},
		{{4500, 3000, 2000}, 200}, {{2600, 2500, 2400}, 200},
		{{2600, 2650, 2700}, 50},  {{4000, 2900, 2800}, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		start(-1, true);
		memcpy(batch_cost, t[i].cost, sizeof(batch_cost));
		stream(50, 4, 60, 400); /* one trial, and what came of it */
		if (t[i].us)
			assert_int_equal(wait_ns(&w, WAIT_batch), t[i].us * US);
		assert_int_equal(wait_mode(&w), t[i].us ? WAIT_batch : WAIT_block);
	}
}

/* Many dialogues at once look like a stream, but a batch makes them slower. */
static void test_answers_are_not_delayed(void **state)
{
	(void)state;
	start(-1, true);
	for (int i = 0; i < 50000; i++) {
		bool batch = wait_mode(&w) == WAIT_batch;

		now += 40 * US + (batch ? wait_ns(&w, WAIT_batch) : 0);
		note(NULL, 8, 60); /* from several queues at once */
	}
	assert_true(windows_in[WAIT_batch] > 0);
	assert_true(windows_in[WAIT_block] > 10 * windows_in[WAIT_batch]);
}

/* No batch lets more come than a short TAP ring holds. */
static void test_batches_are_bounded(void **state)
{
	(void)state;
	for (unsigned kpps = 20; kpps <= 4000; kpps *= 2) {
		start(-1, true);
		stream(kpps, 16, 60, 400);
		assert_true(wait_ns(&w, WAIT_batch) * kpps <=
			    (uint64_t)WAIT_BATCH_MAX * MS);
	}
}

/* What is cheaper may change: it is noticed. */
static void test_costs_that_change(void **state)
{
	(void)state;
	start(-1, true);
	stream(100, 4, 60, 2000);
	cost_of[WAIT_batch] = 6000;
	memset(windows_in, 0, sizeof(windows_in));
	stream(100, 4, 60, 4000);
	assert_true(windows_in[WAIT_block] > 10 * windows_in[WAIT_batch]);
	cost_of[WAIT_batch] = 1000;
	stream(100, 4, 60, 2000);
	memset(windows_in, 0, sizeof(windows_in));
	stream(100, 4, 60, 2000);
	assert_true(windows_in[WAIT_batch] > 10 * windows_in[WAIT_block]);
}

static void test_without_min_wait(void **state)
{
	(void)state;
	start(-1, false);
	stream(150, 4, 60, 1000);
	assert_int_equal(windows_in[WAIT_batch] + windows_in[WAIT_spin], 0);
	assert_int_equal(wait_mode(&w), WAIT_block);
}

/* A batch needs what may go: the kernel without min_wait would refuse the wait. */
static void test_batches_end_with_what_they_need(void **state)
{
	(void)state;
	start(-1, true);
	stream(150, 4, 60, 1000);
	assert_int_equal(wait_mode(&w), WAIT_batch);
	w.can_batch = false; /* a queue has left vhost-net, in the middle of a stream */
	assert_int_equal(wait_mode(&w), WAIT_block);
	stream(150, 4, 60, 1000);
	assert_int_equal(wait_mode(&w), WAIT_block);
	w.can_batch = true;
	stream(150, 4, 60, 1000);
	assert_int_equal(wait_mode(&w), WAIT_batch);
}

static void test_bulk_and_slow_block(void **state)
{
	(void)state;
	start(-1, true);
	stream(40, 8, 60000, 500); /* super-packets */
	stream(5, 1, 60, 500);
	dialogue(100, 20, 60000); /* large both ways is no dialogue */
	assert_int_equal(windows_in[WAIT_batch] + windows_in[WAIT_spin], 0);
	assert_int_equal(wait_mode(&w), WAIT_block);
}

static void test_changes_are_seen(void **state)
{
	(void)state;
	start(-1, true);
	stream(150, 4, 60, 200);
	assert_int_equal(wait_mode(&w), WAIT_batch);
	now += 3000ull * MS; /* silence: the next packet is no part of a stream */
	note(&a, 1, 60);
	assert_int_equal(wait_mode(&w), WAIT_block);
	dialogue(40, 20, 60);
	assert_int_equal(wait_mode(&w), WAIT_spin);
	stream(150, 4, 60, 5); /* a stream ends the dialogue within a few turns */
	assert_int_not_equal(wait_mode(&w), WAIT_spin);
}

/* Turns that move packets of both sides, or many, are not request and response. */
static void test_what_is_no_dialogue(void **state)
{
	(void)state;
	start(-1, true);
	for (int i = 0; i < 1000; i++) {
		now += 100 * US;
		note(NULL, 2, 60);
	}
	assert_int_equal(windows_in[WAIT_spin], 0);
	for (int i = 0; i < 1000; i++) {
		now += 1000 * US;
		note(i % 2 ? &a : &b, 5, 60);
	}
	assert_int_equal(windows_in[WAIT_spin], 0);
}

static void test_fixed(void **state)
{
	(void)state;
	start(120, true);
	assert_int_equal(wait_mode(&w), WAIT_spin);
	assert_int_equal(wait_ns(&w, WAIT_spin), 120 * US);
	stream(150, 4, 60, 100);
	for (int i = 0; i < 100; i++)
		wait_spun_out(&w);
	assert_int_equal(wait_mode(&w), WAIT_spin);
}

static void test_off_and_auto(void **state)
{
	(void)state;
	start(0, true);
	assert_int_equal(wait_mode(&w), WAIT_block);
	dialogue(1000, 10, 60);
	stream(150, 4, 60, 500);
	dialogue(1000, 10, 60);
	assert_int_equal(windows_in[WAIT_spin], 0);
	assert_int_not_equal(wait_mode(&w), WAIT_spin);
	start(-1, true);
	assert_int_equal(wait_ns(&w, WAIT_spin), WAIT_AUTO_SPIN_US * US);
}

/* Whatever comes: the score within its bounds, no division by nothing, one of three ways.
 */
static void test_anything(void **state)
{
	uint64_t seed = 0x77777777, rnd = seed;

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	start(-1, true);
	for (int i = 0; i < 200000; i++) {
		static const struct queue *const q[] = {&a, &b, NULL};

		now += make_below(&rnd, make_below(&rnd, 4) ? 20 * US : 3 * MS);
		note(q[make_below(&rnd, 3)], 1 + make_below(&rnd, BURST_MAX),
		     1 + make_below(&rnd, make_below(&rnd, 2) ? 100 : 65000));
		if (!make_below(&rnd, 4))
			wait_spun_out(&w);
		cost_of[WAIT_batch] = make_below(&rnd, 10000);
		assert_in_range(w.score, 0, 32);
		assert_in_range(wait_mode(&w), WAIT_block, WAIT_spin);
		if (!make_below(&rnd, 1000)) { /* a window without a packet */
			now += 20 * MS;
			wait_measure(&w, now, cpu);
			assert_int_not_equal(wait_mode(&w), WAIT_batch);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_blocks),
		cmocka_unit_test(test_dialogue_spins),
		cmocka_unit_test(test_slow_dialogue_stops_to_spin),
		cmocka_unit_test(test_stream_takes_the_cheaper_way),
		cmocka_unit_test(test_stream_takes_the_shortest_time),
		cmocka_unit_test(test_answers_are_not_delayed),
		cmocka_unit_test(test_batches_are_bounded),
		cmocka_unit_test(test_costs_that_change),
		cmocka_unit_test(test_without_min_wait),
		cmocka_unit_test(test_batches_end_with_what_they_need),
		cmocka_unit_test(test_bulk_and_slow_block),
		cmocka_unit_test(test_changes_are_seen),
		cmocka_unit_test(test_what_is_no_dialogue),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_off_and_auto),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
