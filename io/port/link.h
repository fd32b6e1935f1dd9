/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's side of a device: asking and changing it over netlink. */
#ifndef IO_PORT_LINK_H
#define IO_PORT_LINK_H

#include <linux/if_link.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"
#include "io/port/netlink.h"
#include "io/port/port_spec.h"

/* What a link is; everything zero (ifindex 0) = there is none. */
struct link_info {
	int ifindex;
	char ifname[IFNAMSIZ];
	char kind[16]; /* "tun", "bridge", ...; "" = hardware */
	char alias[64];
	uint8_t mac[6];
	uint32_t mtu, min_mtu, max_mtu;
	uint32_t txqueuelen;
	int master; /* ifindex, 0 = none */
	bool up;
	struct rtnl_link_stats64 stats;
	/* of kind "tun" only */
	bool is_tap, has_pi, has_vnet_hdr, is_multi_queue, is_persistent;
	uid_t owner; /* (uid_t)-1 = not set */
	gid_t group;
};

/*
 * Ask for a link by name, or by index if name is NULL. 0, or a negative errno
 * (-ENODEV: there is none). info is set to zero first.
 */
int link_get(struct netlink *nl, const char *name, int ifindex, struct link_info *info);

/* Each changes one thing; 0 or a negative errno. */
int link_set_mac(struct netlink *nl, int ifindex, const uint8_t mac[6]);
int link_set_mtu(struct netlink *nl, int ifindex, uint32_t mtu);
int link_set_txqueuelen(struct netlink *nl, int ifindex, uint32_t frames);
int link_set_master(struct netlink *nl, int ifindex, int master);
int link_set_alias(struct netlink *nl, int ifindex, const char *alias);
int link_set_up(struct netlink *nl, int ifindex, bool up);

/* -EEXIST: the address was there before. */
int link_add_addr(struct netlink *nl, int ifindex, const struct port_addr *a);
int link_del_addr(struct netlink *nl, int ifindex, const struct port_addr *a);

#endif
