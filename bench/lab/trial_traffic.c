/* SPDX-License-Identifier: BSD-2-Clause */
/* The jobs that are no frames of ours: TCP by iperf3, round trips, and silence. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench_clock.h"
#include "bench/lab/case_find.h"
#include "bench/lab/trial_inside.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire_rtt.h"

enum { GRACE_MS = 30000, IDLE_PPS = 100000 };

/* --- TCP ----------------------------------------------------------------------- */

/* Bits of all intervals: what is left out of the rate in the beginning has cost, too. */
static double all_bits(const json_t *intervals)
{
	double bytes = 0;
	json_t *i;
	size_t n;

	json_array_foreach(intervals, n, i)
	{
		json_t *sum = json_object_get(i, "sum");

		bytes += json_number_value(json_object_get(sum, "bytes"));
	}
	return bytes * 8;
}

/* *bits: sent in all, the part that is not measured included. */
static int read_iperf(struct trial_result *r, const char *text, double *bits,
		      struct err *e)
{
	json_error_t je;
	json_t *j = json_loads(text, 0, &je), *got, *sent, *again;

	got = json_object_get(json_object_get(json_object_get(j, "end"), "sum_received"),
			      "bits_per_second");
	sent = json_object_get(json_object_get(j, "end"), "sum_sent");
	again = json_object_get(sent, "retransmits");
	r->bps = json_is_number(got) ? json_number_value(got) : NAN;
	r->retransmits = json_is_number(again) ? json_number_value(again) : NAN;
	r->seconds = json_number_value(json_object_get(sent, "seconds"));
	*bits = all_bits(json_object_get(j, "intervals"));
	json_decref(j);
	return isnan(r->bps) ? err_set(e, -EBADMSG, "iperf3 printed no rate") : 0;
}

int trial_traffic_tcp(struct lab *l, const struct trial_wish *w, struct trial_result *r,
		      struct err *e)
{
	unsigned limit = (unsigned)(w->seconds * 1000) + GRACE_MS;
	struct lab_job server = {.port = 1, .cpu = -1, .limit_ms = limit};
	struct lab_job client = {.port = 0, .cpu = -1, .limit_ms = limit};
	char path[PATH_MAX], command[256], *out = NULL;
	struct lab_usage from, to;
	struct disturb d;
	double bits = 0;
	int rc;

	if (case_find_program("iperf3", path) < 0)
		return err_set(e, -ENOENT,
			       "no iperf3 here (Debian's package iperf3 has it)");
	server.command = "exec iperf3 -s -1 --forceflush";
	server.ready = "grep -q 'Server listening' \"$RW_OUT\"";
	rc = lab_job_start(l, &server, e);
	if (rc < 0)
		return rc;
	/* not more intervals than can be read, however long it takes: 60 s is the most */
	snprintf(command, sizeof(command),
		 "exec iperf3 -c %s -P %u -t %.0f -O %d -i %.0f -J", lab_end_addr(l, 1),
		 w->streams, ceil(w->seconds), w->warmup > 0 ? 1 : 0,
		 fmin(60, ceil(w->seconds / 60)));
	client.command = command;
	(void)lab_usage(l, &from, NULL);
	disturb_begin(&d, from.cpu_ns + lab_usage_jobs_ns(l));
	rc = lab_job_start(l, &client, e);
	if (!rc)
		rc = lab_job_wait(l, &client, &out, e);
	(void)lab_usage(l, &to, NULL);
	r->is_disturbed = disturb_end(&d, to.cpu_ns + lab_usage_jobs_ns(l), r->disturbed,
				      sizeof(r->disturbed));
	if (!rc)
		rc = read_iperf(r, out, &bits, e);
	if (!rc)
		trial_account(r, &from, &to, 0, bits);
	free(out);
	lab_job_stop(l, &client);
	lab_job_stop(l, &server);
	return rc;
}

/* --- round trips --------------------------------------------------------------- */

struct server {
	pthread_t thread;
	atomic_bool stop;
	int fd;
};

static void *serve(void *arg)
{
	struct server *s = arg;

	(void)wire_rtt_serve(s->fd, &s->stop, NULL);
	return NULL;
}

static int start_server(struct server *s, const struct wire_rtt_wish *w, struct err *e)
{
	int rc;

	s->fd = wire_rtt_listen(w, e);
	if (s->fd < 0)
		return s->fd;
	rc = -pthread_create(&s->thread, NULL, serve, s);
	if (rc) {
		close(s->fd);
		return err_set(e, rc, "cannot start a thread: %s", strerror(-rc));
	}
	return 0;
}

static void stop_server(struct server *s)
{
	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

/*
 * The client on its CPU, the server (whose thread begins where its maker is) on the
 * others. before: where to go back to.
 */
static bool is_kept_apart(const struct trial_wish *w, cpu_set_t *before)
{
	if (w->gen_cpu < 0 || sched_getaffinity(0, sizeof(*before), before) < 0)
		return false;
	return CPU_ISSET(w->gen_cpu, before) && CPU_COUNT(before) > 1;
}

static void go_apart(const struct trial_wish *w, const cpu_set_t *before, bool is_client)
{
	cpu_set_t set = *before;

	if (is_client) {
		CPU_ZERO(&set);
		CPU_SET(w->gen_cpu, &set);
	} else {
		CPU_CLR(w->gen_cpu, &set);
	}
	(void)sched_setaffinity(0, sizeof(set), &set);
}

int trial_traffic_rtt(struct lab *l, const struct trial_wish *w, struct trial_result *r,
		      struct err *e)
{
	struct wire_rtt_wish wish;
	struct wire_rtt_result got = {0};
	struct server server = {.fd = -1};
	struct lab_usage from, to;
	struct disturb d;
	cpu_set_t before;
	bool is_apart = is_kept_apart(w, &before);
	int rc;

	r->latency = malloc(sizeof(*r->latency));
	if (!r->latency)
		return err_set(e, -ENOMEM, "not enough memory for a histogram");
	hist_init(r->latency);
	wire_rtt_defaults(&wish);
	wish.netns = lab_end_ns(l, 1);
	if (is_apart)
		go_apart(w, &before, false);
	rc = start_server(&server, &wish, e);
	if (is_apart && rc >= 0)
		go_apart(w, &before, true);
	else if (is_apart)
		(void)sched_setaffinity(0, sizeof(before), &before);
	if (rc < 0)
		return rc;
	wish.netns = lab_end_ns(l, 0);
	wish.server = lab_end_addr(l, 1);
	wish.count = w->round_trips;
	wish.gap_ns = w->gap_us * UINT64_C(1000);
	(void)lab_usage(l, &from, NULL);
	disturb_begin(&d, from.cpu_ns);
	rc = wire_rtt_measure(&wish, r->latency, &got, e);
	(void)lab_usage(l, &to, NULL);
	r->is_disturbed = disturb_end(&d, to.cpu_ns, r->disturbed, sizeof(r->disturbed));
	stop_server(&server);
	if (is_apart)
		(void)sched_setaffinity(0, sizeof(before), &before);
	r->sent = got.done + got.lost;
	r->received = got.done;
	r->lost = got.lost;
	r->seconds = got.seconds;
	trial_account(r, &from, &to, 2 * got.done, 0);
	return rc;
}

/* --- silence ------------------------------------------------------------------- */

int trial_traffic_idle(struct lab *l, const struct trial_wish *w, struct trial_result *r,
		       struct err *e)
{
	struct trial_wish load = *w;
	struct trial_result ignored;
	struct lab_usage from, to;
	int rc;

	/* what a forwarder learnt from a load must not cost for ever */
	load.rate_pps = IDLE_PPS;
	load.seconds = 0.5;
	load.count = 0;
	load.receive = TRIAL_COUNT_count;
	load.event = NULL;
	load.job = TRIAL_JOB_rate;
	load.probe = TRIAL_PROBE_none;
	trial_init(&ignored);
	rc = trial_rate(l, &load, &ignored, e);
	trial_fini(&ignored);
	if (rc < 0)
		return rc;
	(void)lab_usage(l, &from, NULL);
	bench_clock_sleep_until(bench_clock_ns() + (uint64_t)(w->seconds * 1e9));
	(void)lab_usage(l, &to, NULL);
	r->seconds = w->seconds;
	trial_account(r, &from, &to, 0, 0);
	return 0;
}
