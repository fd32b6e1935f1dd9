/* SPDX-License-Identifier: BSD-2-Clause */
/* struct port: an opened TAP device with its queues. */
#ifndef IO_PORT_PORT_H
#define IO_PORT_PORT_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "io/port/port_spec.h"
#include "io/port/vhost_threads.h"
#include "vhost/vhost.h"

/*
 * What the kernel counts for the device, from its own side: its rx is what we
 * wrote, its tx is what we read. tx_dropped = the TAP ring was full (or the
 * device down); rx_dropped = the stack refused a frame of ours.
 */
struct port_kernel_stats {
	uint64_t rx_packets, rx_bytes, rx_dropped, rx_errors;
	uint64_t tx_packets, tx_bytes, tx_dropped, tx_errors;
};

struct port {
	struct port_spec spec; /* a copy; its fds are moved to fds[] */
	char ifname[IFNAMSIZ];
	unsigned n_queues;
	int fds[PORT_QUEUES_MAX];      /* -1 = none */
	bool enabled[PORT_QUEUES_MAX]; /* attached; the real state, asked of the kernel */
	bool vnet_hdr;		       /* 12 bytes before each frame */
	unsigned offloads_can; /* TUN_F_*: what the kernel takes for this device */
	unsigned offloads;     /* TUN_F_*: what is set now */
	/* by which vhost-net serves the queue; NULL: its TAP fd serves. All or none. */
	struct vhost *vhost[PORT_QUEUES_MAX];
	char vhost_why[512]; /* one sentence: why it does, or does not */
	/* the rest is port.c's own: see there */
	struct port_setup *setup;
};

/*
 * persist=on marks the device with the link alias "ringway", if it was not
 * persistent and has no other alias: one made by us or by a helper, and one of
 * given fds too, since it would have gone with its last fd but for us.
 * persist=off takes the persistence from marked devices only; what somebody else
 * made persistent stays.
 */

/* The closed port: no fd, nothing to undo. */
void port_init(struct port *p);

/*
 * Open a checked spec: source of fds, adoption, offloads, sndbuf, header size,
 * link, vhost-net. On success every fd is non-blocking, IFF_TAP, of one device,
 * with one header size. From the call on it owns every fd of the spec,
 * vhostfds included, whether it succeeds or fails; after a failure there is no
 * fd, no queue and no device of ours left, and what was changed on a device
 * that existed before is put back. Runs in the calling thread (setns), which
 * must be the only one, and is back in its own namespace when it returns.
 */
int port_open(struct port *p, const struct port_spec *spec, struct err *e);

/*
 * Undo port_open: downscript, fds, device. Accepts every half-open state and
 * may run twice. All reading of the fds must have ended. A downscript that
 * fails is reported in *e (may be NULL) but the port is closed all the same.
 */
int port_close(struct port *p, struct err *e);

/*
 * Undo an open port as if port_open had failed, because the run as a whole did
 * not come about: downscript if due, then what was changed is put back, and what
 * we made is gone, with persist=on too. Accepts every half-open state and may
 * run twice; *e (may be NULL) tells of a downscript that failed.
 */
void port_abort(struct port *p, struct err *e);

/*
 * Another process may change the size of the virtio-net header, which belongs to
 * the device: set it back if so (*corrected, may be NULL). 0, also when the
 * device is gone, or a negative errno. One or two ioctls, no memory.
 */
int port_recheck(struct port *p, bool *corrected, struct err *e);

/*
 * The device's name now, into name, which is returned; that of open time
 * (p->ifname, which stays) if the kernel does not tell.
 */
const char *port_current_name(const struct port *p, char name[IFNAMSIZ]);

/*
 * Tell the kernel which offloads to use towards us: wanted is a set of TUN_F_*
 * bits, cut to offloads_can (USO4|USO6 together, TSO only with CSUM).
 */
int port_set_offloads(struct port *p, unsigned wanted, struct err *e);

/*
 * Open a vhost-net fd for each queue, none of which runs yet, and place its
 * threads; port_open does so if vhost= wants it. 0, also if it was done already,
 * or a negative errno with p->vhost all NULL.
 */
int port_vhost_attach(struct port *p, struct err *e);

/* Stop and close them; accepts a port that has none. Nobody may use p->vhost then. */
void port_vhost_detach(struct port *p);

/* The same, where vhost-net turns out not to be usable; why goes to p->vhost_why. */
void port_vhost_give_up(struct port *p, const char *why);

bool port_vhost_is_attached(const struct port *p);

/* The kernel threads that serve p->vhost, as far as they are seen; valid until detach. */
void port_vhost_threads(const struct port *p, const struct vhost_thread **list,
			unsigned *n);

/* Ask the kernel for its counters of the device, wherever it was moved. */
int port_kernel_stats(struct port *p, struct port_kernel_stats *st, struct err *e);

#endif
