/* SPDX-License-Identifier: BSD-2-Clause */
/* rtt_cmd: UDP round trips between a client and a server. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/bench_option.h"
#include "bench/cli/bench_place.h"
#include "bench/cli/break_off.h"
#include "bench/cli/told.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire_rtt.h"

enum { NOTE_MAX = 200 };

struct wish {
	struct wire_rtt_wish rtt;
	const char *netns, *hgrm;
	double gap_us;
	unsigned port;
	int cpu; /* -1: any */
	bool json;
};

static const struct bench_option options[] = {
	{"netns", "NS", "namespace to do it in, by name or path",
	 BENCH_OPTION_TO(text, struct wish, netns)},
	{"port", "N", "UDP port (7777)",
	 BENCH_OPTION_IN(number, struct wish, port, 1, 65535)},
	{"cpu", "N", "run on this CPU (free)", BENCH_OPTION_TO(cpu, struct wish, cpu)},
	{.name = NULL},
};

static const struct bench_option client_options[] = {
	{"count", "N", "round trips to measure (20000)",
	 BENCH_OPTION_IN(count, struct wish, rtt.count, 1, 1e12)},
	{"warmup", "N", "and before them, unmeasured (200)",
	 BENCH_OPTION_IN(count, struct wish, rtt.warmup, 0, 1e9)},
	{"seconds", "S", "end after that time at the latest",
	 BENCH_OPTION_IN(real, struct wish, rtt.seconds, 0.001, 1e8)},
	{"size", "BYTES", "of UDP payload (64)",
	 BENCH_OPTION_IN(number, struct wish, rtt.size, WIRE_RTT_SIZE_MIN,
			 WIRE_RTT_SIZE_MAX)},
	{"gap-us", "G", "silence between an answer and the next request (0)",
	 BENCH_OPTION_IN(real, struct wish, gap_us, 0, 1e9)},
	{"hgrm", "FILE", "write the distribution, for HdrHistogram's plotters, in us",
	 BENCH_OPTION_TO(text, struct wish, hgrm)},
	{"json", NULL, "the result as one line of JSON, times in us",
	 BENCH_OPTION_TO(flag, struct wish, json)},
	{.name = NULL},
};

static const struct bench_option all_options[] = {
	{"", .kind = BENCH_OPTION_table, .table = options},
	{"", .kind = BENCH_OPTION_table, .table = client_options},
	{.name = NULL},
};

void rtt_cmd_help(FILE *f)
{
	bench_option_help(options, f);
	fputs("of the client:\n", f);
	bench_option_help(client_options, f);
	fputs("\nOne request is in flight; its answer is waited for, 500 ms at most. The "
	      "client\ngives up after 100 lost ones. The server says \"ready\" on stderr "
	      "and runs until\nSIGINT or SIGTERM.\n",
	      f);
}

static int parse(struct wish *w, int argc, char **argv, bool *is_server, struct err *e)
{
	int at = bench_option_parse(all_options, argc, argv, w, e);

	if (at < 0)
		return at;
	w->rtt.port = (uint16_t)w->port;
	w->rtt.gap_ns = (uint64_t)(w->gap_us * 1e3);
	*is_server = argc - at == 1 && !strcmp(argv[at], "server");
	if (*is_server)
		return 0;
	if (argc - at != 2 || strcmp(argv[at], "client"))
		return err_usage(e,
				 "rtt: it is 'rtt server' or 'rtt client ADDRESS'; see "
				 "'ringway-bench help rtt'");
	w->rtt.server = argv[at + 1];
	return told_hgrm_check(w->hgrm, e);
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

	told_progress("%s: %llu round trips in %.0f s", w->rtt.server,
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
		told_hist_print(stdout, "round trip", h);
		return 0;
	}
	j = json_pack("{s:I, s:I, s:i, s:f, s:f}", "count", (json_int_t)r->done, "lost",
		      (json_int_t)r->lost, "size", (int)w->rtt.size, "gap_us",
		      (double)w->rtt.gap_ns / 1e3, "seconds", r->seconds);
	if (j) {
		json_t *times = told_hist_json(h);

		json_object_update(j, times);
		json_decref(times);
		json_object_set_new(j, "disturbed",
				    *disturbed ? json_string(disturbed) : json_null());
	}
	return told_print(j, e);
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
	told_progress(NULL);
	if (rc)
		return rc;
	if (disturbed[0])
		fprintf(stderr, "ringway-bench: disturbed: %s\n", disturbed);
	if (w->hgrm)
		rc = told_hgrm(h, w->hgrm, e);
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
	struct wish w = {.cpu = -1};
	bool is_server = false;
	int rc;

	wire_rtt_defaults(&w.rtt);
	w.port = w.rtt.port;
	rc = parse(&w, argc, argv, &is_server, e);
	if (!rc)
		rc = bench_place_enter(w.netns, w.cpu, &w.rtt.netns, e);
	w.rtt.stop = break_off_soon();
	if (!rc)
		rc = is_server ? serve(&w, e) : measure(&w, e);
	if (w.rtt.netns >= 0)
		close(w.rtt.netns);
	return rc;
}
