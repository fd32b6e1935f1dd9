/* SPDX-License-Identifier: BSD-2-Clause */
/* hist: against sorted arrays of random values, at its edges, and what it writes. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/stats/hist.h"
#include "tests/unit/frame_make.h"

enum { N_MAX = 5000 };

static struct hist h, h2;
static uint64_t values[N_MAX];

/* What the bin of v ends with, told from the first 11 bits of v. */
static uint64_t last_equal(uint64_t v)
{
	unsigned bits = 0;

	if (v > HIST_TOP)
		v = HIST_TOP;
	while (bits < 64 && v >> bits)
		bits++;
	return bits <= 11 ? v : v | ((UINT64_C(1) << (bits - 11)) - 1);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* One value of a kind of distribution. */
static uint64_t draw(uint64_t *seed, unsigned kind)
{
	uint64_t r = make_random(seed);

	switch (kind) {
	case 0: /* each magnitude as likely */
		return r >> (make_below(seed, 63) + 1);
	case 1: /* a narrow band */
		return 20000 + r % 3000;
	case 2: /* two humps, far apart */
		return make_below(seed, 100) ? 5000 + r % 500 : 9000000 + r % 1000000;
	case 3: /* one value */
		return 123456;
	case 4: /* around the borders of the bins */
		return (UINT64_C(1) << make_below(seed, 44)) + make_below(seed, 3) - 1;
	default: /* long tail */
		return (uint64_t)(-30000.0 *
				  log(((double)(r >> 11) + 1.0) / 9007199254740993.0));
	}
}

static unsigned fill(uint64_t *seed, struct hist *into)
{
	unsigned n = 1 + make_below(seed, make_below(seed, 2) ? N_MAX : 20);
	unsigned kind = make_below(seed, 6);

	hist_init(into);
	for (unsigned i = 0; i < n; i++) {
		values[i] = draw(seed, kind);
		hist_add(into, values[i]);
	}
	qsort(values, n, sizeof(values[0]), by_size);
	return n;
}

/* millionths of a per cent, so that the rank is told by integers alone */
static void check_percent(unsigned n, uint64_t millionths)
{
	uint64_t rank = (millionths * n + 99999999) / 100000000;
	uint64_t want = last_equal(values[rank ? rank - 1 : 0]);
	uint64_t got = hist_percentile(&h, (double)millionths / 1e6);

	if (got != want)
		fail_msg("%llu of %u: %llu, not %llu", (unsigned long long)millionths, n,
			 (unsigned long long)got, (unsigned long long)want);
}

static void test_percentiles_as_sorted(void **state)
{
	static const uint64_t usual[] = {0,	   1,	     25000000, 50000000,
					 90000000, 99000000, 99900000, 99990000,
					 99999000, 99999900, 99999999, 100000000};
	uint64_t seed = 11;

	(void)state;
	for (int round = 0; round < 300; round++) {
		unsigned n = fill(&seed, &h);

		assert_int_equal(hist_count(&h), n);
		for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
			check_percent(n, usual[i]);
		for (int i = 0; i < 20; i++)
			check_percent(n, make_random(&seed) % 100000001);
	}
}

/* 99.9 has no exact double, and 999 of 1000 are still 99.9 per cent. */
static void test_percentile_on_a_rank(void **state)
{
	static const unsigned sizes[] = {1000, 2000, 1250, 800, 625, 100, 64, 10, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned n = sizes[i];

		hist_init(&h);
		for (unsigned v = 0; v < n; v++)
			hist_add(&h, values[v] = v);
		for (unsigned k = 1; k <= n; k++)
			check_percent(n, 100000000 / n * k);
	}
}

static void test_three_digits(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint64_t v = draw(&seed, i % 2 ? 0 : 4) & HIST_TOP, got;

		hist_init(&h);
		hist_add(&h, v);
		got = hist_percentile(&h, 50);
		assert_true(got >= v);
		assert_true(got - v <= v / 1000);
		assert_int_equal(hist_min(&h), v);
		assert_int_equal(hist_max(&h), v);
		assert_true(fabs(hist_mean(&h) - (double)v) <= (double)v / 1000);
		assert_true(hist_stddev(&h) == 0.0);
	}
}

static void test_merge_is_adding(void **state)
{
	static struct hist all;
	uint64_t seed = 77;

	(void)state;
	for (int round = 0; round < 30; round++) {
		unsigned n = fill(&seed, &h);

		all = h;
		n = fill(&seed, &h2);
		for (unsigned i = 0; i < n; i++)
			hist_add(&all, values[i]);
		hist_merge(&h, &h2);
		assert_memory_equal(&h, &all, sizeof(h));
		hist_init(&h2); /* an empty one changes nothing, in either place */
		hist_merge(&h, &h2);
		assert_memory_equal(&h, &all, sizeof(h));
		hist_merge(&h2, &all);
		assert_memory_equal(&h2, &all, sizeof(h));
	}
}

static void test_mean_and_deviation(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 60; round++) {
		unsigned n = fill(&seed, &h);
		double sum = 0, off = 0, mean;

		for (unsigned i = 0; i < n; i++)
			sum += (double)(values[i] > HIST_TOP ? HIST_TOP : values[i]);
		mean = sum / n;
		for (unsigned i = 0; i < n; i++)
			off += pow((double)(values[i] > HIST_TOP ? HIST_TOP : values[i]) -
					   mean,
				   2);
		assert_true(fabs(hist_mean(&h) - mean) <= mean / 1000);
		/* the bins move a value by a thousandth at most, and so the deviation */
		assert_true(fabs(hist_stddev(&h) - sqrt(off / n)) <=
			    (sqrt(off / n) + mean) / 1000);
	}
}

static void test_edges(void **state)
{
	(void)state;
	hist_init(&h);
	assert_int_equal(hist_count(&h), 0);
	assert_int_equal(hist_min(&h), 0);
	assert_int_equal(hist_max(&h), 0);
	assert_int_equal(hist_percentile(&h, 99), 0);
	assert_true(hist_mean(&h) == 0.0 && hist_stddev(&h) == 0.0);
	hist_add_n(&h, 7, 0);
	assert_int_equal(hist_count(&h), 0);
	assert_int_equal(hist_min(&h), 0);

	hist_add(&h, 0);
	hist_add_n(&h, 2047, 3);
	assert_int_equal(hist_percentile(&h, 25), 0);
	assert_int_equal(hist_percentile(&h, 25.0001), 2047);
	assert_int_equal(hist_percentile(&h, -5), 0);
	assert_int_equal(hist_percentile(&h, NAN), 0);
	assert_int_equal(hist_percentile(&h, INFINITY), 2047);
	assert_int_equal(hist_percentile(&h, 1e9), 2047);

	hist_add(&h, HIST_TOP);
	assert_int_equal(h.n_clipped, 0);
	hist_add_n(&h, HIST_TOP + 1, 2);
	hist_add(&h, UINT64_MAX);
	assert_int_equal(h.n_clipped, 3);
	assert_int_equal(hist_count(&h), 8);
	assert_int_equal(hist_max(&h), HIST_TOP);
	assert_int_equal(hist_percentile(&h, 100), HIST_TOP);
}

static char *hgrm(const struct hist *of, double unit)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_int_equal(hist_write_hgrm(of, f, unit), 0);
	fclose(f);
	return text;
}

static void test_hgrm_text(void **state)
{
	char *text;

	(void)state;
	hist_init(&h);
	hist_add_n(&h, 1000, 3);
	hist_add(&h, 2000);
	text = hgrm(&h, 1000);
	assert_string_equal(text,
			    "       Value     Percentile TotalCount 1/(1-Percentile)\n"
			    "\n"
			    "       1.000 0.000000000000          3           1.00\n"
			    "       1.000 0.100000000000          3           1.11\n"
			    "       1.000 0.200000000000          3           1.25\n"
			    "       1.000 0.300000000000          3           1.43\n"
			    "       1.000 0.400000000000          3           1.67\n"
			    "       1.000 0.500000000000          3           2.00\n"
			    "       1.000 0.550000000000          3           2.22\n"
			    "       1.000 0.600000000000          3           2.50\n"
			    "       1.000 0.650000000000          3           2.86\n"
			    "       1.000 0.700000000000          3           3.33\n"
			    "       1.000 0.750000000000          3           4.00\n"
			    "       2.000 0.775000000000          4           4.44\n"
			    "       2.000 1.000000000000          4\n"
			    "#[Mean    =        1.250, StdDeviation   =        0.433]\n"
			    "#[Max     =        2.000, Total count    =            4]\n"
			    "#[Buckets =           32, SubBuckets     =         2048]\n");
	free(text);
	hist_init(&h);
	text = hgrm(&h, 1);
	assert_non_null(strstr(text, "1/(1-Percentile)\n\n#[Mean"));
	free(text);
}

/* Each row says what hist_percentile says, and they climb to the whole. */
static void check_rows(const char *text, uint64_t n)
{
	double value, level, last = -1, inverse = 0;
	unsigned long long total = 0;
	const char *line = strstr(text, "\n\n") + 2;
	int rows = 0;

	for (; *line != '#'; line = strchr(line, '\n') + 1, rows++) {
		int got = sscanf(line, "%lf %lf %llu %lf", &value, &level, &total,
				 &inverse);

		assert_true(level > last);
		last = level;
		assert_true(got >= 3 && level <= 1.0);
		/* printed to 12 places: within what rounding does to the rank */
		assert_true(value <= (double)hist_percentile(&h, level * 100 + 1e-9));
		assert_true(value >= (double)hist_percentile(&h, level * 100 - 1e-9));
		if (level < 1.0)
			assert_true(fabs(inverse * (1.0 - level) - 1.0) < 0.01);
	}
	assert_true(level == 1.0);
	assert_int_equal(total, n);
	assert_true(rows >= 2 && rows < 400);
}

static void test_hgrm_rows(void **state)
{
	uint64_t seed = 42;

	(void)state;
	for (int round = 0; round < 40; round++) {
		unsigned n = fill(&seed, &h);
		char *text = hgrm(&h, 1);

		check_rows(text, n);
		free(text);
	}
	/* more than a double can count one by one: it still ends */
	hist_init(&h);
	hist_add_n(&h, 10, UINT64_C(1) << 60);
	hist_add(&h, 5000);
	free(hgrm(&h, 1));
}

static void test_hgrm_refuses(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	hist_init(&h);
	hist_add(&h, 3);
	assert_non_null(full);
	assert_int_equal(hist_write_hgrm(&h, full, 0), -EINVAL);
	assert_int_equal(hist_write_hgrm(&h, full, -1), -EINVAL);
	assert_int_equal(hist_write_hgrm(&h, full, NAN), -EINVAL);
	assert_int_equal(hist_write_hgrm(&h, full, INFINITY), -EINVAL);
	assert_int_equal(hist_write_hgrm(&h, full, 1), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles_as_sorted),
		cmocka_unit_test(test_percentile_on_a_rank),
		cmocka_unit_test(test_three_digits),
		cmocka_unit_test(test_merge_is_adding),
		cmocka_unit_test(test_mean_and_deviation),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_hgrm_text),
		cmocka_unit_test(test_hgrm_rows),
		cmocka_unit_test(test_hgrm_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
