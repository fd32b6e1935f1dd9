/* SPDX-License-Identifier: BSD-2-Clause */
/* Which flow a frame belongs to, as a number. */
#ifndef CORE_FLOW_H
#define CORE_FLOW_H

#include <stdint.h>

#include "core/pkt.h"

/*
 * A hash of the frame's flow: addresses, protocol and, where the frame shows
 * them, TCP, UDP or SCTP ports; of fragments the addresses alone, so that all
 * pieces go one way; of anything else the MAC addresses and the ethertype.
 * The same frame and seed give the same number.
 */
uint32_t flow_hash(const struct pkt *p, uint64_t seed);

#endif
