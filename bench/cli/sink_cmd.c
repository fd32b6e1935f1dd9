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
#include "bench/cli/bench_option.h"
#include "bench/cli/bench_place.h"
#include "bench/cli/break_off.h"
#include "bench/cli/sink_result.h"
#include "bench/cli/told.h"

enum { LOOK_MS = 20 };

struct wish {
	const char *ifname, *netns, *frames, *hgrm, *io_text;
	struct gen_spec spec;
	enum wire_rx_kind io;
	double seconds, idle_ms;
	uint64_t count;
	int cpu; /* -1: any */
	bool has_io, json;
};

static const struct bench_option options[] = {
	{"netns", "NS", "namespace of the interface, by name or path",
	 BENCH_OPTION_TO(text, struct wish, netns)},
	{"frames", "SPEC", "the words that the sender was given",
	 BENCH_OPTION_TO(text, struct wish, frames)},
	{"io", "tc|xdp|mmap|tap",
	 "tc, xdp: count and drop them by eBPF, at tc ingress or in the driver; mmap, "
	 "tap: look at each (loss, duplicates, order, content, latency), by AF_PACKET or "
	 "at the user side of a TAP, where IFACE may be fd:N (tc; where eBPF is not "
	 "permitted, and with --hgrm: mmap)",
	 BENCH_OPTION_TO(text, struct wish, io_text)},
	{"seconds", "S", "end after that time",
	 BENCH_OPTION_IN(real, struct wish, seconds, 0.001, 1e8)},
	{"count", "N", "end when N units have come, and tell how many are missing",
	 BENCH_OPTION_IN(count, struct wish, count, 1, 1e18)},
	{"idle", "MS", "end after that long without one, once the first has come",
	 BENCH_OPTION_IN(real, struct wish, idle_ms, 1, 1e9)},
	{"hgrm", "FILE", "write the distribution of the latency, in us (mmap, tap)",
	 BENCH_OPTION_TO(text, struct wish, hgrm)},
	{"cpu", "N", "run on this CPU (free)", BENCH_OPTION_TO(cpu, struct wish, cpu)},
	{"json", NULL, "the result as one line of JSON",
	 BENCH_OPTION_TO(flag, struct wish, json)},
	{.name = NULL},
};

void sink_cmd_help(FILE *f)
{
	bench_option_help(options, f);
	fputs("\nSays \"ready\" on stderr when frames are counted. A unit is a frame, or "
	      "one segment\nof a super-packet. SIGINT and SIGTERM end it with what has "
	      "come so far; SIGUSR1\nprints that and goes on. One-way latency needs "
	      "sender "
	      "and sink on one machine.\n",
	      f);
}

static int parse(struct wish *w, int argc, char **argv, struct err *e)
{
	int at = bench_option_parse(options, argc, argv, w, e);
	int rc = at < 0 ? at : bench_option_words(argc, argv, at, 1, "one interface", e);

	w->has_io = w->io_text != NULL;
	if (!rc && w->has_io)
		rc = wire_rx_kind_parse(w->io_text, &w->io, e);
	if (!rc)
		rc = gen_spec_parse(&w->spec, w->frames, e);
	if (rc)
		return rc;
	w->ifname = argv[at];
	if (w->hgrm && !w->has_io)
		w->io = WIRE_RX_mmap;
	w->has_io |= w->hgrm != NULL;
	if (w->hgrm && (w->spec.pcap[0] || w->io == WIRE_RX_tc || w->io == WIRE_RX_xdp))
		return err_usage(
			e, "--hgrm: only frames that are looked at one by one have a "
			   "latency (--io mmap or tap, not a pcap's)");
	return told_hgrm_check(w->hgrm, e);
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
	return break_off_is_asked() || (w->count && s->received >= w->count) ||
	       (w->seconds > 0 &&
		(double)(s->end_ns - s->start_ns) / 1e9 >= w->seconds) ||
	       (w->idle_ms > 0 && s->seen_ns &&
		(double)(s->end_ns - s->seen_ns) / 1e6 >= w->idle_ms);
}

static int tell(const struct wish *w, const struct sink_result *s, struct err *e)
{
	if (w->json)
		return told_print(sink_result_json(s), e);
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
			told_progress("%s: %llu in %llu s", s->ifname,
				      (unsigned long long)s->received,
				      (unsigned long long)told);
		}
		if (!rc && break_off_is_interim_asked()) {
			rc = tell(w, s, e);
			fflush(stdout);
		}
	}
	if (!rc)
		rc = look(s, true, e);
	told_progress(NULL);
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
	int rc = bench_place_fd(w->ifname, &rw.fd, e);

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

	break_off_soon();
	break_off_interim();
	rc = open_all(w, &s, netns, e);
	if (!rc) {
		fputs("ready\n", stderr);
		rc = wait_and_look(w, &s, e);
		if (!rc && w->hgrm)
			rc = told_hgrm(s.latency, w->hgrm, e);
		told = tell(w, &s, e);
	}
	wire_rx_close(s.rx);
	gen_check_fini(s.check);
	free(s.latency);
	return rc ? rc : told;
}

int sink_cmd(int argc, char **argv, struct err *e)
{
	struct wish w = {.frames = "", .io = WIRE_RX_tc, .cpu = -1};
	int netns = -1, rc = parse(&w, argc, argv, e);

	if (!rc)
		rc = bench_place_enter(w.netns, w.cpu, &netns, e);
	if (!rc)
		rc = run(&w, netns, e);
	if (netns >= 0)
		close(netns);
	return rc;
}
