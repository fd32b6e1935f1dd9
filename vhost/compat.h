/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel headers of Debian 12 (6.1) lack for vhost. */
#ifndef VHOST_COMPAT_H
#define VHOST_COMPAT_H

#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <stdint.h>

/* <linux/vhost.h> has them from 6.5 on */
#ifndef VHOST_NEW_WORKER
struct vhost_worker_state {
	unsigned int worker_id;
};
struct vhost_vring_worker {
	unsigned int index;
	unsigned int worker_id;
};
#define VHOST_NEW_WORKER	  _IOR(VHOST_VIRTIO, 0x8, struct vhost_worker_state)
#define VHOST_FREE_WORKER	  _IOW(VHOST_VIRTIO, 0x9, struct vhost_worker_state)
#define VHOST_ATTACH_VRING_WORKER _IOW(VHOST_VIRTIO, 0x15, struct vhost_vring_worker)
#define VHOST_GET_VRING_WORKER	  _IOWR(VHOST_VIRTIO, 0x16, struct vhost_vring_worker)
#endif

/* <linux/vhost.h> has them from 6.18 on */
#ifndef VHOST_SET_FORK_FROM_OWNER
#define VHOST_FORK_OWNER_TASK	  1
#define VHOST_SET_FORK_FROM_OWNER _IOW(VHOST_VIRTIO, 0x84, uint8_t)
#define VHOST_GET_FORK_FROM_OWNER _IOR(VHOST_VIRTIO, 0x85, uint8_t)
#endif

/* <linux/virtio_config.h> has it from 5.18 on */
#ifndef VIRTIO_F_IN_ORDER
#define VIRTIO_F_IN_ORDER 35
#endif

/* <linux/virtio_config.h> has it from 6.0 on */
#ifndef VIRTIO_F_RING_RESET
#define VIRTIO_F_RING_RESET 40
#endif

#endif
