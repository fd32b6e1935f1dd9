/* SPDX-License-Identifier: BSD-2-Clause */
/* core/flow: what makes a flow and what does not, and that flows spread. */
#include "tests/unit/frame_make.h"

#include "core/flow.h"

enum { IP4 = 0x0800, IP6 = 0x86dd, FRAGMENT = 44, SEED = 42 };

static struct made m;

static uint32_t hash_seeded(uint32_t len, uint64_t seed)
{
	struct exact x;
	uint32_t h = flow_hash(exact_make(&x, NULL, m.at, len), seed);

	exact_free(&x);
	return h;
}

static uint32_t hash(void)
{
	return hash_seeded(m.len, SEED);
}

static void make_v4(unsigned tags, uint8_t proto, uint16_t frag)
{
	make_eth(&m, tags, IP4);
	make_ipv4(&m, 0, proto, frag);
	make_tcp(&m, 5, 30);
}

static void make_v6(uint8_t proto)
{
	make_eth(&m, 0, IP6);
	make_ipv6(&m, proto);
	make_tcp(&m, 5, 30);
}

/* Which bytes of the frame turn the hash: exactly those from..to-1. */
static void check_sensitive(uint32_t from, uint32_t to, uint32_t from2, uint32_t to2)
{
	uint32_t before = hash();

	for (uint32_t i = m.l3; i < m.len; i++) {
		bool is_key = (i >= from && i < to) || (i >= from2 && i < to2);

		if (i == m.l3 ||
		    (i >= m.l3 + 6 && i < m.l3 + 10)) /* version, kind: other frames */
			continue;
		m.at[i] ^= 0x55;
		if (is_key)
			assert_int_not_equal(hash(), before);
		else
			assert_int_equal(hash(), before);
		m.at[i] ^= 0x55;
	}
	for (uint32_t i = 0; i < 12; i++) { /* MAC addresses are no part of an IP flow */
		m.at[i] ^= 0x55;
		assert_int_equal(hash(), before);
		m.at[i] ^= 0x55;
	}
}

static void test_ip_keys(void **state)
{
	static const uint8_t protos[] = {PROTO_TCP, PROTO_UDP, PROTO_SCTP};

	(void)state;
	for (int i = 0; i < 3; i++) {
		make_v4(0, protos[i], 0);
		check_sensitive(26, 34, 34, 38);
		make_v4(2, protos[i], 0);
		check_sensitive(34, 42, 42, 46);
		make_v6(protos[i]);
		check_sensitive(22, 54, 54, 58);
	}
	make_v4(0, 1, 0); /* ICMP has no ports */
	check_sensitive(26, 34, 0, 0);
}

/* All pieces of a datagram go one way, whatever lies where ports would. */
static void test_fragments_stay_together(void **state)
{
	uint32_t first;

	(void)state;
	make_v4(0, PROTO_UDP, 0x2000);
	first = hash();
	m.at[34] ^= 0xff;
	assert_int_equal(hash(), first);
	make_v4(0, PROTO_UDP, 0x2010);
	assert_int_equal(hash(), first);
	make_v4(0, PROTO_UDP, 0x0010);
	assert_int_equal(hash(), first);
	for (uint16_t field = 1; field < 64; field = (uint16_t)(field + 7)) {
		make_eth(&m, 0, IP6);
		make_ipv6(&m, FRAGMENT);
		make_ext_fragment(&m, PROTO_UDP, field);
		make_udp(&m, 20);
		if (field == 1)
			first = hash();
		m.at[m.l4] ^= (uint8_t)field;
		assert_int_equal(hash(), first);
	}
}

static void test_other_frames(void **state)
{
	uint32_t before;

	(void)state;
	make_eth(&m, 0, 0x0806);
	make_fill(&m, 46);
	before = hash();
	for (uint32_t i = 0; i < m.len; i++) {
		m.at[i] ^= 0x11;
		if (i < 14)
			assert_int_not_equal(hash(), before);
		else
			assert_int_equal(hash(), before);
		m.at[i] ^= 0x11;
	}
}

/* The seed turns it, the virtio-net header does not; the same twice is the same. */
static void test_seed_and_header(void **state)
{
	struct virtio_net_hdr_v1 h = {.gso_type = 1, .flags = 1, .hdr_len = 9};
	struct exact x;
	uint32_t v;

	(void)state;
	make_v4(0, PROTO_TCP, 0);
	v = hash();
	assert_int_equal(hash(), v);
	assert_int_not_equal(hash_seeded(m.len, SEED + 1), v);
	assert_int_equal(flow_hash(exact_make(&x, &h, m.at, m.len), SEED), v);
	exact_free(&x);
}

/* Each prefix has a hash, and nothing behind its end is read. */
static void test_prefixes_and_chains(void **state)
{
	uint64_t seed = 0xfeedf00d12345, rnd = seed;

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (int kind = 0; kind < 3; kind++) {
		if (kind == 2)
			make_v6(PROTO_UDP);
		else
			make_v4(kind * 5u, PROTO_TCP, 0);
		for (uint32_t len = 0; len <= m.len; len++) {
			uint32_t want = hash_seeded(len, SEED), cuts[MAKE_PARTS - 1];

			for (int i = 0; i < 20; i++) {
				unsigned n = make_below(&rnd, MAKE_PARTS);
				struct exact x;

				make_cuts(&rnd, len, cuts, n);
				exact_split(&x, NULL, m.at, len, cuts, n);
				assert_int_equal(flow_hash(&x.p[0], SEED), want);
				exact_free(&x);
			}
		}
	}
}

/* 4,000 flows that differ in one port or address over 4 queues: none is far from its
 * share. */
static void test_spread(void **state)
{
	(void)state;
	for (int what = 0; what < 3; what++) {
		unsigned n[4] = {0};

		make_v4(0, PROTO_UDP, 0);
		for (unsigned i = 0; i < 4000; i++) {
			uint32_t at = what == 0 ? 34 : what == 1 ? 36 : 28;

			m.at[at] = (uint8_t)(i >> 8);
			m.at[at + 1] = (uint8_t)i;
			n[hash() % 4]++;
		}
		for (int q = 0; q < 4; q++)
			assert_in_range(n[q], 850, 1150);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_keys),
		cmocka_unit_test(test_fragments_stay_together),
		cmocka_unit_test(test_other_frames),
		cmocka_unit_test(test_seed_and_header),
		cmocka_unit_test(test_prefixes_and_chains),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
