/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway-bench run: one trial through one forwarder. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/bench_option.h"
#include "bench/cli/told.h"
#include "bench/cli/trial_options.h"

struct run {
	struct trial_options trial;
	const char *hgrm;
	bool is_check, is_json;
};

static const struct bench_option options[] = {
	{"job", "rate|tcp|rtt|idle",
	 "frames, iperf3's TCP, UDP round trips, or nothing (rate)",
	 BENCH_OPTION_TO(word, struct run, trial.wish.job)},
	{"seconds", "S", "of a trial (3)",
	 BENCH_OPTION_IN(real, struct run, trial.wish.seconds, 0, 1e6)},
	{"count", "N", "frames at most, from each sender",
	 BENCH_OPTION_IN(count, struct run, trial.wish.count, 1, 1e15)},
	{"check", NULL, "look at each frame: loss, order, content, latency",
	 BENCH_OPTION_TO(flag, struct run, is_check)},
	{"probe", "none|calls|cycles",
	 "system calls, or instructions and cycles, per packet; it costs time, so in a "
	 "run of its own (none)",
	 BENCH_OPTION_TO(word, struct run, trial.wish.probe)},
	{"streams", "N", "of tcp (1)",
	 BENCH_OPTION_IN(number, struct run, trial.wish.streams, 1, 128)},
	{"round-trips", "N", "of rtt (20000)",
	 BENCH_OPTION_IN(number, struct run, trial.wish.round_trips, 1, 1e9)},
	{"gap-us", "N", "of rtt: silence before the next request (0)",
	 BENCH_OPTION_IN(number, struct run, trial.wish.gap_us, 0, 1e7)},
	{"no-ceiling", NULL, "do not measure the sender's own ceiling first",
	 BENCH_OPTION_TO(off, struct run, trial.wish.has_ceiling)},
	{"hgrm", "FILE", "write the latencies' percentiles, in us, for plotters",
	 BENCH_OPTION_TO(text, struct run, hgrm)},
	{"json", NULL, "the result as one line of JSON",
	 BENCH_OPTION_TO(flag, struct run, is_json)},
	{"", .kind = BENCH_OPTION_table, .at = offsetof(struct run, trial),
	 .table = trial_options_table},
	{.name = NULL},
};

void run_cmd_help(FILE *f)
{
	bench_option_help(options, f);
	fputs("\nCASE is one that 'ringway-bench cases' lists, options of its program "
	      "behind it\nin quotes, or the path of another ringway.\n",
	      f);
}

/* --- options ------------------------------------------------------------------- */

/* What was given, and is of another job, would do nothing. */
static int check_job(const struct run *r, struct err *e)
{
	const struct trial_wish *w = &r->trial.wish;
	struct trial_wish d;

	trial_defaults(&d);
	const struct {
		const char *name;
		bool is_given;
		enum trial_job job;
	} given[] = {
		{"rate", r->trial.rate, TRIAL_JOB_rate},
		{"count", w->count != d.count, TRIAL_JOB_rate},
		{"check", r->is_check, TRIAL_JOB_rate},
		{"probe", w->probe != d.probe, TRIAL_JOB_rate},
		{"burst", w->burst != d.burst, TRIAL_JOB_rate},
		{"event", w->event, TRIAL_JOB_rate},
		{"streams", w->streams != d.streams, TRIAL_JOB_tcp},
		{"round-trips", w->round_trips != d.round_trips, TRIAL_JOB_rtt},
		{"gap-us", w->gap_us != d.gap_us, TRIAL_JOB_rtt},
	};
	static const char *const jobs[] = {"rate", "tcp", "rtt", "idle"};

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		if (given[i].is_given && given[i].job != w->job)
			return err_usage(e,
					 "--%s: --job %s has no use for it; it is for "
					 "--job %s",
					 given[i].name, jobs[w->job], jobs[given[i].job]);
	return 0;
}

static int parse(struct run *r, int argc, char **argv, struct err *e)
{
	int at = bench_option_parse(options, argc, argv, r, e);
	struct trial_wish *w = &r->trial.wish;

	if (at < 0)
		return at;
	if (at + 1 != argc)
		return err_usage(
			e, at < argc ? "run takes one CASE; quote its options"
				     : "which CASE? 'ringway-bench cases' lists them");
	w->case_words = argv[at];
	w->receive = r->is_check ? TRIAL_COUNT_check : TRIAL_COUNT_count;
	if (r->hgrm && !r->is_check && w->job != TRIAL_JOB_rtt)
		return err_usage(e, "--hgrm: no latency is taken; --check takes it");
	at = check_job(r, e);
	if (!at)
		at = told_hgrm_check(r->hgrm, e);
	return at < 0 ? at : trial_options_finish(&r->trial, e);
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
			json_integer((json_int_t)told_percentile(h, percents[i])));
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
		"case", run->trial.wish.case_words, "sent", (json_int_t)r->sent,
		"received", (json_int_t)r->received, "lost", (json_int_t)r->lost,
		"refused", (json_int_t)r->refused, "duplicated",
		(json_int_t)r->duplicated, "reordered", (json_int_t)r->reordered,
		"corrupted", (json_int_t)r->corrupted, "seconds", r->seconds, "rss_bytes",
		(json_int_t)r->rss_bytes, "is_disturbed", r->is_disturbed, "disturbed",
		r->disturbed, "is_sender_slow", r->is_sender_slow);

	if (!j)
		return err_usage(e, "the case's words are no UTF-8");
	for (unsigned i = 0; i < n; i++)
		json_object_set_new(j, f[i].name, json_real(f[i].value));
	add_latency(j, r->latency);
	return told_print(j, e);
}

static void print_counts(const struct run *run, const struct trial_result *r)
{
	if (!r->sent)
		return;
	printf("  %-28s %llu\n",
	       run->trial.wish.job == TRIAL_JOB_rtt ? "requests" : "frames offered",
	       (unsigned long long)r->sent);
	printf("  %-28s %llu (%.4g %%)\n", "lost", (unsigned long long)r->lost,
	       100.0 * (double)r->lost / (double)r->sent);
	if (r->refused)
		printf("  %-28s %llu\n", "  of it, by the sender's link",
		       (unsigned long long)r->refused);
	if (run->trial.wish.receive == TRIAL_COUNT_check || r->duplicated)
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

	printf("%s, %.3g s\n", run->trial.wish.case_words, r->seconds);
	print_counts(run, r);
	for (unsigned i = 0; i < n; i++)
		printf("  %-28s %.4g%s%s\n", f[i].what, f[i].value * f[i].scale,
		       *f[i].unit ? " " : "", f[i].unit);
	if (r->rss_bytes)
		printf("  %-28s %.1f MiB\n", "resident memory",
		       (double)r->rss_bytes / 1048576);
	if (h && hist_count(h))
		printf("  %-28s p50 %.1f, p99 %.1f, p99.9 %.1f, max %.1f us\n",
		       run->trial.wish.job == TRIAL_JOB_rtt ? "round trip" : "latency",
		       (double)told_percentile(h, 50) / 1e3,
		       (double)told_percentile(h, 99) / 1e3,
		       (double)told_percentile(h, 99.9) / 1e3, (double)hist_max(h) / 1e3);
	if (r->ceiling_share > 0.8)
		printf("  warning: more than 80 %% of what the sender can do: the "
		       "forwarder "
		       "may do more\n");
	if (r->is_sender_slow)
		printf("  warning: the sender did not reach the rate\n");
	if (r->is_disturbed)
		printf("  warning: disturbed: %s\n", r->disturbed);
}

int run_cmd(int argc, char **argv, struct err *e)
{
	struct run run = {0};
	struct trial_result r;
	int rc;

	trial_defaults(&run.trial.wish);
	run.trial.wish.has_ceiling = true;
	rc = parse(&run, argc, argv, e);
	if (rc < 0)
		return rc;
	rc = trial_once(&run.trial.wish, &r, e);
	if (!rc && run.is_json)
		rc = print_json(&run, &r, e);
	else if (!rc)
		print_text(&run, &r);
	if (!rc && run.hgrm && !r.latency)
		rc = err_set(e, -ENODATA, "--hgrm: no latency was taken");
	if (!rc && run.hgrm)
		rc = told_hgrm(r.latency, run.hgrm, e);
	trial_fini(&r);
	return rc;
}
