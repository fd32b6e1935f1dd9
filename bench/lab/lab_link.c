/* SPDX-License-Identifier: BSD-2-Clause */
/* The links of a lab: veth pairs, and what an end's device is given. */
#include "bench/lab/lab_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/port/link.h"
#include "io/port/netlink.h"
#include "io/port/netns.h"

/* --- namespaces ---------------------------------------------------------------- */

static void write_knob(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return; /* a kernel without IPv6 */
	if (write(fd, "1", 1) < 0)
		(void)0;
	close(fd);
}

static int up(int ns, const char *name, struct err *e)
{
	struct link_info info;
	struct netlink nl;
	int rc;

	netlink_init(&nl);
	rc = netlink_open(&nl, ns, e);
	if (rc < 0)
		return rc;
	rc = link_get(&nl, name, 0, &info);
	if (!rc)
		rc = link_set_up(&nl, info.ifindex, true);
	if (rc < 0)
		err_set(e, rc, "%s cannot be brought up: %s", name, nl.reason);
	netlink_close(&nl);
	return rc;
}

int lab_link_new_ns(struct err *e)
{
	static const char self[] = "/proc/thread-self/ns/net";
	int fd = -1, rc = 0, back = open(self, O_RDONLY | O_CLOEXEC);

	if (back < 0)
		return err_set(e, -errno, "%s: %s", self, strerror(errno));
	if (unshare(CLONE_NEWNET) < 0) {
		rc = -errno;
		close(back);
		return rc == -EPERM
			       ? err_set(e, rc,
					 "this makes network namespaces, and may not: "
					 "run it as root")
			       : err_set(e, rc, "cannot make a network namespace: %s",
					 strerror(-rc));
	}
	fd = open(self, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		rc = err_set(e, -errno, "%s: %s", self, strerror(errno));
	/* nobody speaks unasked where frames are counted */
	write_knob("/proc/sys/net/ipv6/conf/default/disable_ipv6");
	write_knob("/proc/sys/net/ipv6/conf/all/disable_ipv6");
	if (netns_leave(&back, rc ? NULL : e) < 0 && !rc)
		rc = -EPERM;
	if (!rc)
		rc = up(fd, "lo", e);
	if (rc < 0 && fd >= 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

/* --- messages ------------------------------------------------------------------ */

/* An attribute; takes and gives NULL when there is no memory. */
static struct nl_msg *put(struct nl_msg *msg, int type, size_t len, const void *value)
{
	if (msg && nla_put(msg, type, (int)len, value) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static struct nl_msg *put_text(struct nl_msg *msg, int type, const char *text)
{
	return put(msg, type, strlen(text) + 1, text);
}

static struct nl_msg *begin(int type, int flags, const void *head, size_t len)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && nlmsg_append(msg, (void *)head, len, NLMSG_ALIGNTO) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* What both halves of a pair have; queues are made for 1, too, as more cost memory. */
static struct nl_msg *put_link(struct nl_msg *msg, const char *name, uint32_t mtu,
			       uint32_t queues)
{
	msg = put_text(msg, IFLA_IFNAME, name);
	msg = put(msg, IFLA_MTU, sizeof(mtu), &mtu);
	msg = put(msg, IFLA_NUM_TX_QUEUES, sizeof(queues), &queues);
	return put(msg, IFLA_NUM_RX_QUEUES, sizeof(queues), &queues);
}

static struct nl_msg *veth_message(struct lab *l, unsigned port, const char *name)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	int ns = l->end[port].ns;
	struct nlattr *info, *data, *peer;
	struct nl_msg *msg =
		begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi));

	msg = put_link(msg, name, l->wish.mtu, l->wish.n_queues);
	if (!msg)
		return NULL;
	info = nla_nest_start(msg, IFLA_LINKINFO);
	msg = put_text(msg, IFLA_INFO_KIND, "veth");
	data = msg ? nla_nest_start(msg, IFLA_INFO_DATA) : NULL;
	peer = data ? nla_nest_start(msg, VETH_INFO_PEER) : NULL;
	if (!info || !peer || nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	msg = put_link(msg, LAB_IFNAME, l->wish.mtu, l->wish.n_queues);
	msg = put(msg, IFLA_NET_NS_FD, sizeof(ns), &ns);
	if (msg) {
		nla_nest_end(msg, peer);
		nla_nest_end(msg, data);
		nla_nest_end(msg, info);
	}
	return msg;
}

static int in_ns(int ns, struct nl_msg *msg, const char *what, struct err *e)
{
	struct netlink nl;
	int rc;

	netlink_init(&nl);
	rc = netlink_open(&nl, ns, e);
	if (rc < 0) {
		nlmsg_free(msg);
		return rc;
	}
	rc = netlink_talk(&nl, msg, NULL);
	if (rc < 0)
		err_set(e, rc, "%s: %s", what, nl.reason);
	netlink_close(&nl);
	return rc;
}

int lab_link_make_veth(struct lab *l, unsigned port, struct err *e)
{
	char name[IFNAMSIZ];
	int rc;

	snprintf(name, sizeof(name), "port%u", port);
	rc = in_ns(l->fwd.ns, veth_message(l, port, name), "cannot make a veth pair", e);
	if (!rc)
		rc = up(l->fwd.ns, name, e);
	return rc ? rc : up(l->end[port].ns, LAB_IFNAME, e);
}

int lab_link_move(struct lab *l, unsigned port, struct err *e)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	int ns = l->end[port].ns, rc;
	struct link_info info;
	char name[IFNAMSIZ];
	struct netlink nl;
	struct nl_msg *msg;

	snprintf(name, sizeof(name), "port%u", port);
	netlink_init(&nl);
	rc = netlink_open(&nl, l->fwd.ns, e);
	if (rc < 0)
		return rc;
	rc = link_get(&nl, name, 0, &info);
	if (rc < 0) {
		err_set(e, rc, "it said to be ready but made no device %s", name);
	} else {
		(void)link_set_up(&nl, info.ifindex,
				  false); /* an up one keeps its name */
		ifi.ifi_index = info.ifindex;
		msg = begin(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
		msg = put(msg, IFLA_NET_NS_FD, sizeof(ns), &ns);
		rc = netlink_talk(&nl, put_text(msg, IFLA_IFNAME, LAB_IFNAME), NULL);
		if (rc < 0)
			err_set(e, rc, "%s cannot be moved: %s", name, nl.reason);
	}
	netlink_close(&nl);
	return rc;
}

/* --- an end -------------------------------------------------------------------- */

static int add_neighbour(struct netlink *nl, int ifindex, const struct lab_end *other)
{
	struct ndmsg nd = {
		.ndm_family = AF_INET,
		.ndm_ifindex = ifindex,
		.ndm_state = NUD_PERMANENT,
	};
	struct nl_msg *msg =
		begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &nd, sizeof(nd));
	struct in_addr to;

	inet_pton(AF_INET, other->addr, &to);
	msg = put(msg, NDA_DST, sizeof(to), &to);
	return netlink_talk(nl, put(msg, NDA_LLADDR, 6, other->mac), NULL);
}

/* No offloads: a packet is on the link as it would be on a wire. */
static int make_plain(int ns, struct err *e)
{
	static const uint32_t commands[] = {ETHTOOL_STXCSUM, ETHTOOL_SSG, ETHTOOL_STSO,
					    ETHTOOL_SGSO, ETHTOOL_SGRO};
	struct ethtool_value v;
	struct ifreq ifr = {.ifr_name = LAB_IFNAME};
	int back, fd, rc = netns_enter(ns, &back, e);

	if (rc < 0)
		return rc;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ifr.ifr_data = (void *)&v;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && fd >= 0; i++) {
		v = (struct ethtool_value){.cmd = commands[i]};
		/* a device that has no such offload refuses to switch it off */
		(void)ioctl(fd, SIOCETHTOOL, &ifr);
	}
	if (fd < 0)
		rc = err_set(e, -errno, "socket: %s", strerror(errno));
	else
		close(fd);
	return netns_leave(&back, rc ? NULL : e) < 0 ? -EPERM : rc;
}

static int dress(struct lab *l, unsigned port, struct netlink *nl, struct err *e)
{
	const struct lab_end *end = &l->end[port], *other = &l->end[port ^ 1];
	struct port_addr a = {.family = AF_INET, .prefix_len = 24};
	struct link_info info;
	int rc = link_get(nl, LAB_IFNAME, 0, &info);

	if (rc < 0)
		return err_set(e, rc,
			       "it said to be ready but made no device %s in end%u",
			       LAB_IFNAME, port);
	inet_pton(AF_INET, end->addr, a.bytes);
	rc = link_set_mac(nl, info.ifindex, end->mac);
	if (!rc && info.mtu != l->wish.mtu)
		rc = link_set_mtu(nl, info.ifindex, l->wish.mtu);
	if (!rc)
		rc = link_set_up(nl, info.ifindex, true);
	if (!rc)
		rc = link_add_addr(nl, info.ifindex, &a);
	if (!rc)
		rc = add_neighbour(nl, info.ifindex, other);
	return rc < 0 ? err_set(e, rc, "%s in end%u: %s", LAB_IFNAME, port, nl->reason)
		      : 0;
}

int lab_link_dress(struct lab *l, unsigned port, struct err *e)
{
	bool is_plain =
		l->wish.is_plain || (l->spec->links == CASE_LINKS_veth && !l->spec->vnet);
	struct netlink nl;
	int rc;

	netlink_init(&nl);
	rc = netlink_open(&nl, l->end[port].ns, e);
	if (rc < 0)
		return rc;
	rc = dress(l, port, &nl, e);
	netlink_close(&nl);
	return rc < 0 || !is_plain ? rc : make_plain(l->end[port].ns, e);
}
