/* SPDX-License-Identifier: BSD-2-Clause */
/* core/queue: counting of what comes and goes, and outputs without offloads. */
#include "tests/unit/queue_fake.h"

static struct pool pool;
static void *mem;
static struct fake in, out;

static int setup(void **state)
{
	(void)state;
	fake_pool_open(&pool, &mem);
	fake_init(&in, &pool);
	fake_init(&out, &pool);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_pool_close(&pool, &mem);
	return 0;
}

static void fill_mixed(struct fake *f, struct pkt *p)
{
	fake_frame(p, 1, (uint32_t)f->n_made);
	switch (f->n_made % 5) {
	case 0:
		pkt_vnet(p)->gso_type = GSO_UDP_L4;
		pkt_vnet(p)->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		break;
	case 1:
		pkt_vnet(p)->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		break;
	case 2:
		pkt_vnet(p)->flags = VIRTIO_NET_HDR_F_DATA_VALID;
		break;
	}
}

static void test_rx_counts(void **state)
{
	struct burst b = {.n = 17}; /* what was in it before does not matter */

	(void)state;
	in.left = 10;
	in.fill = fill_mixed;
	queue_rx(&in.q, &b);
	assert_int_equal(b.n, 10);
	assert_int_equal(in.q.count.rx_packets, 10);
	assert_int_equal(in.q.count.rx_bytes, 600);
	assert_int_equal(in.q.count.rx_gso_packets, 2);
	assert_int_equal(in.q.count.rx_bursts, 1);
	for (unsigned i = 0; i < b.n; i++)
		pool_put(b.pkts[i]);
	queue_rx(&in.q, &b); /* nothing there: nothing counted */
	assert_int_equal(b.n, 0);
	assert_int_equal(in.q.count.rx_bursts, 1);
	assert_int_equal(in.q.count.rx_packets, 10);
}

static void fill_tiny(struct fake *f, struct pkt *p)
{
	pkt_reset(p,
		  (uint32_t)f->n_made - 1); /* 0, 1, 2, ... bytes: less than a header */
	memset(p->buf, 0xff, 100);
}

/* Shorter than the header: received, no bytes, and the header that is not there is not
 * read. */
static void test_rx_tiny(void **state)
{
	struct burst b;

	(void)state;
	in.left = 14;
	in.fill = fill_tiny;
	queue_rx(&in.q, &b);
	assert_int_equal(in.q.count.rx_packets, 14);
	assert_int_equal(in.q.count.rx_bytes, 1);
	assert_int_equal(in.q.count.rx_gso_packets, 2); /* of 12 and of 13 bytes */
	for (unsigned i = 0; i < b.n; i++)
		pool_put(b.pkts[i]);
}

static void test_tx_counts(void **state)
{
	struct burst b;

	(void)state;
	in.left = 64;
	in.fill = fill_mixed;
	queue_rx(&in.q, &b);
	queue_tx(&out.q, &b);
	assert_int_equal(out.n_sent, 64);
	assert_int_equal(out.n_bursts, 1);
	assert_int_equal(out.q.count.tx_packets, 64);
	assert_int_equal(out.q.count.tx_bytes, 64 * 60);
	assert_int_equal(out.q.count.tx_gso_packets, 12);
	assert_int_equal(out.q.count.tx_bursts, 1);
	assert_int_equal(pool.n_free, FAKE_BUFS);
	b.n = 0;
	queue_tx(&out.q, &b); /* an empty burst is no burst */
	assert_int_equal(out.q.count.tx_bursts, 1);
	assert_int_equal(out.n_bursts, 1);
}

/* Two of five need the receiver's work; DATA_VALID needs none. Order stays. */
static void test_no_offload(void **state)
{
	struct fake *all[] = {&in, &out};
	struct burst b;

	(void)state;
	out.q.can_offload = false;
	in.left = 50;
	in.fill = fill_mixed;
	queue_rx(&in.q, &b);
	queue_tx(&out.q, &b);
	assert_int_equal(out.n_sent, 30);
	assert_int_equal(out.q.count.tx_packets, 30);
	assert_int_equal(out.q.count.drops[DROP_tx_offload], 20);
	for (unsigned i = 1; i < out.n_sent; i++)
		assert_true(out.number[i] > out.number[i - 1]);
	fake_conserved(all, 2);
}

static void fill_gso(struct fake *f, struct pkt *p)
{
	fill_mixed(f, p);
	pkt_vnet(p)->gso_type = GSO_UDP_L4;
}

static void test_no_offload_at_all(void **state)
{
	struct fake *all[] = {&in, &out};
	struct burst b;

	(void)state;
	out.q.can_offload = false;
	in.left = 64;
	in.fill = fill_gso;
	queue_rx(&in.q, &b);
	queue_tx(&out.q, &b);
	assert_int_equal(out.n_bursts, 0); /* ops->tx is not called for nothing */
	assert_int_equal(out.q.count.drops[DROP_tx_offload], 64);
	fake_conserved(all, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rx_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rx_tiny, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tx_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_offload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_offload_at_all, setup, teardown),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
