/* SPDX-License-Identifier: BSD-2-Clause */
/* What is set on the device through its fd: header, buffers, offloads, rights. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "io/port/port_setup.h"
#include "io/port/tap.h"
#include "io/port/tap_features.h"

/* All of these are per device: the first queue speaks for all. */

static int set_hdr_len(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	int code;

	if (!p->vnet_hdr)
		return 0;
	if (tap_get_hdr_len(p->fds[0], &s->hdr_len) == 0 &&
	    s->hdr_len == TAP_VNET_HDR_LEN)
		return 0;
	s->changed |= s->hdr_len > 0 ? PORT_CHANGED_HDR_LEN : 0;
	code = tap_set_hdr_len(p->fds[0], TAP_VNET_HDR_LEN);
	if (code)
		return err_set(
			e, code,
			"%s: the kernel refuses virtio-net headers of %d bytes: %s",
			p->ifname, TAP_VNET_HDR_LEN, strerror(-code));
	return 0;
}

static int set_sndbuf(struct port *p, struct err *e)
{
	int wanted = p->spec.has_sndbuf ? p->spec.sndbuf : INT_MAX, code;
	struct port_setup *s = p->setup;

	if (tap_get_sndbuf(p->fds[0], &s->sndbuf) == 0 && s->sndbuf > 0)
		s->changed |= PORT_CHANGED_SNDBUF;
	code = tap_set_sndbuf(p->fds[0], wanted);
	if (code && p->spec.has_sndbuf)
		return err_set(
			e, code,
			"sndbuf=%d: the kernel refuses it for %s: %s (leave it out "
			"for no limit)",
			wanted, p->ifname, strerror(-code));
	return 0;
}

/* For roll-back only: where the kernel does not tell, nothing is put back. */
static void note_offloads(struct port *p)
{
	struct port_setup *s = p->setup;

	if (!s->is_created && s->ifindex)
		s->offloads = tap_features_get(s->nl.fd, p->ifname);
	s->changed |= PORT_CHANGED_OFFLOADS;
}

int port_tune_queues(struct port *p, struct err *e)
{
	int code, can = 0;

	note_offloads(p);
	if (p->vnet_hdr) {
		can = tap_probe_offloads(p->fds[0], e);
		if (can < 0)
			return can;
	}
	/* nothing half-described may come while the header size changes */
	code = tap_set_offloads(p->fds[0], 0, e);
	if (code >= 0)
		code = set_hdr_len(p, e);
	if (!code)
		code = set_sndbuf(p, e);
	if (code)
		return code;
	p->offloads_can = (unsigned)can;
	return port_tune_offloads(p, p->offloads_can, e);
}

int port_tune_offloads(struct port *p, unsigned wanted, struct err *e)
{
	int got;

	wanted = tap_clean_offloads(wanted & p->offloads_can);
	got = tap_set_offloads(p->fds[0], wanted, e);
	if (got < 0) {
		err_prefix(e, "%s", p->ifname);
		return got;
	}
	p->offloads = (unsigned)got;
	return 0;
}

static int set_persist(struct port *p, bool on, struct err *e)
{
	int code;

	p->setup->changed |= PORT_CHANGED_PERSIST;
	code = tap_set_persist(p->fds[0], on);
	if (code)
		return err_set(e, code, "persist=%s: the kernel refuses it for %s: %s",
			       on ? "on" : "off", p->ifname, strerror(-code));
	return 0;
}

static int explain_id(const struct port *p, int code, const char *option, unsigned id,
		      struct err *e)
{
	if (code == -EINVAL)
		return err_set(e, code,
			       "%s=%u: the id %u is not mapped in this user namespace "
			       "(leave %s= out, or map it: /proc/self/%cid_map)",
			       option, id, id, option, option[0]);
	return err_set(e, code, "%s=%u: the kernel refuses it for %s: %s", option, id,
		       p->ifname, strerror(-code));
}

int port_tune_rights(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	int code;

	if (p->spec.has_user) {
		s->changed |= PORT_CHANGED_OWNER;
		code = tap_set_owner(p->fds[0], p->spec.user);
		if (code)
			return explain_id(p, code, "user", p->spec.user, e);
	}
	if (p->spec.has_group) {
		s->changed |= PORT_CHANGED_GROUP;
		code = tap_set_group(p->fds[0], p->spec.group);
		if (code)
			return explain_id(p, code, "group", p->spec.group, e);
	}
	/* at open, not at close: then a SIGKILL removes what persist=off should */
	if (p->spec.persist == TRI_off && s->was_persistent &&
	    !strcmp(s->before.alias, PORT_ALIAS))
		return set_persist(p, false, e);
	if (p->spec.persist == TRI_on && !s->was_persistent)
		return set_persist(p, true, e);
	return 0;
}

void port_tune_restore(struct port *p)
{
	struct port_setup *s = p->setup;
	int fd = p->fds[0];

	if (fd < 0)
		return;
	if (s->changed & PORT_CHANGED_PERSIST)
		tap_set_persist(fd, s->was_persistent);
	if (s->is_created)
		return; /* goes with its last fd */
	/* the kernel has no word for "no owner again": that one stays */
	if ((s->changed & PORT_CHANGED_OWNER) && s->before.owner != (uid_t)-1)
		tap_set_owner(fd, s->before.owner);
	if ((s->changed & PORT_CHANGED_GROUP) && s->before.group != (gid_t)-1)
		tap_set_group(fd, s->before.group);
	if (s->changed & PORT_CHANGED_SNDBUF)
		tap_set_sndbuf(fd, s->sndbuf);
	if (s->changed & PORT_CHANGED_HDR_LEN)
		tap_set_hdr_len(fd, s->hdr_len);
	if (s->changed & PORT_CHANGED_OFFLOADS && s->offloads >= 0)
		tap_set_offloads(fd, (unsigned)s->offloads, NULL);
}
