/* SPDX-License-Identifier: BSD-2-Clause */
/* Back-pressure: packets that have no room in the ring they go to stay where they are. */
#ifndef IO_LOOP_VQ_ROOM_H
#define IO_LOOP_VQ_ROOM_H

#include "io/loop/vq.h"

/*
 * How it works: where all that a vq receives goes to one other vq of the same
 * worker, no more is taken from the receive ring than the transmit ring has room
 * for. The rest waits in the receive ring, and behind it in the TAP, whose queue
 * overflows at no cost. Where several send to one, those that waited longest come
 * first, until each has had its share, BURST_MAX packets, be it in one turn or, as there
 * was no room for more, in several; one that has nothing left has had it, too. What has
 * several outputs is dropped when one is full: it would hold up what goes to the others.
 * A queue on its way to the TAP fd waits for room for a while only (vq_switch.h).
 */
enum { VQ_ROOM_CALL = 64 }; /* sent packets that are worth being woken for */

/* How many packets may be taken from the receive ring now: up to BURST_MAX. */
unsigned vq_room(const struct vq *vq);

/* A pure look: there are packets, but no room for any, nor is there soon. */
bool vq_room_is_out(const struct vq *vq);

/* n packets of it were taken. */
void vq_room_taken(struct vq *vq, unsigned n);

/* The worker's hot vqs in the order in which they get room. */
void vq_room_sort(struct worker *w);

/* Ask for a call when a held vq gets room: 0, or -EAGAIN: there is some already. */
int vq_room_ask(const struct vq *vq);

#endif
