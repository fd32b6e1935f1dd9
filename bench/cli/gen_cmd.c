/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_cmd: sends generated frames out of an interface. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/bench_option.h"
#include "bench/cli/bench_place.h"
#include "bench/cli/break_off.h"
#include "bench/cli/told.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire_ceiling.h"
#include "bench/wire/wire_send.h"

enum { NOTE_MAX = 200 };

struct wish {
	const char *ifname, *netns, *frames;
	struct gen_spec spec;
	struct wire_pace_rate rate;
	enum wire_tx_kind io;
	double seconds;
	uint64_t count;
	unsigned burst;
	int cpu; /* -1: any */
	bool spin, json, no_ceiling;
};

struct outcome {
	struct wire_send_result send;
	struct wire_ceiling_result ceiling; /* pps 0 = not measured */
	char disturbed[NOTE_MAX];
};

static int take_rate(void *to, const char *value, struct err *e)
{
	return wire_pace_parse(to, value, e);
}

static int take_io(void *to, const char *value, struct err *e)
{
	return wire_tx_kind_parse(value, to, e);
}

static const struct bench_option options[] = {
	{"netns", "NS", "namespace of the interface, by name or path",
	 BENCH_OPTION_TO(text, struct wish, netns)},
	{"frames", "SPEC", "the frames, as 'ringway-bench help pcap' tells (64-byte UDP)",
	 BENCH_OPTION_TO(text, struct wish, frames)},
	{"rate", "R",
	 "50kpps, 1.5Mpps, 20000, 1Gbit (of a wire, with preamble, gap and FCS), "
	 "10%@10Gbit, recorded (of a pcap), max (max)",
	 BENCH_OPTION_TO(own, struct wish, rate), .take = take_rate},
	{"seconds", "S", "end after that time",
	 BENCH_OPTION_IN(real, struct wish, seconds, 0.001, 1e8)},
	{"count", "N", "end after so many frames",
	 BENCH_OPTION_IN(count, struct wish, count, 1, 1e18)},
	{"burst", "N", "so many at once (as even as can be)",
	 BENCH_OPTION_IN(number, struct wish, burst, 1, 1 << 20)},
	{"io", "sendmmsg|txring|tap",
	 "AF_PACKET, past the qdisc, or the user side of a TAP, where IFACE may be fd:N, "
	 "too (sendmmsg)",
	 BENCH_OPTION_TO(own, struct wish, io), .take = take_io},
	{"cpu", "N", "run on this CPU (free)", BENCH_OPTION_TO(cpu, struct wish, cpu)},
	{"spin", NULL, "do not sleep between frames",
	 BENCH_OPTION_TO(flag, struct wish, spin)},
	{"no-ceiling", NULL, "do not measure afterwards what the sender itself can do",
	 BENCH_OPTION_TO(flag, struct wish, no_ceiling)},
	{"json", NULL, "the result as one line of JSON",
	 BENCH_OPTION_TO(flag, struct wish, json)},
	{.name = NULL},
};

void gen_cmd_help(FILE *f)
{
	bench_option_help(options, f);
	fputs("\nOne of --seconds and --count is needed, but for a pcap. A frame that "
	      "the "
	      "device\nhas no room for is refused, and not sent again: offered = sent + "
	      "refused.\nSIGINT and SIGTERM end it with what was sent so far.\n",
	      f);
}

static int parse(struct wish *w, int argc, char **argv, struct err *e)
{
	int at = bench_option_parse(options, argc, argv, w, e);
	int rc = at < 0 ? at : bench_option_words(argc, argv, at, 1, "one interface", e);

	if (!rc)
		rc = gen_spec_parse(&w->spec, w->frames, e);
	if (rc)
		return rc;
	w->ifname = argv[at];
	if (w->seconds <= 0 && !w->count && !w->spec.pcap[0])
		return err_usage(e, "gen: for how long? Give --seconds S or --count N");
	if (w->rate.kind == WIRE_PACE_recorded && !w->spec.pcap[0])
		return err_usage(e, "--rate recorded: only a pcap was recorded (--frames "
				    "pcap=FILE)");
	if (w->spec.pcap[0] && w->spec.loops == 0 && w->seconds <= 0 && !w->count)
		return err_usage(
			e, "gen: loops=0 is without end; give --seconds S or --count N");
	return 0;
}

static void show_progress(void *arg, uint64_t offered, double seconds)
{
	const struct wish *w = arg;

	told_progress("%s: %llu frames in %.0f s, %s", w->ifname,
		      (unsigned long long)offered, seconds,
		      told_pps((double)offered / seconds));
}

static int send_all(struct wish *w, int netns, struct gen *g, struct outcome *o,
		    struct err *e)
{
	struct wire_tx_wish tw = {
		.kind = w->io, .at = {netns, w->ifname}, .vnet = w->spec.vnet};
	struct wire_send_wish sw = {
		.gen = g,
		.rate = w->rate,
		.mean_len = gen_mean_len(g) - (w->spec.vnet ? WIRE_VNET_LEN : 0),
		.seconds = w->seconds,
		.count = w->count,
		.burst = w->burst,
		.spin = w->spin,
		.stop = break_off_soon(),
		.progress = show_progress,
		.arg = w,
	};
	struct disturb d;
	int rc = bench_place_fd(w->ifname, &tw.fd, e);

	if (!rc && tw.fd >= 0 && w->io != WIRE_TX_tap)
		rc = err_usage(e, "%s: an open fd is a TAP's, with --io tap", w->ifname);
	tw.max_len = gen_max_len(g);
	if (!rc)
		rc = wire_tx_open(&sw.tx, &tw, e);
	if (rc)
		return rc;
	/* what it is sent through is a program, too */
	disturb_begin(&d, DISTURB_ALL);
	rc = wire_send(&sw, &o->send, e);
	disturb_end(&d, DISTURB_ALL, o->disturbed, sizeof(o->disturbed));
	told_progress(NULL);
	wire_tx_close(sw.tx);
	return rc;
}

/* What the sender reaches alone; a failure only costs the comparison. */
static void find_ceiling(const struct wish *w, int netns, struct outcome *o)
{
	struct wire_ceiling_wish cw = {
		.spec = &w->spec,
		.kind = w->io,
		.link = WIRE_CEILING_dummy,
		.seconds = 0.3,
		.cpu = w->cpu,
		.stop = break_off_soon(),
	};
	struct wire_place at = {netns, w->ifname};
	struct link_info info;
	struct err e;

	if (w->no_ceiling || w->spec.pcap[0] || break_off_is_asked() ||
	    o->send.offered < 10000)
		return;
	/* like with like: what a veth does behind the sender costs the sender time */
	if (wire_find(&at, 0, &info, &e) == 0 && !strcmp(info.kind, "veth"))
		cw.link = WIRE_CEILING_veth;
	if (wire_ceiling(&cw, &o->ceiling, &e) < 0)
		o->ceiling.pps = 0;
}

static void warn(const struct wish *w, const struct outcome *o)
{
	const struct wire_send_result *r = &o->send;
	double share = wire_ceiling_share(r->pps, o->ceiling.pps);

	if (r->is_slow)
		fprintf(stderr,
			"ringway-bench: %s: the sender did not reach the rate: %s of "
			"%s%s\n",
			w->ifname, told_pps(r->pps), told_pps(r->wish_pps),
			r->slipped ? ", and was too late to catch up" : "");
	if (share * 100 > WIRE_CEILING_WARN_PERCENT)
		fprintf(stderr,
			"ringway-bench: %s: this is %.0f %% of what the sender can do at "
			"all "
			"(%s): it may be the sender that was measured\n",
			w->ifname, share * 100, told_pps(o->ceiling.pps));
	if (r->offered && !r->sent)
		fprintf(stderr,
			"ringway-bench: %s: the interface took not one frame: has it a "
			"carrier "
			"(is the other end up, is the TAP open)?\n",
			w->ifname);
	if (o->disturbed[0])
		fprintf(stderr, "ringway-bench: %s: disturbed: %s\n", w->ifname,
			o->disturbed);
}

static int print_json(const struct wish *w, const struct outcome *o, struct err *e)
{
	const struct wire_send_result *r = &o->send;
	double share = wire_ceiling_share(r->pps, o->ceiling.pps);
	json_t *j =
		json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}",
			  "ifname", w->ifname, "io", wire_tx_kind_name(w->io), "frames",
			  w->frames, "offered", (json_int_t)r->offered, "sent",
			  (json_int_t)r->sent, "refused", (json_int_t)r->refused, "units",
			  (json_int_t)r->units, "bytes", (json_int_t)r->bytes, "calls",
			  (json_int_t)r->calls, "seconds", r->seconds, "pps", r->pps);

	if (j) {
		json_object_set_new(j, "wish_pps",
				    r->wish_pps > 0 ? json_real(r->wish_pps)
						    : json_null());
		json_object_set_new(j, "burst", json_integer(r->burst));
		json_object_set_new(j, "late_max_us",
				    json_real((double)r->late_max_ns / 1e3));
		json_object_set_new(j, "slipped", json_integer((json_int_t)r->slipped));
		json_object_set_new(j, "is_slow", json_boolean(r->is_slow));
		json_object_set_new(j, "ceiling_pps",
				    isnan(share) ? json_null()
						 : json_real(o->ceiling.pps));
		json_object_set_new(j, "ceiling_share",
				    isnan(share) ? json_null() : json_real(share));
		json_object_set_new(j, "disturbed",
				    o->disturbed[0] ? json_string(o->disturbed)
						    : json_null());
	}
	return told_print(j, e);
}

static void print_text(const struct wish *w, const struct outcome *o)
{
	const struct wire_send_result *r = &o->send;
	double share = wire_ceiling_share(r->pps, o->ceiling.pps);

	printf("%s: offered %llu frames in %.3f s by %s: %s", w->ifname,
	       (unsigned long long)r->offered, r->seconds, wire_tx_kind_name(w->io),
	       told_pps(r->pps));
	if (r->wish_pps > 0)
		printf(" of %s wished, %u at once, at most %.1f us late",
		       told_pps(r->wish_pps), r->burst, (double)r->late_max_ns / 1e3);
	printf("\nsent %llu, refused %llu, %.3f system calls per frame\n",
	       (unsigned long long)r->sent, (unsigned long long)r->refused,
	       r->offered ? (double)r->calls / (double)r->offered : 0);
	if (r->units != r->offered)
		printf("%llu segments in them\n", (unsigned long long)r->units);
	if (!isnan(share))
		printf("the sender alone: %s; this is %.0f %% of it\n",
		       told_pps(o->ceiling.pps), share * 100);
}

static int run(struct wish *w, int netns, struct err *e)
{
	struct outcome o = {.disturbed = ""};
	struct gen *g;
	int rc = gen_open(&g, &w->spec, e), told;

	if (rc)
		return rc;
	rc = send_all(w, netns, g, &o, e);
	gen_close(g);
	if (rc && !o.send.sent)
		return rc;
	if (!rc)
		find_ceiling(w, netns, &o);
	warn(w, &o);
	told = 0;
	if (w->json)
		told = print_json(w, &o, e);
	else
		print_text(w, &o);
	return rc ? rc : told;
}

int gen_cmd(int argc, char **argv, struct err *e)
{
	struct wish w = {.frames = "", .io = WIRE_TX_sendmmsg, .cpu = -1};
	int netns = -1, rc = parse(&w, argc, argv, e);

	if (!rc)
		rc = bench_place_enter(w.netns, w.cpu, &netns, e);
	if (!rc)
		rc = run(&w, netns, e);
	if (netns >= 0)
		close(netns);
	return rc;
}
