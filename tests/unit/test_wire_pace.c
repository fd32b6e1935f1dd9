/* SPDX-License-Identifier: BSD-2-Clause */
/* wire_pace: rates read from words, and frames due exactly as often as wished. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/wire/wire.h"
#include "bench/wire/wire_pace.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) <= 1e-9 * fabs(b))

static void words_that_are_rates(void **state)
{
	static const struct {
		const char *text;
		enum wire_pace_kind kind;
		double value;
	} good[] = {
		{"max", WIRE_PACE_max, 0},
		{"recorded", WIRE_PACE_recorded, 0},
		{"1", WIRE_PACE_pps, 1},
		{"0.5pps", WIRE_PACE_pps, 0.5},
		{"50000", WIRE_PACE_pps, 50000},
		{"50kpps", WIRE_PACE_pps, 50000},
		{"1.488Mpps", WIRE_PACE_pps, 1488000},
		{"20k", WIRE_PACE_pps, 20000},
		{"2M", WIRE_PACE_pps, 2000000},
		{"1000pps", WIRE_PACE_pps, 1000},
		{"1Gbit", WIRE_PACE_line, 1e9},
		{"100Mbit/s", WIRE_PACE_line, 1e8},
		{"9600bit", WIRE_PACE_line, 9600},
		{"10%@10Gbit", WIRE_PACE_line, 1e9},
		{"0.5%@1Gbit", WIRE_PACE_line, 5e6},
		{"100%@25Gbit", WIRE_PACE_line, 25e9},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct wire_pace_rate r;
		struct err e = {0};

		if (wire_pace_parse(&r, good[i].text, &e))
			fail_msg("%s: %s", good[i].text, e.text);
		assert_int_equal(r.kind, good[i].kind);
		assert_true(fabs(r.value - good[i].value) <= 1e-9 * good[i].value);
	}
}

static void words_that_are_none(void **state)
{
	static const char *const bad[] = {
		"",	      "0",
		"-1",	      "+1",
		"fast",	      "1 kpps",
		"1kpps ",     "1Kpps",
		"nan",	      "inf",
		"0x10",	      "1e6",
		"1..5",	      "1.2.3k",
		"2Gpps",      "10%",
		"10%10Gbit",  "10%@",
		"10%@fast",   "10%@1Mpps",
		"101%@1Gbit", "0%@1Gbit",
		"1Gbit@10%",  "maximum",
		"0.0001",     "0bit",
		"99999Gbit",  "1000000000000000000000000000000000000",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wire_pace_rate r = {WIRE_PACE_pps, 7};
		struct err e = {0};

		if (wire_pace_parse(&r, bad[i], &e) != -22)
			fail_msg("'%s' was taken for a rate", bad[i]);
		assert_int_equal(e.exit_status, 64);
		assert_non_null(strstr(e.text, "--rate"));
		assert_int_equal(r.kind, WIRE_PACE_pps);
		assert_true(r.value == 7);
	}
}

/* 64-byte frames at 10 Gbit/s: 14.88 million per second, known to everybody. */
static void line_rates_count_what_the_wire_carries(void **state)
{
	struct wire_pace_rate r = {WIRE_PACE_line, 1e10};
	(void)state;

	assert_int_equal(llround(wire_pace_pps(&r, 60)), 14880952);
	assert_int_equal(llround(wire_pace_pps(&r, 1514)), 812744);
	r = (struct wire_pace_rate){WIRE_PACE_max, 0};
	assert_true(wire_pace_pps(&r, 60) == 0);
	r = (struct wire_pace_rate){WIRE_PACE_pps, 123};
	assert_true(wire_pace_pps(&r, 60) == 123);
}

static void up_to_50_kpps_one_at_a_time(void **state)
{
	static const struct {
		double pps;
		unsigned burst;
	} want[] = {{1, 1},    {50000, 1},  {50001, 2},	   {100000, 2},
		    {1e6, 20}, {3.2e6, 64}, {14.88e6, 64}, {0, WIRE_BATCH}};
	struct wire_pace p;
	(void)state;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		wire_pace_init(&p, want[i].pps, 0, 0);
		assert_int_equal(p.burst, want[i].burst);
	}
	wire_pace_init(&p, 1000, 33, 0);
	assert_int_equal(p.burst, 33);
}

/* A thousand seconds at an awkward rate: the last one is due to the nanosecond or two. */
static void no_rounding_adds_up(void **state)
{
	const double pps = 333333.3;
	const uint64_t start = 123456789;
	struct wire_pace p;
	uint64_t n = 0, before = 0;
	(void)state;

	wire_pace_init(&p, pps, 1, start);
	while (n < 333333300) {
		p.step += 999;
		n += 999;
		assert_true(wire_pace_due(&p) > before);
		before = wire_pace_due(&p);
		wire_pace_step(&p, before);
		n++;
	}
	assert_int_equal(p.slipped, 0);
	assert_true(fabs((double)(wire_pace_due(&p) - start) - (double)n * 1e9 / pps) <
		    300);
	assert_true(fabs((double)(wire_pace_due(&p) - start) / 1e9 - 1000) < 1e-2);
}

static void steps_are_even(void **state)
{
	struct wire_pace p;
	uint64_t last, due;
	(void)state;

	wire_pace_init(&p, 50000, 0, 1000);
	assert_int_equal(wire_pace_due(&p), 1000);
	last = 1000;
	for (unsigned i = 0; i < 100000; i++) {
		wire_pace_step(&p, last);
		due = wire_pace_due(&p);
		assert_int_equal(due - last, 20000);
		last = due;
	}
}

static void who_is_late_catches_up(void **state)
{
	struct wire_pace p;
	(void)state;

	wire_pace_init(&p, 1000, 1, 0);
	wire_pace_step(&p, 5000000); /* 5 ms late: the next is due when it was */
	assert_int_equal(wire_pace_due(&p), 1000000);
	assert_int_equal(p.late_max_ns, 5000000);
	assert_int_equal(p.slipped, 0);
}

static void who_is_very_late_begins_anew(void **state)
{
	const uint64_t late = 1000000 + WIRE_PACE_LATE_NS + 1;
	struct wire_pace p;
	(void)state;

	wire_pace_init(&p, 1000, 1, 0);
	wire_pace_step(&p, 0);
	wire_pace_step(&p, late);
	assert_int_equal(p.slipped, 1);
	assert_int_equal(wire_pace_due(&p), late + 1000000);
	assert_int_equal(p.late_max_ns, 0);
}

static void flat_out_is_always_due(void **state)
{
	struct wire_pace p;
	(void)state;

	wire_pace_init(&p, 0, 0, 777);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(wire_pace_due(&p), 0);
		wire_pace_step(&p, UINT64_MAX / 2);
	}
	assert_int_equal(p.slipped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_are_rates),
		cmocka_unit_test(words_that_are_none),
		cmocka_unit_test(line_rates_count_what_the_wire_carries),
		cmocka_unit_test(up_to_50_kpps_one_at_a_time),
		cmocka_unit_test(no_rounding_adds_up),
		cmocka_unit_test(steps_are_even),
		cmocka_unit_test(who_is_late_catches_up),
		cmocka_unit_test(who_is_very_late_begins_anew),
		cmocka_unit_test(flat_out_is_always_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
