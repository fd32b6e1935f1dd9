/* SPDX-License-Identifier: BSD-2-Clause */
/* `ringway run`: from options to opened ports, workers, signals, and back. */
#include "io/control/run.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/control/config.h"
#include "io/control/notify.h"
#include "io/control/options.h"
#include "io/control/pidfile.h"
#include "io/control/preflight.h"
#include "io/control/report.h"
#include "io/loop/engine.h"
#include "io/port/port.h"
#include "vhost/vhost.h"

/* All that one run has open; each member has an empty state and one close. */
struct run {
	struct config config;
	struct port *ports;
	unsigned n_open; /* of ports: those that port_open succeeded for */
	unsigned n_seen; /* those that port_open was called for: it owns their fds */
	struct engine *engine;
	struct pidfile pidfile;
	int signals; /* signalfd */
};

/* A line worth telling that is no failure. */
static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "ringway: %s\n", line);
}

static void say_line(const char *line)
{
	say("%s", line);
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* From here on a signal is something to read; workers and ports inherit the mask. */
static int open_signals(struct run *r, struct err *e)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (r->signals < 0)
		return err_set(e, -errno, "cannot receive signals (signalfd): %s",
			       strerror(errno));
	return 0;
}

/* Once for all ports: what vhost=auto, the default, came to. */
static void say_vhost(const struct config *c)
{
	struct err why = {0};

	for (unsigned i = 0; i < c->n_ports; i++)
		if (port_spec_vhost(&c->ports[i]) == TRI_auto && vhost_can(&why) < 0) {
			say("vhost-net: %s; using the TAP fds", why.text);
			return;
		}
}

static int open_ports(struct run *r, struct err *e)
{
	const struct config *c = &r->config;

	r->ports = calloc(c->n_ports, sizeof(*r->ports));
	if (!r->ports)
		return err_set(e, -ENOMEM, "no memory for %u ports", c->n_ports);
	for (unsigned i = 0; i < c->n_ports; i++)
		port_init(&r->ports[i]);
	while (r->n_open < c->n_ports) {
		int code = port_open(&r->ports[r->n_open], &c->ports[r->n_seen++], e);

		if (code < 0)
			return code;
		r->n_open++;
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
	code = engine_start(&r->engine, &conf, e);
	free(pairs);
	return code;
}

static void notify(const char *state)
{
	struct err e = {0};

	if (notify_send(state, &e) < 0)
		say("%s", e.text);
}

static void say_ready(const struct run *r)
{
	const struct config *c = &r->config;
	struct engine_worker_stats st = {.form = LOOP_FORM_E};
	unsigned n_workers = engine_n_workers(r->engine);
	char how[32] = "epoll";

	engine_worker_stats(r->engine, 0, &st);
	if (st.form != LOOP_FORM_E)
		snprintf(how, sizeof(how), "io_uring form %s", engine_form_name(st.form));
	say("ready: %u port%s, %u connection%s, %u worker%s (%s)", c->n_ports,
	    plural(c->n_ports), c->n_connects, plural(c->n_connects), n_workers,
	    plural(n_workers), how);
}

static void report(struct run *r)
{
	struct err e = {0};

	if (report_send(STDOUT_FILENO, r->engine, r->ports, r->n_open, &e) < 0)
		say("%s", e.text);
}

/* Returns when SIGTERM or SIGINT comes. */
static int serve_signals(struct run *r, struct err *e)
{
	for (;;) {
		struct signalfd_siginfo info;
		ssize_t n = read(r->signals, &info, sizeof(info));

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(info))
			return err_set(e, n < 0 ? -errno : -EIO,
				       "cannot read signals: %s",
				       strerror(n < 0 ? errno : EIO));
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			return 0;
		case SIGUSR1:
			report(r);
			break;
		default:
			say("%s is ignored; to read the configuration anew, restart "
			    "ringway",
			    info.ssi_signo == SIGHUP ? "SIGHUP" : "SIGUSR2");
		}
	}
}

static int serve(struct run *r, struct err *e)
{
	const struct config *c = &r->config;
	int code = open_signals(r, e);

	/* locked now, before anything is changed; written when it is true */
	if (code == 0 && c->pidfile[0])
		code = pidfile_open(&r->pidfile, c->pidfile, e);
	if (code == 0)
		code = open_ports(r, e);
	if (code == 0)
		code = start_engine(r, e);
	if (code == 0 && c->pidfile[0])
		code = pidfile_write(&r->pidfile, e);
	if (code < 0)
		return code;
	notify("READY=1");
	say_vhost(c);
	say_ready(r);
	code = serve_signals(r, e);
	notify("STOPPING=1");
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

/* The first failure of the run is the one that is handed up; others are told at once. */
static int close_all(struct run *r, int code, struct err *e)
{
	engine_stop(&r->engine);
	while (r->n_open > 0) {
		struct err own = {0};
		int failed = port_close(&r->ports[--r->n_open], &own);

		if (failed < 0 && code == 0) {
			code = failed;
			*e = own;
		} else if (failed < 0) {
			say("%s", own.text);
		}
	}
	close_unseen_fds(r);
	free(r->ports);
	r->ports = NULL;
	pidfile_close(&r->pidfile);
	if (r->signals >= 0)
		close(r->signals);
	r->signals = -1;
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
	if (code == 0 && c->check_only)
		code = preflight_files(c, e);
	return code == 0 ? preflight_limits(c, e) : code;
}

int run_command(int argc, char **argv, struct err *e)
{
	struct run *r = calloc(1, sizeof(*r));
	bool help = false;
	int code;

	if (!r)
		return err_set(e, -ENOMEM, "no memory to start");
	config_init(&r->config);
	pidfile_init(&r->pidfile);
	r->signals = -1;
	code = options_parse(&r->config, argc, argv, &help, e);
	if (code == 0 && help)
		options_help(stdout);
	else if (code == 0)
		code = check(&r->config, e);
	if (code == 0 && !help && r->config.check_only)
		printf("ringway: configuration ok: %u port%s, %u connection%s\n",
		       r->config.n_ports, plural(r->config.n_ports), r->config.n_connects,
		       plural(r->config.n_connects));
	else if (code == 0 && !help)
		code = close_all(r, serve(r, e), e);
	config_fini(&r->config);
	free(r);
	return code;
}
