/* SPDX-License-Identifier: BSD-2-Clause */
/* The main thread from READY to the stop signal: signals, reports, a look each second. */
#include "io/control/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "io/control/config.h"
#include "io/control/report.h"
#include "io/control/say.h"

enum { LOOK_SECONDS = 1 };

/* What was said of a port; each is said once, however often it happens. */
enum told { TOLD_corrected = 1, TOLD_failed = 2 };

struct serving {
	struct signals *signals;
	struct engine *g;
	struct port *ports;
	unsigned n_ports;
	int timer; /* -1 = none */
	unsigned char told[CONFIG_PORTS_MAX];
};

static int open_timer(void)
{
	const struct itimerspec each = {{LOOK_SECONDS, 0}, {LOOK_SECONDS, 0}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &each, NULL);
	else
		say_fmt("no timer (timerfd): %s; what others change on a device is not "
			"set back",
			strerror(errno));
	return fd;
}

static void look_at_port(struct serving *v, unsigned idx)
{
	struct port *p = &v->ports[idx];
	bool corrected = false;
	char name[IFNAMSIZ];
	struct err e = {0};
	int code = port_recheck(p, &corrected, &e);

	if (corrected && !(v->told[idx] & TOLD_corrected)) {
		v->told[idx] |= TOLD_corrected;
		say_fmt("port '%s': another process set the virtio-net header size of "
			"%s; "
			"set back to 12",
			p->spec.id, port_current_name(p, name));
	}
	if (code < 0 && !(v->told[idx] & TOLD_failed)) {
		v->told[idx] |= TOLD_failed;
		say_line(e.text);
	}
}

/* What became of vhost-net; the workers set rings up again by themselves. */
static void tell_trouble(struct engine *g, struct port *p, unsigned idx)
{
	for (unsigned q = 0; q < p->n_queues; q++) {
		struct err e = {0};
		enum engine_trouble kind = engine_vhost_trouble(g, idx, q, &e);

		if (kind == ENGINE_TROUBLE_none)
			continue;
		say_fmt("port '%s': queue %u: %s", p->spec.id, q, e.text);
		if (kind != ENGINE_TROUBLE_left)
			continue;
		/* said by the queue itself: it may still be on its way there */
		if (p->n_queues == 1)
			snprintf(p->vhost_why, sizeof(p->vhost_why),
				 "%.480s; using the TAP fds", e.text);
		else
			snprintf(p->vhost_why, sizeof(p->vhost_why),
				 "queue %u: %.440s; using its TAP fd", q, e.text);
	}
}

void serve_tell_vhost(struct engine *g, struct port *ports, unsigned n_ports)
{
	for (unsigned i = 0; i < n_ports; i++)
		tell_trouble(g, &ports[i], i);
}

static void look(struct serving *v)
{
	uint64_t n;

	if (read(v->timer, &n, sizeof(n)) != sizeof(n))
		return;
	for (unsigned i = 0; i < v->n_ports; i++)
		look_at_port(v, i);
	serve_tell_vhost(v->g, v->ports, v->n_ports);
	engine_bridge_age(v->g);
	say_lost();
}

static void report(struct serving *v)
{
	struct err e = {0};

	if (report_send(STDOUT_FILENO, v->g, v->ports, v->n_ports, &e) < 0)
		say_line(e.text);
}

/* From vhost-net to the TAP fd, or back; the workers do it without losing a frame. */
static int toggle_port(struct serving *v, unsigned idx, struct err *e)
{
	struct port *p = &v->ports[idx];
	bool on = !engine_vhost_is_wanted(v->g, idx);
	int code;

	tell_trouble(v->g, p, idx); /* what was before this */
	code = on ? port_vhost_attach(p, e) : 0;
	if (!code)
		code = engine_vhost_switch(v->g, idx, on, e);
	if (code)
		return code;
	say_fmt("port '%s': switching to %s", p->spec.id,
		on ? "vhost-net" : "the TAP fd");
	snprintf(p->vhost_why, sizeof(p->vhost_why), "SIGUSR2: %s",
		 on ? "vhost-net serves it" : "using the TAP fds");
	return 0;
}

static void toggle(struct serving *v)
{
	for (unsigned i = 0; i < v->n_ports; i++) {
		struct err e = {0};

		if (toggle_port(v, i, &e) < 0)
			say_fmt("port '%s' stays on the TAP fd: %s", v->ports[i].spec.id,
				e.text);
	}
}

/* One signal each time: one that ends us is never behind a row of others. */
static int take_other(struct serving *v)
{
	int sig = signals_other(v->signals);

	if (sig == SIGUSR1)
		report(v);
	else if (sig == SIGUSR2)
		toggle(v);
	else if (sig)
		say_fmt("SIG%s is ignored; to read the configuration anew, restart "
			"ringway",
			sigabbrev_np(sig));
	return sig;
}

static int turn(struct serving *v, struct err *e)
{
	struct pollfd fds[] = {{.fd = v->signals->stop_fd, .events = POLLIN},
			       {.fd = v->signals->other_fd, .events = POLLIN},
			       {.fd = v->timer, .events = POLLIN}};

	if (poll(fds, 3, -1) < 0 && errno != EINTR)
		return err_set(e, -errno, "cannot wait for signals: %s", strerror(errno));
	if (signals_stop(v->signals)) {
		/* those that came before it are answered: each kind waits once at most */
		for (int n = 0; n < SIGNALS_OTHERS && take_other(v); n++)
			;
		return 0;
	}
	if (fds[1].revents)
		take_other(v);
	if (fds[2].revents)
		look(v);
	return 1;
}

int serve_until_stop(struct signals *s, struct engine *g, struct port *ports,
		     unsigned n_ports, struct err *e)
{
	struct serving v = {
		.signals = s,
		.g = g,
		.ports = ports,
		.n_ports = n_ports,
		.timer = open_timer(),
	};
	int code;

	do {
		code = turn(&v, e);
	} while (code > 0);
	if (v.timer >= 0)
		close(v.timer);
	return code;
}
