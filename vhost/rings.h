/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and rings as vhost-net takes them, and what it should not have taken. */
#ifndef VHOST_RINGS_H
#define VHOST_RINGS_H

#include "vhost/vhost.h"

/* Regions of the kernel's memory table, at most: its default. */
enum { RINGS_REGIONS_MAX = 64 };

/* The eventfds of one ring. */
struct rings_fds {
	int kick, call, err;
};

/* All that vhost-net accepts and then goes wrong with. No system call. */
int rings_check(const struct vhost_region *regions, unsigned n_regions,
		const struct vhost_ring rings[VHOST_RINGS], struct err *e);

/* Hand memory and rings that were checked to the vhost-net fd. */
int rings_bind(int fd, const struct vhost_region *regions, unsigned n_regions,
	       const struct vhost_ring rings[VHOST_RINGS],
	       const struct rings_fds fds[VHOST_RINGS], uint32_t poll_us, struct err *e);

/* Where the device begins in the available ring. */
int rings_set_base(int fd, enum vhost_ring_idx ring, uint16_t base, struct err *e);

/* "receive" or "transmit". */
const char *rings_name(enum vhost_ring_idx ring);

#endif
