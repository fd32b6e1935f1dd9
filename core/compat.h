/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel headers of Debian 12 (6.1) lack for core, or cannot give it. */
#ifndef CORE_COMPAT_H
#define CORE_COMPAT_H

#include <linux/virtio_net.h>
#include <stdint.h>

/* unnecessary from the headers of 6.2 on */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/*
 * The shared structures of a split virtqueue (virtio 1.2, 2.7.5, 2.7.6, 2.7.8), all
 * of them little-endian. <linux/virtio_ring.h> has them under the same names, but
 * also a struct vring and a vring_init of its own, of the legacy layout, that would
 * take the names of core/vring.h. So one source file includes either core/vring.h or
 * <linux/virtio_ring.h> (<linux/vhost.h> includes it, too).
 */
#ifndef _LINUX_VIRTIO_RING_H
#define VIRTIO_RING_F_INDIRECT_DESC 28
#define VIRTIO_RING_F_EVENT_IDX	    29

#define VRING_DESC_F_NEXT	   1
#define VRING_DESC_F_WRITE	   2
#define VRING_DESC_F_INDIRECT	   4
#define VRING_USED_F_NO_NOTIFY	   1
#define VRING_AVAIL_F_NO_INTERRUPT 1

struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags; /* VRING_DESC_F_* */
	uint16_t next;
};

/* ring[num] is used_event: the driver wants a call when the used index passes it. */
struct vring_avail {
	uint16_t flags; /* VRING_AVAIL_F_* */
	uint16_t idx;
	uint16_t ring[];
};

struct vring_used_elem {
	uint32_t id;
	uint32_t len;
};

/* Where ring[num] would be stands avail_event, 16 bits, the device's wish. */
struct vring_used {
	uint16_t flags; /* VRING_USED_F_* */
	uint16_t idx;
	struct vring_used_elem ring[];
};
#endif

#endif
