/* SPDX-License-Identifier: BSD-2-Clause */
/* sink_cmd: counts the frames of a generator where they arrive, or checks each. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench_clock.h"
#include "bench/cli/bench_cmd.h"
#include "bench/cli/sink_result.h"
#include "bench/cli/wire_opt.h"
#include "io/port/netns.h"

enum { LOOK_MS = 20 };

void sink_cmd_help(FILE *f)
{
	fputs("  --netns NS       namespace of the interface, by name or path\n"
	      "  --frames SPEC    the words that the sender was given\n"
	      "  --io tc|xdp      count and drop them by eBPF, at tc ingress (default; "
	      "where it\n"
	      "                   is not permitted: mmap) or in the driver\n"
	      "  --io mmap|tap    look at each: loss, duplicates, order, content, "
	      "latency; by\n"
	      "                   AF_PACKET, or at the user side of a TAP (IFACE may be "
	      "fd:N)\n"
	      "  --seconds S      end after that time\n"
	      "  --count N        end when N units have come, and tell how many are "
	      "missing\n"
	      "  --idle MS        end after that long without one, once the first has "
	      "come\n"
	      "  --hgrm FILE      distribution of the latency in us (mmap, tap)\n"
	      "  --cpu N          run on this CPU\n"
	      "  --json           the result as one line of JSON\n"
	      "Says \"ready\" on stderr when frames are counted. A unit is a frame, or "
	      "one\n"
	      "segment of a super-packet. SIGINT and SIGTERM end it with what has come "
	      "so\n"
	      "far; SIGUSR1 prints that and goes on. One-way latency needs sender and "
	      "sink\n"
	      "on one machine.\n",
	      f);
}

static const struct option options[] = {
	{"netns", 1, 0, 'N'}, {"frames", 1, 0, 'f'},
	{"io", 1, 0, 'i'},    {"seconds", 1, 0, 't'},
	{"count", 1, 0, 'n'}, {"idle", 1, 0, 'w'},
	{"hgrm", 1, 0, 'h'},  {"cpu", 1, 0, 'c'},
	{"json", 0, 0, 'j'},  {0},
};

struct wish {
	const char *ifname, *netns, *frames, *hgrm;
	struct gen_spec spec;
	enum wire_rx_kind io;
	double seconds, idle_ms;
	uint64_t count, cpu;
	bool has_io, has_cpu, json;
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
	case 'i':
		w->has_io = true;
		return wire_rx_kind_parse(optarg, &w->io, e);
	case 't':
		return wire_opt_number("seconds", optarg, 0.001, 1e8, &w->seconds, e);
	case 'n':
		return wire_opt_count("count", optarg, 1, UINT64_MAX / 4, &w->count, e);
	case 'w':
		return wire_opt_number("idle", optarg, 1, 1e9, &w->idle_ms, e);
	case 'h':
		w->hgrm = optarg;
		return 0;
	case 'c':
		w->has_cpu = true;
		return wire_opt_count("cpu", optarg, 0, 1023, &w->cpu, e);
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
	if (w->hgrm && !w->has_io)
		w->io = WIRE_RX_mmap;
	w->has_io |= w->hgrm != NULL;
	if (w->hgrm && (w->spec.pcap[0] || w->io == WIRE_RX_tc || w->io == WIRE_RX_xdp))
		return err_usage(
			e, "--hgrm: only frames that are looked at one by one have a "
			   "latency (--io mmap or tap, not a pcap's)");
	return 0;
}

/* --- counting --------------------------------------------------------------------- */

static void take(void *arg, const uint8_t *frame, size_t len, uint64_t now_ns)
{
	struct sink_result *s = arg;

	if (gen_check_frame(s->check, frame, len, now_ns) >= GEN_CHECK_CORRUPTED)
		return;
	if (!s->first_ns)
		s->first_ns = now_ns;
	s->last_ns = now_ns;
}

/* Look at what has come; of counters the times are known to LOOK_MS only. */
static int look(struct sink_result *s, bool is_last, struct err *e)
{
	uint64_t before = s->received, now;
	int rc = is_last ? wire_rx_drain(s->rx, e) : wire_rx_reap(s->rx, e);

	s->count = wire_rx_count_of(s->rx);
	s->received = s->check ? gen_check_counts_of(s->check)->units : s->count.units;
	now = bench_clock_ns();
	s->end_ns = now;
	if (s->received == before)
		return rc;
	s->seen_ns = now;
	if (!s->check) {
		if (!s->first_ns) {
			s->first_ns = now;
			s->before_first = s->received;
		}
		s->last_ns = now;
	}
	return rc;
}

static bool has_ended(const struct wish *w, const struct sink_result *s)
{
	return atomic_load(wire_opt_stop()) || (w->count && s->received >= w->count) ||
	       (w->seconds > 0 &&
		(double)(s->end_ns - s->start_ns) / 1e9 >= w->seconds) ||
	       (w->idle_ms > 0 && s->seen_ns &&
		(double)(s->end_ns - s->seen_ns) / 1e6 >= w->idle_ms);
}

static int tell(const struct wish *w, const struct sink_result *s, struct err *e)
{
	if (w->json)
		return wire_opt_print(sink_result_json(s), e);
	sink_result_print(stdout, s);
	return 0;
}

static int wait_and_look(const struct wish *w, struct sink_result *s, struct err *e)
{
	uint64_t told = 0;
	int rc = 0;

	s->start_ns = s->end_ns = bench_clock_ns();
	while (!rc && !has_ended(w, s)) {
		struct pollfd p = {.fd = wire_rx_fd(s->rx), .events = POLLIN};

		poll(&p, 1, LOOK_MS);
		rc = look(s, false, e);
		if (s->end_ns - s->start_ns >= (told + 1) * BENCH_CLOCK_S) {
			told = (s->end_ns - s->start_ns) / BENCH_CLOCK_S;
			wire_opt_progress("%s: %llu in %llu s", s->ifname,
					  (unsigned long long)s->received,
					  (unsigned long long)told);
		}
		if (!rc && wire_opt_is_asked()) {
			rc = tell(w, s, e);
			fflush(stdout);
		}
	}
	if (!rc)
		rc = look(s, true, e);
	wire_opt_progress(NULL);
	return rc;
}

/* --- opening ---------------------------------------------------------------------- */

static int open_check(const struct wish *w, struct sink_result *s, struct err *e)
{
	struct gen_check_config cf = {
		.spec = &w->spec, .vnet = w->spec.vnet, .verify_csum = true};

	s->latency = malloc(sizeof(*s->latency));
	if (!s->latency)
		return err_set(e, -ENOMEM, "no memory for a histogram");
	hist_init(s->latency);
	cf.latency = s->latency;
	return gen_check_init(&s->check, &cf, e);
}

static int open_rx(struct wish *w, struct sink_result *s, int netns, struct err *e)
{
	struct wire_rx_wish rw = {
		.kind = w->io,
		.at = {netns, w->ifname},
		.vnet = w->spec.vnet,
		.ends = true,
		.match = wire_match_of(&w->spec),
		.take = s->check ? take : NULL,
		.arg = s,
	};
	int rc = wire_opt_fd(w->ifname, &rw.fd, e);

	if (!rc && rw.fd >= 0 && w->io != WIRE_RX_tap)
		rc = err_usage(e, "%s: an open fd is a TAP's, with --io tap", w->ifname);
	s->io = wire_rx_kind_name(w->io);
	return rc ? rc : wire_rx_open(&s->rx, &rw, e);
}

static int open_all(struct wish *w, struct sink_result *s, int netns, struct err *e)
{
	bool looks = w->io == WIRE_RX_mmap || w->io == WIRE_RX_tap;
	int rc = 0;

	if (looks && !w->spec.pcap[0])
		rc = open_check(w, s, e);
	if (!rc)
		rc = open_rx(w, s, netns, e);
	/* whatever keeps eBPF away, AF_PACKET may do; nothing helps a wrong name */
	if (!rc || w->has_io || rc == -ENODEV || rc == -ENETDOWN || rc == -EINVAL)
		return rc;
	fprintf(stderr, "ringway-bench: %s: %s; going on with --io mmap\n", w->ifname,
		e->text);
	w->has_io = true;
	w->io = WIRE_RX_mmap;
	return open_all(w, s, netns, e);
}

static int run(struct wish *w, int netns, struct err *e)
{
	struct sink_result s = {.ifname = w->ifname, .expected = w->count};
	int rc, told = 0;

	(void)wire_opt_stop();
	rc = open_all(w, &s, netns, e);
	if (!rc) {
		fputs("ready\n", stderr);
		rc = wait_and_look(w, &s, e);
		if (!rc && w->hgrm)
			rc = wire_opt_hgrm(s.latency, w->hgrm, e);
		told = tell(w, &s, e);
	}
	wire_rx_close(s.rx);
	gen_check_fini(s.check);
	free(s.latency);
	return rc ? rc : told;
}

int sink_cmd(int argc, char **argv, struct err *e)
{
	struct wish w = {.frames = "", .io = WIRE_RX_tc};
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
