/* SPDX-License-Identifier: BSD-2-Clause */
/* core/offload: segments of random super-packets against the oracle; checksums. */
#include "tests/unit/offload_oracle.h"

#include "core/csum.h"
#include "core/offload.h"
#include "core/vnet.h"

enum { BUFS = 40, ROUNDS = 4000 };

static struct pool pool;
static void *mem;
static struct super super;
static unsigned n_zero_sums, n_mangled; /* in segments of TCP, of UDP */

static int setup(void **state)
{
	(void)state;
	mem = aligned_alloc(64, (pool_mem_len(BUFS) + 63) / 64 * 64);
	assert_non_null(mem);
	pool_init(&pool, mem, BUFS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(pool.n_free, BUFS);
	free(mem);
	return 0;
}

static void explain(const struct super *s, uint32_t i, const char *what)
{
	fail_msg("segment %u: %s; %s, %s, l3 %u, l4 %u, headers %u, payload %u, size %u",
		 i, what, s->is_v4 ? "IPv4" : "IPv6", s->is_tcp ? "TCP" : "UDP", s->m.l3,
		 s->m.l4, s->header_len, s->payload, s->h.gso_size);
}

static void check_header(const struct super *s, const struct pkt *p, uint32_t i,
			 bool partial)
{
	struct virtio_net_hdr_v1 want = {0};

	if (partial) {
		want.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		want.csum_start = s->h.csum_start;
		want.csum_offset = s->h.csum_offset;
	}
	if (memcmp(p->data, &want, sizeof(want)))
		explain(s, i, "its virtio-net header");
}

static void check_segment(const struct super *s, const struct pkt *p, uint32_t i,
			  bool partial)
{
	static uint8_t want[MAKE_MAX];
	uint32_t len = oracle_segment(s, i, partial, want);

	n_zero_sums += !partial && !oracle_get(oracle_csum_at(s, want), 2);
	n_mangled += !partial && !s->is_tcp &&
		     oracle_get(oracle_csum_at(s, want), 2) == 0xffff;
	if (p->n_bufs != 1 || p->next || pkt_frame_len(p) != len)
		explain(s, i, "its length");
	check_header(s, p, i, partial);
	if (memcmp(p->data + PKT_VNET_LEN, want, len))
		explain(s, i, "its bytes");
	if (vnet_check(p) != DROP_none)
		explain(s, i, "it would not be let in");
}

/* All segments, in bursts as the pool has buffers; their payloads are put together. */
static void check_all(const struct super *s, const struct pkt *p, unsigned caps)
{
	static uint8_t again[MAKE_MAX];
	struct offload_gso g;
	uint32_t n = oracle_n_segs(s), i = 0, len = 0;

	assert_int_equal(offload_start(&g, p, caps), n);
	while (offload_n_left(&g)) {
		struct burst b = {.n = 0};

		offload_more(&g, &pool, &b);
		assert_in_range(b.n, 1, BURST_MAX);
		for (unsigned k = 0; k < b.n; k++) {
			uint32_t some = pkt_frame_len(b.pkts[k]) - s->header_len;

			check_segment(s, b.pkts[k], i++, caps & OFFLOAD_CSUM);
			memcpy(again + len,
			       b.pkts[k]->data + PKT_VNET_LEN + s->header_len, some);
			len += some;
			pool_put(b.pkts[k]);
		}
	}
	assert_int_equal(i, n);
	assert_int_equal(len, s->payload);
	assert_memory_equal(again, s->m.at + s->header_len, len);
}

static void test_random(void **state)
{
	uint64_t seed = 0x5eed0ff10adull, rnd = seed;

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t cuts[MAKE_PARTS - 1];
		unsigned n = make_below(&rnd, MAKE_PARTS);
		struct exact x;
		struct pkt *p;

		super_make(&super, &rnd);
		make_cuts(&rnd, super.m.len, cuts, n);
		p = exact_split(&x, &super.h, super.m.at, super.m.len, cuts, n);
		if (vnet_check(p) != DROP_none)
			explain(&super, 0, "the super-packet is not let in");
		check_all(&super, p, i % 2 ? OFFLOAD_CSUM : 0);
		/* the source is as it was */
		for (uint32_t off = 0; off < super.m.len; off++) {
			uint8_t copy;

			assert_int_equal(*pkt_bytes(p, off, 1, &copy), super.m.at[off]);
		}
		exact_free(&x);
	}
	assert_true(n_zero_sums > 100 && n_mangled > 100);
}

static void test_fit(void **state)
{
	static const struct {
		uint8_t type, flags;
		unsigned caps;
		enum offload_fit fit;
	} rows[] = {
		{0, 0, 0, OFFLOAD_FIT_pass},
		{0, VIRTIO_NET_HDR_F_DATA_VALID, 0, OFFLOAD_FIT_pass},
		{0, VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, OFFLOAD_FIT_csum},
		{0, VIRTIO_NET_HDR_F_NEEDS_CSUM, OFFLOAD_CSUM, OFFLOAD_FIT_pass},
		{GSO_TCPV4, 1, OFFLOAD_CSUM | OFFLOAD_TSO4, OFFLOAD_FIT_pass},
		{GSO_TCPV4, 1, OFFLOAD_TSO4, OFFLOAD_FIT_gso},
		{GSO_TCPV4, 1, OFFLOAD_CSUM | OFFLOAD_TSO6, OFFLOAD_FIT_gso},
		{GSO_TCPV4 | GSO_ECN, 1, OFFLOAD_CSUM | OFFLOAD_TSO4, OFFLOAD_FIT_gso},
		{GSO_TCPV4 | GSO_ECN, 1, OFFLOAD_CSUM | OFFLOAD_TSO4 | OFFLOAD_ECN,
		 OFFLOAD_FIT_pass},
		{GSO_TCPV6, 1, OFFLOAD_CSUM | OFFLOAD_TSO4, OFFLOAD_FIT_gso},
		{GSO_TCPV6, 1, OFFLOAD_CSUM | OFFLOAD_TSO6, OFFLOAD_FIT_pass},
		{GSO_UDP_L4, 1, OFFLOAD_ALL & ~OFFLOAD_USO, OFFLOAD_FIT_gso},
		{GSO_UDP_L4, 1, OFFLOAD_CSUM | OFFLOAD_USO, OFFLOAD_FIT_pass},
		{GSO_UFO, 1, OFFLOAD_ALL & ~OFFLOAD_UFO, OFFLOAD_FIT_gso},
		{GSO_UFO, 1, OFFLOAD_ALL, OFFLOAD_FIT_pass},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct virtio_net_hdr_v1 h = {.flags = rows[i].flags,
					      .gso_type = rows[i].type};
		struct exact x;

		assert_int_equal(offload_fit(exact_make(&x, &h, (uint8_t[60]){0}, 60),
					     rows[i].caps),
				 rows[i].fit);
		exact_free(&x);
	}
}

/* What is never cut: each reason alone. */
static void refuse(const struct super *s, bool want)
{
	struct offload_gso g;
	struct exact x;

	assert_int_equal(offload_start(&g, exact_make(&x, &s->h, s->m.at, s->m.len), 0) !=
				 0,
			 want);
	exact_free(&x);
}

static void test_refused(void **state)
{
	uint64_t rnd = 5;
	struct super *s = &super;

	(void)state;
	do
		super_make(s, &rnd);
	while (!s->is_tcp || !s->is_v4 || s->payload < 100);
	refuse(s, true);
	s->h.gso_size = 0;
	refuse(s, false);
	s->h.gso_size = 1000;
	s->h.csum_start++;
	refuse(s, false);
	s->h.csum_start--;
	s->h.csum_offset = 6;
	refuse(s, false);
	s->h.csum_offset = 16;
	s->h.gso_type = GSO_UFO;
	refuse(s, false);
	s->h.gso_type = GSO_TCPV6;
	refuse(s, false);
	s->h.gso_type = GSO_TCPV4;
	s->m.at[s->m.l3 + 6] |= 0x20; /* more fragments */
	refuse(s, false);
	s->m.at[s->m.l3 + 6] &= 0xdf;
	s->m.at[s->m.l4 + 12] = 0x40; /* a data offset of 16 bytes */
	refuse(s, false);
	s->m.at[s->m.l4 + 12] = 0x50;
	refuse(s, true);
	s->m.len = s->m.l4 + 19;
	refuse(s, false);
}

/* Headers of up to 512 bytes are repeated, longer ones are not. */
static void test_long_headers(void **state)
{
	struct super *s = &super;

	(void)state;
	for (uint8_t words = 52; words < 60; words++) {
		make_eth(&s->m, 0, ETHERTYPE_V6);
		make_ipv6(&s->m, 60);
		make_ext(&s->m, PROTO_TCP, words);
		s->is_v4 = false;
		s->is_tcp = true;
		s->payload = 3000;
		s->header_len = s->m.l4 + 20;
		make_tcp(&s->m, 5, s->payload);
		s->h = (struct virtio_net_hdr_v1){.flags = 1,
						  .gso_type = GSO_TCPV6,
						  .gso_size = 1000,
						  .csum_start = (uint16_t)s->m.l4,
						  .csum_offset = 16};
		refuse(s, s->header_len <= 512);
	}
	assert_true(s->header_len > 512);
}

/* The checksum of a packet, anywhere in it, over any buffers. */
static void check_csum(uint64_t *rnd, uint32_t len, uint32_t start, uint32_t off)
{
	struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				      .csum_start = (uint16_t)start,
				      .csum_offset = (uint16_t)off};
	uint32_t cuts[MAKE_PARTS - 1];
	unsigned n = make_below(rnd, MAKE_PARTS);
	static uint8_t bytes[MAKE_MAX];
	struct exact x;
	struct pkt *p;
	uint16_t sum;

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(make_random(rnd) >> 33);
	if (!make_below(rnd, 4)) { /* a sum of all ones: the checksum would be 0 */
		oracle_put16(bytes + start + off, 0);
		sum = oracle_fold(oracle_words(bytes + start, len - start));
		if (off % 2 == 0)
			oracle_put16(bytes + start + off, 0xffffu - sum);
	}
	make_cuts(rnd, len, cuts, n);
	p = exact_split(&x, &h, bytes, len, cuts, n);
	offload_csum(p);
	sum = (uint16_t)~oracle_fold(oracle_words(bytes + start, len - start));
	if (!sum)
		sum = 0xffff;
	/* at an odd place the bytes of the sum stand the other way round */
	if (off % 2 == 0)
		oracle_put16(bytes + start + off, sum);
	for (uint32_t i = 0; i < len; i++) {
		uint8_t copy;

		if (off % 2 && (i == start + off || i == start + off + 1))
			continue;
		assert_int_equal(*pkt_bytes(p, i, 1, &copy), bytes[i]);
	}
	assert_int_equal(pkt_vnet(p)->flags, 0);
	assert_int_equal(pkt_vnet(p)->csum_start, 0);
	exact_free(&x);
}

static void test_csum(void **state)
{
	uint64_t rnd = 0xc5c5;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t len = 18 + make_below(&rnd, i % 8 ? 1500 : 65500);
		uint32_t start = 14 + make_below(&rnd, len - 16 - 1);
		uint32_t off = make_below(&rnd, len - start - 1);

		check_csum(&rnd, len, start, off);
	}
	check_csum(&rnd, 16, 14, 0);
	check_csum(&rnd, 17, 15, 0);
}

static void test_sums(void **state)
{
	uint8_t bytes[300];
	uint64_t rnd = 3;

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(make_below(&rnd, 3) ? 0xff : make_random(&rnd));
	for (unsigned from = 0; from < 17; from++) {
		for (unsigned n = 0; from + n <= sizeof(bytes); n++) {
			uint16_t sum = csum_bytes(bytes + from, n);

			assert_int_equal(
				csum_net(oracle_fold(oracle_words(bytes + from, n))),
				sum);
		}
	}
	assert_int_equal(csum_add(0xffff, 0xffff), 0xffff);
	assert_int_equal(csum_add(0, 0), 0);
	assert_int_equal(csum_add(0xffff, 1), 1);
}

/* Without buffers none is made, and nothing is lost: they come when there are some. */
static void test_no_buffers(void **state)
{
	struct burst b = {.n = 0}, taken = {.n = 0};
	struct offload_gso g;
	struct exact x;
	uint64_t rnd = 9;

	(void)state;
	do
		super_make(&super, &rnd);
	while (oracle_n_segs(&super) < 3);
	while (pool.n_free > 2)
		burst_add(&taken, pool_get(&pool));
	offload_start(&g, exact_make(&x, &super.h, super.m.at, super.m.len), 0);
	offload_more(&g, &pool, &b);
	assert_int_equal(b.n, 2);
	offload_more(&g, &pool, &b);
	assert_int_equal(b.n, 2);
	assert_int_equal(offload_n_left(&g), oracle_n_segs(&super) - 2);
	check_segment(&super, b.pkts[0], 0, false);
	pool_put(b.pkts[0]);
	pool_put(b.pkts[1]);
	b.n = 0;
	offload_more(&g, &pool, &b);
	check_segment(&super, b.pkts[0], 2, false);
	while (b.n)
		pool_put(b.pkts[--b.n]);
	while (taken.n)
		pool_put(taken.pkts[--taken.n]);
	exact_free(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long_headers),
		cmocka_unit_test(test_csum),
		cmocka_unit_test(test_sums),
		cmocka_unit_test_setup_teardown(test_no_buffers, setup, teardown),
	};

	return cmocka_run_group_tests_name("offload", tests, NULL, NULL);
}
