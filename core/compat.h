/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel headers of Debian 12 (6.1) lack for core. */
#ifndef CORE_COMPAT_H
#define CORE_COMPAT_H

#include <linux/virtio_net.h>

/* unnecessary from the headers of 6.2 on */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#endif
