/* SPDX-License-Identifier: BSD-2-Clause */
/* The given file descriptors, looked at before the first port is opened. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/control/preflight.h"
#include "io/port/tap.h"
#include "io/port/tap_err.h"

/* One given fd and whose it is. */
struct given {
	int fd;
	unsigned port;
	bool is_vhost;
};

struct givens {
	struct given *list;
	unsigned n;
};

static int collect(const struct config *c, struct givens *g, struct err *e)
{
	size_t total = 0;

	for (unsigned i = 0; i < c->n_ports; i++)
		total += c->ports[i].n_fds + c->ports[i].n_vhostfds;
	*g = (struct givens){.list = calloc(total + 1, sizeof(*g->list))};
	if (!g->list)
		return err_set(e, -ENOMEM, "no memory to check the configuration");
	for (unsigned i = 0; i < c->n_ports; i++) {
		const struct port_spec *s = &c->ports[i];

		for (unsigned q = 0; q < s->n_fds; q++)
			g->list[g->n++] = (struct given){s->fds[q], i, false};
		for (unsigned q = 0; q < s->n_vhostfds; q++)
			g->list[g->n++] = (struct given){s->vhostfds[q], i, true};
	}
	return 0;
}

static int keep_from_children(const char *id, const struct given *x, struct err *e)
{
	int flags = fcntl(x->fd, F_GETFD);

	if (flags >= 0 && fcntl(x->fd, F_SETFD, flags | FD_CLOEXEC) == 0)
		return 0;
	return err_usage(
		e,
		"port '%s': %sfile descriptor %d is not open in this process; hand the "
		"TAP over by inheritance, as a shell's redirection %d<>... does",
		id, x->is_vhost ? "vhost " : "", x->fd, x->fd);
}

/* TUNGETIFF only asks. */
static int check_tap(const char *id, const struct given *x, struct err *e)
{
	struct tap_state st;
	int code = x->is_vhost ? 0 : tap_probe(x->fd, &st);

	if (x->is_vhost || (code == 0 && st.is_tap))
		return 0;
	if (code < 0)
		code = tap_err_not_tap(e, code, x->fd);
	else
		code = err_set(e, -EINVAL,
			       "fd %d is of %s, a TUN (layer 3): ringway forwards "
			       "Ethernet frames (open it with IFF_TAP)",
			       x->fd, st.ifname);
	err_prefix(e, "port '%s'", id);
	return code;
}

/* 0: the same open file; 1, 2: an order among others; -1: the kernel does not tell. */
static int compare_files(int a, int b)
{
	pid_t me = getpid();

	return (int)syscall(SYS_kcmp, me, me, KCMP_FILE, (long)a, (long)b);
}

static int by_file(const void *a, const void *b)
{
	const struct given *x = a, *y = b;
	int order = compare_files(x->fd, y->fd);

	if (order == 1 || order == 2)
		return order == 1 ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

/* One open file under two numbers would be two queues that take each other's frames. */
static int check_same(const struct config *c, struct givens *g, struct err *e)
{
	if (g->n < 2 || compare_files(g->list[0].fd, g->list[0].fd) != 0)
		return 0;
	qsort(g->list, g->n, sizeof(*g->list), by_file);
	for (unsigned i = 1; i < g->n; i++) {
		const struct given *x = &g->list[i - 1], *y = &g->list[i];

		if (compare_files(x->fd, y->fd) != 0)
			continue;
		err_usage(
			e,
			"file descriptor %d of port '%s' and file descriptor %d of port "
			"'%s' are the same open file, the same queue twice; each queue "
			"needs a TAP opened for itself",
			x->fd, c->ports[x->port].id, y->fd, c->ports[y->port].id);
		return config_blame(&c->port_wheres[y->port], -EINVAL, e);
	}
	return 0;
}

int preflight_fds(const struct config *c, struct err *e)
{
	struct givens g;
	int code = collect(c, &g, e);

	/* all are marked before any is judged */
	for (unsigned i = 0; i < g.n && code == 0; i++) {
		const struct given *x = &g.list[i];

		code = keep_from_children(c->ports[x->port].id, x, e);
		if (code < 0)
			config_blame(&c->port_wheres[x->port], code, e);
	}
	for (unsigned i = 0; i < g.n && code == 0; i++) {
		const struct given *x = &g.list[i];

		code = check_tap(c->ports[x->port].id, x, e);
		if (code < 0)
			config_blame(&c->port_wheres[x->port], code, e);
	}
	if (code == 0)
		code = check_same(c, &g, e);
	free(g.list);
	return code;
}
