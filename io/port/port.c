/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a port as a transaction, and closing it. */
#include "io/port/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/port/netns.h"
#include "io/port/port_setup.h"
#include "io/port/script.h"
#include "io/port/tap.h"

/*
 * How it works: port_open is a list of steps; each notes in struct port_setup
 * what it is about to change. When one fails, undo() goes over the notes
 * backwards, and the fds are closed in one place, close_fds(). Every fd of the
 * spec is in p->fds or p->spec.vhostfds (then p->vhost) from the first step on, once.
 */

void port_init(struct port *p)
{
	unsigned i;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < PORT_QUEUES_MAX; i++)
		p->fds[i] = p->spec.fds[i] = p->spec.vhostfds[i] = -1;
}

static void close_fd(int *fd)
{
	/* not repeated on EINTR: Linux has closed it all the same */
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_fds(struct port *p)
{
	unsigned i;

	for (i = 0; i < PORT_QUEUES_MAX; i++) {
		close_fd(&p->fds[i]);
		p->enabled[i] = false;
	}
}

/* Forget the namespace and the port's own memory. */
static void free_setup(struct port *p)
{
	if (!p->setup)
		return;
	netlink_close(&p->setup->nl);
	close_fd(&p->setup->ns_fd);
	free(p->setup);
	p->setup = NULL;
}

static void undo(struct port *p)
{
	if (p->setup) {
		port_link_restore(p);
		port_tune_restore(p);
		port_adopt_restore(p);
	}
	port_vhost_detach(p);
	port_vhost_drop_given(p);
	close_fds(p);
	if (p->setup)
		port_source_restore(p);
	free_setup(p);
	port_init(p);
}

static int prepare(struct port *p, const struct port_spec *spec, struct err *e)
{
	unsigned i, j;

	port_init(p);
	p->spec = *spec;
	/* what lies beyond the counts is not ours */
	for (i = spec->n_fds; i < PORT_QUEUES_MAX; i++)
		p->spec.fds[i] = -1;
	for (i = spec->n_vhostfds; i < PORT_QUEUES_MAX; i++)
		p->spec.vhostfds[i] = -1;
	for (i = 0; i < spec->n_fds; i++) {
		for (j = 0; j < i && p->fds[j] != spec->fds[i]; j++)
			;
		p->fds[i] = j < i ? -1 : spec->fds[i]; /* written twice: owned once */
	}
	p->setup = calloc(1, sizeof(*p->setup));
	if (!p->setup)
		return err_set(e, -ENOMEM, "no memory for it");
	p->setup->ns_fd = -1;
	p->setup->sndbuf = -1;
	p->setup->offloads = -1;
	for (i = 0; i < PORT_QUEUES_MAX; i++)
		p->setup->fl_before[i] = -1;
	netlink_init(&p->setup->nl);
	return 0;
}

static int set_up(struct port *p, struct err *e)
{
	bool link = port_link_is_wanted(&p->spec);
	int code;

	code = port_source_open(p, e);
	if (!code)
		code = port_adopt(p, e);
	if (!code)
		code = port_locate_find(p, e);
	if (!code)
		code = port_tune_queues(p, e);
	if (!code && link)
		code = port_link_apply(p, e);
	if (!code)
		code = port_link_mark(p, e);
	if (!code)
		code = port_tune_rights(p, e);
	if (!code)
		code = port_vhost_open(p, e); /* last: without it the TAP fds serve */
	return code;
}

int port_open(struct port *p, const struct port_spec *spec, struct err *e)
{
	unsigned i;
	int code;

	code = prepare(p, spec, e);
	if (!code)
		code = set_up(p, e);
	if (code) {
		undo(p);
		err_prefix(e, "port '%s'", spec->id);
		return code;
	}
	for (i = 0; i < PORT_QUEUES_MAX; i++)
		p->spec.fds[i] = -1; /* they live in p->fds now */
	port_locate_settle(p);
	p->setup->is_complete = true;
	return 0;
}

/* In the namespace of the device, which others may have moved, while it is there. */
static int run_downscript(struct port *p, struct err *e)
{
	char name[IFNAMSIZ];
	int ns, back, code, left;

	if (!p->setup->is_complete || !p->spec.downscript[0] ||
	    port_spec_source(&p->spec) != PORT_SOURCE_name)
		return 0;
	port_current_name(p, name);
	ns = tap_get_netns(p->fds[0]);
	code = netns_enter(ns < 0 ? p->setup->ns_fd : ns, &back, e);
	if (ns >= 0)
		close(ns);
	if (!code) {
		code = script_run("downscript", p->spec.downscript, name, p->fds[0], e);
		left = netns_leave(&back, e);
		code = left ? left : code;
	}
	if (code)
		err_prefix(e, "port '%s'", p->spec.id);
	return code;
}

int port_close(struct port *p, struct err *e)
{
	int code;

	if (!p->setup)
		return 0;
	code = run_downscript(p, e);
	port_adopt_restore(p);
	port_vhost_detach(p);
	port_vhost_drop_given(p);
	close_fds(p);
	free_setup(p);
	port_init(p);
	return code;
}

void port_abort(struct port *p, struct err *e)
{
	if (!p->setup)
		return;
	run_downscript(p, e);
	if (p->setup->is_complete)
		port_locate_again(p);
	undo(p);
}

int port_recheck(struct port *p, bool *corrected, struct err *e)
{
	int len = 0, code;

	if (corrected)
		*corrected = false;
	if (!p->vnet_hdr || p->fds[0] < 0)
		return 0;
	code = tap_get_hdr_len(p->fds[0], &len);
	if (!code && len == TAP_VNET_HDR_LEN)
		return 0;
	if (!code)
		code = tap_set_hdr_len(p->fds[0], TAP_VNET_HDR_LEN);
	if (code == -EBADFD || code == -ENODEV)
		return 0;
	if (code)
		return err_set(
			e, code,
			"port '%s': %s: the size of its virtio-net header cannot be "
			"%s: %s (does another process change it?)",
			p->spec.id, p->ifname, len ? "set back" : "asked",
			strerror(-code));
	if (corrected)
		*corrected = true;
	return 0;
}

int port_set_offloads(struct port *p, unsigned wanted, struct err *e)
{
	return port_tune_offloads(p, wanted, e);
}

int port_kernel_stats(struct port *p, struct port_kernel_stats *st, struct err *e)
{
	return port_locate_stats(p, st, e);
}
