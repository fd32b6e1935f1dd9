/* SPDX-License-Identifier: BSD-2-Clause */
/* The options that say what a trial is. */
#include "bench/cli/trial_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/pktgen/gen.h"
#include "bench/wire/wire_pace.h"

enum { SECONDS_MAX = 1000000, COUNT_MAX = 1000000000 };

int trial_options_next(int argc, char **argv, const struct option *list, struct err *e)
{
	int at = optind ? optind : 1, opt;

	opterr = 0;
	opt = getopt_long(argc, argv, ":", list, NULL);
	if (opt == ':')
		return err_usage(e, "%s: a value is missing behind it", argv[optind - 1]);
	if (opt == '?')
		return err_usage(e, "%s: no option of %s; see 'ringway-bench help %s'",
				 argv[at < argc && argv[at][0] == '-' ? at : optind - 1],
				 argv[0], argv[0]);
	return opt;
}

int trial_options_number(const char *name, const char *arg, double min, double max,
			 double *n, struct err *e)
{
	char *end;

	errno = 0;
	*n = strtod(arg, &end);
	if (end != arg && !*end && !errno && *n >= min && *n <= max)
		return 0;
	return err_usage(e, "--%s %.80s: a number from %.10g to %.10g", name, arg, min,
			 max);
}

int trial_options_rate(const char *arg, const char *frames, double *pps, struct err *e)
{
	struct wire_pace_rate rate;
	struct gen_spec spec;
	struct gen *g;
	int rc = wire_pace_parse(&rate, arg, e);

	if (!rc)
		rc = gen_spec_parse(&spec, frames ? frames : "", e);
	if (!rc && rate.kind == WIRE_PACE_recorded)
		rc = err_usage(e, "--rate recorded: a trial is of one rate");
	if (!rc)
		rc = gen_open(&g, &spec, e);
	if (rc < 0)
		return rc;
	*pps = wire_pace_pps(&rate, gen_mean_len(g));
	gen_close(g);
	return 0;
}

static int take_number(const char *name, const char *arg, double min, double max,
		       unsigned *to, struct err *e)
{
	double n;
	int rc = trial_options_number(name, arg, min, max, &n, e);

	if (!rc && n != (double)(unsigned)n)
		rc = err_usage(e, "--%s %.80s: a whole number", name, arg);
	if (!rc)
		*to = (unsigned)n;
	return rc;
}

static int take_cpu(const char *name, const char *arg, int *to, struct err *e)
{
	unsigned n;
	int rc;

	if (strcmp(arg, "free") == 0) {
		*to = TRIAL_CPU_free;
		return 0;
	}
	rc = take_number(name, arg, 0, 1023, &n, e);
	if (!rc)
		*to = (int)n;
	return rc;
}

int trial_options_take(struct trial_wish *w, int value, const char *arg, struct err *e)
{
	double n;
	int rc;

	switch (value) {
	case TRIAL_OPTIONS_frames:
		w->frames = arg;
		return 0;
	case TRIAL_OPTIONS_rate: /* behind --frames, for shares of a line */
		return trial_options_rate(arg, w->frames, &w->rate_pps, e);
	case TRIAL_OPTIONS_seconds:
		return trial_options_number("seconds", arg, 0, SECONDS_MAX, &w->seconds,
					    e);
	case TRIAL_OPTIONS_warmup:
		return trial_options_number("warmup", arg, 0, SECONDS_MAX, &w->warmup, e);
	case TRIAL_OPTIONS_count:
		rc = trial_options_number("count", arg, 1, 1e15, &n, e);
		w->count = rc ? 0 : (uint64_t)n;
		return rc;
	case TRIAL_OPTIONS_queues:
		return take_number("queues", arg, 1, CASE_QUEUES_MAX, &w->n_queues, e);
	case TRIAL_OPTIONS_ports:
		return take_number("ports", arg, 2, CASE_PORTS_MAX, &w->n_ports, e);
	case TRIAL_OPTIONS_mtu:
		return take_number("mtu", arg, 68, 65521, &w->mtu, e);
	case TRIAL_OPTIONS_gen_cpu:
		return take_cpu("gen-cpu", arg, &w->gen_cpu, e);
	case TRIAL_OPTIONS_fwd_cpu:
		return take_cpu("fwd-cpu", arg, &w->fwd_cpu, e);
	case TRIAL_OPTIONS_plain:
		w->is_plain = true;
		return 0;
	case TRIAL_OPTIONS_burst:
		return take_number("burst", arg, 1, COUNT_MAX, &w->burst, e);
	default:
		w->event = arg;
		return 0;
	}
}

void trial_options_help(FILE *f)
{
	fputs("  --frames SPEC     the frames, as in 'size=imix,flows=64,vlan=5' "
	      "(flows=64)\n"
	      "  --rate R          max, 50kpps, 1.5Mpps, 20000, 1Gbit, 10%@10Gbit; put "
	      "it\n"
	      "                    behind --frames (max)\n"
	      "  --seconds S       of a trial\n"
	      "  --warmup S        before it (0.2)\n"
	      "  --count N         frames at most, from each sender\n"
	      "  --burst N         frames sent at once (even)\n"
	      "  --ports N         2 to 64, in pairs (2)\n"
	      "  --queues N        of each port (1)\n"
	      "  --mtu N           of the links (1500)\n"
	      "  --plain           no offloads at the ends\n"
	      "  --gen-cpu N       the senders' CPU, or free (the first, for rates)\n"
	      "  --fwd-cpu N       the forwarder's CPU, or free (the second, for rates)\n"
	      "  --event CMD       a shell command run in the middle, in the "
	      "forwarder's\n"
	      "                    namespace\n",
	      f);
}
