/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a port's device is: found at open, and again after others moved it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io/port/netns.h"
#include "io/port/port_setup.h"
#include "io/port/tap.h"

/* Without the right to ask where the device is: is it this one, here? */
static bool is_it(const struct port *p, const struct link_info *l)
{
	struct tap_state st;
	uint8_t mac[6];

	return !strcmp(l->kind, "tun") && tap_probe(p->fds[0], &st) == 0 &&
	       st.is_tap == l->is_tap && st.has_vnet_hdr == l->has_vnet_hdr &&
	       st.is_multi_queue == l->is_multi_queue &&
	       st.is_persistent == l->is_persistent && tap_get_mac(p->fds[0], mac) == 0 &&
	       !memcmp(mac, l->mac, 6);
}

/* The netlink socket for a device that did not come by name. */
static int open_netlink(struct port *p, bool *is_guess, struct err *e)
{
	struct port_setup *s = p->setup;
	int ns, code;

	*is_guess = false;
	if (s->nl.fd >= 0)
		return 0;
	ns = tap_get_netns(p->fds[0]);
	*is_guess = ns == -EPERM;
	/* a macvtap and an old kernel do not know the question; a device in our own is
	 * likely */
	if (ns < 0 && ns != -EINVAL && ns != -ENOTTY && ns != -EPERM)
		return err_set(e, ns, "%s: its network namespace is not told: %s",
			       p->ifname, strerror(-ns));
	if (ns >= 0 && s->ns_fd < 0 && !netns_is_same(ns, -1)) {
		s->ns_fd = ns;
		ns = -1;
	}
	if (ns >= 0)
		close(ns);
	code = netlink_open(&s->nl, s->ns_fd, e);
	if (code)
		err_prefix(e, "%s", p->ifname);
	return code;
}

static int find(struct port *p, struct err *e)
{
	struct port_setup *s = p->setup;
	struct link_info now;
	bool is_guess;
	int code;

	code = open_netlink(p, &is_guess, e);
	if (code)
		return code;
	code = link_get(&s->nl, p->ifname, 0, &now);
	if (is_guess && (code || !is_it(p, &now))) {
		netlink_close(&s->nl);
		return err_set(
			e, -EPERM,
			"%s: its network namespace is not told: %s (link options of "
			"given fds need CAP_NET_ADMIN there: leave them out, or run "
			"as root)",
			p->ifname, strerror(EPERM));
	}
	if (code)
		return err_set(e, code, "cannot find %s over netlink: %s", p->ifname,
			       p->setup->nl.reason);
	s->ifindex = now.ifindex;
	s->now = now;
	if (port_spec_source(&p->spec) != PORT_SOURCE_name) {
		s->before = now;
	} else if (s->before.ifindex && s->before.ifindex != now.ifindex) {
		/* deleted and made again between our question and TUNSETIFF */
		memset(&s->before, 0, sizeof(s->before));
		s->is_created = !s->was_persistent;
	}
	return 0;
}

int port_locate_find(struct port *p, struct err *e)
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

void port_locate_again(struct port *p)
{
	struct port_setup *s = p->setup;
	bool had_link = s->ifindex, is_here;
	struct link_info now;
	struct tap_state st;
	int ns;

	s->ifindex = 0;
	if (tap_probe(p->fds[0], &st)) {
		s->changed = 0; /* deleted: what bears its name now is another */
		return;
	}
	ns = tap_get_netns(p->fds[0]);
	is_here = ns < 0 || netns_is_same(ns, s->ns_fd);
	if (!is_here) {
		if (netns_ino(ns) != s->ns_ino) /* then its master stayed behind */
			s->changed &= ~(unsigned)PORT_CHANGED_MASTER;
		netlink_close(&s->nl);
		if (s->ns_fd >= 0)
			close(s->ns_fd);
		s->ns_fd = ns;
	} else if (ns >= 0) {
		close(ns);
	}
	if (s->nl.fd < 0 && netlink_open(&s->nl, s->ns_fd, NULL))
		return;
	if (had_link && !link_get(&s->nl, st.ifname, 0, &now))
		s->ifindex = now.ifindex;
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
void port_locate_settle(struct port *p)
{
	struct port_setup *s = p->setup;

	if (port_spec_source(&p->spec) == PORT_SOURCE_name)
		return;
	s->ns_ino = netns_ino(s->ns_fd);
	netlink_close(&s->nl);
	if (s->ns_fd >= 0)
		close(s->ns_fd);
	s->ns_fd = -1;
}

int port_locate_stats(struct port *p, struct port_kernel_stats *st, struct err *e)
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
