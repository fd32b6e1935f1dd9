/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs at the ends of a lab: what makes and takes traffic that is no frames of ours.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench_clock.h"
#include "bench/lab/lab_inside.h"
#include "io/port/spawn.h"

enum { JOB_POLL_MS = 10, JOB_LIMIT_MS = 60000 };

static unsigned limit_of(const struct lab_job *j)
{
	return j->limit_ms ? j->limit_ms : JOB_LIMIT_MS;
}

static int explain(struct lab *l, const struct lab_job *j, int status, struct err *e)
{
	char words[256], ended[64];

	spawn_describe(status, ended, sizeof(ended));
	lab_last_words(&l->traffic, j->err, words);
	if (!*words)
		lab_last_words(&l->traffic, j->out, words);
	return err_set(e, -ECHILD, "'%.80s' %s%s%s", j->command, ended,
		       *words ? ": " : "", words);
}

static int wait_ready(struct lab *l, struct lab_job *j, struct err *e)
{
	char text[1024];
	struct box_command c = {.text = text,
				.end = (int)j->port,
				.cpu = -1,
				.out = "ready",
				.err = "ready"};
	uint64_t end = bench_clock_ns() + (uint64_t)limit_of(j) * 1000000;
	int rc, status;
	pid_t pid;

	snprintf(text, sizeof(text), "RW_OUT=\"$RW_DIR/%s\"; %s", j->out, j->ready);
	while (bench_clock_ns() < end) {
		rc = box_wait(&l->traffic, j->pid, 0, &status, e);
		if (rc)
			j->pid = -1;
		if (rc)
			return rc < 0 ? rc : explain(l, j, status, e);
		pid = box_start(&l->traffic, &c, e);
		if (pid < 0)
			return pid;
		rc = box_wait(&l->traffic, pid, limit_of(j), &status, e);
		if (rc < 0 || (rc == 1 && status == 0))
			return rc < 0 ? rc : 0;
		rc = box_pause(&l->traffic, JOB_POLL_MS, e);
		if (rc < 0)
			return rc;
	}
	return err_set(e, -ETIMEDOUT, "'%.80s' was not ready in %u ms", j->command,
		       limit_of(j));
}

int lab_job_start(struct lab *l, struct lab_job *j, struct err *e)
{
	struct box_command c = {.text = j->command,
				.end = (int)j->port,
				.cpu = j->cpu,
				.out = j->out,
				.err = j->err};
	int rc = l->traffic.init > 0 ? 0 : lab_open_box(l, &l->traffic, e);

	j->pid = -1;
	if (rc < 0)
		return rc;
	snprintf(j->out, sizeof(j->out), "job%u.out", l->n_commands);
	snprintf(j->err, sizeof(j->err), "job%u.err", l->n_commands++);
	rc = box_start(&l->traffic, &c, e);
	if (rc < 0)
		return rc;
	j->pid = rc;
	rc = j->ready ? wait_ready(l, j, e) : 0;
	if (rc < 0)
		lab_job_stop(l, j);
	return rc;
}

int lab_job_wait(struct lab *l, struct lab_job *j, char **out, struct err *e)
{
	int status, rc;

	if (out)
		*out = NULL;
	rc = box_wait(&l->traffic, j->pid, limit_of(j), &status, e);
	if (rc == 0)
		return err_set(e, -ETIMEDOUT, "'%.80s': no end in %u ms", j->command,
			       limit_of(j));
	if (rc < 0)
		return rc;
	j->pid = -1;
	if (status)
		return explain(l, j, status, e);
	if (!out)
		return 0;
	*out = box_file(&l->traffic, j->out);
	return *out ? 0 : err_set(e, -EBADMSG, "'%.80s' printed nothing", j->command);
}

void lab_job_signal(struct lab *l, struct lab_job *j, int signum)
{
	if (j->pid > 0)
		(void)box_signal(&l->traffic, j->pid, signum, NULL);
}

void lab_job_stop(struct lab *l, struct lab_job *j)
{
	int status;

	if (j->pid <= 0)
		return;
	lab_job_signal(l, j, SIGKILL);
	(void)box_wait(&l->traffic, j->pid, JOB_LIMIT_MS, &status, NULL);
	j->pid = -1;
}
