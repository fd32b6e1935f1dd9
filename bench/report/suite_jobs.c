/* SPDX-License-Identifier: BSD-2-Clause */
/* suite_jobs: what is measured: the list of jobs, their metrics, and their trials. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/suite.h"

#define LOSS  "loss_percent"
#define LEADS .is_leading = true
#define KPPS                                                                             \
	{                                                                                \
		.name = "kpps", .title = "delivered", .unit = "kpps",                    \
		.better = DOC_BETTER_MORE, LEADS, .notes = {                             \
			LOSS,                                                            \
			"ceiling_percent",                                               \
			"rss_mib"                                                        \
		}                                                                        \
	}
#define CPU                                                                              \
	{                                                                                \
		.name = "cpu_us", .title = "CPU of the forwarder", .unit = "us/packet",  \
		.better = DOC_BETTER_LESS, LEADS, .notes = {                             \
			LOSS,                                                            \
			"cpu_ms_gbit",                                                   \
			"vhost_us",                                                      \
			"switches"                                                       \
		}                                                                        \
	}
#define CPU_GBIT                                                                         \
	{                                                                                \
		.name = "cpu_ms_gbit", .title = "CPU of the forwarder",                  \
		.unit = "ms/Gbit", .better = DOC_BETTER_LESS, LEADS                      \
	}
#define NOTE(NAME, TITLE, UNIT)                                                          \
	{                                                                                \
		.name = NAME, .title = TITLE, .unit = UNIT, .better = DOC_BETTER_NONE    \
	}
#define NOTES                                                                            \
	NOTE(LOSS, "loss", "%"), NOTE("offered_kpps", "offered", "kpps"),                \
		NOTE("ceiling_percent", "sender's ceiling used", "%"),                   \
		NOTE("cpu_ms_gbit", "per Gbit", "ms"),                                   \
		NOTE("vhost_us", "vhost threads", "us/packet"),                          \
		NOTE("switches", "context switches", "per packet"),                      \
		NOTE("rss_mib", "resident", "MiB"),                                      \
	{                                                                                \
		.name = NULL                                                             \
	}

static const struct doc_metric flat_out[] = {KPPS, CPU, NOTES};
static const struct doc_metric part_load[] = {CPU, NOTES};
static const struct doc_metric tcp[] = {
	{.name = "gbit",
	 .title = "received",
	 .unit = "Gbit/s",
	 .better = DOC_BETTER_MORE,
	 LEADS,
	 .notes = {"retransmits", "rss_mib"}},
	CPU_GBIT,
	NOTE("retransmits", "retransmits", ""),
	NOTE("rss_mib", "resident", "MiB"),
	{.name = NULL},
};
static const struct doc_metric rtt[] = {
	{.name = "p50",
	 .title = "median",
	 .unit = "us",
	 .better = DOC_BETTER_LESS,
	 LEADS,
	 .notes = {"min", "lost"}},
	{.name = "p99",
	 .title = "99 of 100 are shorter",
	 .unit = "us",
	 .better = DOC_BETTER_LESS,
	 LEADS,
	 .notes = {"max"}},
	{.name = "p99.9",
	 .title = "999 of 1000 are shorter",
	 .unit = "us",
	 .better = DOC_BETTER_LESS,
	 LEADS},
	NOTE("min", "lowest", "us"),
	NOTE("max", "highest", "us"),
	NOTE("mean", "mean", "us"),
	NOTE("lost", "lost", ""),
	{.name = NULL},
};
static const struct doc_metric idle[] = {
	{.name = "cpu_percent",
	 .title = "CPU of the forwarder",
	 .unit = "%",
	 .better = DOC_BETTER_LESS,
	 LEADS,
	 .notes = {"rss_mib"}},
	NOTE("rss_mib", "resident", "MiB"),
	{.name = NULL},
};
static const struct doc_metric calls[] = {
	{.name = "calls",
	 .title = "system calls of the forwarder",
	 .unit = "per packet",
	 .better = DOC_BETTER_LESS,
	 LEADS,
	 .notes = {LOSS}},
	NOTES,
};
static const struct doc_metric insns[] = {
	{.name = "instructions",
	 .title = "instructions of the forwarder",
	 .unit = "per packet",
	 .better = DOC_BETTER_LESS,
	 LEADS,
	 .notes = {LOSS}},
	{.name = "cycles",
	 .title = "cycles of the forwarder",
	 .unit = "per packet",
	 .better = DOC_BETTER_LESS,
	 LEADS},
	NOTES,
};

enum { PORTS_PPS = 100000 }; /* of all pairs together, however many there are */

#define DOC(NAME, TITLE, METRICS)                                                        \
	.doc = {.name = NAME, .title = TITLE, .metrics = METRICS}
#define ONE .queues = 1, .ports = 2
#define SIZE(NAME, SIZE, GROUPS)                                                         \
	{                                                                                \
		.doc = {.name = NAME,                                                    \
			.title = #SIZE "-byte frames, sender flat out",                  \
			.axis = "frame size, bytes",                                     \
			.x = SIZE,                                                       \
			.metrics = flat_out},                                            \
		.groups = GROUPS, .kind = TRIAL_JOB_rate, .size = SIZE, ONE              \
	}
#define PORTS(NAME, N)                                                                   \
	{                                                                                \
		.doc = {.name = NAME,                                                    \
			.title = "64-byte frames at 100 kpps over " #N " ports",         \
			.axis = "ports",                                                 \
			.x = N,                                                          \
			.metrics = part_load},                                           \
		.groups = "ports default", .kind = TRIAL_JOB_rate, .size = 64,           \
		.total_pps = PORTS_PPS, .queues = 1, .ports = N                          \
	}
#define TCP(NAME, TITLE, STREAMS, QUEUES, GROUPS)                                        \
	{                                                                                \
		DOC(NAME, TITLE, tcp), .groups = GROUPS, .kind = TRIAL_JOB_tcp,          \
				       .streams = STREAMS, .queues = QUEUES, .ports = 2  \
	}

static const struct suite_job jobs[] = {
	TCP("tcp1", "iperf3 TCP, 1 stream", 1, 1, "default short"),
	TCP("tcp4", "iperf3 TCP, 4 streams", 4, 1, "default"),
	TCP("tcp4-q2", "iperf3 TCP, 4 streams, 2 queues", 4, 2, "default queues"),
	SIZE("pps64", 64, "default short sizes"),
	SIZE("pps128", 128, "sizes"),
	SIZE("pps256", 256, "sizes"),
	SIZE("pps512", 512, "sizes"),
	SIZE("pps1024", 1024, "sizes"),
	SIZE("pps1280", 1280, "sizes"),
	SIZE("pps1518", 1518, "default sizes"),
	{DOC("pps64-q2", "64-byte frames, sender flat out, 2 queues", flat_out),
	 .groups = "default queues", .kind = TRIAL_JOB_rate, .size = 64, .queues = 2,
	 .ports = 2},
	{DOC("rtt", "UDP round trip", rtt), .groups = "default short",
	 .kind = TRIAL_JOB_rtt, ONE},
	{DOC("rtt-apart", "UDP round trip, client and server on a CPU each", rtt),
	 .groups = "default", .kind = TRIAL_JOB_rtt, .is_apart = true, ONE},
	{DOC("rtt-gap", "UDP round trip after 500 us of silence", rtt), .groups = "",
	 .kind = TRIAL_JOB_rtt, .gap_us = 500, ONE},
	{DOC("cpu50", "64-byte frames at 50 kpps", part_load), .groups = "default short",
	 .kind = TRIAL_JOB_rate, .size = 64, .total_pps = 50000, ONE},
	{DOC("cpu150", "64-byte frames at 150 kpps", part_load), .groups = "default",
	 .kind = TRIAL_JOB_rate, .size = 64, .total_pps = 150000, ONE},
	{DOC("idle", "Nothing to do, after a load", idle), .groups = "default short",
	 .kind = TRIAL_JOB_idle, ONE},
	PORTS("ports2", 2),
	PORTS("ports4", 4),
	PORTS("ports8", 8),
	PORTS("ports16", 16),
	PORTS("ports32", 32),
	PORTS("ports64", 64),
	{DOC("calls", "64-byte frames, sender flat out, calls counted", calls),
	 .groups = "default counts", .kind = TRIAL_JOB_rate, .size = 64,
	 .probe = TRIAL_PROBE_calls, ONE},
	{DOC("insns", "64-byte frames, sender flat out, instructions counted", insns),
	 .groups = "default counts", .kind = TRIAL_JOB_rate, .size = 64,
	 .probe = TRIAL_PROBE_cycles, ONE},
};
enum { N_JOBS = sizeof(jobs) / sizeof(jobs[0]) };

const struct suite_job *suite_jobs(unsigned *n)
{
	*n = N_JOBS;
	return jobs;
}

static bool is_word_of(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; (p = strstr(p, word)); p += len)
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
			return true;
	return false;
}

/* One word of the list: false if it means nothing. */
static bool mark(const char *word, bool *wanted)
{
	bool found = false;

	if (!*word || strchr(word, ' '))
		return false;
	for (unsigned i = 0; i < N_JOBS; i++)
		if (strcmp(word, "all") == 0 || strcmp(word, jobs[i].doc.name) == 0 ||
		    is_word_of(jobs[i].groups, word))
			found = wanted[i] = true;
	return found;
}

static int unknown(const char *word, struct err *e)
{
	char names[600] = "";
	size_t n = 0;

	for (unsigned i = 0; i < N_JOBS && n < sizeof(names); i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, " %s",
				      jobs[i].doc.name);
	return err_usage(
		e,
		"no job '%.40s'; there are%s, and the groups default short sizes "
		"queues ports counts all",
		word, names);
}

int suite_jobs_add(struct suite *s, const char *words, struct err *e)
{
	bool wanted[N_JOBS] = {false};
	char *copy = strdup(words), *rest = copy, *word;
	int rc = copy ? 0 : err_set(e, -ENOMEM, "no memory");

	while (!rc && (word = strsep(&rest, ",")))
		if (!mark(word, wanted))
			rc = unknown(word, e);
	free(copy);
	s->n_jobs = 0;
	for (unsigned i = 0; !rc && i < N_JOBS; i++)
		if (wanted[i])
			s->jobs[s->n_jobs++] = &jobs[i];
	return rc;
}

struct suite_time suite_jobs_time(bool is_quick)
{
	return is_quick ? (struct suite_time){.load = 1,
					      .tcp = 2,
					      .n_trips = 4000,
					      .n_gap = 400}
			: (struct suite_time){
				  .load = 3, .tcp = 5, .n_trips = 20000, .n_gap = 2000};
}

static int first_cpu(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return TRIAL_CPU_auto;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			return i;
	return TRIAL_CPU_auto;
}

/* Sizes are RFC 2544's, with the FCS. */
static const char *frames_of(unsigned size)
{
	static const struct {
		unsigned size;
		const char *words;
	} list[] = {
		{64, "size=64,flows=64"},     {128, "size=128,flows=64"},
		{256, "size=256,flows=64"},   {512, "size=512,flows=64"},
		{1024, "size=1024,flows=64"}, {1280, "size=1280,flows=64"},
		{1518, "size=1518,flows=64"},
	};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].size == size)
			return list[i].words;
	return NULL;
}

struct trial_wish suite_jobs_wish(const struct suite *s, const struct suite_job *job,
				  const struct suite_case *c)
{
	struct trial_wish w;

	trial_defaults(&w);
	w.case_words = c->words;
	w.job = job->kind;
	w.frames = frames_of(job->size);
	w.rate_pps = job->total_pps / (job->ports / 2);
	w.seconds = job->kind == TRIAL_JOB_tcp ? s->time.tcp : s->time.load;
	w.n_queues = job->queues;
	w.n_ports = job->ports;
	w.probe = job->probe;
	w.has_ceiling = job->kind == TRIAL_JOB_rate && job->total_pps == 0;
	w.streams = job->streams ? job->streams : w.streams;
	w.round_trips = job->gap_us ? s->time.n_gap : s->time.n_trips;
	w.gap_us = job->gap_us;
	if (job->is_apart)
		w.gen_cpu = first_cpu();
	return w;
}

double suite_jobs_weight(const struct suite *s, const struct suite_job *job)
{
	const double around = 1.5; /* to start and to stop a forwarder */

	if (job->kind == TRIAL_JOB_tcp)
		return s->time.tcp + around;
	if (job->kind == TRIAL_JOB_rtt && job->gap_us)
		return s->time.n_gap * (job->gap_us + 100) * 1e-6 + around;
	if (job->kind == TRIAL_JOB_rtt)
		return s->time.n_trips * 100e-6 + around;
	return s->time.load + around + job->ports * 0.05;
}
