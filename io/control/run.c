/* SPDX-License-Identifier: BSD-2-Clause */
/* `ringway run`: from options to opened ports, workers, signals, and back. */
#include "io/control/run.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/control/config.h"
#include "io/control/notify.h"
#include "io/control/options.h"
#include "io/control/pidfile.h"
#include "io/control/preflight.h"
#include "io/control/say.h"
#include "io/control/serve.h"
#include "io/control/signals.h"
#include "io/loop/engine.h"
#include "io/port/port.h"
#include "io/port/spawn.h"

/* All that one run has open; each member has an empty state and one close. */
struct run {
	struct config config;
	struct port *ports;
	unsigned n_open; /* of ports: those that port_open succeeded for */
	unsigned n_seen; /* those that port_open was called for: it owns their fds */
	struct engine_bridge_conf *bridges;
	unsigned *bridge_ports; /* of all bridges */
	struct engine *engine;
	struct pidfile pidfile;
	struct signals signals;
	bool is_ready; /* from then on ports are closed, before it they are undone */
	bool is_notify_broken;
};

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* A stop signal during set-up ends it; a failure of another kind is the one to tell. */
static int check_stop(struct run *r, int code, struct err *e)
{
	int sig = signals_stop(&r->signals);

	if (sig == 0 || (code < 0 && code != -EINTR))
		return code;
	err_set(e, -EINTR, "interrupted by SIG%s during set-up", sigabbrev_np(sig));
	if (e)
		e->exit_status = 128 + sig; /* as shells tell of it */
	return -EINTR;
}

/* CPUs that the workers leave to others. */
static int count_spare_cpus(const struct config *c)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return 0;
	return CPU_COUNT(&allowed) - (int)c->n_workers;
}

/* Each reason once, with the ports it holds for unless that is all of them. */
static void say_vhost(const struct run *r)
{
	for (unsigned i = 0; i < r->n_open; i++) {
		const char *why = r->ports[i].vhost_why;
		unsigned n = 0, first;

		for (first = 0; strcmp(r->ports[first].vhost_why, why) != 0; first++)
			;
		if (first < i || port_spec_vhost(&r->ports[i].spec) == TRI_off)
			continue;
		for (unsigned j = i; j < r->n_open; j++)
			n += strcmp(r->ports[j].vhost_why, why) == 0;
		if (n == r->n_open)
			say_fmt("vhost-net: %s", why);
		else if (n == 1)
			say_fmt("vhost-net: port '%s': %s", r->ports[i].spec.id, why);
		else
			say_fmt("vhost-net: port '%s' and %u more: %s",
				r->ports[i].spec.id, n - 1, why);
	}
}

static int open_ports(struct run *r, struct err *e)
{
	struct config *c = &r->config;
	int spare_cpus = count_spare_cpus(c);

	r->ports = calloc(c->n_ports, sizeof(*r->ports));
	if (!r->ports)
		return err_set(e, -ENOMEM, "no memory for %u ports", c->n_ports);
	for (unsigned i = 0; i < c->n_ports; i++)
		port_init(&r->ports[i]);
	while (r->n_open < c->n_ports) {
		struct port_spec *spec = &c->ports[r->n_seen++];
		int code;

		spec->spare_cpus = spare_cpus;
		code = port_open(&r->ports[r->n_open], spec, e);
		if (code == 0)
			r->n_open++;
		code = check_stop(r, code, e);
		if (code < 0)
			return code;
	}
	return 0;
}

/* The bridges as the engine wants them; close_all frees them. */
static int plan_bridges(struct run *r, struct err *e)
{
	const struct config *c = &r->config;
	unsigned n = 0;

	r->bridges = calloc(c->n_bridges + 1, sizeof(*r->bridges));
	r->bridge_ports = calloc(c->n_members + 1, sizeof(*r->bridge_ports));
	if (!r->bridges || !r->bridge_ports)
		return err_set(e, -ENOMEM, "no memory for %u bridges", c->n_bridges);
	for (unsigned i = 0; i < c->n_bridges; i++) {
		const struct config_bridge *b = &c->bridges[i];

		r->bridges[i] = (struct engine_bridge_conf){
			.name = b->name,
			.ports = r->bridge_ports + n,
			.n_ports = b->n_ports,
			.ageing_ms = b->ageing_ms,
			.n_macs = b->n_macs,
			.vlan_filtering = b->vlan_filtering,
			.vlan_proto = b->vlan_proto,
			.group_fwd_mask = b->group_fwd_mask,
		};
		for (unsigned k = 0; k < c->n_members; k++)
			if (c->members[k].bridge == i)
				r->bridge_ports[n++] = (unsigned)config_port_index(
					c, c->members[k].port);
	}
	return 0;
}

static int start_engine(struct run *r, struct err *e)
{
	const struct config *c = &r->config;
	struct engine_pair *pairs = calloc(c->n_connects + 1, sizeof(*pairs));
	struct engine_conf conf = {
		.ports = r->ports,
		.n_ports = c->n_ports,
		.pairs = pairs,
		.n_pairs = c->n_connects,
		.n_bridges = c->n_bridges,
		.n_workers = c->n_workers,
		.cpus = c->cpus,
		.n_cpus = c->n_cpus,
		.form = c->form,
		.busy_poll = c->busy_poll,
		.log = say_line,
	};
	int code;

	if (!pairs)
		return err_set(e, -ENOMEM, "no memory for %u connections", c->n_connects);
	for (unsigned i = 0; i < c->n_connects; i++) {
		pairs[i].a = (unsigned)config_port_index(c, c->connects[i].a);
		pairs[i].b = (unsigned)config_port_index(c, c->connects[i].b);
	}
	code = plan_bridges(r, e);
	conf.bridges = r->bridges;
	if (code == 0)
		code = engine_start(&r->engine, &conf, e);
	free(pairs);
	return code;
}

/* A service manager that cannot be told is told of once. */
static void notify(struct run *r, const char *state)
{
	struct err e = {0};

	if (r->is_notify_broken || notify_send(state, &e) >= 0)
		return;
	r->is_notify_broken = true;
	say_line(e.text);
}

/* ", 2 bridges", or nothing where there is none. */
static const char *count_bridges(const struct config *c, char text[32])
{
	snprintf(text, 32, ", %u bridge%s", c->n_bridges, plural(c->n_bridges));
	return c->n_bridges ? text : "";
}

static void say_ready(const struct run *r)
{
	const struct config *c = &r->config;
	struct engine_worker_stats st = {.form = LOOP_FORM_E};
	unsigned n_workers = engine_n_workers(r->engine);
	char how[32] = "epoll", bridges[32];

	engine_worker_stats(r->engine, 0, &st);
	if (st.form != LOOP_FORM_E)
		snprintf(how, sizeof(how), "io_uring form %s", engine_form_name(st.form));
	say_fmt("ready: %u port%s, %u connection%s%s, %u worker%s (%s)", c->n_ports,
		plural(c->n_ports), c->n_connects, plural(c->n_connects),
		count_bridges(c, bridges), n_workers, plural(n_workers), how);
}

/* All that must have happened before others are told that we are ready. */
static int set_up(struct run *r, struct err *e)
{
	const struct config *c = &r->config;
	int code = signals_open(&r->signals, e);

	if (code < 0)
		return code;
	spawn_watch(r->signals.stop_fd);
	/* locked now, before anything is changed; written when it is true */
	if (c->pidfile[0])
		code = pidfile_open(&r->pidfile, c->pidfile, e);
	code = check_stop(r, code, e);
	if (code == 0)
		code = open_ports(r, e);
	if (code == 0)
		code = check_stop(r, start_engine(r, e), e);
	if (code == 0 && c->pidfile[0])
		code = check_stop(r, pidfile_write(&r->pidfile, e), e);
	return code;
}

static int serve(struct run *r, struct err *e)
{
	int code = set_up(r, e);

	spawn_watch(-1);
	if (code < 0)
		return code;
	r->is_ready = true;
	notify(r, "READY=1");
	serve_tell_vhost(r->engine, r->ports, r->n_open);
	say_vhost(r);
	say_ready(r);
	code = serve_until_stop(&r->signals, r->engine, r->ports, r->n_open, e);
	notify(r, "STOPPING=1");
	return code;
}

/* A given fd that no port has taken over yet is still ours to close. */
static void close_unseen_fds(const struct run *r)
{
	for (unsigned i = r->n_seen; i < r->config.n_ports; i++) {
		const struct port_spec *s = &r->config.ports[i];

		for (unsigned q = 0; q < s->n_fds; q++)
			close(s->fds[q]);
		for (unsigned q = 0; q < s->n_vhostfds; q++)
			close(s->vhostfds[q]);
	}
}

/*
 * A run that was never ready leaves devices as they were before it, persist=on or
 * not. A stop signal that comes while the downscript runs ends it, so that one
 * that hangs holds nobody up for ever; one that came earlier was not meant for it.
 */
static int close_port(struct run *r, struct port *p, struct err *e)
{
	int code, sig;

	while (signals_again(&r->signals))
		;
	spawn_watch(r->signals.stop_fd);
	if (r->is_ready) {
		code = port_close(p, e);
	} else {
		port_abort(p, e);
		code = e->code;
	}
	spawn_watch(-1);
	sig = code == -EINTR ? signals_again(&r->signals) : 0;
	if (sig)
		e->exit_status = 128 + sig;
	return code;
}

/* The first failure of the run is the one that is handed up; others are told at once. */
static int close_all(struct run *r, int code, struct err *e)
{
	engine_stop(&r->engine);
	free(r->bridges);
	free(r->bridge_ports);
	while (r->n_open > 0) {
		struct err own = {0};
		int failed = close_port(r, &r->ports[--r->n_open], &own);

		if (failed < 0 && code == 0) {
			code = failed;
			*e = own;
		} else if (failed < 0) {
			say_line(own.text);
		}
	}
	close_unseen_fds(r);
	free(r->ports);
	r->ports = NULL;
	pidfile_close(&r->pidfile);
	signals_close(&r->signals);
	return code;
}

/* What was asked for is checked first, then what is there. */
static int check(const struct config *c, struct err *e)
{
	int code = config_check(c, e);

	if (code == 0)
		code = preflight_fds(c, e);
	if (code == 0)
		code = preflight_cpus(c, e);
	if (code == 0)
		code = preflight_files(c, e);
	return code == 0 ? preflight_limits(c, e) : code;
}

int run_command(int argc, char **argv, struct err *e)
{
	struct run *r = calloc(1, sizeof(*r));
	bool help = false;
	char bridges[32];
	int code;

	if (!r)
		return err_set(e, -ENOMEM, "no memory to start");
	config_init(&r->config);
	pidfile_init(&r->pidfile);
	signals_init(&r->signals);
	code = options_parse(&r->config, argc, argv, &help, e);
	if (code == 0 && help)
		options_help(stdout);
	else if (code == 0)
		code = check(&r->config, e);
	if (code == 0 && !help && r->config.check_only)
		printf("ringway: configuration ok: %u port%s, %u connection%s%s\n",
		       r->config.n_ports, plural(r->config.n_ports), r->config.n_connects,
		       plural(r->config.n_connects), count_bridges(&r->config, bridges));
	else if (code == 0 && !help)
		code = close_all(r, serve(r, e), e);
	config_fini(&r->config);
	free(r);
	return code;
}
