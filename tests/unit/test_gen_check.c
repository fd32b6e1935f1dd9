/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/pktgen/gen_check: loss, duplicates and order are found exactly, against a naive
 * oracle; the window's edges. */
#include "tests/unit/gen_lab.h"

#include <errno.h>
#include <stdio.h>

#include "bench/pktgen/gen_check.h"
#include "bench/pktgen/gen_frame.h"

enum { FLOWS_MAX = 8, FRAMES_MAX = 4000, MARK_AT = 42 };

static uint8_t buf[LAB_MAX];

static struct gen_check *open_check(const struct gen_spec *s, struct gen_check_config cf)
{
	struct err e = {0};
	struct gen_check *c;

	cf.spec = s;
	if (gen_check_init(&c, &cf, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

/* A whole UDP frame of 60 bytes with this flow and number. */
static void forge(const struct gen_spec *s, uint32_t flow, uint32_t seq, uint64_t ns)
{
	uint8_t *m = buf + MARK_AT;
	uint64_t head;
	uint32_t hash;

	gen_frame_headers(s, flow, buf);
	lab_put16(buf + 16, 46);
	lab_put16(buf + 24, ~lab_sum(0, buf + 14, 20));
	lab_put16(buf + 38, 26);
	lab_put16(m, s->run);
	lab_put16(m + 2, flow);
	lab_put16(m + 4, seq >> 16);
	lab_put16(m + 6, seq);
	for (int i = 0; i < 6; i++)
		m[8 + i] = (uint8_t)(ns >> (40 - 8 * i));
	head = gen_frame_head_hash(s, buf, buf + 14);
	hash = gen_frame_mark_hash(m, head, gen_frame_payload_hash(m + 18, 0));
	lab_put16(m + 14, hash >> 16);
	lab_put16(m + 16, hash);
}

static enum gen_check_kind arrive(struct gen_check *c, const struct gen_spec *s,
				  uint32_t flow, uint32_t seq)
{
	forge(s, flow, seq, 0);
	return gen_check_frame(c, buf, 60, 0);
}

static void forged_frames_are_gen_s(void **state)
{
	struct gen_spec s;
	struct gen *g = lab_open(&s, "flows=3,csum=none");
	uint8_t made[60];

	(void)state;
	for (uint32_t i = 0; i < 9; i++) {
		assert_int_equal(gen_next(g, made, 60, i * 99999999ULL), 60);
		forge(&s, i % 3, i / 3, i * 99999999ULL);
		assert_memory_equal(made, buf, 60);
	}
	gen_close(g);
}

/* --- the oracle: all arrivals kept, nothing clever ---------------------------------- */

struct arrival {
	uint32_t flow, seq;
};

struct sums {
	uint64_t unique, duplicates, reordered, late, lost_low, lost_high, max_extent,
		sum_extent, max_distance;
};

static uint64_t extent_of(const struct arrival *a, const uint32_t *nth, unsigned i)
{
	unsigned j = 0;

	while (a[j].flow != a[i].flow || a[j].seq <= a[i].seq)
		j++;
	return nth[i] - nth[j];
}

/* sent: of each flow */
static void ask_oracle(const struct arrival *a, unsigned n, uint32_t window,
		       const uint32_t *sent, unsigned n_flows, struct sums *o)
{
	static uint32_t nth[2 * FRAMES_MAX];
	uint32_t next[FLOWS_MAX] = {0}, count[FLOWS_MAX] = {0};
	uint64_t unique[FLOWS_MAX] = {0}, late[FLOWS_MAX] = {0};
	unsigned i, j;

	*o = (struct sums){0};
	for (i = 0; i < n; i++) {
		uint32_t f = a[i].flow, seq = a[i].seq;

		nth[i] = count[f];
		if (seq < next[f] && next[f] - seq > window) {
			o->late++;
			late[f]++;
			count[f]++;
			continue;
		}
		for (j = 0; j < i && (a[j].flow != f || a[j].seq != seq); j++)
			;
		if (j < i) {
			o->duplicates++;
			continue;
		}
		count[f]++;
		unique[f]++;
		o->unique++;
		if (seq < next[f]) {
			uint64_t x = extent_of(a, nth, i);

			o->reordered++;
			o->sum_extent += x;
			o->max_extent = x > o->max_extent ? x : o->max_extent;
			if (next[f] - seq > o->max_distance)
				o->max_distance = next[f] - seq;
		} else {
			next[f] = seq + 1;
		}
	}
	for (i = 0; i < n_flows; i++) {
		uint64_t holes = next[i] - unique[i];

		o->lost_high += sent[i] - unique[i];
		o->lost_low += sent[i] - unique[i] - (late[i] < holes ? late[i] : holes);
	}
}

/* Lose, double and delay at random (per mille; delays up to far), keep the result. */
static unsigned disturb(struct arrival *a, unsigned n_flows, unsigned n, unsigned loss,
			unsigned dup, unsigned delay, unsigned far, uint64_t seed)
{
	static uint64_t key[2 * FRAMES_MAX];
	unsigned out = 0, i, j;
	uint64_t x = seed;

#define CHANCE(per_mille) ((x = gen_frame_mix(x)) % 1000 < (per_mille))
	for (i = 0; i < n; i++)
		for (int copy = 0; copy < 2; copy++) {
			if (copy ? !CHANCE(dup) : CHANCE(loss))
				continue;
			key[out] = (uint64_t)i << 20;
			if (CHANCE(delay))
				key[out] += (1 + (x = gen_frame_mix(x)) % far) << 20;
			key[out] |= out;
			a[out++] = (struct arrival){i % n_flows, i / n_flows};
		}
#undef CHANCE
	for (i = 1; i < out; i++) /* insertion sort by time of arrival: nearly sorted */
		for (j = i; j > 0 && key[j - 1] > key[j]; j--) {
			uint64_t k = key[j];
			struct arrival t = a[j];

			key[j] = key[j - 1];
			key[j - 1] = k;
			a[j] = a[j - 1];
			a[j - 1] = t;
		}
	return out;
}

static void compare(const struct gen_check *c, const struct sums *o, uint64_t sent)
{
	const struct gen_check_counts *n = gen_check_counts_of(c);
	struct gen_check_lost lost = gen_check_lost_of(c, sent);

	assert_int_equal(n->unique, o->unique);
	assert_int_equal(n->duplicates, o->duplicates);
	assert_int_equal(n->reordered, o->reordered);
	assert_int_equal(n->late, o->late);
	assert_int_equal(n->units, o->unique + o->duplicates + o->late);
	assert_int_equal(n->max_distance, o->max_distance);
	assert_int_equal(n->sum_extent, o->sum_extent);
	assert_int_equal(n->max_extent, o->max_extent);
	assert_int_equal(lost.low, o->lost_low);
	assert_int_equal(lost.high, o->lost_high);
	assert_int_equal(n->corrupted + n->foreign + n->bad_csum + n->other_runs, 0);
}

static void one_round(uint64_t seed, unsigned far, uint32_t window, struct sums *o)
{
	static struct arrival a[2 * FRAMES_MAX];
	unsigned n_flows = 1 + seed % FLOWS_MAX, n = 1500, got;
	uint32_t sent[FLOWS_MAX];
	char words[40];
	struct gen_spec s;
	struct gen_check *c;

	snprintf(words, sizeof(words), "csum=none,flows=%u", n_flows);
	lab_spec(&s, words);
	c = open_check(&s, (struct gen_check_config){.window = window, .extents = true});
	for (unsigned i = 0; i < n_flows; i++)
		sent[i] = n / n_flows + (i < n % n_flows);
	got = disturb(a, n_flows, n, seed % 7 * 20, seed % 5 * 20, seed % 3 * 100, far,
		      seed);
	for (unsigned i = 0; i < got; i++)
		arrive(c, &s, a[i].flow, a[i].seq);
	ask_oracle(a, got, window, sent, n_flows, o);
	compare(c, o, n);
	for (unsigned i = 0; i < n_flows; i++) {
		struct gen_check_flow f = gen_check_flow_of(c, i, sent[i]);

		o->lost_high -= f.lost.high;
		o->reordered -= f.reordered;
		o->duplicates -= f.duplicates;
		o->unique -= f.unique;
	}
	assert_int_equal(o->lost_high | o->reordered | o->duplicates | o->unique, 0);
	gen_check_fini(c);
}

static void what_is_done_at_random_is_found_exactly(void **state)
{
	struct sums o;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		one_round(seed, 60, 64, &o);
		assert_int_equal(o.late, 0); /* within the window nothing is guessed */
	}
}

static void what_leaves_the_window_is_late(void **state)
{
	struct sums o;
	uint64_t late = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		one_round(seed, 900, 64, &o);
		late += o.late;
	}
	assert_true(late > 100);
}

static void the_edges_of_the_window(void **state)
{
	static const uint32_t windows[] = {64, 128, 4096};
	struct gen_spec s;

	(void)state;
	lab_spec(&s, "");
	for (int k = 0; k < 3; k++) {
		uint32_t w = windows[k];
		struct gen_check *c =
			open_check(&s, (struct gen_check_config){.window = w});

		assert_int_equal(arrive(c, &s, 0, 0), GEN_CHECK_IN_ORDER);
		assert_int_equal(arrive(c, &s, 0, w + 1), GEN_CHECK_IN_ORDER);
		/* next is w + 2: 2 .. w + 1 are in the window */
		assert_int_equal(arrive(c, &s, 0, 1), GEN_CHECK_LATE);
		assert_int_equal(arrive(c, &s, 0, 0), GEN_CHECK_LATE);
		assert_int_equal(arrive(c, &s, 0, 2), GEN_CHECK_REORDERED);
		assert_int_equal(arrive(c, &s, 0, 2), GEN_CHECK_DUPLICATE);
		assert_int_equal(arrive(c, &s, 0, w), GEN_CHECK_REORDERED);
		assert_int_equal(arrive(c, &s, 0, w + 1), GEN_CHECK_DUPLICATE);
		assert_int_equal(gen_check_counts_of(c)->max_distance, w);
		/* one more: 2 falls out, and its bit is w + 2's */
		assert_int_equal(arrive(c, &s, 0, w + 2), GEN_CHECK_IN_ORDER);
		assert_int_equal(arrive(c, &s, 0, 2), GEN_CHECK_LATE);
		assert_int_equal(arrive(c, &s, 0, 3), GEN_CHECK_REORDERED);
		/* jumps of the window, one less, one more, and far */
		assert_int_equal(arrive(c, &s, 0, 2 * w + 2), GEN_CHECK_IN_ORDER);
		assert_int_equal(arrive(c, &s, 0, w + 3), GEN_CHECK_REORDERED);
		assert_int_equal(arrive(c, &s, 0, 3 * w + 1), GEN_CHECK_IN_ORDER);
		assert_int_equal(arrive(c, &s, 0, 2 * w + 2), GEN_CHECK_DUPLICATE);
		assert_int_equal(arrive(c, &s, 0, 4 * w + 2), GEN_CHECK_IN_ORDER);
		assert_int_equal(arrive(c, &s, 0, 3 * w + 3), GEN_CHECK_REORDERED);
		assert_int_equal(arrive(c, &s, 0, 3 * w + 2), GEN_CHECK_LATE);
		assert_int_equal(arrive(c, &s, 0, 1000000), GEN_CHECK_IN_ORDER);
		assert_int_equal(arrive(c, &s, 0, 1000000 - w), GEN_CHECK_LATE);
		assert_int_equal(arrive(c, &s, 0, 1000001 - w), GEN_CHECK_REORDERED);
		gen_check_fini(c);
	}
}

/* RFC 4737, 4.2.1: i - j, where j is the first arrival with a higher number. */
static void extents_behind_a_jump(void **state)
{
	static const uint32_t jumps[] = {64, 65, 1000};
	struct gen_spec s;

	(void)state;
	lab_spec(&s, "");
	for (int k = 0; k < 3; k++) {
		struct gen_check *c = open_check(
			&s, (struct gen_check_config){.window = 64, .extents = true});
		const struct gen_check_counts *n = gen_check_counts_of(c);
		uint32_t seq = 100 + jumps[k];

		for (uint32_t i = 0; i <= 100; i++)
			arrive(c, &s, 0, i);
		arrive(c, &s, 0, seq); /* arrival 101; the window's oldest is seq - 63 */
		assert_int_equal(arrive(c, &s, 0, seq - 63), GEN_CHECK_REORDERED);
		assert_int_equal(n->max_extent, 1);
		arrive(c, &s, 0, seq + 1);
		assert_int_equal(arrive(c, &s, 0, seq - 1), GEN_CHECK_REORDERED);
		assert_int_equal(n->max_extent, 3);
		assert_int_equal(n->sum_extent, 4);
		gen_check_fini(c);
	}
}

/* The mark has 32 bits of the number; the checker goes on beyond. */
static void numbers_wrap(void **state)
{
	struct gen_spec s;
	struct gen_check *c;

	(void)state;
	lab_spec(&s, "");
	c = open_check(&s, (struct gen_check_config){0});
	assert_int_equal(arrive(c, &s, 0, 0xc0000000), GEN_CHECK_IN_ORDER);
	assert_int_equal(arrive(c, &s, 0, 0xffffffff), GEN_CHECK_IN_ORDER);
	assert_int_equal(arrive(c, &s, 0, 1), GEN_CHECK_IN_ORDER);
	assert_int_equal(arrive(c, &s, 0, 0), GEN_CHECK_REORDERED);
	assert_int_equal(arrive(c, &s, 0, 0xfffffffe), GEN_CHECK_REORDERED);
	assert_int_equal(arrive(c, &s, 0, 0xffffffff), GEN_CHECK_DUPLICATE);
	assert_int_equal(arrive(c, &s, 0, 0x70000000), GEN_CHECK_IN_ORDER);
	assert_int_equal(gen_check_flow_of(c, 0, 0).next, 0x170000001);
	assert_int_equal(gen_check_lost_of(c, 0).high, 0x170000001 - 6);
	assert_int_equal(gen_check_lost_of(c, 0x170000003).low, 0x170000003 - 6);
	gen_check_fini(c);
}

static void latency_is_of_the_first_arrival(void **state)
{
	static struct hist h;
	struct gen_spec s;
	struct gen_check *c;

	(void)state;
	hist_init(&h);
	lab_spec(&s, "flows=2");
	c = open_check(&s, (struct gen_check_config){.latency = &h});
	forge(&s, 0, 0, 0xffffffffff00);
	gen_check_frame(c, buf, 60, 0x1000000000200); /* the clock passed 48 bits */
	gen_check_frame(c, buf, 60, 0x1000000000900);
	forge(&s, 1, 5, 1000);
	gen_check_frame(c, buf, 60, 3000);
	forge(&s, 1, 4, 1000);
	gen_check_frame(c, buf, 60, 3000000000000);
	forge(&s, 1, 6, 1000);
	gen_check_frame(c, buf, 60, 999);
	assert_int_equal(hist_count(&h), 3);
	assert_int_equal(hist_min(&h), 0x300);
	assert_int_equal(hist_max(&h), 2999999999000);
	assert_int_equal(gen_check_counts_of(c)->negative, 1);
	gen_check_fini(c);
}

static void windows_that_cannot_be(void **state)
{
	static const uint32_t bad[] = {1, 32, 63, 65, 100, 1 << 21, 0xffffffff};
	struct gen_check *c;
	struct gen_spec s;
	struct err e;

	(void)state;
	lab_spec(&s, "");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct gen_check_config cf = {.spec = &s, .window = bad[i]};

		assert_int_equal(gen_check_init(&c, &cf, &e), -EINVAL);
		assert_non_null(strstr(e.text, "power of 2"));
		assert_null(c);
	}
	lab_spec(&s, "pcap=x");
	assert_int_equal(gen_check_init(&c, &(struct gen_check_config){.spec = &s}, &e),
			 -EINVAL);
	gen_check_fini(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_frames_are_gen_s),
		cmocka_unit_test(what_is_done_at_random_is_found_exactly),
		cmocka_unit_test(what_leaves_the_window_is_late),
		cmocka_unit_test(the_edges_of_the_window),
		cmocka_unit_test(extents_behind_a_jump),
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(latency_is_of_the_first_arrival),
		cmocka_unit_test(windows_that_cannot_be),
	};

	return cmocka_run_group_tests_name("gen_check", tests, NULL, NULL);
}
