/* SPDX-License-Identifier: BSD-2-Clause */
/* struct port_setup: what port_open did, so that it can be undone. */
#ifndef IO_PORT_PORT_SETUP_H
#define IO_PORT_PORT_SETUP_H

#include <stdbool.h>

#include "io/port/link.h"
#include "io/port/netlink.h"
#include "io/port/port.h"
#include "io/port/vhost_threads.h"

#define PORT_ALIAS "ringway" /* the link alias that marks what persist=on made */

/* What was changed (or tried) on a device that existed before. */
enum {
	PORT_CHANGED_MAC = 1 << 0,
	PORT_CHANGED_MTU = 1 << 1,
	PORT_CHANGED_TXQUEUELEN = 1 << 2,
	PORT_CHANGED_MASTER = 1 << 3,
	PORT_CHANGED_ALIAS = 1 << 4,
	PORT_CHANGED_UP = 1 << 5,
	PORT_CHANGED_OFFLOADS = 1 << 6,
	PORT_CHANGED_HDR_LEN = 1 << 7,
	PORT_CHANGED_SNDBUF = 1 << 8,
	PORT_CHANGED_OWNER = 1 << 9,
	PORT_CHANGED_GROUP = 1 << 10,
	PORT_CHANGED_PERSIST = 1 << 11,
	PORT_CHANGED_TUN_FLAGS = 1 << 12, /* by TUNSETIFF: virtio-net header, PI */
};

/*
 * How it works: each step first notes here what it is about to change, then
 * changes it; port_undo (port.c) goes over the notes backwards. A note for a
 * change that did not happen is harmless.
 */
struct port_setup {
	bool is_complete;     /* port_open succeeded: the downscript is due */
	bool is_created;      /* the device is ours and goes with its last fd */
	int ns_fd;	      /* the namespace of the device; -1 = the thread's own */
	uint64_t ns_ino;      /* which that was, when its fd is closed already */
	struct netlink nl;    /* in that namespace; closed unless the link is touched */
	int ifindex;	      /* 0 = not asked */
	struct link_info now; /* as found after attaching */
	struct link_info before; /* ifindex 0 = there was none, or not asked */
	bool was_persistent;
	unsigned changed;		/* PORT_CHANGED_* */
	unsigned addrs_added;		/* bit i: spec.addrs[i] */
	int hdr_len, sndbuf, offloads;	/* as before */
	int fl_before[PORT_QUEUES_MAX]; /* F_GETFL of given fds before; -1 = not changed
					 */
	struct vhost_threads vhost_threads; /* those that serve p->vhost */
};

/* port_source.c: fill p->fds from the spec's source. */
int port_source_open(struct port *p, struct err *e);
/* Undo what attaching to an existing device changed; the fds are closed already. */
void port_source_restore(struct port *p);

/* port_adopt.c: check and prepare every fd; fills ifname, vnet_hdr, enabled. */
int port_adopt(struct port *p, struct err *e);
/* Give given fds their flags back. */
void port_adopt_restore(struct port *p);

/* port_tune.c: header size, sndbuf, offloads; then user, group, persist. */
int port_tune_queues(struct port *p, struct err *e);
int port_tune_offloads(struct port *p, unsigned wanted, struct err *e);
int port_tune_rights(struct port *p, struct err *e);
void port_tune_restore(struct port *p);

/* port_locate.c: where the device is. */
int port_locate_find(struct port *p, struct err *e);
/* port_open is done: let go of what serves nothing any more. */
void port_locate_settle(struct port *p);
/*
 * Before the restore of a port that was open: find the device again, which
 * others may have renamed, moved or deleted since.
 */
void port_locate_again(struct port *p);
int port_locate_stats(struct port *p, struct port_kernel_stats *st, struct err *e);

/* port_vhost.c: the last step, what vhost= wants; and vhostfds that serve nothing. */
int port_vhost_open(struct port *p, struct err *e);
void port_vhost_drop_given(struct port *p);

/* port_link.c: what the spec asks of the kernel side. */
bool port_link_is_wanted(const struct port_spec *s);
int port_link_apply(struct port *p, struct err *e);
int port_link_mark(struct port *p, struct err *e);
void port_link_restore(struct port *p);

#endif
