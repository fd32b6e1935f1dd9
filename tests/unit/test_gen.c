/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/pktgen/gen: every frame is what its spec says, by a slow reading of its bytes. */
#include "tests/unit/gen_lab.h"

#include <stdio.h>

static uint8_t buf[LAB_MAX], other[LAB_MAX];

/* the mark: run, flow, number, time */
static void check_mark(const uint8_t *m, const struct gen_spec *s, uint32_t flow,
		       uint64_t seq, uint64_t now)
{
	assert_int_equal(lab_be(m, 2), s->run);
	assert_int_equal(lab_be(m + 2, 2), flow);
	assert_int_equal(lab_be(m + 4, 4), (uint32_t)seq);
	assert_int_equal((uint64_t)lab_be(m + 8, 2) << 32 | lab_be(m + 10, 4),
			 now & 0xffffffffffff);
}

static void check_frames(const char *words, unsigned n)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, words);
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t now = 0x123456789abcd + (uint64_t)i * 0x10000001;
		struct lab_read r;
		size_t want = gen_next_len(g), len = gen_next(g, buf, want, now);

		assert_int_equal(len, want);
		assert_true(len <= gen_max_len(g));
		bytes += len;
		lab_take_apart(&r, buf, len);
		check_mark(buf + r.payload, &s, i % s.n_flows, i / s.n_flows, now);
		if (s.csum == GEN_SPEC_CSUM_NONE)
			assert_int_equal(lab_be(buf + lab_csum_at(&r), 2), 0);
		else
			lab_assert_csums(&r);
	}
	assert_int_equal(gen_taken_of(g).frames, n);
	assert_int_equal(gen_taken_of(g).units, n);
	assert_int_equal(gen_taken_of(g).bytes, bytes);
	gen_close(g);
}

static void checksums_are_right(void **state)
{
	(void)state;
	check_frames("", 300000); /* enough for a UDP checksum of 0, sent as 0xffff */
	check_frames("proto=tcp", 300000);
	check_frames("proto=udp6,flows=7,size=84-1518", 3000);
	check_frames("proto=tcp,flows=5,size=rfc2544", 1000);
	check_frames("proto=tcp6,vlan=5,qinq=7,size=104-200~,flows=3", 1000);
	check_frames("proto=udp,vlan=5,size=68-1600~,dport=1~60000,flows=100", 5000);
	check_frames("proto=arp,flows=3,sip=10.0.0.1+1", 100);
	check_frames("proto=eth,size=64-70,vlan=9", 100);
	check_frames("csum=none,size=imix", 100);
	check_frames("size=65561/65560/72,qinq=1,vlan=1", 6);
	check_frames("proto=tcp6,size=65553", 3);
	check_frames("flows=65536,dip=10.0.0.0+1,smac=02:00:00:00:00:00+1", 140000);
}

static void headers_are_those_of_the_flow(void **state)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, "flows=5,qinq=100+1,vlan=5+2,sport=7+1%2,"
				     "dip=10.0.0.255+1,dmac=02:00:00:00:00:fe+1");
	struct lab_read r;

	(void)state;
	for (unsigned i = 0; i < 15; i++) {
		unsigned f = i % 5;
		size_t len = gen_next(g, buf, sizeof(buf), 0);

		lab_take_apart(&r, buf, len);
		assert_int_equal(r.n_tags, 2);
		assert_int_equal(r.tpid[0], 0x88a8);
		assert_int_equal(r.tpid[1], 0x8100);
		assert_int_equal(r.vid[0], 100 + f);
		assert_int_equal(r.vid[1], 5 + 2 * f);
		assert_int_equal(r.sport, 7 + f % 2);
		assert_int_equal(r.dport, 20000);
		assert_int_equal(lab_be(buf + r.l3 + 16, 4), 0x0a0000ff + f);
		assert_int_equal(lab_be(buf + 2, 4), 0xfe + f);
		assert_int_equal(gen_taken_flow(g, f), i / 5 + 1);
	}
	gen_close(g);
}

/* Each flow goes through the sizes in their order, so shares are exact. */
static void sizes_are_shared_out_exactly(void **state)
{
	static const unsigned flows[] = {1, 2, 5, 12, 24};

	(void)state;
	for (unsigned k = 0; k < 5; k++) {
		unsigned n[24][3] = {0}, i;
		char words[64];
		struct gen_spec s;
		struct gen *g;

		snprintf(words, sizeof(words), "size=imix,flows=%u", flows[k]);
		g = lab_open(&s, words);
		assert_float_equal(gen_mean_len(g), (60 * 7 + 590 * 4 + 1514) / 12.0,
				   1e-9);
		for (i = 0; i < 36 * flows[k]; i++) {
			size_t len = gen_next(g, buf, sizeof(buf), 0);

			n[i % flows[k]][len == 60 ? 0 : len == 590 ? 1 : 2]++;
		}
		for (i = 0; i < flows[k]; i++) {
			assert_int_equal(n[i][0], 21);
			assert_int_equal(n[i][1], 12);
			assert_int_equal(n[i][2], 3);
		}
		gen_close(g);
	}
}

static void random_sizes_are_even_and_repeat_by_seed(void **state)
{
	unsigned n[11] = {0}, same = 0;
	struct gen_spec s;
	struct gen *a = lab_open(&s, "size=100-110~,seed=3"),
		   *b = lab_open(&s, "size=100-110~,seed=3"),
		   *c = lab_open(&s, "size=100-110~,seed=4");

	(void)state;
	for (int i = 0; i < 11000; i++) {
		size_t len = gen_next(a, buf, sizeof(buf), 5);

		n[len - 96]++;
		assert_int_equal(gen_next(b, other, sizeof(other), 5), len);
		assert_memory_equal(buf, other, len);
		same += gen_next(c, other, sizeof(other), 5) == len;
	}
	for (int i = 0; i < 11; i++)
		assert_in_range(n[i], 850, 1150);
	assert_in_range(same, 850, 1150);
	gen_close(a);
	gen_close(b);
	gen_close(c);
}

/* The fast way, with a ring of buffers that are used again, makes the same bytes. */
static void check_stamp(const char *words)
{
	enum { RING = 13 };
	struct gen_spec s;
	struct gen *a = lab_open(&s, words), *b = lab_open(&s, words);
	struct gen_slot slot[RING] = {0};
	uint8_t *ring[RING];

	for (int i = 0; i < RING; i++) {
		ring[i] = malloc(gen_max_len(a));
		memset(ring[i], 0xee, gen_max_len(a));
	}
	for (int i = 0; i < 2000; i++) {
		size_t len = gen_next(a, buf, sizeof(buf), 7 * (uint64_t)i);

		assert_int_equal(
			gen_stamp(b, &slot[i % RING], ring[i % RING], 7 * (uint64_t)i),
			len);
		assert_memory_equal(ring[i % RING], buf, len);
	}
	for (int i = 0; i < RING; i++)
		free(ring[i]);
	gen_close(a);
	gen_close(b);
}

static void stamped_frames_are_the_same(void **state)
{
	(void)state;
	check_stamp("");
	check_stamp("size=imix,flows=5");
	/* a buffer's flow comes again, with its size and with another one */
	check_stamp("flows=13");
	check_stamp("flows=26,proto=tcp");
	check_stamp("flows=13,csum=none");
	check_stamp("size=imix,flows=13");
	check_stamp("size=64-67,flows=13,proto=arp");
	check_stamp("size=1500/3000,flows=13,proto=tcp6,vnet=yes,gso=1448");
	check_stamp("size=84-300~,flows=3,proto=udp6,vnet=yes");
	check_stamp("size=76/3000/20000,proto=tcp,vnet=yes,gso=1448,flows=2");
	check_stamp("proto=eth,vlan=1,flows=4");
}

static void numbers_given_back_come_again(void **state)
{
	static const char *const specs[] = {
		"size=imix,flows=5", "size=100-120~,flows=3",
		"size=76/3000/20000,proto=tcp,vnet=yes,gso=1448,flows=2"};

	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		struct gen_spec s;
		struct gen *a = lab_open(&s, specs[k]), *b = lab_open(&s, specs[k]);

		for (int i = 0; i < 500; i++) {
			int back = i % 4;
			size_t len = gen_next(a, buf, sizeof(buf), 1);

			for (int j = 0; j < back; j++)
				gen_next(b, other, sizeof(other), 9);
			for (int j = 0; j < back; j++)
				gen_untake(b);
			assert_int_equal(gen_next(b, other, sizeof(other), 1), len);
			assert_memory_equal(buf, other, len);
			assert_int_equal(gen_taken_of(a).units, gen_taken_of(b).units);
			assert_int_equal(gen_taken_of(a).bytes, gen_taken_of(b).bytes);
		}
		for (int i = 0; i < 600; i++) /* not past the first */
			gen_untake(b);
		assert_int_equal(gen_taken_of(b).frames, 0);
		assert_int_equal(gen_taken_flow(b, 1), 0);
		gen_close(a);
		gen_close(b);
	}
}

static void too_small_a_buffer_takes_nothing(void **state)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, "size=100,vnet=yes");

	(void)state;
	memset(buf, 0xee, 200);
	assert_int_equal(gen_next(g, buf, 107, 1), 0);
	assert_int_equal(buf[0], 0xee);
	assert_int_equal(gen_taken_of(g).frames, 0);
	assert_int_equal(gen_next(g, buf, 108, 1), 108);
	assert_int_equal(buf[108], 0xee);
	assert_int_equal(lab_be(buf + LAB_VNET + 42 + 4, 4), 0);
	gen_close(g);
}

/* NEEDS_CSUM: the field holds the pseudo header's sum, which a kernel completes. */
static void partial_checksums_can_be_completed(void **state)
{
	static const char *const protos[] = {"udp", "tcp", "udp6", "tcp6"};

	(void)state;
	for (int k = 0; k < 4; k++) {
		char words[100];
		struct gen_spec s;
		struct lab_read r;
		struct gen *g;

		snprintf(words, sizeof(words),
			 "proto=%s,csum=partial,vnet=yes,vlan=3,size=100-200", protos[k]);
		g = lab_open(&s, words);
		for (int i = 0; i < 100; i++) {
			size_t len = gen_next(g, buf, sizeof(buf), (uint64_t)i);
			uint8_t *f = buf + LAB_VNET;

			lab_take_apart(&r, f, len - LAB_VNET);
			assert_int_equal(buf[0], 1); /* NEEDS_CSUM */
			assert_int_equal(buf[1], 0);
			assert_int_equal(buf[6] | buf[7] << 8, r.l4);
			assert_int_equal(r.l4 + (unsigned)(buf[8] | buf[9] << 8),
					 lab_csum_at(&r));
			assert_int_equal(lab_be(f + lab_csum_at(&r), 2), lab_pseudo(&r));
			lab_complete_csum(&r, f);
			lab_assert_csums(&r);
		}
		gen_close(g);
	}
}

static void check_super(const char *words, uint8_t gso_type, uint32_t gso)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, words);
	uint64_t seq[2] = {0};

	for (unsigned i = 0; i < 40; i++) {
		size_t len = gen_next(g, buf, sizeof(buf), i);
		const uint8_t *f = buf + LAB_VNET;
		uint32_t at, payload;
		struct lab_read r;

		lab_take_apart(&r, f, len - LAB_VNET);
		payload = r.end - r.payload;
		assert_int_equal(buf[1], payload > gso ? gso_type : 0);
		assert_int_equal(buf[4] | buf[5] << 8, payload > gso ? gso : 0);
		assert_int_equal(buf[2] | buf[3] << 8, payload > gso ? r.payload : 0);
		for (at = 0; at < payload; at += gso) {
			assert_true(payload - at >= 18);
			check_mark(f + r.payload + at, &s, i % 2, seq[i % 2]++, i);
		}
		if (payload > gso)
			assert_int_equal(lab_be(f + lab_csum_at(&r), 2), lab_pseudo(&r));
		else
			lab_assert_csums(&r);
	}
	assert_int_equal(gen_taken_flow(g, 0), seq[0]);
	assert_int_equal(gen_taken_flow(g, 1), seq[1]);
	assert_int_equal(gen_taken_of(g).units, seq[0] + seq[1]);
	gen_close(g);
}

static void super_packets_have_a_mark_in_each_segment(void **state)
{
	(void)state;
	check_super("proto=tcp,vnet=yes,gso=1448,flows=2,size=76/1506/1507/1530/65000", 1,
		    1448);
	check_super("proto=tcp6,vnet=yes,gso=100,flows=2,size=1000-1100", 4, 100);
	check_super("proto=udp,vnet=yes,gso=1472,flows=2,size=1518/1519/60000", 5, 1472);
	check_super("proto=udp6,vnet=yes,gso=36,flows=2,size=88-4000~,vlan=4", 5, 36);
}

/* The last segment holds a mark, or is not there. */
static void super_packets_end_with_a_mark(void **state)
{
	static const uint32_t want[] = {1448, 1448, 1448, 1448, 1466, 2896, 2896, 2914};
	struct gen_spec s;
	struct gen *g = lab_open(&s, "proto=tcp,vnet=yes,gso=1448,"
				     "size=1506/1507/1508/1523/1524/2954/2971/2972");

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(gen_next(g, buf, sizeof(buf), 0), 12 + 54 + want[i % 8]);
	gen_close(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_are_right),
		cmocka_unit_test(headers_are_those_of_the_flow),
		cmocka_unit_test(sizes_are_shared_out_exactly),
		cmocka_unit_test(random_sizes_are_even_and_repeat_by_seed),
		cmocka_unit_test(stamped_frames_are_the_same),
		cmocka_unit_test(numbers_given_back_come_again),
		cmocka_unit_test(too_small_a_buffer_takes_nothing),
		cmocka_unit_test(partial_checksums_can_be_completed),
		cmocka_unit_test(super_packets_have_a_mark_in_each_segment),
		cmocka_unit_test(super_packets_end_with_a_mark),
	};

	return cmocka_run_group_tests_name("gen", tests, NULL, NULL);
}
