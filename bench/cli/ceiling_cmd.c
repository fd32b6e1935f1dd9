/* SPDX-License-Identifier: BSD-2-Clause */
/* ceiling_cmd: what the generator itself can do, by a self-loop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/wire_opt.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire_ceiling.h"

enum { NOTE_MAX = 200 };

struct wish {
	struct gen_spec spec;
	struct wire_ceiling_wish ceiling;
	const char *frames;
	uint64_t cpu;
	bool json;
};

void ceiling_cmd_help(FILE *f)
{
	fputs("Sends flat out in a network namespace of its own, to nowhere.\n"
	      "  --frames SPEC    the frames, as 'ringway-bench help pcap' tells\n"
	      "  --io sendmmsg|txring|tap  as of gen\n"
	      "  --link veth|dummy  to a veth pair whose other end counts (default), or "
	      "to a\n"
	      "                   device that takes everything: the cost of the sender "
	      "alone\n"
	      "  --seconds S      1 by default\n"
	      "  --cpu N          run on this CPU\n"
	      "  --json           the result as one line of JSON\n",
	      f);
}

static const struct option options[] = {
	{"frames", 1, 0, 'f'},
	{"io", 1, 0, 'i'},
	{"link", 1, 0, 'l'},
	{"seconds", 1, 0, 't'},
	{"cpu", 1, 0, 'c'},
	{"json", 0, 0, 'j'},
	{0},
};

static int set(struct wish *w, int opt, struct err *e)
{
	int rc;

	switch (opt) {
	case 'f':
		w->frames = optarg;
		return 0;
	case 'i':
		return wire_tx_kind_parse(optarg, &w->ceiling.kind, e);
	case 'l':
		if (strcmp(optarg, "veth") && strcmp(optarg, "dummy"))
			return err_usage(e, "--link %.40s: it is veth or dummy", optarg);
		w->ceiling.link = *optarg == 'v' ? WIRE_CEILING_veth : WIRE_CEILING_dummy;
		return 0;
	case 't':
		return wire_opt_number("seconds", optarg, 0.01, 1e6, &w->ceiling.seconds,
				       e);
	case 'c':
		rc = wire_opt_count("cpu", optarg, 0, 1023, &w->cpu, e);
		w->ceiling.cpu = (int)w->cpu;
		return rc;
	default:
		w->json = true;
		return 0;
	}
}

static int parse(struct wish *w, int argc, char **argv, struct err *e)
{
	int opt, rc = 0;

	optind = 0;
	opterr = 0;
	while (!rc && (opt = getopt_long(argc, argv, ":", options, NULL)) != -1)
		rc = opt == '?' || opt == ':' ? wire_opt_unknown(argc, argv, opt, e)
					      : set(w, opt, e);
	if (!rc && optind < argc)
		rc = err_usage(e, "ceiling: takes options only, not '%.40s'",
			       argv[optind]);
	return rc ? rc : gen_spec_parse(&w->spec, w->frames, e);
}

int ceiling_cmd(int argc, char **argv, struct err *e)
{
	struct wish w = {.frames = "", .ceiling = {.cpu = -1, .seconds = 1}};
	struct wire_ceiling_result r;
	char disturbed[NOTE_MAX];
	struct disturb d;
	int rc = parse(&w, argc, argv, e);

	if (rc)
		return rc;
	w.ceiling.spec = &w.spec;
	w.ceiling.stop = wire_opt_stop();
	disturb_begin(&d, 0);
	rc = wire_ceiling(&w.ceiling, &r, e);
	disturb_end(&d, 0, disturbed, sizeof(disturbed));
	if (rc)
		return rc;
	if (r.link != w.ceiling.link)
		fputs("ringway-bench: this kernel has no dummy device: a veth pair was "
		      "taken\n",
		      stderr);
	if (disturbed[0])
		fprintf(stderr, "ringway-bench: disturbed: %s\n", disturbed);
	if (w.json)
		return wire_opt_print(
			json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:f}", "io",
				  wire_tx_kind_name(w.ceiling.kind), "link",
				  r.link == WIRE_CEILING_veth ? "veth" : "dummy",
				  "frames", w.frames, "offered", (json_int_t)r.offered,
				  "sent", (json_int_t)r.sent, "received",
				  (json_int_t)r.received, "seconds", r.seconds, "pps",
				  r.pps),
			e);
	printf("%s: %llu frames in %.3f s: %s; %llu of them sent, %llu counted at the "
	       "other "
	       "end\n",
	       wire_tx_kind_name(w.ceiling.kind), (unsigned long long)r.offered,
	       r.seconds, wire_opt_pps(r.pps), (unsigned long long)r.sent,
	       (unsigned long long)r.received);
	return 0;
}
