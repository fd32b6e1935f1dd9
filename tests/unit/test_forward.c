/* SPDX-License-Identifier: BSD-2-Clause */
/* core/forward: the turn: who is served when, what is dropped, what it reports. */
#include "tests/unit/queue_fake.h"

#include "core/forward.h"

static struct pool pool;
static void *mem;
static struct fake a, b, c;
static struct queue *to_a, *to_b;
static struct forward fwd;

static int setup(void **state)
{
	(void)state;
	fake_pool_open(&pool, &mem);
	fake_init(&a, &pool);
	fake_init(&b, &pool);
	fake_init(&c, &pool);
	to_a = &a.q;
	to_b = &b.q;
	a.q.out = &to_b;
	b.q.out = &to_a;
	a.q.n_out = b.q.n_out = 1;
	fwd = (struct forward){0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_pool_close(&pool, &mem);
	return 0;
}

static void test_nothing_ready(void **state)
{
	struct forward_turn t = forward_turn(&fwd);

	(void)state;
	assert_int_equal(t.packets, 0);
	assert_int_equal(t.bytes, 0);
	assert_null(t.only);
	forward_ready(&fwd, &a.q); /* ready, and then nothing is there */
	t = forward_turn(&fwd);
	assert_int_equal(t.packets, 0);
	assert_null(t.only);
	assert_int_equal(a.n_rx_calls, 1);
	assert_null(fwd.first);
	assert_null(fwd.last);
	forward_turn(&fwd);
	assert_int_equal(a.n_rx_calls, 1);
}

static void test_ready_once(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		forward_ready(&fwd, &a.q);
		forward_ready(&fwd, &b.q);
		forward_ready(&fwd, &c.q);
	}
	assert_ptr_equal(fwd.first, &a.q);
	assert_ptr_equal(a.q.next_ready, &b.q);
	assert_ptr_equal(b.q.next_ready, &c.q);
	assert_null(c.q.next_ready);
	assert_ptr_equal(fwd.last, &c.q);
	forward_turn(&fwd);
	assert_int_equal(a.n_rx_calls + b.n_rx_calls + c.n_rx_calls, 3);
	assert_false(a.q.is_ready || b.q.is_ready || c.q.is_ready);
}

static void test_report(void **state)
{
	struct fake *all[] = {&a, &b};
	struct forward_turn t;

	(void)state;
	a.left = 3;
	forward_ready(&fwd, &a.q);
	forward_ready(&fwd, &b.q); /* has nothing: does not count as a source */
	t = forward_turn(&fwd);
	assert_int_equal(t.packets, 3);
	assert_int_equal(t.bytes, 180);
	assert_ptr_equal(t.only, &a.q);
	a.left = b.left = 2;
	forward_ready(&fwd, &a.q);
	forward_ready(&fwd, &b.q);
	t = forward_turn(&fwd);
	assert_int_equal(t.packets, 4);
	assert_int_equal(t.bytes, 240);
	assert_null(t.only);
	fake_conserved(all, 2);
}

static void ready_again(struct fake *f)
{
	if (f->left)
		forward_ready(&fwd, &f->q);
	forward_ready(&fwd, &c.q); /* and another one, that comes meanwhile */
}

/* One burst each per turn: who has more does not keep others from their turn. */
static void test_ready_during_turn(void **state)
{
	(void)state;
	a.left = 3 * BURST_MAX;
	a.on_rx = ready_again;
	c.q.out = &to_b;
	c.q.n_out = 1;
	c.left = 5;
	forward_ready(&fwd, &a.q);
	assert_int_equal(forward_turn(&fwd).packets, BURST_MAX);
	assert_int_equal(a.n_rx_calls, 1);
	assert_int_equal(c.n_rx_calls, 0);
	assert_ptr_equal(fwd.first, &a.q);
	assert_ptr_equal(fwd.last, &c.q);
	assert_int_equal(forward_turn(&fwd).packets, BURST_MAX + 5);
	assert_int_equal(a.n_rx_calls, 2);
	assert_int_equal(c.n_rx_calls, 1);
	assert_int_equal(forward_turn(&fwd).packets, BURST_MAX);
	assert_int_equal(b.n_sent, 3 * BURST_MAX + 5);
}

static void says_more(struct fake *f)
{
	f->q.has_more = f->left > 0;
}

/* What has come already, in more than one burst, all goes in one turn and in its order.
 */
static void test_more_than_a_burst(void **state)
{
	struct forward_turn t;

	(void)state;
	a.left = 2 * BURST_MAX + 7;
	a.on_rx = says_more;
	forward_ready(&fwd, &a.q);
	t = forward_turn(&fwd);
	assert_int_equal(t.packets, 2 * BURST_MAX + 7);
	assert_int_equal(t.bytes, 60 * (2 * BURST_MAX + 7));
	assert_ptr_equal(t.only, &a.q);
	assert_int_equal(a.n_rx_calls, 3);
	assert_int_equal(b.n_bursts, 3);
	assert_int_equal(b.n_sent, 2 * BURST_MAX + 7);
	for (unsigned i = 0; i < b.n_sent; i++)
		assert_int_equal(b.number[i], i + 1);
	assert_null(fwd.first);

	a.left = BURST_MAX + 1;
	b.left = 1;
	forward_ready(&fwd, &b.q);
	forward_ready(&fwd, &a.q);
	t = forward_turn(&fwd);
	assert_int_equal(t.packets, BURST_MAX + 2);
	assert_null(t.only); /* several, though the last ones came from one */
}

/* Each reason of the gate, in turn, between good frames. */
static void fill_hostile(struct fake *f, struct pkt *p)
{
	struct virtio_net_hdr_v1 *h;

	fake_frame(p, 1, (uint32_t)f->n_made);
	h = pkt_vnet(p);
	switch (f->n_made % 10) {
	case 1:
		p->len = p->total_len = PKT_VNET_LEN + 13;
		break;
	case 2:
		p->len = p->total_len = PKT_ROOM;
		break;
	case 3:
		h->flags = 0x80;
		break;
	case 4:
		h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		break;
	case 5:
	case 6:
		h->gso_type = VIRTIO_NET_HDR_GSO_UDP;
		h->gso_size = f->n_made % 10 == 5 ? 0 : 100;
		break;
	case 7:
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = 59;
		break;
	case 8:
		h->hdr_len = 61;
		break;
	}
}

static void test_filter_by_name(void **state)
{
	static const struct {
		enum drop why;
		unsigned n;
	} want[] = {
		{DROP_rx_runt, 100},	     {DROP_rx_giant, 100},
		{DROP_rx_vnet_flags, 100},   {DROP_rx_vnet_type, 100},
		{DROP_rx_vnet_size, 100},    {DROP_rx_vnet_csum, 200},
		{DROP_rx_vnet_hdr_len, 100},
	};
	struct fake *all[] = {&a, &b};

	(void)state;
	a.fill = fill_hostile;
	a.left = 1000;
	while (a.left) {
		forward_ready(&fwd, &a.q);
		forward_turn(&fwd);
	}
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(a.q.count.drops[want[i].why], want[i].n);
	assert_int_equal(counters_drops(&a.q.count), 800);
	assert_int_equal(b.n_sent, 200);
	for (unsigned i = 0; i < b.n_sent; i++)
		assert_true(b.number[i] % 10 == 9 || b.number[i] % 10 == 0);
	assert_int_equal(a.q.count.rx_packets, 1000);
	fake_conserved(all, 2);
}

static void test_unconnected(void **state)
{
	struct fake *all[] = {&a, &b, &c};

	(void)state;
	c.left = 100;
	c.per_burst = 64;
	for (int i = 0; i < 2; i++) {
		forward_ready(&fwd, &c.q);
		assert_int_equal(forward_turn(&fwd).packets, i ? 36 : 64);
	}
	assert_int_equal(c.q.count.drops[DROP_rx_unconnected], 100);
	fake_conserved(all, 3);
}

/* Both ways at random, one output failing, one without offloads: nothing is lost unnamed.
 */
static void test_conservation(void **state)
{
	uint64_t seed = 0xabcdef0123456789, rnd = seed;
	struct fake *all[] = {&a, &b, &c};

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	a.fill = b.fill = fill_hostile;
	b.q.caps = 0;
	b.fail_every = 3;
	for (int i = 0; i < 500; i++) {
		a.left = make_below(&rnd, 90);
		b.left = make_below(&rnd, 20);
		a.per_burst = make_below(&rnd, BURST_MAX + 1);
		forward_ready(&fwd, make_below(&rnd, 2) ? &a.q : &b.q);
		forward_ready(&fwd, make_below(&rnd, 2) ? &a.q : &b.q);
		forward_turn(&fwd);
		assert_int_equal(pool.n_free, FAKE_BUFS);
		fake_conserved(all, 3);
	}
	assert_true(a.n_made > 5000 && b.n_sent > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ready_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_report, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ready_during_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_than_a_burst, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unconnected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_conservation, setup, teardown),
	};

	return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
