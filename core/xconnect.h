/* SPDX-License-Identifier: BSD-2-Clause */
/* Cross-connect: what comes in at one port leaves at another. */
#ifndef CORE_XCONNECT_H
#define CORE_XCONNECT_H

#include "core/queue.h"

/*
 * Send a burst that came in at q to its connected port; takes every packet.
 * One output queue: the burst goes there as it is. Several (the other port has
 * more queues): each flow keeps to one of them, chosen by flow_hash, and the
 * frames of a queue keep their order. None: dropped as rx_unconnected.
 */
void xconnect_send(struct queue *q, struct burst *b);

/*
 * Which queues of a peer with n_peer queues a queue with this index among n
 * sends to: *first and how many. With as many or fewer peers it is one, so a
 * flow that the kernel keeps on one of our queues stays on one of theirs.
 */
unsigned xconnect_fan_out(unsigned idx, unsigned n, unsigned n_peer, unsigned *first);

#endif
