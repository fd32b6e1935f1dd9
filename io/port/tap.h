/* SPDX-License-Identifier: BSD-2-Clause */
/* One TAP fd: /dev/net/tun's ioctls, and what their errors mean. */
#ifndef IO_PORT_TAP_H
#define IO_PORT_TAP_H

#include <net/if.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/err.h"
#include "io/compat.h"
#include "io/port/link.h"
#include "io/port/port_spec.h"

enum {
	TAP_VNET_HDR_LEN = 12, /* struct virtio_net_hdr_v1 */
	TAP_OFFLOADS_ALL = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN |
			   TUN_F_UFO | TUN_F_USO4 | TUN_F_USO6,
};

/*
 * What the kernel says of an fd (TUNGETIFF). Not IFF_NO_PI: its bit is also
 * IFF_NOFILTER, which TUNGETIFF sets for every TAP without a filter.
 */
struct tap_state {
	char ifname[IFNAMSIZ];
	bool is_tap; /* else TUN */
	bool has_vnet_hdr, is_multi_queue, is_persistent, is_detached;
};

struct tap_wish {
	char ifname[IFNAMSIZ]; /* "", "tap%d": the kernel chooses; tap_open writes the
				  name */
	bool is_multi_queue;
	bool has_pi;		/* only to put a foreign device back */
	enum tristate vnet_hdr; /* unset: if the kernel offers it */
};

/*
 * Open one queue of wish->ifname in the thread's namespace: an fd (non-blocking,
 * close-on-exec), or a negative errno. before = what existed under that name
 * (ifindex 0 = nothing): it explains failures.
 */
int tap_open(struct tap_wish *wish, const struct link_info *before, struct err *e);

/* TUNGETIFF; -ENOTTY and others: no TAP at all, -EBADFD: no device attached. No sentence.
 */
int tap_probe(int fd, struct tap_state *st);

/*
 * Set offloads (TUN_F_*), dropping USO4|USO6, then UFO, when the kernel knows
 * them not. The set that the kernel took, or a negative errno.
 */
int tap_set_offloads(int fd, unsigned wanted, struct err *e);

/* The largest set of offloads that the kernel takes; what is set afterwards is undefined.
 */
int tap_probe_offloads(int fd, struct err *e);

/* Cut a set to what makes sense: USO in pairs, nothing without CSUM. */
unsigned tap_clean_offloads(unsigned offloads);

/* Plain ioctls of one value; 0 or a negative errno, no sentence. */
int tap_get_hdr_len(int fd, int *bytes);
int tap_set_hdr_len(int fd, int bytes);
int tap_get_sndbuf(int fd, int *bytes);
int tap_set_sndbuf(int fd, int bytes);
int tap_get_mac(int fd, uint8_t mac[6]);
int tap_set_queue(int fd, bool attach);
int tap_set_persist(int fd, bool on);
int tap_set_owner(int fd, uid_t uid);
int tap_set_group(int fd, gid_t gid);

/* An fd of the namespace that the device is in now, or a negative errno. */
int tap_get_netns(int fd);

/* The sentence for EMFILE and ENFILE at opening what; returns code. */
int tap_err_nofile(struct err *e, int code, const char *what);

#endif
