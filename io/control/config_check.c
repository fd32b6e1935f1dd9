/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks of a whole configuration that need no kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/control/config.h"

/* One given fd and whose it is. */
struct fd_use {
	int fd;
	unsigned port;
};

static int compare_fds(const void *a, const void *b)
{
	const struct fd_use *x = a, *y = b;

	if (x->fd == y->fd)
		return (x->port > y->port) - (x->port < y->port);
	return x->fd > y->fd ? 1 : -1;
}

static unsigned collect_fds(const struct config *c, struct fd_use *uses)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->n_ports; i++) {
		const struct port_spec *s = &c->ports[i];

		for (unsigned q = 0; q < s->n_fds; q++)
			uses[n++] = (struct fd_use){s->fds[q], i};
		for (unsigned q = 0; q < s->n_vhostfds; q++)
			uses[n++] = (struct fd_use){s->vhostfds[q], i};
	}
	return n;
}

static int given_twice(const struct config *c, const struct fd_use *a,
		       const struct fd_use *b, struct err *e)
{
	int code = err_usage(e,
			     "file descriptor %d is given to port '%s' and to port '%s'; "
			     "each queue needs one of its own",
			     b->fd, c->ports[a->port].id, c->ports[b->port].id);

	return config_blame(&c->port_wheres[b->port], code, e);
}

/* Our own lines would go out as frames. */
static int check_standard(const struct port_spec *s, const int *fds, unsigned n_fds,
			  struct err *e)
{
	for (unsigned i = 0; i < n_fds; i++)
		if (fds[i] == STDOUT_FILENO || fds[i] == STDERR_FILENO)
			return err_usage(
				e,
				"port '%s': file descriptor %d is standard %s, where "
				"ringway writes lines for people; hand the TAP over as "
				"another one, 3 or above",
				s->id, fds[i],
				fds[i] == STDOUT_FILENO ? "output" : "error");
	return 0;
}

/* Within one port port_spec_check has looked already. */
static int check_fds(const struct config *c, struct err *e)
{
	struct fd_use *uses;
	size_t total = 0;
	unsigned n;
	int code = 0;

	for (unsigned i = 0; i < c->n_ports; i++)
		total += c->ports[i].n_fds + c->ports[i].n_vhostfds;
	if (total == 0)
		return 0;
	uses = calloc(total, sizeof(*uses));
	if (!uses)
		return err_set(e, -ENOMEM, "no memory to check the configuration");
	n = collect_fds(c, uses);
	qsort(uses, n, sizeof(*uses), compare_fds);
	for (unsigned i = 1; i < n && code == 0; i++)
		if (uses[i].fd == uses[i - 1].fd)
			code = given_twice(c, &uses[i - 1], &uses[i], e);
	free(uses);
	return code;
}

/* Names that the kernel numbers are others each time. */
static bool has_fixed_name(const struct port_spec *s)
{
	return s->ifname[0] && !strchr(s->ifname, '%') &&
	       port_spec_source(s) == PORT_SOURCE_name;
}

/* Two ports can share a device only if both open it with several queues. */
static int check_name(const struct config *c, unsigned idx, struct err *e)
{
	const struct port_spec *s = &c->ports[idx];

	for (unsigned i = 0; i < idx && has_fixed_name(s); i++) {
		const struct port_spec *t = &c->ports[i];

		if (!has_fixed_name(t) || strcmp(s->ifname, t->ifname) ||
		    strcmp(s->netns, t->netns) || (s->n_queues > 1 && t->n_queues > 1))
			continue;
		return err_usage(e,
				 "port '%s': ifname=%s is that of port '%s' already, in "
				 "the same namespace; choose another name",
				 s->id, s->ifname, t->id);
	}
	return 0;
}

/* The port of one end of a connection, which becomes taken. */
static int take_end(const struct config *c, const struct config_connect *connect,
		    const char *id, bool *taken, struct err *e)
{
	int idx = config_port_index(c, id);

	if (idx < 0)
		return err_usage(
			e,
			"connection %s:%s: there is no port '%s'; add it, or correct "
			"the id",
			connect->a, connect->b, id);
	if (taken[idx])
		return err_usage(
			e,
			"connection %s:%s: port '%s' is connected already; a port may "
			"be in one connection only",
			connect->a, connect->b, id);
	taken[idx] = true;
	return 0;
}

static int check_connects(const struct config *c, struct err *e)
{
	bool taken[CONFIG_PORTS_MAX] = {false};

	for (unsigned i = 0; i < c->n_connects; i++) {
		const struct config_connect *connect = &c->connects[i];
		int code;

		if (strcmp(connect->a, connect->b) == 0)
			code = err_usage(
				e,
				"connection %s:%s: a port cannot be connected to itself",
				connect->a, connect->b);
		else
			code = take_end(c, connect, connect->a, taken, e);
		if (code == 0)
			code = take_end(c, connect, connect->b, taken, e);
		if (code < 0)
			return config_blame(&connect->where, code, e);
	}
	return 0;
}

static int check_port(const struct config *c, unsigned idx, struct err *e)
{
	const struct port_spec *s = &c->ports[idx];
	int code = port_spec_check(s, e);

	if (code == 0)
		code = check_standard(s, s->fds, s->n_fds, e);
	if (code == 0)
		code = check_standard(s, s->vhostfds, s->n_vhostfds, e);
	if (code == 0 && s->io == PORT_IO_uring && c->form == LOOP_FORM_E)
		code = err_usage(
			e,
			"port '%s': io=uring cannot be used together with uring-form E, "
			"which is the loop without io_uring; leave one out",
			s->id);
	if (code == 0)
		code = check_name(c, idx, e);
	return code < 0 ? config_blame(&c->port_wheres[idx], code, e) : 0;
}

int config_check(const struct config *c, struct err *e)
{
	int code = 0;

	if (c->n_ports == 0 && c->n_files)
		return err_config(
			e,
			"%s: no [port ID] in it, nor in %s.d/*.conf: no port to "
			"serve; see ringway.conf(5)",
			c->files[0], c->files[0]);
	if (c->n_ports == 0)
		return err_usage(e, "no port to serve; give --port SPEC or -c FILE, see "
				    "'ringway help run'");
	for (unsigned i = 0; i < c->n_ports && code == 0; i++)
		code = check_port(c, i, e);
	if (code == 0)
		code = check_fds(c, e);
	if (code == 0)
		code = check_connects(c, e);
	if (code == 0)
		code = config_check_bridge(c, e);
	return code;
}
