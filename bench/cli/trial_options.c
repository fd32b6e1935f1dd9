/* SPDX-License-Identifier: BSD-2-Clause */
/* trial_options: the options that say what a trial is. */
#include "bench/cli/trial_options.h"

#include <string.h>

#include "bench/cli/bench_place.h"
#include "bench/pktgen/gen.h"
#include "bench/wire/wire_pace.h"

const struct bench_option trial_options_table[] = {
	{"frames", "SPEC",
	 "the frames, as in 'size=imix,flows=64,vlan=5'; 'ringway-bench help pcap' has "
	 "all words (flows=64)",
	 BENCH_OPTION_TO(text, struct trial_options, wish.frames)},
	{"rate", "R",
	 "max, 50kpps, 1.5Mpps, 20000, 1Gbit, 10%@10Gbit, of each pair of ports (max)",
	 BENCH_OPTION_TO(text, struct trial_options, rate)},
	{"warmup", "S", "seconds before it (0.2)",
	 BENCH_OPTION_IN(real, struct trial_options, wish.warmup, 0, 1e6)},
	{"burst", "N", "frames sent at once (as even as can be)",
	 BENCH_OPTION_IN(number, struct trial_options, wish.burst, 1, 1e9)},
	{"ports", "N", "2 to 64, in pairs (2)",
	 BENCH_OPTION_IN(number, struct trial_options, wish.n_ports, 2, CASE_PORTS_MAX)},
	{"queues", "N", "of each port (1)",
	 BENCH_OPTION_IN(number, struct trial_options, wish.n_queues, 1,
			 CASE_QUEUES_MAX)},
	{"mtu", "N", "of the links (1500)",
	 BENCH_OPTION_IN(number, struct trial_options, wish.mtu, 68, 65521)},
	{"plain", NULL, "no offloads at the ends",
	 BENCH_OPTION_TO(flag, struct trial_options, wish.is_plain)},
	{"gen-cpu", "N", "the senders' CPU, or free (for rates: the first)",
	 BENCH_OPTION_TO(cpu, struct trial_options, wish.gen_cpu)},
	{"fwd-cpu", "N", "the forwarder's CPU, or free (for rates: the second)",
	 BENCH_OPTION_TO(cpu, struct trial_options, wish.fwd_cpu)},
	{"event", "CMD",
	 "a shell command run in the middle, in the forwarder's namespace",
	 BENCH_OPTION_TO(text, struct trial_options, wish.event)},
	{.name = NULL},
};

static int rate_of(const char *arg, const char *frames, double *pps, struct err *e)
{
	struct wire_pace_rate rate;
	struct gen_spec spec;
	struct gen *g;
	int rc = wire_pace_parse(&rate, arg, e);

	if (!rc && rate.kind == WIRE_PACE_recorded)
		rc = err_usage(e, "--rate recorded: a trial is of one rate");
	if (!rc)
		rc = gen_spec_parse(&spec, frames ? frames : "", e);
	if (!rc)
		rc = gen_open(&g, &spec, e);
	if (rc < 0)
		return rc;
	*pps = wire_pace_pps(&rate, gen_mean_len(g));
	gen_close(g);
	return 0;
}

int trial_options_rate(const char *name, const char *arg, const char *frames, double *pps,
		       struct err *e)
{
	static const char usual[] = "--rate "; /* as a rate's sentence begins */
	struct err why = {0};
	int rc = rate_of(arg, frames, pps, &why);

	if (rc < 0 && !strncmp(why.text, usual, strlen(usual)))
		return err_usage(e, "--%s %s", name, why.text + strlen(usual));
	if (rc < 0)
		*e = why;
	return rc;
}

int trial_options_finish(struct trial_options *o, struct err *e)
{
	int rc = o->rate ? trial_options_rate("rate", o->rate, o->wish.frames,
					      &o->wish.rate_pps, e)
			 : 0;

	if (!rc)
		rc = bench_place_check_cpu("--gen-cpu", o->wish.gen_cpu, e);
	if (!rc)
		rc = bench_place_check_cpu("--fwd-cpu", o->wish.fwd_cpu, e);
	return rc ? rc : trial_check(&o->wish, e);
}
