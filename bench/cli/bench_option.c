/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_option: the options of a sub-command: one table that parses and explains itself.
 */
#include "bench/cli/bench_option.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "io/port/value.h"

enum { FIRST = 256, MAX_ROWS = 48, LEFT_LEN = 20, TEXT_LEN = 78, CPU_MAX = 1023 };

/* --- values --------------------------------------------------------------------- */

static int take_count(const struct bench_option *o, const char *value, uint64_t *n,
		      struct err *e)
{
	if (value_digits(value, strlen(value), (uint64_t)o->max, n) == 0 &&
	    *n >= (uint64_t)o->min)
		return 0;
	return err_usage(e, "--%s %s: a whole number from %.0f to %.0f is needed",
			 o->name, value_show(value).text, o->min, o->max);
}

static int take_real(const struct bench_option *o, const char *value, double *to,
		     struct err *e)
{
	char *end = NULL;
	double v = strspn(value, "0123456789.e-") == strlen(value) && *value != '-'
			   ? strtod(value, &end)
			   : NAN;

	if (!end || end == value || *end || !(v >= o->min && v <= o->max))
		return err_usage(e, "--%s %s: a number from %.10g to %.10g is needed",
				 o->name, value_show(value).text, o->min, o->max);
	*to = v;
	return 0;
}

/* Which of the words in o->arg. */
static int take_word(const struct bench_option *o, const char *value, unsigned *to,
		     struct err *e)
{
	const char *at = o->arg;
	size_t len = strlen(value), one;

	for (unsigned i = 0;; i++, at += one + 1) {
		one = strcspn(at, "|");
		if (one == len && !strncmp(at, value, len)) {
			*to = i;
			return 0;
		}
		if (!at[one])
			return err_usage(e, "--%s %s: it is one of %s", o->name,
					 value_show(value).text, o->arg);
	}
}

static int take_cpu(const struct bench_option *o, const char *value, int *to,
		    struct err *e)
{
	uint64_t n;

	if (value_digits(value, strlen(value), CPU_MAX, &n) == 0)
		*to = (int)n;
	else if (!strcmp(value, "free"))
		*to = -1;
	else
		return err_usage(e, "--%s %s: a CPU's number, or free, is needed",
				 o->name, value_show(value).text);
	return 0;
}

static int take(const struct bench_option *o, char *to, const char *value, struct err *e)
{
	uint64_t n = 0;
	int rc = 0;

	to += o->at;
	switch (o->kind) {
	case BENCH_OPTION_flag:
	case BENCH_OPTION_off:
		*(bool *)to = o->kind == BENCH_OPTION_flag;
		return 0;
	case BENCH_OPTION_text:
		*(const char **)to = value;
		return 0;
	case BENCH_OPTION_count:
		return take_count(o, value, (uint64_t *)to, e);
	case BENCH_OPTION_number:
		rc = take_count(o, value, &n, e);
		if (!rc)
			*(unsigned *)to = (unsigned)n;
		return rc;
	case BENCH_OPTION_real:
		return take_real(o, value, (double *)to, e);
	case BENCH_OPTION_word:
		return take_word(o, value, (unsigned *)to, e);
	case BENCH_OPTION_cpu:
		return take_cpu(o, value, (int *)to, e);
	default:
		return o->take(to, value, e);
	}
}

/* --- the walk ------------------------------------------------------------------- */

struct rows {
	const struct bench_option *row[MAX_ROWS];
	char *to[MAX_ROWS];
	struct option longs[MAX_ROWS + 1];
	int n;
};

static void collect(struct rows *r, const struct bench_option *table, char *to)
{
	for (; table->name; table++) {
		if (table->kind == BENCH_OPTION_table) {
			collect(r, table->table, to + table->at);
			continue;
		}
		if (r->n == MAX_ROWS)
			abort(); /* a table grew: so has MAX_ROWS to */
		r->row[r->n] = table;
		r->to[r->n] = to;
		r->longs[r->n] = (struct option){
			.name = table->name,
			.has_arg = table->arg ? required_argument : no_argument,
			.val = FIRST + r->n,
		};
		r->n++;
	}
}

static int refuse(const struct rows *r, int got, char **argv, struct err *e)
{
	const struct bench_option *o = optopt >= FIRST ? r->row[optopt - FIRST] : NULL;
	const char *command = argv[0];
	char letter[] = {'-', (char)optopt, '\0'};

	if (got == ':' && o)
		return err_usage(e, "--%s needs a value, %s; see 'ringway-bench help %s'",
				 o->name, o->arg, command);
	if (o)
		return err_usage(e, "--%s takes no value; see 'ringway-bench help %s'",
				 o->name, command);
	return err_usage(e, "'%s' is no option of %s; see 'ringway-bench help %s'",
			 optopt ? letter : value_show(argv[optind - 1]).text, command,
			 command);
}

int bench_option_parse(const struct bench_option *table, int argc, char **argv, void *to,
		       struct err *e)
{
	struct rows r = {.n = 0};
	int got, rc;

	collect(&r, table, to);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((got = getopt_long(argc, argv, ":", r.longs, NULL)) != -1) {
		if (got < FIRST)
			return refuse(&r, got, argv, e);
		rc = take(r.row[got - FIRST], r.to[got - FIRST], optarg, e);
		if (rc)
			return rc;
	}
	return optind;
}

int bench_option_words(int argc, char **argv, int first, int n, const char *what,
		       struct err *e)
{
	if (argc - first == n)
		return 0;
	return err_usage(e, "%s takes %s, not %d words; see 'ringway-bench help %s'",
			 argv[0], what, argc - first, argv[0]);
}

/* --- help ------------------------------------------------------------------------ */

/* Behind the left column, broken at blanks. */
static void print_wrapped(const char *text, FILE *f)
{
	const int room = TEXT_LEN - LEFT_LEN;

	while ((int)strlen(text) > room) {
		int len = room;

		while (len > 0 && text[len] != ' ')
			len--;
		if (!len)
			break;
		fprintf(f, "%.*s\n%*s", len, text, LEFT_LEN + 3, "");
		text += len + 1;
	}
	fprintf(f, "%s\n", text);
}

void bench_option_help(const struct bench_option *table, FILE *f)
{
	for (; table->name; table++) {
		char left[64];

		if (table->kind == BENCH_OPTION_table) {
			bench_option_help(table->table, f);
			continue;
		}
		snprintf(left, sizeof(left), "--%s%s%s", table->name,
			 table->arg ? " " : "", table->arg ? table->arg : "");
		if (strlen(left) > LEFT_LEN)
			fprintf(f, "  %s\n%*s", left, LEFT_LEN + 3, "");
		else
			fprintf(f, "  %-*s ", LEFT_LEN, left);
		print_wrapped(table->help, f);
	}
}
