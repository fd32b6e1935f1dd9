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

/* A packet of the test's bytes, from its pool. */
static struct pkt *packet(const struct made *m, const struct virtio_net_hdr_v1 *h)
{
	struct pkt *p = pool_get(&pool);

	assert_non_null(p);
	pkt_reset(p, PKT_VNET_LEN + m->len);
	memcpy(p->data, h, PKT_VNET_LEN);
	memcpy(p->data + PKT_VNET_LEN, m->at, m->len);
	return p;
}

static struct pkt *super_packet(uint8_t type, uint32_t payload, uint16_t size)
{
	static struct made m;
	struct virtio_net_hdr_v1 h;

	make_gso(&m, &h, type, 0, payload, size);
	return packet(&m, &h);
}

static void fill_partial(struct fake *f, struct pkt *p)
{
	fake_frame(p, 1, (uint32_t)f->n_made);
	if (f->n_made % 2)
		return;
	pkt_vnet(p)->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	pkt_vnet(p)->csum_start = 34;
	pkt_vnet(p)->csum_offset = 6;
}

/* Every second needs its checksum finished. Order stays. */
static void test_no_csum(void **state)
{
	struct fake *all[] = {&in, &out};
	struct burst b;

	(void)state;
	out.q.caps = 0;
	in.left = 50;
	in.fill = fill_partial;
	queue_rx(&in.q, &b);
	queue_tx(&out.q, &b);
	assert_int_equal(out.n_sent, 50);
	assert_int_equal(out.n_bursts, 1);
	assert_int_equal(out.q.count.tx_sw_csum, 25);
	assert_int_equal(out.q.count.tx_made_packets, 0);
	for (unsigned i = 1; i < out.n_sent; i++)
		assert_true(out.number[i] > out.number[i - 1]);
	fake_conserved(all, 2);
}

/* What the output saw, beside the fake's own log. */
static struct {
	unsigned n, n_reclaimed;
	uint32_t lens[FAKE_LOG];
	struct pkt *held[FAKE_BUFS];
	unsigned n_held;
} seen;

static void tx_held(struct queue *q, const struct burst *b)
{
	assert_in_range(b->n, 1, BURST_MAX);
	for (unsigned i = 0; i < b->n; i++) {
		assert_true(q->caps || !pkt_is_offloaded(b->pkts[i]));
		seen.lens[seen.n++] = pkt_frame_len(b->pkts[i]);
		seen.held[seen.n_held++] = b->pkts[i];
	}
}

static void reclaim_held(struct queue *q)
{
	(void)q;
	seen.n_reclaimed++;
	while (seen.n_held)
		pool_put(seen.held[--seen.n_held]);
}

static const struct queue_ops holds = {fake_rx, tx_held, NULL};
static const struct queue_ops holds_and_reclaims = {fake_rx, tx_held, reclaim_held};

/* As if it had been received: one frame. */
static void receive(struct burst *b, struct pkt *p)
{
	burst_add(b, p);
	in.q.count.rx_packets++;
	in.q.count.rx_bytes += pkt_frame_len(p);
}

/* plain, 3 segments, plain, 130 segments, 1: three bursts, in order */
static void test_segments(void **state)
{
	struct fake *all[] = {&in, &out};
	struct burst b = {.n = 0};

	(void)state;
	memset(&seen, 0, sizeof(seen));
	out.q.ops = &holds_and_reclaims;
	out.q.caps = 0;
	in.fill = fill_partial;
	in.left = 1;
	queue_rx(&in.q, &b);
	receive(&b, super_packet(GSO_TCPV4, 2500, 1000));
	receive(&b, super_packet(GSO_UDP_L4, 0, 1000)); /* nothing in it: one frame */
	receive(&b, super_packet(GSO_TCPV4 | GSO_ECN, 130 * 100, 100));
	receive(&b, super_packet(GSO_UDP_L4, 20, 20));
	queue_tx(&out.q, &b);
	assert_int_equal(seen.n, 1 + 3 + 1 + 130 + 1);
	assert_int_equal(seen.lens[1], 66 + 1000);
	assert_int_equal(seen.lens[3], 66 + 500);
	assert_int_equal(seen.lens[4], 42);
	for (unsigned i = 5; i < 135; i++)
		assert_int_equal(seen.lens[i], 66 + 100);
	assert_int_equal(seen.lens[135], 42 + 20);
	assert_int_equal(out.q.count.tx_bursts, 3);
	assert_int_equal(out.q.count.tx_packets, 136);
	assert_int_equal(out.q.count.tx_gso_packets, 0);
	assert_int_equal(out.q.count.tx_sw_gso, 4);
	assert_int_equal(out.q.count.tx_made_packets, 2 + 129);
	assert_int_equal(out.q.count.tx_made_bytes, (2 + 129) * 66);
	assert_int_equal(seen.n_reclaimed, 0); /* the pool sufficed */
	reclaim_held(&out.q);
	fake_conserved(all, 2);
}

/* Segments fill the burst to the last place, and then comes one that needs nothing. */
static void test_full_burst(void **state)
{
	struct fake *all[] = {&in, &out};
	struct burst b = {.n = 0};

	(void)state;
	memset(&seen, 0, sizeof(seen));
	out.q.ops = &holds;
	out.q.caps = 0;
	receive(&b, super_packet(GSO_TCPV4, BURST_MAX * 100, 100));
	receive(&b, super_packet(GSO_UDP_L4, 20, 20));
	pkt_vnet(b.pkts[1])->gso_type = 0;
	queue_tx(&out.q, &b);
	assert_int_equal(seen.n, BURST_MAX + 1);
	assert_int_equal(seen.lens[BURST_MAX], 62);
	assert_int_equal(out.q.count.tx_bursts, 2);
	fake_conserved(all, 2);
	reclaim_held(&out.q);
}

/* 1,800 segments and a pool of 200: what is in the way goes home in between. */
static void test_reclaim(void **state)
{
	struct fake *all[] = {&in, &out};
	struct burst b = {.n = 0};

	(void)state;
	memset(&seen, 0, sizeof(seen));
	out.q.ops = &holds_and_reclaims;
	out.q.caps = OFFLOAD_ALL & ~OFFLOAD_TSO4;
	receive(&b, super_packet(GSO_TCPV4, 1800 * 36, 36));
	receive(&b, super_packet(GSO_TCPV6, 1800 * 36, 36));
	queue_tx(&out.q, &b);
	assert_int_equal(seen.n, 1801);
	assert_true(seen.n_reclaimed >= 1800 / FAKE_BUFS && seen.n_reclaimed < 20);
	assert_int_equal(out.q.count.tx_gso_packets, 1);
	assert_int_equal(counters_drops(&out.q.count), 0);
	reclaim_held(&out.q);
	fake_conserved(all, 2);
}

/* Nothing comes home: as many as there are buffers, the rest dropped, each counted. */
static void test_no_buffer(void **state)
{
	struct fake *all[] = {&in, &out};
	struct burst b = {.n = 0};

	(void)state;
	memset(&seen, 0, sizeof(seen));
	out.q.ops = &holds;
	out.q.caps = 0;
	receive(&b, super_packet(GSO_TCPV4, 60000, 100));
	receive(&b, super_packet(GSO_TCPV4, 5000, 1000));
	in.left = 1; /* the last buffers but for these three */
	in.fill = fill_partial;
	{
		struct burst plain;

		queue_rx(&in.q, &plain);
		burst_add(&b, plain.pkts[0]);
	}
	queue_tx(&out.q, &b);
	/* the first super-packet's own buffer serves the second one */
	assert_int_equal(seen.n, FAKE_BUFS - 3 + 1 + 1);
	assert_int_equal(out.q.count.drops[DROP_tx_no_buffer], 600 - 197 + 5 - 1);
	fake_conserved(all, 2);
	reclaim_held(&out.q);
}

/* Each failed segment is a drop of its own. */
static void test_failing_segments(void **state)
{
	struct fake *all[] = {&in, &out};
	struct burst b = {.n = 0};

	(void)state;
	out.q.caps = OFFLOAD_CSUM;
	out.fail_every = 3;
	receive(&b, super_packet(GSO_TCPV6, 30 * 1000, 1000));
	queue_tx(&out.q, &b);
	assert_int_equal(out.q.count.drops[DROP_tx_link_down], 10);
	assert_int_equal(counters_sent_packets(&out.q.count), 20);
	fake_conserved(all, 2);
}

static void test_never(void **state)
{
	struct fake *all[] = {&in, &out};
	struct burst b = {.n = 0};

	(void)state;
	out.q.caps = OFFLOAD_ALL & ~OFFLOAD_UFO;
	for (int i = 0; i < 64; i++)
		receive(&b, super_packet(GSO_UFO, 5000, 1480));
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
		cmocka_unit_test_setup_teardown(test_no_csum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_burst, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reclaim, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failing_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never, setup, teardown),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
