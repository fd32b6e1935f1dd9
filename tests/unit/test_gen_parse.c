/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/pktgen/gen_parse: nothing that a kernel may do to a frame on the way is taken for
 * a fault. */
#include "tests/unit/gen_lab.h"

#include <stdio.h>

static uint8_t buf[LAB_MAX];

static void tags_may_be_taken_off_from_outside(void **state)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, "flows=3,vlan=5+1,qinq=7,proto=udp,size=72-99");
	struct gen_check *c = lab_check(&s, false);

	(void)state;
	for (int i = 0; i < 60; i++) {
		size_t len = gen_next(g, buf, sizeof(buf), 5);

		if (i % 4 ==
		    3) { /* the inner one alone is no tag a kernel would take off */
			memmove(buf + 16, buf + 20, len - 20);
			assert_int_equal(lab_take(c, buf, len - 4), GEN_CHECK_CORRUPTED);
			continue;
		}
		memmove(buf + 12, buf + 12 + 4 * (i % 3), len - 12);
		assert_int_equal(lab_take(c, buf, len - 4U * (unsigned)(i % 3)),
				 GEN_CHECK_IN_ORDER);
	}
	assert_int_equal(gen_check_counts_of(c)->bad_csum, 0);
	assert_int_equal(gen_check_lost_of(c, 60).low, 15);
	assert_int_equal(gen_check_lost_of(c, 60).high, 15);
	gen_close(g);
	gen_check_fini(c);
}

static void devices_may_pad(void **state)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, "");
	struct gen_check *c = lab_check(&s, false);
	size_t len = gen_next(g, buf, sizeof(buf), 5);

	(void)state;
	memset(buf + len, 0x55, 7);
	assert_int_equal(lab_take(c, buf, len + 7), GEN_CHECK_IN_ORDER);
	gen_close(g);
	gen_check_fini(c);
}

static void partial_checksums_and_their_completion(void **state)
{
	static const char *const protos[] = {"udp", "tcp", "udp6", "tcp6"};

	(void)state;
	for (int k = 0; k < 4; k++) {
		char words[80];
		struct gen_spec s;
		struct gen_check *with, *without;
		struct gen *g;

		snprintf(words, sizeof(words), "proto=%s,csum=partial,vnet=yes,size=100",
			 protos[k]);
		g = lab_open(&s, words);
		with = lab_check(&s, true);
		without = lab_check(&s, false);
		for (uint64_t i = 0; i < 50; i++) {
			size_t len = gen_next(g, buf, sizeof(buf), i);
			struct lab_read r;

			assert_int_equal(lab_take(with, buf, len), GEN_CHECK_IN_ORDER);
			buf[0] = 0; /* a device that forgot to complete it */
			assert_int_equal(lab_take(with, buf, len), GEN_CHECK_DUPLICATE);
			assert_int_equal(gen_check_counts_of(with)->bad_csum, i + 1);
			lab_take_apart(&r, buf + LAB_VNET, len - LAB_VNET);
			lab_complete_csum(&r, buf + LAB_VNET);
			assert_int_equal(
				lab_take(without, buf + LAB_VNET, len - LAB_VNET),
				GEN_CHECK_IN_ORDER);
		}
		assert_int_equal(gen_check_counts_of(without)->bad_csum, 0);
		gen_close(g);
		gen_check_fini(with);
		gen_check_fini(without);
	}
}

/* Cut as a kernel cuts: lengths, identification, sequence number, flags, checksums. */
static void cut(struct gen_check *c, const uint8_t *frame, size_t len, uint32_t gso)
{
	static uint8_t seg[LAB_MAX];
	struct lab_read r, x;
	uint32_t id = 0;

	lab_take_apart(&r, frame, len);
	for (uint32_t at = r.payload; at < r.end; at += gso, id++) {
		uint32_t n = r.end - at < gso ? r.end - at : gso;
		uint32_t l4_len = r.payload - r.l4 + n;

		memcpy(seg, frame, r.payload);
		memcpy(seg + r.payload, frame + at, n);
		if (r.ethertype == 0x0800) {
			lab_put16(seg + r.l3 + 2, 20 + l4_len);
			lab_put16(seg + r.l3 + 4, id);
			lab_put16(seg + r.l3 + 10, 0);
			lab_put16(seg + r.l3 + 10, ~lab_sum(0, seg + r.l3, 20));
		} else {
			lab_put16(seg + r.l3 + 4, l4_len);
		}
		if (r.proto == 17) {
			lab_put16(seg + r.l4 + 4, l4_len);
		} else {
			lab_put16(seg + r.l4 + 6, 1 + id * gso);
			seg[r.l4 + 13] |= id % 2 ? 8 : 0;
		}
		if (r.payload + n < 60)
			memset(seg + r.payload + n, 0, 60);
		x = r;
		x.frame = seg;
		x.end = r.payload + n;
		lab_complete_csum(&x, seg);
		assert_int_equal(lab_take(c, seg, x.end < 60 ? 60 : x.end),
				 GEN_CHECK_IN_ORDER);
	}
}

static void super_packets_whole_and_in_segments(void **state)
{
	static const struct {
		const char *words;
		uint32_t gso;
	} specs[] = {
		{"proto=tcp,vnet=yes,gso=1448,flows=3,size=76/1506/1507/1530/65000",
		 1448},
		{"proto=tcp6,vnet=yes,gso=100,flows=2,size=1000-1100,vlan=3", 100},
		{"proto=udp,vnet=yes,gso=1472,flows=2,size=1518/1519/60000", 1472},
		{"proto=udp6,vnet=yes,gso=36,flows=2,size=84-4000~", 36},
	};

	(void)state;
	for (int k = 0; k < 4; k++) {
		struct gen_spec s;
		struct gen *g = lab_open(&s, specs[k].words);
		struct gen_check *whole = lab_check(&s, true),
				 *cuts = lab_check(&s, false);

		for (int i = 0; i < 100; i++) {
			size_t len = gen_next(g, buf, sizeof(buf), 5);

			assert_int_equal(lab_take(whole, buf, len), GEN_CHECK_IN_ORDER);
			cut(cuts, buf + LAB_VNET, len - LAB_VNET, specs[k].gso);
			/* a bit in the last segment of a whole one */
			buf[len - 1] ^= 1;
			assert_int_equal(lab_take(whole, buf, len), GEN_CHECK_CORRUPTED);
		}
		assert_int_equal(gen_check_counts_of(whole)->unique,
				 gen_taken_of(g).units);
		assert_int_equal(gen_check_counts_of(cuts)->unique,
				 gen_taken_of(g).units);
		assert_int_equal(gen_check_counts_of(cuts)->units, gen_taken_of(g).units);
		assert_int_equal(gen_check_counts_of(cuts)->bad_csum, 0);
		assert_int_equal(gen_check_counts_of(whole)->bad_csum, 0);
		assert_int_equal(gen_check_lost_of(cuts, gen_taken_of(g).units).high, 0);
		gen_close(g);
		gen_check_fini(whole);
		gen_check_fini(cuts);
	}
}

static void routers_may_rewrite_if_told(void **state)
{
	static const char *const words[] = {"", "mac=any", "proto=udp6",
					    "proto=udp6,mac=any"};

	(void)state;
	for (int k = 0; k < 4; k++) {
		struct gen_spec s;
		struct gen *g = lab_open(&s, words[k]);
		struct gen_check *c = lab_check(&s, false);
		size_t len = gen_next(g, buf, sizeof(buf), 5);

		memcpy(buf, "\2\1\1\1\1\1\2\2\2\2\2\2", 12);
		if (k < 2) {
			buf[22]--;
			lab_put16(buf + 24, 0);
			lab_put16(buf + 24, ~lab_sum(0, buf + 14, 20));
		} else {
			buf[21]--;
		}
		assert_int_equal(lab_take(c, buf, len),
				 k % 2 ? GEN_CHECK_IN_ORDER : GEN_CHECK_CORRUPTED);
		assert_int_equal(gen_check_counts_of(c)->bad_csum, 0);
		gen_close(g);
		gen_check_fini(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_may_be_taken_off_from_outside),
		cmocka_unit_test(devices_may_pad),
		cmocka_unit_test(partial_checksums_and_their_completion),
		cmocka_unit_test(super_packets_whole_and_in_segments),
		cmocka_unit_test(routers_may_rewrite_if_told),
	};

	return cmocka_run_group_tests_name("gen_parse", tests, NULL, NULL);
}
