/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate: what a frame and its virtio-net header must be to be passed on. */
#ifndef CORE_VNET_H
#define CORE_VNET_H

#include "core/drop.h"
#include "core/pkt.h"

/*
 * Floors and caps bound what one frame may become. Linux's TCP goes down to 36
 * bytes per segment: tcp_min_snd_mss (48) less the timestamp option, at an MTU
 * of 88. A gso_size below that is no lie by itself either: GRO makes
 * super-packets of a peer's small segments, of at most the 64 frames of one
 * NAPI poll.
 */
enum {
	VNET_GSO_SIZE_MIN = 36,	  /* not for UDP_L4 */
	VNET_SMALL_SEGS_MAX = 64, /* with a gso_size below that */
	VNET_TCP_SEGS_MAX = 1821, /* 65,535 bytes in segments of 36 */
	VNET_UDP_SEGS_MAX = 128,  /* Linux's UDP_MAX_SEGMENTS */
};

/*
 * DROP_none, or the reason why the packet must not reach a kernel interface:
 * runt, giant, or a header that lies (virtio 1.2, 5.1.6.2 and 5.1.6.4; stricter
 * than Linux, which takes a super-packet without NEEDS_CSUM and unknown flags).
 * hdr_len is a hint that Linux sets to what it had in its first buffer, so too
 * small a value passes; csum_start and csum_offset are what is relied on.
 */
enum drop vnet_check(const struct pkt *p);

#endif
