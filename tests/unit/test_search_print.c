/* SPDX-License-Identifier: BSD-2-Clause */
/* search_print: what a person and a program read of each kind of search. */
#include "bench/search/search_print.h"
#include "tests/unit/search_device.h"

static struct search_throughput ts;
static struct search_throughput_result t;
static struct search_mlr ms;
static struct search_mlr_result m;
static struct search_loss ls;
static struct search_loss_result l;
static struct search_burst bs;
static struct search_burst_result b;
static struct search_blocked ks;
static struct search_blocked_result k;
static struct search_soak os;
static struct search_soak_result o;

static int burst_1000(void *arg, uint64_t frames, struct search_trial *out, struct err *e)
{
	(void)arg;
	(void)e;
	out->offered = frames;
	out->received = frames < 1000 ? frames : 1000;
	return 0;
}

/* Every search, of a device that does 1.5 million a second, by a sender of 1.9. */
static int run_all(void **state)
{
	struct device d = {.capacity = 1.5e6, .sender_max = 1.9e6, .seed = 1};
	struct device e_d = {.capacity = 1e6, .event_seconds = 0.5, .seed = 1};
	struct err e;

	(void)state;
	search_throughput_defaults(&ts);
	search_mlr_defaults(&ms);
	search_loss_defaults(&ls);
	ls.range.max_pps = 2e6;
	search_burst_defaults(&bs);
	bs.throughput_pps = bs.max_pps / 2;
	search_blocked_defaults(&ks);
	search_soak_defaults(&os);
	os.intervals = 10;
	return search_throughput(&ts, device_measure, &d, &t, &e) ||
	       search_mlr(&ms, device_measure, &d, &m, &e) ||
	       search_loss(&ls, device_measure, &d, &l, &e) ||
	       search_burst(&bs, burst_1000, NULL, &b, &e) ||
	       search_blocked(&ks, device_measure, device_measure_event, &e_d, &k, &e) ||
	       search_soak(&os, device_measure, &d, &o, &e);
}

static int free_all(void **state)
{
	(void)state;
	search_throughput_fini(&t);
	search_mlr_fini(&m);
	search_loss_fini(&l);
	search_burst_fini(&b);
	search_blocked_fini(&k);
	search_soak_fini(&o);
	return 0;
}

static char *text;
static size_t text_len;

static FILE *begin(void)
{
	FILE *f = open_memstream(&text, &text_len);

	assert_non_null(f);
	return f;
}

static void has(FILE *f, const char *const *words)
{
	fclose(f);
	for (; *words; words++)
		if (!strstr(text, *words))
			fail_msg("no '%s' in\n%s", *words, text);
	free(text);
}

#define HAS(f, ...) has(f, (const char *const[]){__VA_ARGS__, NULL})

static void test_text(void **state)
{
	char pps[32];
	FILE *f;

	(void)state;
	snprintf(pps, sizeof(pps), "%.0f", t.pps);
	search_print_throughput(f = begin(), &t);
	HAS(f, "RFC 2544 26.1", "frames/s", ": found\n", pps, "disturbed");
	search_print_mlr(f = begin(), &ms, &m);
	HAS(f, "RFC 9971", "NDR      0.000%", "PDR      0.500%", "found");
	search_print_loss(f = begin(), &l);
	HAS(f, "two rates in a row", "  100.0%        2000000          -\n",
	    "   90.0%        1800000   16.6667%\n", "0.0000%");
	search_print_burst(f = begin(), &b);
	HAS(f, "1000.0 frames (min 1000, max 1000, deviation 0.0; 50 searches)",
	    "0.001000 s", "0.000500 s");
	search_print_blocked(f = begin(), &k);
	HAS(f, "3 events", "0.500000 s", "0.000000 s");
	search_print_soak(f = begin(), &o);
	HAS(f, "10 good intervals, 0 of them with loss", "not proven");
}

static void test_text_irregular(void **state)
{
	const struct search_throughput_result none = {.end = SEARCH_END_min};
	const struct search_blocked_result unknown = {
		.min = NAN, .median = NAN, .max = NAN, .quiet_seconds = NAN};
	const struct search_burst_result no_burst = {.end = SEARCH_END_undefined,
						     .corrected_seconds = NAN};
	const struct search_soak_result no_soak = {0};
	FILE *f;

	(void)state;
	search_print_throughput(f = begin(), &none);
	HAS(f, "failed at the lowest load (irregular)",
	    "throughput                          -", "0 trials, 0 s\n");
	search_print_blocked(f = begin(), &unknown);
	HAS(f, "0 events", "median                              -");
	search_print_burst(f = begin(), &no_burst);
	HAS(f, "not ended", "implied buffer time                 -");
	search_print_soak(f = begin(), &no_soak);
	HAS(f, "soak, 0 good intervals");
	for (int end = 0; end <= SEARCH_END_undefined + 1; end++)
		assert_true(strlen(search_end_text((enum search_end)end)) > 3);
}

static json_t *one(unsigned kind)
{
	switch (kind) {
	case 0:
		return search_print_json_throughput(&t);
	case 1:
		return search_print_json_mlr(&ms, &m);
	case 2:
		return search_print_json_loss(&l);
	case 3:
		return search_print_json_burst(&b);
	case 4:
		return search_print_json_blocked(&k);
	default:
		return search_print_json_soak(&o);
	}
}

static void test_json(void **state)
{
	const struct search_log *const log[] = {&t.log, &m.log, &l.log,
						&b.log, &k.log, &o.log};
	const char *const name[] = {"throughput", "mlr",     "loss",
				    "burst",	  "blocked", "soak"};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		json_t *v = one(i), *trials = json_object_get(v, "trials");

		assert_string_equal(json_string_value(json_object_get(v, "search")),
				    name[i]);
		assert_int_equal(json_array_size(trials), log[i]->n);
		assert_int_equal(json_integer_value(json_object_get(v, "bad_trials")),
				 log[i]->n_bad);
		for (unsigned n = 0; n < log[i]->n; n++) {
			json_t *at = json_array_get(trials, n);

			assert_int_equal(
				json_integer_value(json_object_get(at, "offered")),
				log[i]->trial[n].offered);
			assert_true(json_is_true(json_object_get(at, "bad")) ==
				    log[i]->trial[n].is_bad);
		}
		json_decref(v);
	}
}

static void test_json_figures(void **state)
{
	json_t *v = one(1), *goal;

	(void)state;
	goal = json_array_get(json_object_get(v, "goals"), 1);
	assert_string_equal(json_string_value(json_object_get(goal, "goal")), "PDR");
	assert_true(json_real_value(json_object_get(goal, "lower_pps")) ==
		    m.goal[1].lower_pps);
	assert_true(json_is_true(json_object_get(goal, "regular")));
	json_decref(v);
	v = one(2);
	goal = json_array_get(json_object_get(v, "rows"),
			      0); /* the sender was too slow */
	assert_true(json_is_null(json_object_get(goal, "loss_ratio")));
	json_decref(v);
	v = one(3);
	assert_true(fabs(json_real_value(json_object_get(v, "corrected_seconds")) -
			 0.0005) < 1e-12);
	json_decref(v);
}

static unsigned allocations_left;

static void *scarce(size_t n)
{
	return allocations_left && allocations_left-- ? malloc(n) : NULL;
}

/* Whichever allocation fails: no crash, and (told by the sanitizer) no leak. */
static void test_json_short_of_memory(void **state)
{
	(void)state;
	json_set_alloc_funcs(scarce, free);
	for (unsigned kind = 0; kind < 6; kind++) {
		json_t *v = NULL;

		for (unsigned n = 0; !v; n += n < 60 ? 1 : 97) {
			allocations_left = n;
			v = one(kind);
			assert_true(n < 100000);
		}
		json_decref(v);
	}
	json_set_alloc_funcs(malloc, free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_irregular),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_figures),
		cmocka_unit_test(test_json_short_of_memory),
	};

	return cmocka_run_group_tests(tests, run_all, free_all);
}
