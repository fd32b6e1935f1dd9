/* SPDX-License-Identifier: BSD-2-Clause */
/* Link attributes and addresses over route netlink. */
#include "io/port/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static uint32_t get_u32(struct nlattr *a, uint32_t otherwise)
{
	return a && nla_len(a) >= 4 ? nla_get_u32(a) : otherwise;
}

static bool get_flag(struct nlattr *a)
{
	return a && nla_len(a) >= 1 && nla_get_u8(a);
}

static void get_text(struct nlattr *a, char *to, size_t size)
{
	if (a)
		snprintf(to, size, "%.*s", nla_len(a), (const char *)nla_data(a));
}

static void parse_tun(struct nlattr *data, struct link_info *info)
{
	struct nlattr *tb[IFLA_TUN_MAX + 1];

	if (nla_parse_nested(tb, IFLA_TUN_MAX, data, NULL) < 0)
		return;
	info->is_tap = tb[IFLA_TUN_TYPE] && nla_get_u8(tb[IFLA_TUN_TYPE]) == IFF_TAP;
	info->has_pi = get_flag(tb[IFLA_TUN_PI]);
	info->has_vnet_hdr = get_flag(tb[IFLA_TUN_VNET_HDR]);
	info->is_multi_queue = get_flag(tb[IFLA_TUN_MULTI_QUEUE]);
	info->is_persistent = get_flag(tb[IFLA_TUN_PERSIST]);
	info->owner = get_u32(tb[IFLA_TUN_OWNER], (uid_t)-1);
	info->group = get_u32(tb[IFLA_TUN_GROUP], (gid_t)-1);
}

static void parse_kind(struct nlattr *linkinfo, struct link_info *info)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1];

	if (!linkinfo || nla_parse_nested(tb, IFLA_INFO_MAX, linkinfo, NULL) < 0)
		return;
	get_text(tb[IFLA_INFO_KIND], info->kind, sizeof(info->kind));
	if (!strcmp(info->kind, "tun") && tb[IFLA_INFO_DATA])
		parse_tun(tb[IFLA_INFO_DATA], info);
}

static int parse(struct nlmsghdr *h, struct link_info *info)
{
	struct nlattr *tb[IFLA_MAX + 1];
	struct ifinfomsg *ifi;

	if (h->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(h, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
		return -EBADMSG;
	ifi = nlmsg_data(h);
	info->ifindex = ifi->ifi_index;
	info->up = ifi->ifi_flags & IFF_UP;
	get_text(tb[IFLA_IFNAME], info->ifname, sizeof(info->ifname));
	get_text(tb[IFLA_IFALIAS], info->alias, sizeof(info->alias));
	if (tb[IFLA_ADDRESS])
		nla_memcpy(info->mac, tb[IFLA_ADDRESS], sizeof(info->mac));
	info->mtu = get_u32(tb[IFLA_MTU], 0);
	info->min_mtu = get_u32(tb[IFLA_MIN_MTU], 68);
	info->max_mtu = get_u32(tb[IFLA_MAX_MTU], 65521);
	info->txqueuelen = get_u32(tb[IFLA_TXQLEN], 0);
	info->master = (int)get_u32(tb[IFLA_MASTER], 0);
	if (tb[IFLA_STATS64])
		nla_memcpy(&info->stats, tb[IFLA_STATS64], sizeof(info->stats));
	parse_kind(tb[IFLA_LINKINFO], info);
	return 0;
}

/* A request with its fixed part; NULL = no memory, which netlink_talk reports. */
static struct nl_msg *begin(int type, int flags, const void *head, size_t len)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && nlmsg_append(msg, (void *)head, len, NLMSG_ALIGNTO) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* One attribute more; takes and gives NULL when there is no memory. */
static struct nl_msg *put(struct nl_msg *msg, int type, int len, const void *value)
{
	if (msg && nla_put(msg, type, len, value) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static struct nl_msg *link_msg(int type, int ifindex)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};

	return begin(type, 0, &ifi, sizeof(ifi));
}

int link_get(struct netlink *nl, const char *name, int ifindex, struct link_info *info)
{
	union {
		struct nlmsghdr h;
		char bytes[NETLINK_REPLY_MAX];
	} reply;
	struct nl_msg *msg = link_msg(RTM_GETLINK, name ? 0 : ifindex);
	int code;

	memset(info, 0, sizeof(*info));
	info->owner = (uid_t)-1;
	info->group = (gid_t)-1;
	if (name)
		msg = put(msg, IFLA_IFNAME, (int)strlen(name) + 1, name);
	code = netlink_talk(nl, msg, &reply.h);
	return code ? code : parse(&reply.h, info);
}

static int set_attr(struct netlink *nl, int ifindex, int type, int len, const void *value)
{
	return netlink_talk(nl, put(link_msg(RTM_SETLINK, ifindex), type, len, value),
			    NULL);
}

int link_set_mac(struct netlink *nl, int ifindex, const uint8_t mac[6])
{
	return set_attr(nl, ifindex, IFLA_ADDRESS, 6, mac);
}

int link_set_mtu(struct netlink *nl, int ifindex, uint32_t mtu)
{
	return set_attr(nl, ifindex, IFLA_MTU, sizeof(mtu), &mtu);
}

int link_set_txqueuelen(struct netlink *nl, int ifindex, uint32_t frames)
{
	return set_attr(nl, ifindex, IFLA_TXQLEN, sizeof(frames), &frames);
}

int link_set_master(struct netlink *nl, int ifindex, int master)
{
	return set_attr(nl, ifindex, IFLA_MASTER, sizeof(master), &master);
}

int link_set_alias(struct netlink *nl, int ifindex, const char *alias)
{
	/* an empty alias removes it, but only with a length of 1 (its NUL) */
	return set_attr(nl, ifindex, IFLA_IFALIAS, (int)strlen(alias) + 1, alias);
}

int link_set_up(struct netlink *nl, int ifindex, bool up)
{
	struct ifinfomsg ifi = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = ifindex,
		.ifi_change = IFF_UP,
		.ifi_flags = up ? IFF_UP : 0,
	};

	return netlink_talk(nl, begin(RTM_SETLINK, 0, &ifi, sizeof(ifi)), NULL);
}

static int change_addr(struct netlink *nl, int type, int flags, int ifindex,
		       const struct port_addr *a)
{
	struct ifaddrmsg ifa = {
		.ifa_family = (uint8_t)a->family,
		.ifa_prefixlen = a->prefix_len,
		.ifa_index = (uint32_t)ifindex,
	};
	struct nl_msg *msg = begin(type, flags, &ifa, sizeof(ifa));
	int len = a->family == AF_INET ? 4 : 16;

	msg = put(msg, IFA_LOCAL, len, a->bytes);
	msg = put(msg, IFA_ADDRESS, len, a->bytes);
	return netlink_talk(nl, msg, NULL);
}

int link_add_addr(struct netlink *nl, int ifindex, const struct port_addr *a)
{
	return change_addr(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, a);
}

int link_del_addr(struct netlink *nl, int ifindex, const struct port_addr *a)
{
	return change_addr(nl, RTM_DELADDR, 0, ifindex, a);
}
