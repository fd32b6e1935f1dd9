/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a port's fds come from: given, opened by name, or a bridge helper's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/port/bridge_helper.h"
#include "io/port/netns.h"
#include "io/port/port_setup.h"
#include "io/port/script.h"
#include "io/port/tap.h"

/* What stands under the name now? A template ("", "tap%d") names nothing yet. */
static int look_before(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	const char *name = p->spec.ifname;
	int code;

	code = netlink_open(&s->nl, -1, e); /* the thread is in the namespace */
	if (code || !name[0] || strchr(name, '%'))
		return code;
	code = link_get(&s->nl, name, 0, &s->before);
	if (code && code != -ENODEV)
		return err_set(e, code, "ifname=%s: cannot ask the kernel about it: %s",
			       name, s->nl.reason);
	return 0;
}

static int open_queues(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	struct tap_wish wish = {.vnet_hdr = p->spec.vnet_hdr};
	unsigned i;
	int fd;

	memcpy(wish.ifname, p->spec.ifname, IFNAMSIZ);
	wish.is_multi_queue = p->spec.n_queues > 1;
	for (i = 0; i < p->spec.n_queues; i++) {
		if (s->before.ifindex)
			s->changed |= PORT_CHANGED_TUN_FLAGS;
		fd = tap_open(&wish, &s->before, e);
		if (fd < 0)
			return fd;
		s->is_created = !s->before.ifindex;
		p->fds[i] = fd;
		p->n_queues = i + 1;
	}
	memcpy(p->ifname, wish.ifname, IFNAMSIZ);
	return 0;
}

/* The part that happens inside the namespace. */
static int open_inside(struct port *p, struct err *e)
{
	int code;

	code = look_before(p, e);
	if (!code)
		code = open_queues(p, e);
	if (!code && p->spec.script[0])
		code = script_run("script", p->spec.script, p->ifname, p->fds[0], e);
	return code;
}

static int enter(const struct port *p, int *back, struct err *e)
{
	int code = netns_enter(p->setup->ns_fd, back, e);

	if (code)
		err_prefix(e, "netns=%s", p->spec.netns);
	return code;
}

static int open_by_name(struct port *p, struct err *e)
{
	int back, code, left;

	code = enter(p, &back, e);
	if (code)
		return code;
	code = open_inside(p, e);
	/* the first failure is the one to tell, unless we are lost */
	left = netns_leave(&back, e);
	return left ? left : code;
}

static int open_by_helper(struct port *p, struct err *e)
{
	int back, fd, left;

	fd = enter(p, &back, e);
	if (fd)
		return fd;
	fd = bridge_helper_open(p->spec.helper, p->spec.br[0] ? p->spec.br : "br0", e);
	left = netns_leave(&back, e);
	if (fd >= 0) {
		p->fds[0] = fd;
		p->n_queues = 1;
	}
	return left ? left : fd < 0 ? fd : 0;
}

/* port_open put them into p->fds, each number once. */
static int take_given(struct port *p, struct err *e)
{
	unsigned i;

	p->n_queues = p->spec.n_fds;
	for (i = 0; i < p->n_queues; i++) {
		if (p->fds[i] < 0)
			return err_usage(
				e,
				"fds=: fd %d is given twice (each queue needs an fd of "
				"its own)",
				p->spec.fds[i]);
	}
	return 0;
}

int port_source_open(struct port *p, struct err *e)
{
	enum port_source source = port_spec_source(&p->spec);
	int code;

	if (source == PORT_SOURCE_fds) {
		code = take_given(p, e);
		if (code)
			return code;
	}
	if (p->spec.netns[0]) {
		p->setup->ns_fd = netns_open(p->spec.netns, e);
		if (p->setup->ns_fd < 0)
			return p->setup->ns_fd;
	}
	switch (source) {
	case PORT_SOURCE_name:
		return open_by_name(p, e);
	case PORT_SOURCE_helper:
		return open_by_helper(p, e);
	case PORT_SOURCE_fds:
		break;
	}
	return 0;
}

/*
 * TUNSETIFF on an idle device sets its header flags; the only way to set them
 * back is to attach once more with the old ones.
 */
void port_source_restore(struct port *p)
{
	struct port_setup *s = p->setup;
	struct tap_wish wish = {.vnet_hdr = s->before.has_vnet_hdr ? TRI_on : TRI_off};
	struct link_info now;
	int back, fd;

	if (!(s->changed & PORT_CHANGED_TUN_FLAGS) ||
	    link_get(&s->nl, NULL, s->before.ifindex, &now))
		return;
	if (now.has_vnet_hdr == s->before.has_vnet_hdr && now.has_pi == s->before.has_pi)
		return;
	memcpy(wish.ifname, now.ifname, IFNAMSIZ);
	wish.is_multi_queue = s->before.is_multi_queue;
	wish.has_pi = s->before.has_pi;
	if (netns_enter(s->ns_fd, &back, NULL))
		return;
	fd = tap_open(&wish, &now, NULL);
	if (fd >= 0)
		close(fd);
	netns_leave(&back, NULL);
}
