/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway-bench run: one trial through one forwarder. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/trial_options.h"

enum {
	OPT_job = TRIAL_OPTIONS_own,
	OPT_check,
	OPT_probe,
	OPT_streams,
	OPT_round_trips,
	OPT_gap,
	OPT_ceiling,
	OPT_hgrm,
	OPT_json,
};

struct run {
	struct trial_wish wish;
	const char *hgrm;
	bool is_json;
};

static const struct option options[] = {
	TRIAL_OPTIONS_LIST,
	{"job", 1, NULL, OPT_job},
	{"check", 0, NULL, OPT_check},
	{"probe", 1, NULL, OPT_probe},
	{"streams", 1, NULL, OPT_streams},
	{"round-trips", 1, NULL, OPT_round_trips},
	{"gap-us", 1, NULL, OPT_gap},
	{"no-ceiling", 0, NULL, OPT_ceiling},
	{"hgrm", 1, NULL, OPT_hgrm},
	{"json", 0, NULL, OPT_json},
	{0},
};

void run_cmd_help(FILE *f)
{
	fputs("\nCASE is one that 'ringway-bench cases' lists, options of its program "
	      "behind it "
	      "in quotes,\nor the path of another ringway.\n\n"
	      "  --job JOB         rate, tcp, rtt or idle (rate)\n"
	      "  --check           look at each frame: loss, order, content, latency\n"
	      "  --probe WHAT      calls or cycles: system calls, or instructions and "
	      "cycles,\n"
	      "                    per packet; it costs time, so in a run of its own\n"
	      "  --streams N       of tcp (1)\n"
	      "  --round-trips N   of rtt (20000)\n"
	      "  --gap-us N        of rtt: silence before the next request (0)\n"
	      "  --no-ceiling      do not measure the sender's own ceiling first\n"
	      "  --hgrm FILE       write the latencies' percentiles for plotters\n"
	      "  --json            print one line of JSON\n",
	      f);
	trial_options_help(f);
}

/* --- options ------------------------------------------------------------------- */

static int take_word(const char *name, const char *arg, const char *const *words,
		     unsigned n, unsigned *to, struct err *e)
{
	char all[128] = "";
	size_t len = 0;

	for (unsigned i = 0; i < n; i++) {
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
					i ? ", " : "", words[i]);
		if (strcmp(arg, words[i]) == 0) {
			*to = i;
			return 0;
		}
	}
	return err_usage(e, "--%s %.80s: there are %s", name, arg, all);
}

static int take_number(const char *name, const char *arg, double min, double max,
		       unsigned *to, struct err *e)
{
	double n;
	int rc = trial_options_number(name, arg, min, max, &n, e);

	if (!rc)
		*to = (unsigned)n;
	return rc;
}

static int take(struct run *r, int opt, const char *arg, struct err *e)
{
	static const char *const jobs[] = {"rate", "tcp", "rtt", "idle"};
	static const char *const probes[] = {"none", "calls", "cycles"};
	struct trial_wish *w = &r->wish;
	unsigned n = 0;
	int rc;

	switch (opt) {
	case OPT_job:
		rc = take_word("job", arg, jobs, 4, &n, e);
		w->job = rc ? w->job : (enum trial_job)n;
		return rc;
	case OPT_check:
		w->receive = TRIAL_COUNT_check;
		return 0;
	case OPT_probe:
		rc = take_word("probe", arg, probes, 3, &n, e);
		w->probe = rc ? w->probe : (enum trial_probe)n;
		return rc;
	case OPT_streams:
		return take_number("streams", arg, 1, 128, &w->streams, e);
	case OPT_round_trips:
		return take_number("round-trips", arg, 1, 1e9, &w->round_trips, e);
	case OPT_gap:
		return take_number("gap-us", arg, 0, 1e7, &w->gap_us, e);
	case OPT_ceiling:
		w->has_ceiling = false;
		return 0;
	case OPT_hgrm:
		r->hgrm = arg;
		return 0;
	case OPT_json:
		r->is_json = true;
		return 0;
	default:
		return trial_options_take(w, opt, arg, e);
	}
}

static int parse(struct run *r, int argc, char **argv, struct err *e)
{
	int opt, rc = 0;

	optind = 0;
	while (!rc && (opt = trial_options_next(argc, argv, options, e)) != -1)
		rc = opt < 0 ? opt : take(r, opt, optarg, e);
	if (rc < 0)
		return rc;
	if (optind + 1 != argc)
		return err_usage(
			e, optind < argc
				   ? "run takes one CASE; quote its options"
				   : "which CASE? 'ringway-bench cases' lists them");
	r->wish.case_words = argv[optind];
	return trial_check(&r->wish, e);
}

/* --- results ------------------------------------------------------------------- */

static void add_latency(json_t *j, const struct hist *h)
{
	static const double percents[] = {50, 90, 99, 99.9, 99.99};
	static const char *const names[] = {"p50", "p90", "p99", "p99.9", "p99.99"};
	json_t *o;

	if (!h || hist_count(h) == 0)
		return;
	o = json_pack("{s:I, s:I, s:I, s:f, s:f}", "count", (json_int_t)hist_count(h),
		      "min", (json_int_t)hist_min(h), "max", (json_int_t)hist_max(h),
		      "mean", hist_mean(h), "stddev", hist_stddev(h));
	for (unsigned i = 0; i < 5; i++)
		json_object_set_new(
			o, names[i],
			json_integer((json_int_t)hist_percentile(h, percents[i])));
	json_object_set_new(j, "latency_ns", o);
}

struct figure {
	const char *name, *unit, *what; /* name: of JSON */
	double value, scale;
};

/* Those that were taken; returns their number. */
static unsigned figures_of(const struct trial_result *r, struct figure f[20])
{
	const struct figure all[] = {
		{"offered_pps", "kpps", "offered", r->offered_pps, 1e-3},
		{"received_pps", "kpps", "received", r->received_pps, 1e-3},
		{"received_bps", "Gbit/s", "received", r->received_bps, 1e-9},
		{"bps", "Gbit/s", "TCP", r->bps, 1e-9},
		{"retransmits", "", "retransmits", r->retransmits, 1},
		{"cpu_ns_packet", "us/packet", "CPU of the forwarder", r->cpu_ns_packet,
		 1e-3},
		{"vhost_ns_packet", "us/packet", "of it, vhost-net's threads",
		 r->vhost_ns_packet > 0 ? r->vhost_ns_packet : NAN, 1e-3},
		{"cpu_ns_gbit", "ms/Gbit", "CPU of the forwarder", r->cpu_ns_gbit, 1e-6},
		{"cpu_percent", "%", "CPU of the forwarder", r->cpu_percent, 1},
		{"calls_packet", "/packet", "system calls", r->calls_packet, 1},
		{"instructions_packet", "/packet", "instructions", r->instructions_packet,
		 1},
		{"cycles_packet", "/packet", "cycles", r->cycles_packet, 1},
		{"switches_packet", "/packet", "context switches", r->switches_packet, 1},
		{"ceiling_pps", "kpps", "the sender's own ceiling", r->ceiling_pps, 1e-3},
		{"ceiling_share", "%", "received, of this ceiling", r->ceiling_share, 100},
	};
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!isnan(all[i].value))
			f[n++] = all[i];
	return n;
}

static int print_json(const struct run *run, const struct trial_result *r, struct err *e)
{
	struct figure f[20];
	unsigned n = figures_of(r, f);
	json_t *j = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:b, s:s, s:b}",
		"case", run->wish.case_words, "sent", (json_int_t)r->sent, "received",
		(json_int_t)r->received, "lost", (json_int_t)r->lost, "refused",
		(json_int_t)r->refused, "duplicated", (json_int_t)r->duplicated,
		"reordered", (json_int_t)r->reordered, "corrupted",
		(json_int_t)r->corrupted, "seconds", r->seconds, "rss_bytes",
		(json_int_t)r->rss_bytes, "is_disturbed", r->is_disturbed, "disturbed",
		r->disturbed, "is_sender_slow", r->is_sender_slow);

	if (!j)
		return err_usage(e, "the case's words are no UTF-8");
	for (unsigned i = 0; i < n; i++)
		json_object_set_new(j, f[i].name, json_real(f[i].value));
	add_latency(j, r->latency);
	json_dumpf(j, stdout, JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(j);
	return 0;
}

static void print_counts(const struct run *run, const struct trial_result *r)
{
	if (!r->sent)
		return;
	printf("  %-28s %llu\n",
	       run->wish.job == TRIAL_JOB_rtt ? "requests" : "frames offered",
	       (unsigned long long)r->sent);
	printf("  %-28s %llu (%.4g %%)\n", "lost", (unsigned long long)r->lost,
	       100.0 * (double)r->lost / (double)r->sent);
	if (r->refused)
		printf("  %-28s %llu\n", "  of it, by the sender's link",
		       (unsigned long long)r->refused);
	if (run->wish.receive == TRIAL_COUNT_check || r->duplicated)
		printf("  %-28s %llu duplicated, %llu out of order, %llu corrupted\n", "",
		       (unsigned long long)r->duplicated,
		       (unsigned long long)r->reordered,
		       (unsigned long long)r->corrupted);
}

static void print_text(const struct run *run, const struct trial_result *r)
{
	const struct hist *h = r->latency;
	struct figure f[20];
	unsigned n = figures_of(r, f);

	printf("%s, %.3g s\n", run->wish.case_words, r->seconds);
	print_counts(run, r);
	for (unsigned i = 0; i < n; i++)
		printf("  %-28s %.4g %s\n", f[i].what, f[i].value * f[i].scale,
		       f[i].unit);
	if (r->rss_bytes)
		printf("  %-28s %.1f MiB\n", "resident memory",
		       (double)r->rss_bytes / 1048576);
	if (h && hist_count(h))
		printf("  %-28s p50 %.1f, p99 %.1f, p99.9 %.1f, max %.1f us\n",
		       run->wish.job == TRIAL_JOB_rtt ? "round trip" : "latency",
		       (double)hist_percentile(h, 50) / 1e3,
		       (double)hist_percentile(h, 99) / 1e3,
		       (double)hist_percentile(h, 99.9) / 1e3, (double)hist_max(h) / 1e3);
	if (r->ceiling_share > 0.8)
		printf("  warning: more than 80 %% of what the sender can do: the "
		       "forwarder "
		       "may do more\n");
	if (r->is_sender_slow)
		printf("  warning: the sender did not reach the rate\n");
	if (r->is_disturbed)
		printf("  warning: disturbed: %s\n", r->disturbed);
}

static int write_hgrm(const char *file, const struct hist *h, struct err *e)
{
	FILE *f = fopen(file, "we");
	int rc;

	if (!f)
		return err_set(e, -errno, "%s: %s", file, strerror(errno));
	rc = hist_write_hgrm(h, f, 1000);
	if (fclose(f) && !rc)
		rc = -EIO;
	return rc ? err_set(e, rc, "%s: it took not all", file) : 0;
}

int run_cmd(int argc, char **argv, struct err *e)
{
	struct run run = {0};
	struct trial_result r;
	int rc;

	trial_defaults(&run.wish);
	run.wish.has_ceiling = true;
	rc = parse(&run, argc, argv, e);
	if (rc < 0)
		return rc;
	rc = trial_once(&run.wish, &r, e);
	if (!rc && run.is_json)
		rc = print_json(&run, &r, e);
	else if (!rc)
		print_text(&run, &r);
	if (!rc && run.hgrm && !r.latency)
		rc = err_usage(e, "--hgrm: no latency was taken; --check takes it");
	if (!rc && run.hgrm)
		rc = write_hgrm(run.hgrm, r.latency, e);
	trial_fini(&r);
	return rc;
}
