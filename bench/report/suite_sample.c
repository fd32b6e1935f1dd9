/* SPDX-License-Identifier: BSD-2-Clause */
/* suite_sample: the figures of a trial as a sample of a result document. */
#include <math.h>
#include <string.h>

#include "bench/report/suite.h"

enum { CEILING_PERCENT = 80 }; /* above it the sender may be what was measured */

static bool is_wanted(const struct suite_job *job, const char *name)
{
	for (const struct doc_metric *m = job->doc.metrics; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return true;
	return false;
}

/* NaN is a figure that was not taken: it is left out. */
static void put(json_t *sample, const struct suite_job *job, const char *name, double v)
{
	if (isfinite(v) && is_wanted(job, name))
		json_object_set_new(sample, name, json_real(v));
}

static void put_rate(json_t *o, const struct suite_job *job, const struct trial_result *r)
{
	put(o, job, "kpps", r->received_pps / 1e3);
	put(o, job, "offered_kpps", r->offered_pps / 1e3);
	put(o, job, "loss_percent", 100.0 * (double)r->lost / (double)r->sent);
	put(o, job, "ceiling_percent", 100 * r->ceiling_share);
}

static void put_cost(json_t *o, const struct suite_job *job, const struct trial_result *r)
{
	put(o, job, "cpu_us", r->cpu_ns_packet / 1e3);
	put(o, job, "vhost_us", r->vhost_ns_packet > 0 ? r->vhost_ns_packet / 1e3 : NAN);
	put(o, job, "cpu_ms_gbit", r->cpu_ns_gbit / 1e6);
	put(o, job, "cpu_percent", r->cpu_percent);
	put(o, job, "calls", r->calls_packet);
	put(o, job, "instructions", r->instructions_packet);
	put(o, job, "cycles", r->cycles_packet);
	put(o, job, "switches", r->switches_packet);
	put(o, job, "rss_mib", r->rss_bytes ? (double)r->rss_bytes / (1024 * 1024) : NAN);
}

static void put_trips(json_t *o, const struct suite_job *job,
		      const struct trial_result *r)
{
	const struct hist *h = r->latency;

	if (!h || !hist_count(h))
		return;
	put(o, job, "min", (double)hist_min(h) / 1e3);
	put(o, job, "p50", (double)hist_percentile(h, 50) / 1e3);
	put(o, job, "p99", (double)hist_percentile(h, 99) / 1e3);
	put(o, job, "p99.9", (double)hist_percentile(h, 99.9) / 1e3);
	put(o, job, "max", (double)hist_max(h) / 1e3);
	put(o, job, "mean", hist_mean(h) / 1e3);
	put(o, job, "lost", (double)r->lost);
}

static const char *doubt_of(const struct suite_job *job, const struct trial_result *r)
{
	if (r->is_disturbed)
		return r->disturbed;
	if (r->is_sender_slow && job->total_pps > 0)
		return "the sender did not reach the rate asked for";
	if (100 * r->ceiling_share > CEILING_PERCENT)
		return "more than 80 % of what the sender can do at all";
	return NULL;
}

void suite_sample_fill(json_t *sample, const struct suite_job *job,
		       const struct trial_result *r)
{
	const char *doubt = doubt_of(job, r);

	if (job->kind == TRIAL_JOB_rate)
		put_rate(sample, job, r);
	if (job->kind == TRIAL_JOB_tcp) {
		put(sample, job, "gbit", r->bps / 1e9);
		put(sample, job, "retransmits", r->retransmits);
	}
	if (job->kind == TRIAL_JOB_rtt)
		put_trips(sample, job, r);
	put_cost(sample, job, r);
	if (doubt)
		json_object_set_new(sample, "warning", doc_text(doubt));
}
