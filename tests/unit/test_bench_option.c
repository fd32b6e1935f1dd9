/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of a sub-command: each kind, at and beyond its ends, in any order; the help. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <setjmp.h>

#include <cmocka.h>

#include "bench/cli/bench_option.h"

struct inner {
	double real;
	const char *text;
};

struct wish {
	bool flag, on;
	const char *text;
	uint64_t count;
	unsigned number, word, own;
	int cpu;
	struct inner inner;
};

static int take_own(void *to, const char *value, struct err *e)
{
	unsigned *own = to;

	*own += (unsigned)strlen(value);
	return *own > 9 ? err_usage(e, "--own: too long") : 0;
}

static const struct bench_option inner[] = {
	{"real", "X", "a fraction", BENCH_OPTION_IN(real, struct inner, real, 1e-6, 10)},
	{"inner-text", "T", "any", BENCH_OPTION_TO(text, struct inner, text)},
	{.name = NULL},
};

static const struct bench_option table[] = {
	{"flag", NULL, "a flag", BENCH_OPTION_TO(flag, struct wish, flag)},
	{"off", NULL, "on no more", BENCH_OPTION_TO(off, struct wish, on)},
	{"text", "T", "any", BENCH_OPTION_TO(text, struct wish, text)},
	{"count", "N", "many", BENCH_OPTION_IN(count, struct wish, count, 1, 1e18)},
	{"number", "N", "few", BENCH_OPTION_IN(number, struct wish, number, 0, 65535)},
	{"word", "one|two|three",
	 "a word out of three, and a text that is much too long for one line of help",
	 BENCH_OPTION_TO(word, struct wish, word)},
	{"cpu", "N", "a CPU", BENCH_OPTION_TO(cpu, struct wish, cpu)},
	{"own", "T", "its own", BENCH_OPTION_TO(own, struct wish, own), .take = take_own},
	{"", .kind = BENCH_OPTION_table, .at = offsetof(struct wish, inner),
	 .table = inner},
	{"a-name-as-long-as-this", "VALUE", "below", .kind = BENCH_OPTION_own,
	 .take = take_own},
	{.name = NULL},
};

static char line[512], *words[32];

/* The words of a line behind the name of a command, as a shell would split it. */
static int split(const char *text)
{
	int n = 0;

	snprintf(line, sizeof(line), "cmd %s", text);
	for (char *p = strtok(line, " "); p; p = strtok(NULL, " "))
		words[n++] = p;
	words[n] = NULL;
	return n;
}

static int parse(const char *text, struct wish *w, struct err *e)
{
	*w = (struct wish){.on = true, .cpu = -2};
	*e = (struct err){0};
	return bench_option_parse(table, split(text), words, w, e);
}

static void test_each_kind(void **state)
{
	struct wish w;
	struct err e;

	(void)state;
	assert_int_equal(parse("--flag --off --text a=b --count 1000000000000000000 "
			       "--number=65535 --word two --cpu 1023 --own abc --real "
			       "1e-6 --inner-text x",
			       &w, &e),
			 18);
	assert_true(w.flag && !w.on);
	assert_string_equal(w.text, "a=b");
	assert_int_equal(w.count, 1000000000000000000);
	assert_int_equal(w.number, 65535);
	assert_int_equal(w.word, 1);
	assert_int_equal(w.cpu, 1023);
	assert_int_equal(w.own, 3);
	assert_true(w.inner.real == 1e-6);
	assert_string_equal(w.inner.text, "x");
}

static void test_what_is_not_given_stays(void **state)
{
	struct wish w;
	struct err e;

	(void)state;
	assert_int_equal(parse("", &w, &e), 1);
	assert_true(w.on && !w.flag && !w.text && w.cpu == -2 && w.inner.real == 0);
}

static void test_words_and_options_in_any_order(void **state)
{
	struct wish w;
	struct err e;

	(void)state;
	assert_int_equal(parse("first --number 3 -- --flag", &w, &e), 4);
	assert_string_equal(words[4], "first");
	assert_string_equal(words[5], "--flag");
	assert_int_equal(w.number, 3);
	assert_false(w.flag);
	assert_int_equal(bench_option_words(6, words, 4, 2, "two words", &e), 0);
	assert_int_equal(bench_option_words(6, words, 4, 1, "one word", &e), -EINVAL);
	assert_string_equal(e.text, "cmd takes one word, not 2 words; see 'ringway-bench "
				    "help cmd'");
	assert_int_equal(parse("--own abc --own abc --word three --word one", &w, &e), 9);
	assert_int_equal(w.own, 6);
	assert_int_equal(w.word, 0);
	assert_int_equal(parse("--cpu free", &w, &e), 3);
	assert_int_equal(w.cpu, -1);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"--count 0", "--count 0: a whole number from 1 to 1000000000000000000 "
			      "is needed"},
		{"--count 1000000000000000001", "from 1 to"},
		{"--count 99999999999999999999999", "from 1 to"},
		{"--count -1", "from 1 to"},
		{"--count +1", "from 1 to"},
		{"--count 1e3", "from 1 to"},
		{"--count 0x10", "from 1 to"},
		{"--count=", "from 1 to"},
		{"--number 65536", "from 0 to 65535"},
		{"--number 4294967296", "from 0 to 65535"},
		{"--real 0", "--real 0: a number from 1e-06 to 10 is needed"},
		{"--real 10.1", "to 10"},
		{"--real nan", "to 10"},
		{"--real inf", "to 10"},
		{"--real -1", "to 10"},
		{"--real 1x", "to 10"},
		{"--real 1.2.3", "to 10"},
		{"--real 0x1", "to 10"},
		{"--real=", "to 10"},
		{"--word four", "--word four: it is one of one|two|three"},
		{"--word on", "one of"},
		{"--word one|two", "one of"},
		{"--word=", "one of"},
		{"--cpu 1024", "a CPU's number, or free, is needed"},
		{"--cpu -1", "a CPU's number"},
		{"--own abcdefghijk", "--own: too long"},
		{"--flag=1", "--flag takes no value; see 'ringway-bench help cmd'"},
		{"--text", "--text needs a value, T; see 'ringway-bench help cmd'"},
		{"--real", "--real needs a value, X"},
		{"--no-such", "'--no-such' is no option of cmd"},
		{"word --no-such=3 --flag", "'--no-such=3' is no option of cmd"},
		{"-x", "'-x' is no option of cmd"},
		{"word -xyz", "'-x' is no option of cmd"},
		{"--", NULL},
	};
	struct wish w;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int rc = parse(bad[i].text, &w, &e);

		if (!bad[i].says) {
			assert_int_equal(rc, 2);
			continue;
		}
		if (rc != -EINVAL || !strstr(e.text, bad[i].says))
			fail_msg("%s: %d %s", bad[i].text, rc, e.text);
		assert_int_equal(e.exit_status, EX_USAGE);
	}
}

static void test_help(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	bench_option_help(table, f);
	fclose(f);
	assert_non_null(strstr(text, "  --flag               a flag\n"));
	assert_non_null(strstr(text, "  --real X             a fraction\n"));
	assert_non_null(strstr(text, "\n  --a-name-as-long-as-this VALUE\n"
				     "                       below\n"));
	assert_null(strstr(text, " \n"));
	for (char *p = strtok(text, "\n"); p; p = strtok(NULL, "\n"))
		assert_in_range(strlen(p), 1, 80);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind),
		cmocka_unit_test(test_what_is_not_given_stays),
		cmocka_unit_test(test_words_and_options_in_any_order),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
