/* SPDX-License-Identifier: BSD-2-Clause */
/* A hook for the tests: spoil a descriptor on its way to vhost-net; release builds have
 * none. */
#ifndef IO_LOOP_VQ_DEBUG_H
#define IO_LOOP_VQ_DEBUG_H

#include "core/vring.h"

/*
 * make DEBUG=1: RINGWAY_SPOIL=short:N or address:N in the environment makes each
 * N-th descriptor shorter than the virtio-net header, which wedges vhost-net
 * without a sign, or gives it an address that is not in the memory table, which
 * it reports by the error eventfd.
 */
#ifdef RINGWAY_DEBUG
void vq_debug_spoil(struct vring_seg *seg);
#else
static inline void vq_debug_spoil(struct vring_seg *seg)
{
	(void)seg;
}
#endif

#endif
