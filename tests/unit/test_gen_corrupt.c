/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/pktgen/gen_check: each flipped bit of a frame is found, and so is all else that
 * is not as it was sent; no bytes lead it astray. */
#include "tests/unit/gen_lab.h"

#include "bench/pktgen/gen_frame.h"

static uint8_t buf[LAB_MAX];

static const char *const all[] = {
	"flows=3",
	"flows=3,proto=tcp",
	"flows=3,proto=udp6,vlan=5+1",
	"flows=3,proto=tcp6,vlan=5,qinq=6+1",
	"flows=3,proto=arp",
	"flows=3,proto=eth,vlan=7",
	"flows=3,size=300,csum=none",
	"flows=3,size=301,proto=tcp6",
};
enum { N_ALL = sizeof(all) / sizeof(all[0]) };

static void every_flipped_bit_is_found(void **state)
{
	(void)state;
	for (int k = 0; k < N_ALL; k++) {
		struct gen_spec s;
		struct gen *g = lab_open(&s, all[k]);
		struct gen_check *c = lab_check(&s, false);
		const struct gen_check_counts *n = gen_check_counts_of(c);
		size_t len = gen_next(g, buf, sizeof(buf), 123456789);

		for (size_t i = 0; i < len * 8; i++) {
			uint64_t before = n->bad_csum, foreign = n->foreign;
			enum gen_check_kind kind;

			buf[i / 8] ^= (uint8_t)(1 << i % 8);
			kind = lab_take(c, buf, len);
			buf[i / 8] ^= (uint8_t)(1 << i % 8);
			if (kind != GEN_CHECK_CORRUPTED && n->bad_csum == before)
				fail_msg("%s: bit %zu of byte %zu: %d", all[k], i % 8,
					 i / 8, kind);
			assert_int_equal(n->foreign, foreign);
		}
		assert_true(n->corrupted > 300);
		gen_close(g);
		gen_check_fini(c);
	}
}

static void frames_cut_short_are_found(void **state)
{
	(void)state;
	for (int k = 0; k < N_ALL; k++) {
		struct gen_spec s;
		struct gen *g = lab_open(&s, all[k]);
		struct gen_check *c = lab_check(&s, false);
		size_t len = gen_next(g, buf, sizeof(buf), 5);
		unsigned head = gen_spec_header_len(&s);

		for (size_t i = 0; i < len; i++) {
			enum gen_check_kind kind = lab_take(c, buf, i);

			assert_int_equal(kind, i < head + 18 ? GEN_CHECK_FOREIGN
							     : GEN_CHECK_CORRUPTED);
		}
		assert_int_equal(lab_take(c, buf, len), GEN_CHECK_IN_ORDER);
		gen_close(g);
		gen_check_fini(c);
	}
}

/* Any bytes: no frame of ours comes out of it, and nothing is read outside. */
static void hostile_frames(void **state)
{
	uint64_t x = 77;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		static struct gen_check *c[N_ALL];
		static struct gen_spec s[N_ALL];
		static struct gen *g[N_ALL];
		unsigned k = i % N_ALL, n;
		size_t len;

		if (!c[k]) {
			g[k] = lab_open(&s[k], all[k]);
			c[k] = lab_check(&s[k], k % 2);
		}
		memset(buf, 0, LAB_VNET);
		len = gen_next(g[k], buf + (k % 2 ? LAB_VNET : 0), 2000, 5);
		if (k % 2)
			len += LAB_VNET;
		for (n = 2 + (x = gen_frame_mix(x)) % 6; n > 0; n--) {
			x = gen_frame_mix(x);
			buf[x % len] = (uint8_t)(x >> 40);
		}
		if (i % 3 == 0)
			len = (x = gen_frame_mix(x)) % (len + 1);
		lab_take(c[k], buf, len);
		if (i >= 100000 - N_ALL) {
			const struct gen_check_counts *t = gen_check_counts_of(c[k]);

			assert_true(t->corrupted > 5000);
			assert_true(t->foreign > 500);
			gen_close(g[k]);
			gen_check_fini(c[k]);
		}
	}
}

/* A sender with more flows than the receiver was told of. */
static void flows_beyond_the_spec(void **state)
{
	struct gen_spec s, more;
	struct gen *g = lab_open(&more, "run=5,flows=65536");
	struct gen_check *c;

	(void)state;
	lab_spec(&s, "run=5,flows=3");
	c = lab_check(&s, false);
	for (unsigned i = 0; i < 65536; i++)
		assert_int_equal(lab_take(c, buf, gen_next(g, buf, sizeof(buf), 5)),
				 i < 3 ? GEN_CHECK_IN_ORDER : GEN_CHECK_CORRUPTED);
	gen_close(g);
	gen_check_fini(c);
}

static void tags_that_were_put_on(void **state)
{
	static const char *const words[] = {"size=70", "vlan=5,size=70",
					    "vlan=5,qinq=6,size=80"};

	(void)state;
	for (int k = 0; k < 3; k++) {
		struct gen_spec s;
		struct gen *g = lab_open(&s, words[k]);
		struct gen_check *c = lab_check(&s, false);
		size_t len = gen_next(g, buf, sizeof(buf), 5);

		memmove(buf + 16, buf + 12, len - 12);
		memcpy(buf + 12, "\x81\x00\x00\x05", 4);
		/* with three tags, it is none of gen's any more */
		assert_int_equal(lab_take(c, buf, len + 4),
				 k < 2 ? GEN_CHECK_CORRUPTED : GEN_CHECK_FOREIGN);
		gen_close(g);
		gen_check_fini(c);
	}
}

/* 0 says that there is none: a device must not make it so. */
static void checksums_taken_out(void **state)
{
	(void)state;
	for (int k = 0; k < 3; k++) {
		static const char *const words[] = {"", "proto=udp6", "csum=none"};
		struct gen_spec s;
		struct gen *g = lab_open(&s, words[k]);
		struct gen_check *c = lab_check(&s, false);
		size_t len = gen_next(g, buf, sizeof(buf), 5);

		memset(buf + gen_spec_header_len(&s) - 2, 0, 2);
		assert_int_equal(lab_take(c, buf, len), GEN_CHECK_IN_ORDER);
		assert_int_equal(gen_check_counts_of(c)->bad_csum, k < 2);
		gen_close(g);
		gen_check_fini(c);
	}
}

/* A super-packet of which a device says that its checksum is complete. */
static void super_packets_that_lie(void **state)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, "proto=tcp,vnet=yes,gso=1448,size=9000");
	struct gen_check *c = lab_check(&s, true);
	size_t len = gen_next(g, buf, sizeof(buf), 5);

	(void)state;
	buf[0] = 0;
	assert_int_equal(lab_take(c, buf, len), GEN_CHECK_IN_ORDER);
	assert_int_equal(gen_check_counts_of(c)->bad_csum, 1);
	gen_close(g);
	gen_check_fini(c);
}

static void frames_of_others(void **state)
{
	struct gen_spec s, other;
	struct gen *a = lab_open(&s, "run=5,flows=2"),
		   *b = lab_open(&other, "run=6,flows=9,size=200");
	struct gen *arp = lab_open(&other, "proto=arp,run=6");
	struct gen_check *c = lab_check(&s, false);

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		size_t len = gen_next(b, buf, sizeof(buf), 5);

		assert_int_equal(lab_take(c, buf, len), GEN_CHECK_OTHER_RUN);
		len = gen_next(arp, buf, sizeof(buf), 5);
		assert_int_equal(lab_take(c, buf, len), GEN_CHECK_FOREIGN);
		len = gen_next(a, buf, sizeof(buf), 5);
		assert_int_equal(lab_take(c, buf, len), GEN_CHECK_IN_ORDER);
	}
	assert_int_equal(gen_check_counts_of(c)->other_runs, 20);
	assert_int_equal(gen_check_counts_of(c)->foreign, 20);
	assert_int_equal(gen_check_counts_of(c)->unique, 20);
	assert_int_equal(gen_check_counts_of(c)->frames, 60);
	gen_close(a);
	gen_close(b);
	gen_close(arp);
	gen_check_fini(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(frames_cut_short_are_found),
		cmocka_unit_test(hostile_frames),
		cmocka_unit_test(flows_beyond_the_spec),
		cmocka_unit_test(tags_that_were_put_on),
		cmocka_unit_test(checksums_taken_out),
		cmocka_unit_test(super_packets_that_lie),
		cmocka_unit_test(frames_of_others),
	};

	return cmocka_run_group_tests_name("gen_corrupt", tests, NULL, NULL);
}
