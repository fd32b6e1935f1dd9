/* SPDX-License-Identifier: BSD-2-Clause */
/* A forwarder under test between its ends: from the start to the end of it. */
#include "bench/lab/lab.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench_clock.h"
#include "bench/lab/lab_inside.h"
#include "bench/lab/lab_link.h"
#include "io/port/spawn.h"

enum { STOP_MS = 3000, POLL_MIN_MS = 2, POLL_MAX_MS = 50 };

void lab_defaults(struct lab_wish *w)
{
	*w = (struct lab_wish){.n_ports = 2, .n_queues = 1, .fwd_cpu = -1};
}

static int check_wish(const struct lab_wish *w, struct err *e)
{
	const struct case_spec *c = w->spec;

	if (w->n_ports < 2 || w->n_ports % 2)
		return err_usage(e, "%u ports: they go in pairs", w->n_ports);
	if (w->n_ports > c->max_ports)
		return err_usage(e, "%s: %u ports, and it takes %u", c->name, w->n_ports,
				 c->max_ports);
	if (w->n_queues < 1 || w->n_queues > c->max_queues)
		return err_usage(e, "%s: %u queues, and it takes %u", c->name,
				 w->n_queues, c->max_queues);
	if (w->mtu && (w->mtu < 68 || w->mtu > 65521))
		return err_usage(e, "an MTU of %u: from 68 to 65521", w->mtu);
	return case_check(c, e);
}

/* --- words --------------------------------------------------------------------- */

void lab_last_words(const struct box *b, const char *file, char text[256])
{
	char tail[2048], *line;
	size_t n = box_tail(b, file, tail, sizeof(tail));

	while (n && (tail[n - 1] == '\n' || tail[n - 1] == ' '))
		tail[--n] = '\0';
	line = strrchr(tail, '\n');
	snprintf(text, 256, "%.255s", line ? line + 1 : tail);
}

static int explain(const struct lab *l, int code, const char *what, struct err *e)
{
	char words[256];

	lab_last_words(&l->fwd, LAB_LOG, words);
	return err_set(e, code, "%s: %s%s%s", l->spec->name, what,
		       *words ? "; its last words: " : "", words);
}

/* --- commands ------------------------------------------------------------------ */

int lab_command(struct lab *l, struct box *b, const struct box_command *c,
		unsigned limit_ms, struct err *e)
{
	char words[256], ended[64];
	pid_t pid = box_start(b, c, e);
	int status, rc;

	if (pid < 0)
		return pid;
	rc = box_wait(b, pid, limit_ms, &status, e);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		box_signal(b, pid, SIGKILL, NULL);
		return err_set(e, -ETIMEDOUT, "%s: no end in %u ms: %.200s",
			       l->spec->name, limit_ms, c->text);
	}
	if (status == 0)
		return 0;
	spawn_describe(status, ended, sizeof(ended));
	lab_last_words(b, c->err, words);
	return err_set(e, -ECHILD, "%s: the command %s%s%s", l->spec->name, ended,
		       *words ? ": " : "", words);
}

int lab_run(struct lab *l, const char *command, unsigned limit_ms, struct err *e)
{
	char name[32];
	struct box_command c = {
		.text = command, .end = -1, .cpu = -1, .out = name, .err = name};

	snprintf(name, sizeof(name), "command%u", l->n_commands++);
	return lab_command(l, &l->fwd, &c, limit_ms, e);
}

int lab_calls(struct lab *l, uint64_t *n, struct err *e)
{
	char name[32], words[256], *end;
	struct box_command c = {.text = l->spec->calls,
				.end = -1,
				.cpu = -1,
				.out = name,
				.err = LAB_LOG};
	int rc;

	if (!*l->spec->calls)
		return err_set(e, -EOPNOTSUPP, "%s does not count its system calls",
			       l->spec->name);
	snprintf(name, sizeof(name), "calls%u", l->n_commands++);
	rc = lab_command(l, &l->fwd, &c, LAB_READY_MS, e);
	if (rc < 0)
		return rc;
	lab_last_words(&l->fwd, name, words);
	*n = strtoull(words, &end, 10);
	if (end == words || *end)
		return err_set(e, -EBADMSG, "%s: calls= printed no number but '%s'",
			       l->spec->name, words);
	return 0;
}

/* --- is it alive? -------------------------------------------------------------- */

/* The start command's end: 1 = it has ended well, 0 = it runs, or it failed. */
static int look_at_start(struct lab *l, struct err *e)
{
	char ended[64], what[96];
	int status, rc;

	if (l->start < 0)
		return 1;
	rc = box_wait(&l->fwd, l->start, 0, &status, e);
	if (rc <= 0)
		return rc;
	l->start = -1;
	if (status == 0 && !l->is_foreground)
		return 1;
	spawn_describe(status, ended, sizeof(ended));
	snprintf(what, sizeof(what), l->is_foreground ? "it %s" : "its start %s", ended);
	return explain(l, -EPIPE, what, e);
}

int lab_check(struct lab *l, struct err *e)
{
	int rc = look_at_start(l, e);

	if (rc < 0 || l->is_foreground)
		return rc < 0 ? rc : 0;
	if (lab_usage_processes(l) < l->n_processes)
		return explain(l, -EPIPE, "a process of it has ended", e);
	return 0;
}

int lab_check_end(struct lab *l, unsigned limit_ms, struct err *e)
{
	uint64_t end = bench_clock_ns() + (uint64_t)limit_ms * 1000000;
	int rc;

	while ((rc = lab_check(l, e)) == 0 && bench_clock_ns() < end) {
		rc = box_pause(&l->fwd, POLL_MAX_MS, e);
		if (rc < 0)
			break;
	}
	return rc;
}

/* Once: 1 = it is, 0 = not yet. */
static int is_ready(struct lab *l, unsigned limit_ms, struct err *e)
{
	const struct box_command c = {.text = l->spec->ready,
				      .end = -1,
				      .cpu = -1,
				      .out = "ready",
				      .err = "ready"};
	int status, ended = look_at_start(l, e), rc;
	pid_t pid;

	if (ended < 0 || !*c.text) /* without a condition: when the start has ended */
		return ended;
	pid = box_start(&l->fwd, &c, e);
	if (pid < 0)
		return pid;
	rc = box_wait(&l->fwd, pid, limit_ms, &status, e);
	return rc == 1 && status ? 0 : rc;
}

static int wait_ready(struct lab *l, struct err *e)
{
	unsigned limit = l->wish.ready_ms ? l->wish.ready_ms : l->spec->patience * 1000;
	uint64_t end = bench_clock_ns() + (uint64_t)limit * 1000000;
	unsigned pause = POLL_MIN_MS;
	char what[64];
	int rc;

	while ((rc = is_ready(l, limit, e)) == 0 && bench_clock_ns() < end) {
		rc = box_pause(&l->fwd, pause, e);
		if (rc < 0)
			return rc;
		pause = pause * 2 < POLL_MAX_MS ? pause * 2 : POLL_MAX_MS;
	}
	if (rc)
		return rc < 0 ? rc : 0;
	snprintf(what, sizeof(what), "not ready in %u ms", limit);
	return explain(l, -ETIMEDOUT, what, e);
}

static int start(struct lab *l, struct err *e)
{
	const struct box_command c = {
		.text = l->spec->start,
		.end = -1,
		.cpu = l->spec->pins ? -1 : l->wish.fwd_cpu,
		.out = LAB_LOG,
		.err = LAB_LOG,
	};
	int rc = box_start(&l->fwd, &c, e);

	if (rc < 0)
		return rc;
	l->start = rc;
	rc = wait_ready(l, e);
	if (rc < 0)
		return rc;
	rc = look_at_start(l, e);
	l->is_foreground = rc == 0;
	l->n_processes = lab_usage_processes(l);
	return rc < 0 ? rc : 0;
}

/* --- open, close --------------------------------------------------------------- */

static int make_ends(struct lab *l, struct err *e)
{
	for (unsigned i = 0; i < l->wish.n_ports; i++) {
		struct lab_end *end = &l->end[i];

		end->ns = lab_link_new_ns(e);
		if (end->ns < 0)
			return end->ns;
		memcpy(end->mac, (uint8_t[6]){2, 0x52, 0x57, 0, 0, (uint8_t)i}, 6);
		snprintf(end->addr, sizeof(end->addr), "10.52.%u.%u", i / 2, 1 + i % 2);
	}
	return 0;
}

int lab_open_box(struct lab *l, struct box *b, struct err *e)
{
	int ns[CASE_PORTS_MAX];

	for (unsigned i = 0; i < l->wish.n_ports; i++)
		ns[i] = l->end[i].ns;
	return box_open(b, ns, l->wish.n_ports, l->env, e);
}

static int make(struct lab *l, struct err *e)
{
	int rc = lab_env(l, e);

	if (!rc)
		rc = make_ends(l, e);
	if (!rc)
		rc = lab_open_box(l, &l->fwd, e);
	for (unsigned i = 0; i < l->wish.n_ports && !rc; i++)
		if (l->spec->links == CASE_LINKS_veth)
			rc = lab_link_make_veth(l, i, e);
	if (!rc)
		rc = start(l, e);
	for (unsigned i = 0; i < l->wish.n_ports && !rc; i++) {
		if (l->spec->links == CASE_LINKS_move)
			rc = lab_link_move(l, i, e);
		if (!rc)
			rc = lab_link_dress(l, i, e);
	}
	return rc;
}

int lab_open(struct lab **l, const struct lab_wish *w, struct err *e)
{
	int rc = check_wish(w, e);

	*l = NULL;
	if (rc < 0)
		return rc;
	*l = calloc(1, sizeof(**l));
	if (!*l)
		return err_set(e, -ENOMEM, "not enough memory for a lab");
	(*l)->wish = *w;
	(*l)->spec = w->spec;
	if (!w->mtu)
		(*l)->wish.mtu = 1500;
	(*l)->start = -1;
	for (unsigned i = 0; i < CASE_PORTS_MAX; i++)
		(*l)->end[i].ns = -1;
	box_init(&(*l)->fwd);
	box_init(&(*l)->traffic);
	rc = make(*l, e);
	if (rc < 0) {
		lab_close(*l);
		*l = NULL;
	}
	return rc;
}

void lab_close(struct lab *l)
{
	int status;

	if (!l)
		return;
	box_close(&l->traffic);
	if (l->fwd.init > 0) {
		if (*l->spec->stop)
			(void)lab_run(l, l->spec->stop, STOP_MS, NULL);
		if (l->start >= 0) {
			(void)box_signal(&l->fwd, BOX_ALL, SIGTERM, NULL);
			(void)box_wait(&l->fwd, l->start, STOP_MS, &status, NULL);
		}
	}
	box_close(&l->fwd);
	for (unsigned i = 0; i < CASE_PORTS_MAX; i++)
		if (l->end[i].ns >= 0)
			close(l->end[i].ns);
	free(l);
}

size_t lab_tail(const struct lab *l, const char *file, char *text, size_t size)
{
	return box_tail(&l->fwd, file, text, size);
}

int lab_end_ns(const struct lab *l, unsigned port)
{
	return l->end[port].ns;
}

const char *lab_end_ifname(const struct lab *l, unsigned port)
{
	(void)l, (void)port;
	return LAB_IFNAME;
}

const uint8_t *lab_end_mac(const struct lab *l, unsigned port)
{
	return l->end[port].mac;
}

const char *lab_end_addr(const struct lab *l, unsigned port)
{
	return l->end[port].addr;
}

bool lab_has_veth(const struct lab *l)
{
	return l->spec->links == CASE_LINKS_veth;
}
