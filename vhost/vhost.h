/* SPDX-License-Identifier: BSD-2-Clause */
/* The door to the optional vhost-net stage: all that io/ may know of it. */
#ifndef VHOST_VHOST_H
#define VHOST_VHOST_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

/*
 * How it works: a struct vhost is one vhost-net fd, bound to one queue pair of a
 * TAP. It is set up in the order the kernel wants: vhost_open (owner, features,
 * workers), vhost_bind (memory table, rings), vhost_start (backend), and taken
 * down backwards. The stage sets up and takes down; it never sees a packet.
 */
struct vhost;

/* The rings of a queue pair, as vhost-net numbers them. */
enum vhost_ring_idx {
	VHOST_RX = 0 /* TAP to us */,
	VHOST_TX = 1 /* us to TAP */,
	VHOST_RINGS = 2
};

/* Which kernel threads serve the two rings. */
enum vhost_workers {
	VHOST_WORKERS_shared,	 /* one for both rings, as the kernel does by itself */
	VHOST_WORKERS_per_queue, /* one for each ring (VHOST_NEW_WORKER, where vhost-net
				    has it) */
};

/* Memory that the device may reach: addr is how descriptors name it. */
struct vhost_region {
	uint64_t addr;
	void *mem;
	uint64_t len;
};

/* A ring's memory; base: the available index at which the device begins. */
struct vhost_ring {
	void *desc, *avail, *used;
	unsigned num;
	uint16_t base;
};

struct vhost_conf {
	int fd; /* a vhost-net fd given by someone, or -1: open /dev/vhost-net */
	enum vhost_workers workers;
	uint32_t poll_us; /* busy-loop timeout of both rings; 0 = none */
};

/* What came of it, for reports. */
struct vhost_info {
	uint64_t features;	    /* agreed, VIRTIO_F_* and VIRTIO_NET_F_* bits */
	uint64_t backend_features;  /* VHOST_BACKEND_F_* bits */
	enum vhost_workers workers; /* in use */
	bool has_workers;	    /* the kernel can make more of them */
	bool is_forked;		    /* its threads are forked from the owner */
	bool has_fork_mode;	    /* the kernel lets one choose that */
	bool is_given;		    /* the fd was given */
	bool is_running[VHOST_RINGS];
};

#if RINGWAY_VHOST

/* 0: this build has the stage. Asks the kernel nothing. */
int vhost_can(struct err *e);

/*
 * May vhost-net be used here? 0, or a negative errno with the reason and the
 * remedy: -ENOENT (no /dev/vhost-net), -EACCES, ... Opens the node and closes it.
 */
int vhost_probe(struct err *e);

/*
 * Own a vhost-net fd, agree features (all of VERSION_1, MRG_RXBUF, EVENT_IDX,
 * INDIRECT_DESC, RING_RESET, IN_ORDER that are offered, the first two at least; never
 * ACCESS_PLATFORM), make its eventfds and workers. Owns conf->fd from the call
 * on. Fails with nothing left and *v NULL.
 */
int vhost_open(struct vhost **v, const struct vhost_conf *conf, struct err *e);

/* Stop what runs, close all. *v is set to NULL; NULL is accepted. */
void vhost_close(struct vhost **v);

/*
 * Hand memory and rings in; the rings do not run yet, and may be bound again
 * while none of them runs. -EINVAL: a ring is misaligned or not within one region.
 */
int vhost_bind(struct vhost *v, const struct vhost_region *regions, unsigned n_regions,
	       const struct vhost_ring rings[VHOST_RINGS], struct err *e);

/* Begin at another available index; the ring does not run. */
int vhost_rebase(struct vhost *v, enum vhost_ring_idx ring, uint16_t base, struct err *e);

/*
 * Let the kernel serve a ring between the memory and the TAP queue of tap_fd: a
 * TAP (not a TUN) with a virtio-net header, which is checked here since the
 * kernel does not. Nobody may read tap_fd while VHOST_RX runs.
 */
int vhost_start(struct vhost *v, enum vhost_ring_idx ring, int tap_fd, struct err *e);

/*
 * Stop a ring and wait until the kernel is done with it; *base (may be NULL): the
 * available index up to which it has seen buffers. A stopped ring is accepted.
 */
int vhost_stop(struct vhost *v, enum vhost_ring_idx ring, uint16_t *base, struct err *e);

/*
 * Wait until the kernel's thread has done all that it was woken for by now: then a
 * running ring in which nothing has moved is stuck, however busy the machine is.
 */
int vhost_flush(struct vhost *v, struct err *e);

/* eventfds: we write kick, the kernel writes call and err. They are v's. */
int vhost_kick_fd(const struct vhost *v, enum vhost_ring_idx ring);
int vhost_call_fd(const struct vhost *v, enum vhost_ring_idx ring);
int vhost_err_fd(const struct vhost *v, enum vhost_ring_idx ring);

void vhost_info(const struct vhost *v, struct vhost_info *info);

#else

#include <unistd.h>

/* A build without the stage: io/ compiles as it stands, and is told why not. */
static inline int vhost_can(struct err *e)
{
	return err_set(e, -EOPNOTSUPP,
		       "this ringway was built without vhost-net (make VHOST=0)");
}

static inline int vhost_probe(struct err *e)
{
	return vhost_can(e);
}

static inline int vhost_open(struct vhost **v, const struct vhost_conf *conf,
			     struct err *e)
{
	*v = NULL;
	if (conf->fd >= 0)
		close(conf->fd);
	return vhost_can(e);
}

static inline void vhost_close(struct vhost **v)
{
	*v = NULL;
}

static inline int vhost_bind(struct vhost *v, const struct vhost_region *regions,
			     unsigned n_regions,
			     const struct vhost_ring rings[VHOST_RINGS], struct err *e)
{
	(void)v, (void)regions, (void)n_regions, (void)rings;
	return vhost_can(e);
}

static inline int vhost_rebase(struct vhost *v, enum vhost_ring_idx ring, uint16_t base,
			       struct err *e)
{
	(void)v, (void)ring, (void)base;
	return vhost_can(e);
}

static inline int vhost_start(struct vhost *v, enum vhost_ring_idx ring, int tap_fd,
			      struct err *e)
{
	(void)v, (void)ring, (void)tap_fd;
	return vhost_can(e);
}

static inline int vhost_stop(struct vhost *v, enum vhost_ring_idx ring, uint16_t *base,
			     struct err *e)
{
	(void)v, (void)ring, (void)base;
	return vhost_can(e);
}

static inline int vhost_flush(struct vhost *v, struct err *e)
{
	(void)v;
	return vhost_can(e);
}

static inline int vhost_kick_fd(const struct vhost *v, enum vhost_ring_idx ring)
{
	(void)v, (void)ring;
	return -1;
}

static inline int vhost_call_fd(const struct vhost *v, enum vhost_ring_idx ring)
{
	(void)v, (void)ring;
	return -1;
}

static inline int vhost_err_fd(const struct vhost *v, enum vhost_ring_idx ring)
{
	(void)v, (void)ring;
	return -1;
}

static inline void vhost_info(const struct vhost *v, struct vhost_info *info)
{
	(void)v;
	*info = (struct vhost_info){0};
}

#endif

#endif
