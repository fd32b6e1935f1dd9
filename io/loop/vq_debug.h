/* SPDX-License-Identifier: BSD-2-Clause */
/* A hook for the tests: spoil a descriptor on its way to vhost-net; release builds have
 * none. */
#ifndef IO_LOOP_VQ_DEBUG_H
#define IO_LOOP_VQ_DEBUG_H

#include "core/pkt.h"
#include "core/vring.h"

/*
 * make DEBUG=1: RINGWAY_SPOIL=short:N or address:N in the environment makes the
 * descriptor of each N-th packet shorter than the virtio-net header, which wedges
 * vhost-net without a sign, or gives it an address that is not in the memory table,
 * which it reports by the error eventfd. is_new: not one that is lent again, which
 * is spoilt if it was before.
 */
#ifdef RINGWAY_DEBUG
void vq_debug_spoil(struct vring_seg *seg, const struct pkt *p, bool is_new);
#else
static inline void vq_debug_spoil(struct vring_seg *seg, const struct pkt *p, bool is_new)
{
	(void)seg, (void)p, (void)is_new;
}
#endif

#endif
