/* SPDX-License-Identifier: BSD-2-Clause */
/* ceiling_cmd: what the generator itself can do, by a self-loop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/bench_option.h"
#include "bench/cli/break_off.h"
#include "bench/cli/told.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire_ceiling.h"

enum { NOTE_MAX = 200 };

struct wish {
	struct gen_spec spec;
	struct wire_ceiling_wish ceiling;
	const char *frames;
	bool json;
};

static int take_io(void *to, const char *value, struct err *e)
{
	return wire_tx_kind_parse(value, to, e);
}

static const struct bench_option options[] = {
	{"frames", "SPEC", "the frames, as 'ringway-bench help pcap' tells (64-byte UDP)",
	 BENCH_OPTION_TO(text, struct wish, frames)},
	{"io", "sendmmsg|txring|tap", "as of gen (sendmmsg)",
	 BENCH_OPTION_TO(own, struct wish, ceiling.kind), .take = take_io},
	{"link", "veth|dummy",
	 "to a veth pair whose other end counts, or to a device that takes everything: "
	 "the cost of the sender alone (veth)",
	 BENCH_OPTION_TO(word, struct wish, ceiling.link)},
	{"seconds", "S", "how long (1)",
	 BENCH_OPTION_IN(real, struct wish, ceiling.seconds, 0.01, 1e6)},
	{"cpu", "N", "run on this CPU (free)",
	 BENCH_OPTION_TO(cpu, struct wish, ceiling.cpu)},
	{"json", NULL, "the result as one line of JSON",
	 BENCH_OPTION_TO(flag, struct wish, json)},
	{.name = NULL},
};

void ceiling_cmd_help(FILE *f)
{
	bench_option_help(options, f);
	fputs("\nSends flat out in a network namespace of its own, to nowhere.\n", f);
}

static int parse(struct wish *w, int argc, char **argv, struct err *e)
{
	int at = bench_option_parse(options, argc, argv, w, e);
	int rc = at < 0 ? at : bench_option_words(argc, argv, at, 0, "options only", e);

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
	w.ceiling.stop = break_off_soon();
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
		return told_print(
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
	       r.seconds, told_pps(r.pps), (unsigned long long)r.sent,
	       (unsigned long long)r.received);
	return 0;
}
