/* SPDX-License-Identifier: BSD-2-Clause */
/* What a port's spec asks of the kernel's side of the device: done, and undone. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/port/port_setup.h"

bool port_link_is_wanted(const struct port_spec *s)
{
	return port_spec_source(s) == PORT_SOURCE_name || s->has_mac || s->mtu ||
	       s->has_txqueuelen || s->master[0] || s->n_addrs || s->up != TRI_unset ||
	       s->persist == TRI_off;
}

static int explain(const struct port *p, int code, const char *option, const char *value,
		   const char *remedy, struct err *e)
{
	if (code == -EPERM)
		remedy = "changing a link needs CAP_NET_ADMIN: run as root or under "
			 "`unshare -Urn`";
	return err_set(e, code, "%s=%s: %s refuses it: %s%s%s%s", option, value,
		       p->ifname, p->setup->nl.reason, remedy ? " (" : "",
		       remedy ? remedy : "", remedy ? ")" : "");
}

/* A request that changes nothing is left out: it would need the right all the same. */

static int set_mac(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	const uint8_t *m = p->spec.mac;
	char value[32];
	int code;

	if (!p->spec.has_mac || !memcmp(m, s->now.mac, 6))
		return 0;
	s->changed |= PORT_CHANGED_MAC;
	code = link_set_mac(&s->nl, s->ifindex, m);
	snprintf(value, sizeof(value), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2],
		 m[3], m[4], m[5]);
	return code ? explain(p, code, "mac", value,
			      "a unicast address is needed, such as 02:00:00:00:00:01", e)
		    : 0;
}

static int set_mtu(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	char value[16], remedy[64];
	int code;

	if (!p->spec.mtu || p->spec.mtu == s->now.mtu)
		return 0;
	s->changed |= PORT_CHANGED_MTU;
	code = link_set_mtu(&s->nl, s->ifindex, p->spec.mtu);
	snprintf(value, sizeof(value), "%u", p->spec.mtu);
	snprintf(remedy, sizeof(remedy), "the device takes %u..%u", s->now.min_mtu,
		 s->now.max_mtu);
	return code ? explain(p, code, "mtu", value, remedy, e) : 0;
}

static int set_txqueuelen(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	uint32_t len = p->spec.txqueuelen;
	char value[16];
	int code;

	if (!p->spec.has_txqueuelen || len == s->now.txqueuelen)
		return 0;
	s->changed |= PORT_CHANGED_TXQUEUELEN;
	code = link_set_txqueuelen(&s->nl, s->ifindex, len);
	if (!code)
		return 0;
	/* the kernel's notifier makes EPERM of ENOMEM; who has the right may set the old
	 */
	if (code == -EPERM && !link_set_txqueuelen(&s->nl, s->ifindex, s->now.txqueuelen))
		return err_set(
			e, -ENOMEM,
			"txqueuelen=%u: the kernel has no memory for such rings of "
			"%s (8 bytes for each frame and queue, at most 4 MiB, which "
			"is %d frames: say a smaller number)",
			len, p->ifname, PORT_TXQUEUELEN_MAX);
	snprintf(value, sizeof(value), "%u", len);
	return explain(p, code, "txqueuelen", value,
		       "each frame takes 8 bytes of kernel memory per queue: say a "
		       "smaller number",
		       e);
}

/* A bridge would lose the device without a word. */
static int check_free(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	struct link_info other;

	if (!s->now.master)
		return 0;
	if (link_get(&s->nl, NULL, s->now.master, &other))
		snprintf(other.ifname, sizeof(other.ifname), "#%d", s->now.master);
	return err_set(e, -EBUSY,
		       "master=%s: %s is in %s already (take it out first with `ip link "
		       "set %s nomaster`, or leave master= out)",
		       p->spec.master, p->ifname, other.ifname, p->ifname);
}

static int set_master(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	const char *name = p->spec.master;
	struct link_info bridge;
	int code;

	if (!name[0])
		return 0;
	code = link_get(&s->nl, name, 0, &bridge);
	if (code == -ENODEV)
		return err_set(
			e, code,
			"master=%s: there is no such device in the namespace of %s "
			"(make it with `ip link add %s type bridge`)",
			name, p->ifname, name);
	if (code)
		return err_set(e, code, "master=%s: cannot ask the kernel about it: %s",
			       name, p->setup->nl.reason);
	if (strcmp(bridge.kind, "bridge"))
		return err_set(e, -EINVAL,
			       "master=%s: the device is no bridge but %s (give the name "
			       "of a bridge)",
			       name, bridge.kind[0] ? bridge.kind : "another interface");
	if (s->now.master == bridge.ifindex)
		return 0;
	code = check_free(p, e);
	if (code)
		return code;
	s->changed |= PORT_CHANGED_MASTER;
	code = link_set_master(&s->nl, s->ifindex, bridge.ifindex);
	return code ? explain(p, code, "master", name, "does the bridge take a TAP?", e)
		    : 0;
}

static int add_addrs(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	char ip[INET6_ADDRSTRLEN], value[64];
	const struct port_addr *a;
	unsigned i;
	int code;

	for (i = 0; i < p->spec.n_addrs; i++) {
		a = &p->spec.addrs[i];
		code = link_add_addr(&s->nl, s->ifindex, a);
		if (code == -EEXIST)
			continue; /* not ours to remove */
		if (!code) {
			s->addrs_added |= 1U << i;
			continue;
		}
		inet_ntop(a->family, a->bytes, ip, sizeof(ip));
		snprintf(value, sizeof(value), "%s/%u", ip, a->prefix_len);
		if (a->family == AF_INET6 && (code == -EACCES || code == -EOPNOTSUPP))
			return explain(p, code, "addr", value,
				       "IPv6 is off here: sysctl "
				       "net.ipv6.conf.all.disable_ipv6=0, "
				       "or leave the address out",
				       e);
		return explain(p, code, "addr", value,
			       "is it a host's address, for an MTU of 1280 "
			       "or more with IPv6?",
			       e);
	}
	return 0;
}

static int set_up(struct port *p, struct err *e)
{
	bool by_name = port_spec_source(&p->spec) == PORT_SOURCE_name, up;
	struct port_setup *s = p->setup;
	int code;

	if (p->spec.up == TRI_unset && !by_name)
		return 0;
	up = p->spec.up != TRI_off;
	if (up == s->now.up)
		return 0;
	s->changed |= PORT_CHANGED_UP;
	code = link_set_up(&s->nl, s->ifindex, up);
	/* the owner of a TAP may use it, but not its link: nobody asked for that */
	if (code == -EPERM && p->spec.up == TRI_unset)
		return 0;
	return code ? explain(p, code, "up", up ? "on" : "off", NULL, e) : 0;
}

int port_link_apply(struct port *p, struct err *e)
{
	int code;

	code = set_mac(p, e);
	if (!code)
		code = set_mtu(p, e);
	if (!code)
		code = set_txqueuelen(p, e);
	if (!code)
		code = set_master(p, e);
	if (!code)
		code = add_addrs(p, e);
	if (!code)
		code = set_up(p, e); /* last: whoever watches sees a finished device */
	return code;
}

int port_link_mark(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	int code;

	/* what is persistent is somebody's, and so is a device with a word on it */
	if (p->spec.persist != TRI_on || s->was_persistent || !s->ifindex ||
	    (!s->is_created && s->now.alias[0]))
		return 0;
	s->changed |= PORT_CHANGED_ALIAS;
	code = link_set_alias(&s->nl, s->ifindex, PORT_ALIAS);
	if (code == -EPERM && !s->is_created)
		return 0; /* persist=on itself needs no right */
	return code ? explain(p, code, "persist", "on", "marking it with an alias", e)
		    : 0;
}

void port_link_restore(struct port *p)
{
	struct port_setup *s = p->setup;
	const struct link_info *was = &s->before;
	unsigned i;

	if (s->is_created || !s->ifindex)
		return;
	if ((s->changed & PORT_CHANGED_UP))
		link_set_up(&s->nl, s->ifindex, was->up);
	for (i = 0; i < p->spec.n_addrs; i++) {
		if (s->addrs_added & 1U << i)
			link_del_addr(&s->nl, s->ifindex, &p->spec.addrs[i]);
	}
	if (s->changed & PORT_CHANGED_ALIAS)
		link_set_alias(&s->nl, s->ifindex, was->alias);
	if (s->changed & PORT_CHANGED_MASTER)
		link_set_master(&s->nl, s->ifindex, was->master);
	if (s->changed & PORT_CHANGED_TXQUEUELEN)
		link_set_txqueuelen(&s->nl, s->ifindex, was->txqueuelen);
	if (s->changed & PORT_CHANGED_MTU)
		link_set_mtu(&s->nl, s->ifindex, was->mtu);
	if (s->changed & PORT_CHANGED_MAC)
		link_set_mac(&s->nl, s->ifindex, was->mac);
}
