/* SPDX-License-Identifier: BSD-2-Clause */
/* core/frame: where headers are found, for each kind of frame and each length of it. */
#include "tests/unit/frame_make.h"

#include "core/frame.h"

enum {
	IP4 = 0x0800,
	IP6 = 0x86dd,
	HOPOPTS = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	DSTOPTS = 60
};

static struct made m;

struct want {
	bool ok;
	uint16_t ethertype;
	uint32_t l3, l4; /* l4 0 = not reached */
	uint8_t proto;
	bool is_fragment;
};

static void check(const struct made *made, uint32_t len, const struct want *w)
{
	struct frame f;
	struct exact x;

	exact_make(&x, NULL, made->at, len);
	assert_int_equal(frame_parse(&x.p[0], &f), w->ok);
	if (w->ok) {
		assert_int_equal(f.ethertype, w->ethertype);
		assert_int_equal(f.l3_off, w->l3);
		assert_int_equal(f.l4_off, w->l4);
		assert_int_equal(f.is_fragment, w->is_fragment);
		if (w->l4)
			assert_int_equal(f.l4_proto, w->proto);
	}
	exact_free(&x);
}

static void check_whole(struct want w)
{
	check(&m, m.len, &w);
}

static void test_tags(void **state)
{
	(void)state;
	for (unsigned n = 0; n <= 6; n++) {
		make_eth(&m, n, IP4);
		make_ipv4(&m, 0, PROTO_TCP, 0);
		make_tcp(&m, 5, 10);
		check_whole((struct want){n <= PKT_TAGS_MAX, IP4, 14 + 4 * n, 34 + 4 * n,
					  PROTO_TCP, false});
	}
	make_eth(&m, 2, 0x0806);
	make_fill(&m, 28);
	check_whole((struct want){true, 0x0806, 22, 0, 0, false});
	make_eth(&m, 0, 46); /* 802.3: a length */
	make_fill(&m, 46);
	check_whole((struct want){true, 46, 14, 0, 0, false});
}

static void test_ipv4(void **state)
{
	(void)state;
	for (unsigned words = 0; words <= 10; words++) { /* options */
		make_eth(&m, 0, IP4);
		make_ipv4(&m, words, PROTO_UDP, 0x4000); /* DF */
		make_udp(&m, 3);
		check_whole(
			(struct want){true, IP4, 14, 34 + 4 * words, PROTO_UDP, false});
	}
	for (unsigned ihl = 0; ihl < 5; ihl++) {
		make_eth(&m, 0, IP4);
		make_ipv4(&m, 0, PROTO_UDP, 0);
		m.at[14] = (uint8_t)(0x40 | ihl);
		check_whole((struct want){true, IP4, 14, 0, 0, false});
	}
	for (unsigned version = 0; version < 16; version++) {
		make_eth(&m, 0, IP4);
		make_ipv4(&m, 0, PROTO_UDP, 0);
		m.at[14] = (uint8_t)(version << 4 | 5);
		check_whole((struct want){true, IP4, 14, version == 4 ? 34 : 0, PROTO_UDP,
					  false});
	}
}

static void test_ipv4_fragments(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 16; bit++) {
		bool offset = bit < 13, more = bit == 13;

		make_eth(&m, 1, IP4);
		make_ipv4(&m, 0, PROTO_TCP, (uint16_t)(1u << bit));
		make_tcp(&m, 5, 0);
		check_whole((struct want){true, IP4, 18, offset ? 0 : 38, PROTO_TCP,
					  offset || more});
	}
}

static void test_ipv6_extensions(void **state)
{
	static const uint8_t kinds[] = {HOPOPTS, ROUTING, DSTOPTS};

	(void)state;
	for (unsigned n = 0; n <= 10; n++) {
		make_eth(&m, 0, IP6);
		make_ipv6(&m, n ? kinds[0] : PROTO_TCP);
		for (unsigned i = 0; i < n; i++)
			make_ext(&m, i + 1 < n ? kinds[(i + 1) % 3] : PROTO_TCP,
				 (uint8_t)i);
		make_tcp(&m, 5, 1);
		check_whole((struct want){true, IP6, 14, n <= 8 ? m.l4 : 0, PROTO_TCP,
					  false});
	}
	for (unsigned version = 0; version < 16; version++) {
		make_eth(&m, 0, IP6);
		make_ipv6(&m, PROTO_UDP);
		m.at[14] = (uint8_t)(version << 4);
		check_whole((struct want){true, IP6, 14, version == 6 ? 54 : 0, PROTO_UDP,
					  false});
	}
	make_eth(&m, 0, IP6);
	make_ipv6(&m, 50); /* ESP: what follows is not to be read */
	make_fill(&m, 20);
	check_whole((struct want){true, IP6, 14, 54, 50, false});
	make_eth(&m, 0, IP6);
	make_ipv6(&m, 59); /* no next header */
	check_whole((struct want){true, IP6, 14, 54, 59, false});
}

/* The longest extension headers there can be do not wrap the offset. */
static void test_ipv6_long_extensions(void **state)
{
	(void)state;
	make_eth(&m, 4, IP6);
	make_ipv6(&m, DSTOPTS);
	for (int i = 0; i < 8; i++)
		make_ext(&m, i < 7 ? DSTOPTS : PROTO_UDP, 255);
	make_udp(&m, 5);
	check_whole((struct want){true, IP6, 30, 30 + 40 + 8 * 2048, PROTO_UDP, false});
}

static void test_ipv6_fragments(void **state)
{
	static const struct {
		uint16_t field;
		bool is_first;
	} t[] = {{0x0000, true},
		 {0x0001, true},
		 {0x0006, true},
		 {0x0008, false},
		 {0xfff9, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		make_eth(&m, 0, IP6);
		make_ipv6(&m, HOPOPTS);
		make_ext(&m, FRAGMENT, 0);
		make_ext_fragment(&m, PROTO_UDP, t[i].field);
		make_udp(&m, 9);
		check_whole((struct want){true, IP6, 14, t[i].is_first ? 70 : 0,
					  PROTO_UDP, true});
	}
}

/* Each prefix of a frame: nothing is read behind its end, nothing is found that is not
 * there. */
static void check_prefixes(const struct want *whole, uint32_t l3_need)
{
	for (uint32_t len = 0; len <= m.len; len++) {
		struct want w = *whole;

		w.ok = whole->ok && len >= whole->l3;
		if (len < l3_need)
			w.l4 = 0;
		if (len < l3_need)
			w.is_fragment = false;
		check(&m, len, &w);
	}
}

static void test_prefixes(void **state)
{
	(void)state;
	for (unsigned tags = 0; tags <= 5; tags++) {
		make_eth(&m, tags, IP4);
		make_ipv4(&m, 3, PROTO_TCP, 0);
		make_tcp(&m, 8, 20);
		check_prefixes(
			&(struct want){tags <= 4, IP4, m.l3, m.l4, PROTO_TCP, false},
			m.l3 + 20);
		make_eth(&m, tags, IP4);
		make_ipv4(&m, 0, PROTO_TCP, 0x2000);
		make_tcp(&m, 5, 20);
		check_prefixes(
			&(struct want){tags <= 4, IP4, m.l3, m.l4, PROTO_TCP, true},
			m.l3 + 20);
		make_eth(&m, tags, IP6);
		make_ipv6(&m, PROTO_UDP);
		make_udp(&m, 20);
		check_prefixes(
			&(struct want){tags <= 4, IP6, m.l3, m.l4, PROTO_UDP, false},
			m.l3 + 40);
		make_eth(&m, tags, IP6);
		make_ipv6(&m, HOPOPTS);
		make_ext(&m, ROUTING, 2);
		make_ext(&m, PROTO_UDP, 0);
		make_udp(&m, 20);
		/* the last extension header's first 8 bytes must be there */
		check_prefixes(
			&(struct want){tags <= 4, IP6, m.l3, m.l4, PROTO_UDP, false},
			m.l4);
	}
}

static void test_chains_like_linear(void **state)
{
	uint64_t seed = 0x123456789abcdef1, rnd = seed;

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (int round = 0; round < 20000; round++) {
		uint32_t cuts[MAKE_PARTS - 1], len;
		unsigned n_cuts = make_below(&rnd, MAKE_PARTS);
		struct frame a, b;
		struct exact x, y;
		bool ok;

		make_eth(&m, make_below(&rnd, 6), make_below(&rnd, 2) ? IP4 : IP6);
		if (m.at[m.len - 2] == 0x08) {
			make_ipv4(&m, make_below(&rnd, 11), PROTO_TCP,
				  make_below(&rnd, 3) ? 0 : 0x2000);
		} else {
			make_ipv6(&m, HOPOPTS);
			make_ext(&m, DSTOPTS, (uint8_t)make_below(&rnd, 3));
			make_ext_fragment(&m, PROTO_TCP, make_below(&rnd, 2) ? 1 : 8);
		}
		make_tcp(&m, 5, 8);
		len = make_below(&rnd, 3) ? m.len : make_below(&rnd, m.len + 1);
		make_cuts(&rnd, len, cuts, n_cuts);
		exact_make(&x, NULL, m.at, len);
		exact_split(&y, NULL, m.at, len, cuts, n_cuts);
		ok = frame_parse(&x.p[0], &a);
		assert_int_equal(frame_parse(&y.p[0], &b), ok);
		assert_int_equal(a.ethertype, b.ethertype);
		assert_int_equal(a.l3_off, b.l3_off);
		assert_int_equal(a.l4_off, b.l4_off);
		assert_int_equal(a.l4_proto, b.l4_proto);
		assert_int_equal(a.is_fragment, b.is_fragment);
		exact_free(&x);
		exact_free(&y);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv4_fragments),
		cmocka_unit_test(test_ipv6_extensions),
		cmocka_unit_test(test_ipv6_long_extensions),
		cmocka_unit_test(test_ipv6_fragments),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_chains_like_linear),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
