/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/report/cells: tables for terminals, Markdown and CSV; figures without exponents.
 */
#include "tests/unit/frame_make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/cells.h"

typedef void print_cells(const struct cells *c, FILE *f);

static void print_text(const struct cells *c, FILE *f)
{
	cells_print_text(c, f, 2);
}

/* What a table of these texts is printed as. */
static void expect(print_cells *print, unsigned columns, const char *const *texts,
		   const char *wanted)
{
	struct cells c;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cells_init(&c, columns);
	for (; *texts; texts++)
		cells_add(&c, "%s", *texts);
	print(&c, f);
	fclose(f);
	assert_string_equal(text, wanted);
	free(text);
	cells_fini(&c);
	cells_fini(&c);
}

static void test_text(void **state)
{
	static const char *const t[] = {"",	 "kpps", "x a", "",	"rwloop",
					"400",	 "",	 "",	"µ",	"12",
					"1.5 ~", "loss", "not", "full", NULL};

	(void)state;
	expect(print_text, 4, t,
	       "          kpps    x a\n"
	       "  rwloop   400\n"
	       "  µ         12  1.5 ~  loss\n"
	       "  not     full\n");
}

static void test_markdown(void **state)
{
	static const char *const t[] = {"a", "b", "c", "x|y", "<b>&", "1_2*3`4[5]\\~\n6",
					NULL};

	(void)state;
	expect(cells_print_markdown, 3, t,
	       "| a | b | c |\n|---|---:|---|\n"
	       "| x\\|y | &lt;b>&amp; | 1\\_2\\*3\\`4\\[5\\]\\\\\\~ 6 |\n");
}

/* RFC 4180: quotes around what holds a comma, a quote or an end of line */
static void test_csv(void **state)
{
	static const char *const t[] = {"plain",      "with blank",	 "a,b",
					"say \"no\"", "l1\nl2",		 "cr\r",
					"",	      " led by a blank", NULL};

	(void)state;
	expect(cells_print_csv, 4, t,
	       "plain,with blank,\"a,b\",\"say \"\"no\"\"\"\n"
	       "\"l1\nl2\",\"cr\r\",,\" led by a blank\"\n");
}

static void test_empty(void **state)
{
	static const char *const t[] = {NULL};

	(void)state;
	expect(print_text, 3, t, "");
	expect(cells_print_markdown, 3, t, "");
	expect(cells_print_csv, 3, t, "");
}

static void test_numbers(void **state)
{
	static const struct {
		double v;
		const char *text;
	} t[] = {
		{0, "0"},	  {14.6312, "14.63"},	{698.24, "698.2"},
		{1234.6, "1235"}, {123456.7, "123457"}, {0.016123, "0.01612"},
		{2, "2"},	  {0.5, "0.5"},		{-3.14159, "-3.142"},
		{1e-12, "0"},	  {9999.6, "10000"},	{NAN, "-"},
		{INFINITY, "-"},  {100, "100"},		{1.5e16, "1.5e+16"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_string_equal(cells_number(t[i].v).text, t[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_csv),	cmocka_unit_test(test_empty),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
