/* SPDX-License-Identifier: BSD-2-Clause */
/* The optional stage of a port: whether vhost-net serves it, and with which fds. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/port/port.h"
#include "io/port/port_setup.h"

/*
 * How it works: all queues of a port have a vhost-net fd, or none has. A fd of
 * spec.vhostfds is moved from there into struct vhost before that can fail, so
 * each has one owner at any time. What is written here is setup->vhost_threads,
 * p->vhost and p->vhost_why; struct vhost ends before the TAP fds do.
 */

__attribute__((format(printf, 2, 3))) static void say_why(struct port *p, const char *fmt,
							  ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->vhost_why, sizeof(p->vhost_why), fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void add_why(struct port *p, const char *fmt,
							  ...)
{
	size_t len = strlen(p->vhost_why);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->vhost_why + len, sizeof(p->vhost_why) - len, fmt, ap);
	va_end(ap);
}

/* Is this number one of the TAP's, which close_fds() in port.c closes? */
static bool is_tap_fd(const struct port *p, int fd)
{
	for (unsigned i = 0; i < PORT_QUEUES_MAX; i++)
		if (p->fds[i] == fd || p->spec.fds[i] == fd)
			return true;
	return false;
}

void port_vhost_drop_given(struct port *p)
{
	int *fds = p->spec.vhostfds;

	for (unsigned i = 0; i < PORT_QUEUES_MAX; i++) {
		int fd = fds[i];

		if (fd < 0)
			continue;
		for (unsigned j = i; j < PORT_QUEUES_MAX; j++)
			if (fds[j] == fd)
				fds[j] = -1; /* written twice: closed once */
		if (!is_tap_fd(p, fd))
			close(fd);
	}
	p->spec.n_vhostfds = 0;
}

/* port_spec_check has seen to it; but fds closed twice are never somebody's mistake. */
static int check_given(const struct port *p, struct err *e)
{
	const int *fds = p->spec.vhostfds;
	unsigned n = p->spec.n_vhostfds;

	if (n && n != p->n_queues)
		return err_usage(e,
				 "%u vhost file descriptors for %u queues; give one for "
				 "each queue",
				 n, p->n_queues);
	for (unsigned i = 0; i < n; i++) {
		bool again = is_tap_fd(p, fds[i]);

		for (unsigned j = 0; j < i; j++)
			again |= fds[j] == fds[i];
		if (again)
			return err_usage(e,
					 "vhost file descriptor %d is given twice; each "
					 "queue needs one of its own",
					 fds[i]);
	}
	return 0;
}

static int open_queues(struct port *p, struct err *e)
{
	struct vhost_conf conf = {
		.workers = p->spec.vhost_workers,
		.poll_us = p->spec.poll_us,
	};
	bool is_given = p->spec.n_vhostfds > 0;
	int code = check_given(p, e);

	for (unsigned i = 0; i < p->n_queues && !code; i++) {
		conf.fd = is_given ? p->spec.vhostfds[i] : -1;
		p->spec.vhostfds[i] = -1;
		code = vhost_open(&p->vhost[i], &conf, e);
	}
	return code;
}

/* Which threads are new, and where they run: said, but no reason to fail. */
static void place_threads(struct port *p, const struct vhost_threads *before)
{
	struct vhost_threads *t = &p->setup->vhost_threads;
	struct err e = {0};

	if (vhost_threads_scan(t, &e) == 0) {
		vhost_threads_subtract(t, before);
		if (t->n == 0)
			err_set(&e, -ESRCH,
				"the threads of vhost-net are not seen from here "
				"(another "
				"PID namespace?)");
		else if (p->spec.has_vhost_cpus)
			vhost_threads_pin(t, &p->spec.vhost_cpus, &e);
	}
	if (e.code && p->spec.has_vhost_cpus)
		add_why(p, "; vhost-cpus: %s", e.text);
}

int port_vhost_attach(struct port *p, struct err *e)
{
	struct vhost_threads before = {0};
	struct vhost_info info;
	int code = 0;

	if (port_vhost_is_attached(p))
		return 0;
	if (!p->vnet_hdr)
		code = err_set(e, -EINVAL,
			       "%s has no virtio-net header, which vhost-net needs",
			       p->ifname);
	if (!code)
		vhost_threads_scan(&before, NULL);
	if (!code)
		code = open_queues(p, e);
	if (code) {
		port_vhost_drop_given(p);
		port_vhost_detach(p);
	} else {
		vhost_info(p->vhost[0], &info);
		say_why(p, "vhost-net serves it");
		if (info.workers != p->spec.vhost_workers)
			add_why(p, "; vhost-workers=per-queue: this kernel's vhost-net "
				   "cannot make threads (VHOST_NEW_WORKER), one thread "
				   "serves both rings");
		place_threads(p, &before);
	}
	vhost_threads_fini(&before);
	return code;
}

void port_vhost_detach(struct port *p)
{
	for (unsigned i = 0; i < PORT_QUEUES_MAX; i++)
		vhost_close(&p->vhost[i]);
	if (p->setup)
		vhost_threads_fini(&p->setup->vhost_threads);
}

void port_vhost_give_up(struct port *p, const char *why)
{
	port_vhost_detach(p);
	say_why(p, "%.480s; using the TAP fds", why);
}

bool port_vhost_is_attached(const struct port *p)
{
	return p->vhost[0];
}

/* vhost=auto: is it of use here? */
static int check_auto(const struct port *p, struct err *e)
{
	if (!p->vnet_hdr)
		return err_set(e, -EINVAL, "%s has no virtio-net header", p->ifname);
	/* on one CPU its threads and those they wake take turns, packet by packet */
	if (p->spec.spare_cpus < 2)
		return err_set(e, -EAGAIN,
			       "vhost=auto wants 2 CPUs beside the workers', and there "
			       "are %d (vhost=on insists)",
			       p->spec.spare_cpus < 0 ? 0 : p->spec.spare_cpus);
	if (p->spec.n_vhostfds)
		return 0; /* given, perhaps as we may not open the node */
	return vhost_probe(e);
}

int port_vhost_open(struct port *p, struct err *e)
{
	enum tristate wish = port_spec_vhost(&p->spec);
	struct err why = {0};
	int code;

	if (wish == TRI_off) {
		say_why(p, "vhost=off");
		port_vhost_drop_given(p);
		return 0;
	}
	code = vhost_can(&why);
	if (!code && wish == TRI_auto)
		code = check_auto(p, &why);
	if (!code)
		code = port_vhost_attach(p, &why);
	port_vhost_drop_given(p);
	if (code && wish == TRI_on) {
		err_prefix(&why, "vhost=on (use vhost=auto or vhost=off)");
		if (e)
			*e = why;
		return code;
	}
	if (code)
		say_why(p, "%s; using the TAP fds", why.text);
	return 0;
}

void port_vhost_threads(const struct port *p, const struct vhost_thread **list,
			unsigned *n)
{
	*list = p->setup ? p->setup->vhost_threads.list : NULL;
	*n = p->setup ? p->setup->vhost_threads.n : 0;
}
