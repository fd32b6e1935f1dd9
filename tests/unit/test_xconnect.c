/* SPDX-License-Identifier: BSD-2-Clause */
/* core/xconnect: which queue a frame leaves at; nothing lost, order within a flow kept.
 */
#include "tests/unit/queue_fake.h"

#include "core/xconnect.h"

enum { OUTS_MAX = 8 };

static struct pool pool;
static void *mem;
static struct fake in, out[OUTS_MAX];
static struct queue *outs[OUTS_MAX];

static int setup(void **state)
{
	(void)state;
	fake_pool_open(&pool, &mem);
	fake_init(&in, &pool);
	for (int i = 0; i < OUTS_MAX; i++) {
		fake_init(&out[i], &pool);
		outs[i] = &out[i].q;
	}
	in.q.out = outs;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_pool_close(&pool, &mem);
	return 0;
}

static void test_fan_out_table(void **state)
{
	static const struct {
		unsigned n, n_peer, want_n, first_of[5];
	} t[] = {
		{1, 1, 1, {0}},		 {1, 4, 4, {0}},       {4, 1, 1, {0, 0, 0, 0}},
		{4, 2, 1, {0, 1, 0, 1}}, {3, 5, 5, {0, 0, 0}}, {5, 3, 1, {0, 1, 2, 0, 1}},
		{4, 4, 1, {0, 1, 2, 3}}, {1, 0, 0, {0}},       {3, 0, 0, {0, 0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		for (unsigned idx = 0; idx < t[i].n; idx++) {
			unsigned first = 99;

			assert_int_equal(
				xconnect_fan_out(idx, t[i].n, t[i].n_peer, &first),
				t[i].want_n);
			assert_int_equal(first, t[i].first_of[idx]);
		}
	}
}

/* For all numbers up to 256: within the peer's queues, and none of them is left out. */
static void test_fan_out_covers(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 256; n += n > 16 ? 17 : 1) {
		for (unsigned peer = 1; peer <= 256; peer += peer > 16 ? 13 : 1) {
			bool used[256] = {false};

			for (unsigned idx = 0; idx < n; idx++) {
				unsigned first,
					k = xconnect_fan_out(idx, n, peer, &first);

				assert_true(k >= 1 && first + k <= peer);
				for (unsigned j = first; j < first + k; j++)
					used[j] = true;
			}
			for (unsigned j = 0; j < peer; j++)
				assert_true(used[j]);
		}
	}
}

/* Push bursts of all sizes through and compare what came out where. */
static void push(unsigned n_out, unsigned rounds)
{
	struct burst b;

	in.q.n_out = n_out;
	for (unsigned i = 0; i < rounds; i++) {
		in.per_burst = i % (BURST_MAX + 1);
		in.left = in.per_burst;
		queue_rx(&in.q, &b);
		xconnect_send(&in.q, &b);
		assert_int_equal(pool.n_free, FAKE_BUFS);
	}
}

static void check_flows(unsigned n_out)
{
	int queue_of[37];
	unsigned total = 0;
	struct fake *all[OUTS_MAX + 1] = {&in};

	memset(queue_of, -1, sizeof(queue_of));
	for (unsigned q = 0; q < n_out; q++) {
		uint32_t last[37] = {0};

		all[q + 1] = &out[q];
		total += out[q].n_sent;
		for (unsigned i = 0; i < out[q].n_sent; i++) {
			uint32_t flow = out[q].flow[i];

			assert_true(flow < 37);
			assert_true(queue_of[flow] == -1 || queue_of[flow] == (int)q);
			queue_of[flow] = (int)q;
			assert_true(out[q].number[i] >
				    last[flow]); /* order, and none twice */
			last[flow] = out[q].number[i];
		}
	}
	assert_int_equal(total, in.n_made);
	fake_conserved(all, n_out + 1);
}

static void test_one_output(void **state)
{
	(void)state;
	push(1, 200);
	check_flows(1);
	for (unsigned i = 1; i < out[0].n_sent; i++)
		assert_int_equal(out[0].number[i], out[0].number[i - 1] + 1);
}

static void test_several_outputs(void **state)
{
	(void)state;
	for (unsigned n = 2; n <= OUTS_MAX; n++) {
		unsigned used = 0;

		teardown(state);
		setup(state);
		push(n, 200);
		check_flows(n);
		for (unsigned q = 0; q < n; q++)
			used += out[q].n_sent > 0;
		assert_true(used > 1);
	}
}

/* At most one send per class and burst: a burst stays a burst. */
static void test_classes_are_bursts(void **state)
{
	struct burst b;

	(void)state;
	in.q.n_out = 4;
	in.left = BURST_MAX;
	queue_rx(&in.q, &b);
	xconnect_send(&in.q, &b);
	for (int q = 0; q < 4; q++)
		assert_true(out[q].n_bursts <= 1);
}

static void test_unconnected(void **state)
{
	struct fake *all[] = {&in};

	(void)state;
	in.q.out = NULL;
	push(0, 100);
	assert_int_equal(in.q.count.drops[DROP_rx_unconnected], in.n_made);
	assert_true(in.n_made > 0);
	fake_conserved(all, 1);
}

/* An output that fails now and then costs its own frames only, by name. */
static void test_failing_output(void **state)
{
	struct fake *all[] = {&in, &out[0], &out[1], &out[2]};

	(void)state;
	out[1].fail_every = 1;
	push(3, 150);
	fake_conserved(all, 4);
	assert_int_equal(counters_sent_packets(&out[1].q.count), 0);
	assert_int_equal(
		counters_drops(&out[0].q.count) + counters_drops(&out[2].q.count), 0);
	assert_int_equal(out[1].q.count.drops[DROP_tx_link_down], out[1].n_sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fan_out_table),
		cmocka_unit_test(test_fan_out_covers),
		cmocka_unit_test_setup_teardown(test_one_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several_outputs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_classes_are_bursts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unconnected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failing_output, setup, teardown),
	};

	return cmocka_run_group_tests_name("xconnect", tests, NULL, NULL);
}
