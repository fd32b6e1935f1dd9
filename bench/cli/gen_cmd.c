/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_cmd: sends generated frames out of an interface. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/wire_opt.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire_ceiling.h"
#include "bench/wire/wire_send.h"
#include "io/port/netns.h"

enum { NOTE_MAX = 200 };

struct wish {
	const char *ifname, *netns, *frames, *rate_text;
	struct gen_spec spec;
	struct wire_pace_rate rate;
	enum wire_tx_kind io;
	double seconds;
	uint64_t count, burst, cpu;
	bool has_cpu, spin, json, no_ceiling;
};

struct outcome {
	struct wire_send_result send;
	struct wire_ceiling_result ceiling; /* pps 0 = not measured */
	char disturbed[NOTE_MAX];
};

void gen_cmd_help(FILE *f)
{
	fputs("  --netns NS       namespace of the interface, by name or path\n"
	      "  --frames SPEC    the frames, as 'ringway-bench help pcap' tells; "
	      "64-byte UDP\n"
	      "  --rate R         50kpps, 1.5Mpps, 20000, 1Gbit (of a wire, with "
	      "preamble, gap\n"
	      "                   and FCS), 10%@10Gbit, recorded (of a pcap); max by "
	      "default\n"
	      "  --seconds S      end after that time\n"
	      "  --count N        end after so many frames\n"
	      "  --burst N        so many at once; default: as even as can be\n"
	      "  --io sendmmsg|txring|tap  AF_PACKET, past the qdisc, or the user side "
	      "of a\n"
	      "                   TAP, where IFACE may be fd:N, too; default sendmmsg\n"
	      "  --cpu N          run on this CPU\n"
	      "  --spin           do not sleep between frames\n"
	      "  --no-ceiling     do not measure afterwards what the sender itself can "
	      "do\n"
	      "  --json           the result as one line of JSON\n"
	      "One of --seconds and --count is needed, but for a pcap. A frame that the\n"
	      "device has no room for is refused, and not sent again: offered = sent +\n"
	      "refused. SIGINT and SIGTERM end it with what was sent so far.\n",
	      f);
}

static const struct option options[] = {
	{"netns", 1, 0, 'N'},	   {"frames", 1, 0, 'f'}, {"rate", 1, 0, 'r'},
	{"seconds", 1, 0, 't'},	   {"count", 1, 0, 'n'},  {"burst", 1, 0, 'b'},
	{"io", 1, 0, 'i'},	   {"cpu", 1, 0, 'c'},	  {"spin", 0, 0, 'p'},
	{"no-ceiling", 0, 0, 'C'}, {"json", 0, 0, 'j'},	  {0},
};

static int set(struct wish *w, int opt, struct err *e)
{
	switch (opt) {
	case 'N':
		w->netns = optarg;
		return 0;
	case 'f':
		w->frames = optarg;
		return 0;
	case 'r':
		return wire_pace_parse(&w->rate, optarg, e);
	case 't':
		return wire_opt_number("seconds", optarg, 0.001, 1e8, &w->seconds, e);
	case 'n':
		return wire_opt_count("count", optarg, 1, UINT64_MAX / 4, &w->count, e);
	case 'b':
		return wire_opt_count("burst", optarg, 1, 1 << 20, &w->burst, e);
	case 'i':
		return wire_tx_kind_parse(optarg, &w->io, e);
	case 'c':
		w->has_cpu = true;
		return wire_opt_count("cpu", optarg, 0, 1023, &w->cpu, e);
	case 'p':
		w->spin = true;
		return 0;
	case 'C':
		w->no_ceiling = true;
		return 0;
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
	if (!rc)
		rc = wire_opt_word(argc, argv, "one interface", &w->ifname, e);
	if (!rc)
		rc = gen_spec_parse(&w->spec, w->frames, e);
	if (rc)
		return rc;
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

	wire_opt_progress("%s: %llu frames in %.0f s, %s", w->ifname,
			  (unsigned long long)offered, seconds,
			  wire_opt_pps((double)offered / seconds));
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
		.burst = (unsigned)w->burst,
		.spin = w->spin,
		.stop = wire_opt_stop(),
		.progress = show_progress,
		.arg = w,
	};
	struct disturb d;
	int rc = wire_opt_fd(w->ifname, &tw.fd, e);

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
	wire_opt_progress(NULL);
	wire_tx_close(sw.tx);
	return rc;
}

/* What the sender reaches alone; a failure only costs the comparison. */
static void find_ceiling(const struct wish *w, int netns, const atomic_bool *stop,
			 struct outcome *o)
{
	struct wire_ceiling_wish cw = {
		.spec = &w->spec,
		.kind = w->io,
		.link = WIRE_CEILING_dummy,
		.seconds = 0.3,
		.cpu = w->has_cpu ? (int)w->cpu : -1,
		.stop = stop,
	};
	struct wire_place at = {netns, w->ifname};
	struct link_info info;
	struct err e;

	if (w->no_ceiling || w->spec.pcap[0] || atomic_load(stop) ||
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
			w->ifname, wire_opt_pps(r->pps), wire_opt_pps(r->wish_pps),
			r->slipped ? ", and was too late to catch up" : "");
	if (share * 100 > WIRE_CEILING_WARN_PERCENT)
		fprintf(stderr,
			"ringway-bench: %s: this is %.0f %% of what the sender can do at "
			"all "
			"(%s): it may be the sender that was measured\n",
			w->ifname, share * 100, wire_opt_pps(o->ceiling.pps));
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
	return wire_opt_print(j, e);
}

static void print_text(const struct wish *w, const struct outcome *o)
{
	const struct wire_send_result *r = &o->send;
	double share = wire_ceiling_share(r->pps, o->ceiling.pps);

	printf("%s: offered %llu frames in %.3f s by %s: %s", w->ifname,
	       (unsigned long long)r->offered, r->seconds, wire_tx_kind_name(w->io),
	       wire_opt_pps(r->pps));
	if (r->wish_pps > 0)
		printf(" of %s wished, %u at once, at most %.1f us late",
		       wire_opt_pps(r->wish_pps), r->burst, (double)r->late_max_ns / 1e3);
	printf("\nsent %llu, refused %llu, %.3f system calls per frame\n",
	       (unsigned long long)r->sent, (unsigned long long)r->refused,
	       r->offered ? (double)r->calls / (double)r->offered : 0);
	if (r->units != r->offered)
		printf("%llu segments in them\n", (unsigned long long)r->units);
	if (!isnan(share))
		printf("the sender alone: %s; this is %.0f %% of it\n",
		       wire_opt_pps(o->ceiling.pps), share * 100);
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
		find_ceiling(w, netns, wire_opt_stop(), &o);
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
	struct wish w = {.frames = "", .io = WIRE_TX_sendmmsg};
	int netns = -1, rc = parse(&w, argc, argv, e);

	if (!rc && w.has_cpu)
		rc = wire_opt_pin((int)w.cpu, e);
	if (!rc && w.netns) {
		netns = netns_open(w.netns, e);
		rc = netns < 0 ? netns : 0;
	}
	if (!rc)
		rc = run(&w, netns, e);
	if (netns >= 0)
		close(netns);
	return rc;
}
