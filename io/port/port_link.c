/* SPDX-License-Identifier: BSD-2-Clause */
/* What a port's spec asks of the kernel's side of the device: done, and undone. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/port/netns.h"
#include "io/port/port_setup.h"
#include "io/port/tap.h"

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

/* The netlink socket for a device that did not come by name. */
static int open_netlink(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	int ns;

	if (s->nl.fd >= 0)
		return 0;
	ns = tap_get_netns(p->fds[0]);
	/* a macvtap and an old kernel do not know the question; a device in our own is
	 * likely */
	if (ns < 0 && ns != -EINVAL && ns != -ENOTTY)
		return err_set(
			e, ns,
			"%s: its network namespace is not told: %s (link options of "
			"given fds need CAP_NET_ADMIN there: leave them out, or run "
			"as root)",
			p->ifname, strerror(-ns));
	if (ns >= 0 && s->ns_fd < 0 && !netns_is_same(ns, -1)) {
		s->ns_fd = ns;
		ns = -1;
	}
	if (ns >= 0)
		close(ns);
	return netlink_open(&s->nl, s->ns_fd, e);
}

static int find(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	struct link_info now;
	int code;

	code = open_netlink(p, e);
	if (code)
		return code;
	code = link_get(&s->nl, p->ifname, 0, &now);
	if (code)
		return err_set(e, code, "cannot find %s over netlink: %s", p->ifname,
			       p->setup->nl.reason);
	s->ifindex = now.ifindex;
	s->min_mtu = now.min_mtu;
	s->max_mtu = now.max_mtu;
	if (port_spec_source(&p->spec) != PORT_SOURCE_name) {
		s->before = now;
	} else if (s->before.ifindex && s->before.ifindex != now.ifindex) {
		/* deleted and made again between our question and TUNSETIFF */
		memset(&s->before, 0, sizeof(s->before));
		s->is_created = !s->was_persistent;
	}
	return 0;
}

int port_link_find(struct port *p, struct err *e)
{
	bool is_wanted = port_link_is_wanted(&p->spec);
	int code = find(p, is_wanted ? e : NULL);

	/* without a wish it only serves to know what to put back */
	if (code && is_wanted)
		return code;
	if (!code && p->setup->before.has_pi &&
	    port_spec_source(&p->spec) != PORT_SOURCE_name)
		return err_set(e, -EINVAL,
			       "fd %d is of %s, which puts packet information before "
			       "each frame (open it with IFF_NO_PI)",
			       p->fds[0], p->ifname);
	return 0;
}

static int set_mac_mtu_len(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	const uint8_t *m = p->spec.mac;
	char value[32], remedy[96];
	int code;

	if (p->spec.has_mac) {
		s->changed |= PORT_CHANGED_MAC;
		code = link_set_mac(&s->nl, s->ifindex, m);
		snprintf(value, sizeof(value), "%02x:%02x:%02x:%02x:%02x:%02x", m[0],
			 m[1], m[2], m[3], m[4], m[5]);
		if (code)
			return explain(
				p, code, "mac", value,
				"a unicast address is needed, such as 02:00:00:00:00:01",
				e);
	}
	if (p->spec.mtu) {
		s->changed |= PORT_CHANGED_MTU;
		code = link_set_mtu(&s->nl, s->ifindex, p->spec.mtu);
		snprintf(value, sizeof(value), "%u", p->spec.mtu);
		snprintf(remedy, sizeof(remedy), "the device takes %u..%u", s->min_mtu,
			 s->max_mtu);
		if (code)
			return explain(p, code, "mtu", value, remedy, e);
	}
	if (p->spec.has_txqueuelen) {
		s->changed |= PORT_CHANGED_TXQUEUELEN;
		code = link_set_txqueuelen(&s->nl, s->ifindex, p->spec.txqueuelen);
		snprintf(value, sizeof(value), "%u", p->spec.txqueuelen);
		if (code)
			return explain(p, code, "txqueuelen", value,
				       "each frame takes 8 bytes of kernel memory per "
				       "queue: say a "
				       "smaller number",
				       e);
	}
	return 0;
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
	s->changed |= PORT_CHANGED_MASTER;
	code = link_set_master(&s->nl, s->ifindex, bridge.ifindex);
	if (code)
		return explain(p, code, "master", name,
			       "is it in another bridge already?", e);
	return 0;
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
	s->changed |= PORT_CHANGED_UP;
	code = link_set_up(&s->nl, s->ifindex, up);
	return code ? explain(p, code, "up", up ? "on" : "off", NULL, e) : 0;
}

int port_link_apply(struct port *p, struct err *e)
{
	int code;

	code = set_mac_mtu_len(p, e);
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

	if (!s->is_created || p->spec.persist != TRI_on)
		return 0;
	s->changed |= PORT_CHANGED_ALIAS;
	code = link_set_alias(&s->nl, s->ifindex, PORT_ALIAS);
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
	if (s->changed & PORT_CHANGED_MASTER)
		link_set_master(&s->nl, s->ifindex, was->master);
	if (s->changed & PORT_CHANGED_TXQUEUELEN)
		link_set_txqueuelen(&s->nl, s->ifindex, was->txqueuelen);
	if (s->changed & PORT_CHANGED_MTU)
		link_set_mtu(&s->nl, s->ifindex, was->mtu);
	if (s->changed & PORT_CHANGED_MAC)
		link_set_mac(&s->nl, s->ifindex, was->mac);
}

/* The name the device has now. */
static int ask_name(const struct port *p, char ifname[IFNAMSIZ], struct err *e)
{
	struct tap_state st;
	int code = tap_probe(p->fds[0], &st);

	if (code)
		return err_set(
			e, code == -EBADFD ? -ENODEV : code, "%s is gone: %s", p->ifname,
			code == -EBADFD ? "the device was deleted" : strerror(-code));
	memcpy(ifname, st.ifname, IFNAMSIZ);
	return 0;
}

/*
 * Ask where the device is now. Its namespace is held no longer than that: a
 * device that was moved away must be able to end with its new namespace.
 */
static int ask_abroad(int ns, const char *ifname, struct link_info *now, struct err *e)
{
	struct netlink nl;
	int code;

	netlink_init(&nl);
	code = netlink_open(&nl, ns, e);
	if (code)
		return code;
	code = link_get(&nl, ifname, 0, now);
	if (code)
		err_set(e, code, "%s: no counters from the kernel: %s", ifname,
			nl.reason);
	netlink_close(&nl);
	return code;
}

static int ask_link(struct port *p, const char *ifname, struct link_info *now,
		    struct err *e)
{
	struct port_setup *s = p->setup;
	int ns = tap_get_netns(p->fds[0]), code;

	/* unknown, or where our socket is: nothing to follow */
	if (s->nl.fd >= 0 && (ns < 0 || netns_is_same(ns, s->ns_fd))) {
		code = link_get(&s->nl, ifname, 0, now);
		if (code)
			err_set(e, code, "%s: no counters from the kernel: %s", ifname,
				s->nl.reason);
	} else {
		code = ask_abroad(ns, ifname, now, e);
	}
	if (ns >= 0)
		close(ns);
	return code;
}

/* Given fds: the namespace is the giver's, and not ours to keep alive. */
void port_link_settle(struct port *p)
{
	struct port_setup *s = p->setup;

	if (port_spec_source(&p->spec) == PORT_SOURCE_name)
		return;
	netlink_close(&s->nl);
	if (s->ns_fd >= 0)
		close(s->ns_fd);
	s->ns_fd = -1;
}

int port_link_stats(struct port *p, struct port_kernel_stats *st, struct err *e)
{
	struct link_info now;
	char ifname[IFNAMSIZ];
	int code;

	memset(st, 0, sizeof(*st));
	code = ask_name(p, ifname, e);
	if (!code)
		code = ask_link(p, ifname, &now, e);
	if (code)
		return code;
	st->rx_packets = now.stats.rx_packets;
	st->rx_bytes = now.stats.rx_bytes;
	st->rx_dropped = now.stats.rx_dropped;
	st->rx_errors = now.stats.rx_errors;
	st->tx_packets = now.stats.tx_packets;
	st->tx_bytes = now.stats.tx_bytes;
	st->tx_dropped = now.stats.tx_dropped;
	st->tx_errors = now.stats.tx_errors;
	return 0;
}
