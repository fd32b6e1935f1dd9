/* SPDX-License-Identifier: BSD-2-Clause */
/* rtt_cmd: UDP round trips between a client and a server. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/wire_opt.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire_rtt.h"
#include "io/port/netns.h"

enum { NOTE_MAX = 200 };

struct wish {
	struct wire_rtt_wish rtt;
	const char *netns, *hgrm;
	uint64_t cpu;
	bool has_cpu, json;
};

void rtt_cmd_help(FILE *f)
{
	fputs("One request is in flight; its answer is waited for, 500 ms at most.\n"
	      "  --netns NS       namespace to do it in, by name or path\n"
	      "  --port N         UDP port, 7777 by default\n"
	      "  --cpu N          run on this CPU\n"
	      "of the client:\n"
	      "  --count N        round trips to measure, 20000 by default\n"
	      "  --warmup N       and before them, unmeasured, 200 by default\n"
	      "  --seconds S      end after that time at the latest\n"
	      "  --size BYTES     of UDP payload, 64 by default\n"
	      "  --gap-us G       silence between an answer and the next request\n"
	      "  --hgrm FILE      the distribution, for HdrHistogram's plotters, in us\n"
	      "  --json           the result as one line of JSON, times in us\n"
	      "The server says \"ready\" on stderr and runs until SIGINT or SIGTERM. "
	      "The\n"
	      "client gives up after 100 lost ones.\n",
	      f);
}

static const struct option options[] = {
	{"netns", 1, 0, 'N'},
	{"port", 1, 0, 'p'},
	{"cpu", 1, 0, 'c'},
	{"count", 1, 0, 'n'},
	{"warmup", 1, 0, 'w'},
	{"seconds", 1, 0, 't'},
	{"size", 1, 0, 's'},
	{"gap-us", 1, 0, 'g'},
	{"hgrm", 1, 0, 'h'},
	{"json", 0, 0, 'j'},
	{0},
};

static int set(struct wish *w, int opt, struct err *e)
{
	uint64_t n = 0;
	double v = 0;
	int rc;

	switch (opt) {
	case 'N':
		w->netns = optarg;
		return 0;
	case 'h':
		w->hgrm = optarg;
		return 0;
	case 'j':
		w->json = true;
		return 0;
	case 'p':
		rc = wire_opt_count("port", optarg, 1, 65535, &n, e);
		w->rtt.port = (uint16_t)n;
		return rc;
	case 'c':
		w->has_cpu = true;
		return wire_opt_count("cpu", optarg, 0, 1023, &w->cpu, e);
	case 'n':
		return wire_opt_count("count", optarg, 1, 1000000000000, &w->rtt.count,
				      e);
	case 'w':
		return wire_opt_count("warmup", optarg, 0, 1000000000, &w->rtt.warmup, e);
	case 't':
		return wire_opt_number("seconds", optarg, 0.001, 1e8, &w->rtt.seconds, e);
	case 's':
		rc = wire_opt_count("size", optarg, WIRE_RTT_SIZE_MIN, WIRE_RTT_SIZE_MAX,
				    &n, e);
		w->rtt.size = (unsigned)n;
		return rc;
	default:
		rc = wire_opt_number("gap-us", optarg, 0, 1e9, &v, e);
		w->rtt.gap_ns = (uint64_t)(v * 1e3);
		return rc;
	}
}

static int parse(struct wish *w, int argc, char **argv, bool *is_server, struct err *e)
{
	int opt, rc = 0;

	optind = 0;
	opterr = 0;
	while (!rc && (opt = getopt_long(argc, argv, ":", options, NULL)) != -1)
		rc = opt == '?' || opt == ':' ? wire_opt_unknown(argc, argv, opt, e)
					      : set(w, opt, e);
	if (rc)
		return rc;
	*is_server = argc - optind == 1 && !strcmp(argv[optind], "server");
	if (*is_server)
		return 0;
	if (argc - optind != 2 || strcmp(argv[optind], "client"))
		return err_usage(e,
				 "rtt: it is 'rtt server' or 'rtt client ADDRESS'; see "
				 "'ringway-bench help rtt'");
	w->rtt.server = argv[optind + 1];
	return 0;
}

static int serve(struct wish *w, struct err *e)
{
	int rc, fd = wire_rtt_listen(&w->rtt, e);

	if (fd < 0)
		return fd;
	fputs("ready\n", stderr);
	rc = wire_rtt_serve(fd, w->rtt.stop, e);
	close(fd);
	return rc;
}

static void show_progress(void *arg, uint64_t done, double seconds)
{
	const struct wish *w = arg;

	wire_opt_progress("%s: %llu round trips in %.0f s", w->rtt.server,
			  (unsigned long long)done, seconds);
}

static int print(const struct wish *w, const struct hist *h,
		 const struct wire_rtt_result *r, const char *disturbed, struct err *e)
{
	json_t *j;

	if (!w->json) {
		printf("%s: %llu round trips of %u bytes in %.3f s, %llu lost\n",
		       w->rtt.server, (unsigned long long)r->done, w->rtt.size,
		       r->seconds, (unsigned long long)r->lost);
		wire_opt_hist_print(stdout, "round trip", h);
		return 0;
	}
	j = json_pack("{s:I, s:I, s:i, s:f, s:f}", "count", (json_int_t)r->done, "lost",
		      (json_int_t)r->lost, "size", (int)w->rtt.size, "gap_us",
		      (double)w->rtt.gap_ns / 1e3, "seconds", r->seconds);
	if (j) {
		json_t *times = wire_opt_hist_json(h);

		json_object_update(j, times);
		json_decref(times);
		json_object_set_new(j, "disturbed",
				    *disturbed ? json_string(disturbed) : json_null());
	}
	return wire_opt_print(j, e);
}

static int ask(struct wish *w, struct hist *h, struct err *e)
{
	struct wire_rtt_result r;
	char disturbed[NOTE_MAX];
	struct disturb d;
	int rc;

	w->rtt.progress = show_progress;
	w->rtt.arg = w;
	disturb_begin(&d, DISTURB_ALL);
	rc = wire_rtt_measure(&w->rtt, h, &r, e);
	/* the server and the forwarder are programs, too */
	disturb_end(&d, DISTURB_ALL, disturbed, sizeof(disturbed));
	wire_opt_progress(NULL);
	if (rc)
		return rc;
	if (disturbed[0])
		fprintf(stderr, "ringway-bench: disturbed: %s\n", disturbed);
	if (w->hgrm)
		rc = wire_opt_hgrm(h, w->hgrm, e);
	return rc ? rc : print(w, h, &r, disturbed, e);
}

static int measure(struct wish *w, struct err *e)
{
	struct hist *h = malloc(sizeof(*h));
	int rc;

	if (!h)
		return err_set(e, -ENOMEM, "no memory for a histogram");
	hist_init(h);
	rc = ask(w, h, e);
	free(h);
	return rc;
}

int rtt_cmd(int argc, char **argv, struct err *e)
{
	struct wish w = {0};
	bool is_server = false;
	int rc;

	wire_rtt_defaults(&w.rtt);
	rc = parse(&w, argc, argv, &is_server, e);
	if (!rc && w.has_cpu)
		rc = wire_opt_pin((int)w.cpu, e);
	if (!rc && w.netns) {
		w.rtt.netns = netns_open(w.netns, e);
		rc = w.rtt.netns < 0 ? w.rtt.netns : 0;
	}
	w.rtt.stop = wire_opt_stop();
	if (!rc)
		rc = is_server ? serve(&w, e) : measure(&w, e);
	if (w.rtt.netns >= 0)
		close(w.rtt.netns);
	return rc;
}
