/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_option: the options of a sub-command: one table that parses and explains itself.
 */
#include "bench/cli/bench_option.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#include "io/port/value.h"

enum { FIRST = 256 };

void bench_option_help(const struct bench_option *table, FILE *f)
{
	for (; table->name; table++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s%s%s", table->name,
			 table->arg ? " " : "", table->arg ? table->arg : "");
		fprintf(f, "  %-24s %s\n", left, table->help);
	}
}

static int refuse(const struct bench_option *row, int got, const char *command,
		  const char *word, struct err *e)
{
	if (got == ':' && row)
		return err_usage(e, "--%s needs a value, %s; see 'ringway-bench help %s'",
				 row->name, row->arg, command);
	if (row)
		return err_usage(e, "--%s takes no value; see 'ringway-bench help %s'",
				 row->name, command);
	return err_usage(e, "'%s' is no option of %s; see 'ringway-bench help %s'",
			 value_show(word).text, command, command);
}

int bench_option_parse(const struct bench_option *table, int argc, char **argv,
		       bench_option_take *take, void *arg, struct err *e)
{
	struct option longs[BENCH_OPTION_MAX + 1] = {0};
	int got, rc;
	unsigned n;

	for (n = 0; n < BENCH_OPTION_MAX && table[n].name; n++)
		longs[n] = (struct option){
			.name = table[n].name,
			.has_arg = table[n].arg ? required_argument : no_argument,
			.val = FIRST + (int)n,
		};
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((got = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
		if (got < FIRST) {
			unsigned at = (unsigned)(optopt - FIRST);

			return refuse(optopt >= FIRST && at < n ? &table[at] : NULL, got,
				      argv[0], argv[optind - 1], e);
		}
		rc = take(arg, table[got - FIRST].name, optarg, e);
		if (rc)
			return rc;
	}
	return optind;
}

int bench_option_number(const char *name, const char *value, unsigned min, unsigned max,
			unsigned *out, struct err *e)
{
	uint64_t v;
	int rc = value_number(name, value, "it", min, max, &v, e);

	if (!rc)
		*out = (unsigned)v;
	return rc;
}

int bench_option_real(const char *name, const char *value, double min, double max,
		      double *out, struct err *e)
{
	char *end;
	double v = strtod(value, &end);

	if (end == value || *end || !isfinite(v) || v < min || v > max)
		return err_usage(e, "--%s %s: a number from %g to %g is needed", name,
				 value_show(value).text, min, max);
	*out = v;
	return 0;
}
