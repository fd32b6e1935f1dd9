/* SPDX-License-Identifier: BSD-2-Clause */
/* core/pkt: the one door to a packet's bytes, for one buffer and for chains. */
#include "tests/unit/frame_make.h"

#include <stdio.h>

#include "core/pool.h"

static void test_layout(void **state)
{
	(void)state;
	assert_int_equal(PKT_VNET_LEN, 12);
	assert_int_equal(PKT_BUF_LEN % 64, 0);
	assert_true(PKT_ROOM > PKT_VNET_LEN + PKT_FRAME_MAX);
	assert_true(PKT_HEADROOM + PKT_ROOM <= PKT_BUF_LEN);
	assert_true(PKT_HEADROOM >= 4 * PKT_TAGS_MAX);
}

static void test_flags(void **state)
{
	struct virtio_net_hdr_v1 h = {0};
	uint8_t frame[64] = {0};
	struct exact x;
	struct pkt *p = exact_make(&x, &h, frame, sizeof(frame));

	(void)state;
	assert_false(pkt_is_gso(p));
	assert_false(pkt_is_offloaded(p));
	pkt_vnet(p)->flags = VIRTIO_NET_HDR_F_DATA_VALID; /* nothing to finish */
	assert_false(pkt_is_offloaded(p));
	pkt_vnet(p)->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	assert_true(pkt_is_offloaded(p));
	assert_false(pkt_is_gso(p));
	pkt_vnet(p)->flags = 0;
	pkt_vnet(p)->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	assert_true(pkt_is_gso(p));
	assert_true(pkt_is_offloaded(p));
	assert_int_equal(pkt_frame_len(p), 64);
	exact_free(&x);
}

/* Every total length below and at the header: no frame, no bytes. */
static void test_shorter_than_header(void **state)
{
	uint8_t bytes[PKT_VNET_LEN] = {0}, copy[4];

	(void)state;
	for (uint32_t len = 0; len <= PKT_VNET_LEN; len++) {
		struct exact x = {.n = 0};

		exact_part(&x, bytes, len);
		assert_int_equal(pkt_frame_len(&x.p[0]), 0);
		assert_null(pkt_bytes(&x.p[0], 0, 1, copy));
		assert_null(pkt_bytes(&x.p[0], UINT32_MAX, 1, copy));
		assert_null(pkt_bytes(&x.p[0], 1, UINT32_MAX, copy));
		assert_null(pkt_bytes(&x.p[0], UINT32_MAX, UINT32_MAX, copy));
		exact_free(&x);
	}
}

static void test_bounds_linear(void **state)
{
	uint8_t frame[40], copy[64];
	struct exact x;
	struct pkt *p;

	(void)state;
	for (uint32_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)i;
	p = exact_make(&x, NULL, frame, sizeof(frame));
	for (uint32_t off = 0; off < 50; off++) {
		for (uint32_t n = 1; n < 50; n++) {
			const uint8_t *b = pkt_bytes(p, off, n, copy);

			if (off + n > sizeof(frame)) {
				assert_null(b);
				continue;
			}
			assert_ptr_equal(b, p->data + PKT_VNET_LEN + off); /* no copy */
			assert_int_equal(b[0], off);
		}
	}
	assert_null(pkt_bytes(p, 0xffffffff, 2, copy));
	assert_null(pkt_bytes(p, 2, 0xffffffff, copy));
	assert_null(pkt_bytes(p, 0x80000000, 0x80000000, copy));
	exact_free(&x);
}

/* Any chain gives the bytes that the same packet in one buffer gives. */
static void test_chains(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15, rnd = seed;
	uint8_t frame[300], copy[300];

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (uint32_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i * 13);
	for (int round = 0; round < 5000; round++) {
		uint32_t cuts[MAKE_PARTS - 1], len = make_below(&rnd, sizeof(frame) + 1);
		unsigned n_cuts = make_below(&rnd, MAKE_PARTS);
		struct exact x;
		struct pkt *p;

		make_cuts(&rnd, len, cuts, n_cuts);
		p = exact_split(&x, NULL, frame, len, cuts, n_cuts);
		assert_int_equal(pkt_frame_len(p), len);
		assert_int_equal(p->n_bufs, n_cuts + 1);
		for (int i = 0; i < 20; i++) {
			uint32_t off = make_below(&rnd, len + 3),
				 n = 1 + make_below(&rnd, 60);
			const uint8_t *b = pkt_bytes(p, off, n, copy);

			if (off + n > len)
				assert_null(b);
			else
				assert_memory_equal(b, frame + off, n);
		}
		exact_free(&x);
	}
}

/* A head that claims more than its chain holds gives nothing beyond it. */
static void test_lying_total(void **state)
{
	uint8_t frame[20] = {0}, copy[64];
	uint32_t cut = 10;
	struct exact x;
	struct pkt *p = exact_split(&x, NULL, frame, sizeof(frame), &cut, 1);

	(void)state;
	p->total_len = 1000;
	assert_null(pkt_bytes(p, 0, 40, copy));
	assert_null(pkt_bytes(p, 30, 4, copy));
	assert_non_null(pkt_bytes(p, 0, 20, copy));
	exact_free(&x);
}

/* Chains of chains add up. */
static void test_chain_of_chains(void **state)
{
	uint8_t bytes[10] = {0};
	struct exact a = {.n = 0}, b = {.n = 0};

	(void)state;
	exact_part(&a, bytes, 10);
	exact_part(&a, bytes, 5);
	exact_part(&b, bytes, 7);
	exact_part(&b, bytes, 1);
	pkt_chain(&a.p[0], &b.p[0]);
	assert_int_equal(a.p[0].total_len, 23);
	assert_int_equal(a.p[0].n_bufs, 4);
	assert_ptr_equal(a.p[1].next, &b.p[0]);
	assert_ptr_equal(b.p[1].next, NULL);
	exact_free(&a);
	exact_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_shorter_than_header),
		cmocka_unit_test(test_bounds_linear),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_lying_total),
		cmocka_unit_test(test_chain_of_chains),
	};

	return cmocka_run_group_tests_name("pkt", tests, NULL, NULL);
}
