/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the headers of a frame lie, found within its bounds. */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/pkt.h"

struct frame {
	uint16_t ethertype; /* behind the VLAN tags, host order */
	uint16_t l3_off;    /* offset of what follows the ethertype */
	uint16_t l4_off; /* 0 = not reached: not IP, malformed, or not in this fragment */
	uint8_t l4_proto; /* IPPROTO_*, valid with l4_off */
	bool is_fragment; /* IP: more fragments, or not the first */
};

/*
 * Read Ethernet, up to PKT_TAGS_MAX VLAN tags, and IPv4 or IPv6 (up to 8
 * extension headers). Returns false if the frame ends within the Ethernet
 * header or its tags, or has more tags; *f is then meaningless.
 */
bool frame_parse(const struct pkt *p, struct frame *f);

#endif
