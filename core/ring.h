/* SPDX-License-Identifier: BSD-2-Clause */
/* struct ring: packets on their way from one worker to another. */
#ifndef CORE_RING_H
#define CORE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pkt.h"

/*
 * How it works: one thread puts (the producer), one gets (the consumer). tail counts
 * what was published, head what was taken; both run freely over 32 bits, the slot is
 * the number modulo the size. Each side has a cache line of its own with its index and
 * what it last saw of the other's, and looks at the other's line only when that says
 * full or empty: then a burst costs one transfer of a cache line and not one per packet.
 *
 * Order of memory, each barrier with its partner:
 *   P1 ring_publish stores tail, sequentially consistent and so a release; its partner
 *      is C1, the acquire load of tail in ring_get: the slots, and all that the
 *      producer wrote into the packets, are there for who sees the tail.
 *   C2 ring_get stores head, a release, after the slots were read; its partner is P2,
 *      the acquire load of head in ring_put: a slot is written again only after that.
 *   P3 After P1 the producer loads is_asleep; C3 the consumer stores is_asleep and then
 *      loads the tails. All four are sequentially consistent, so that at least one side
 *      sees the other's store: the consumer the packet, or the producer the sleeper.
 *      (Release and acquire alone would let both read what was before.)
 *
 * Sleeping: a consumer has one ring_bell for all rings that lead to it. ring_sleep
 * sets is_asleep and looks once more; only if all are empty the consumer may block on
 * whatever a wake-up is (an eventfd, say). The producer that finds it set clears it,
 * and it alone has to wake: one wake-up per sleep, none while the consumer is busy.
 * Who wakes for another reason calls ring_wake; a wake-up that was already due may
 * still come and does no harm.
 */
struct ring_bell {
	uint32_t is_asleep; /* atomic; set by the consumer, cleared by either side */
} __attribute__((aligned(64)));

struct ring {
	/* fixed */
	struct pkt **slots;
	uint32_t mask;
	struct ring_bell *bell; /* the consumer's */
	/* the producer's */
	uint32_t tail __attribute__((aligned(64))); /* published; atomic */
	uint32_t filled;			    /* put, perhaps not published yet */
	uint32_t seen_head;
	/* the consumer's */
	uint32_t head __attribute__((aligned(64))); /* atomic */
	uint32_t seen_tail;
} __attribute__((aligned(64)));

enum { RING_SIZE_MIN = 2, RING_SIZE_MAX = 1 << 20 };

/* Bytes for the slots of a ring of so many packets: a power of two within the limits. */
static inline size_t ring_mem_len(uint32_t size)
{
	return size * sizeof(struct pkt *);
}

/* mem: ring_mem_len(size) bytes, the ring's until it is no longer used. */
void ring_init(struct ring *r, void *mem, uint32_t size, struct ring_bell *bell);

/* Producer. */

/*
 * Put packets, in order, as many as there is room for; returns how many. The ring owns
 * them; the consumer sees them after ring_publish.
 */
uint32_t ring_put(struct ring *r, struct pkt *const *pkts, uint32_t n);

/* Show the consumer what was put. True: it sleeps, and the caller has to wake it. */
bool ring_publish(struct ring *r);

/* Consumer. */

/* Take up to n packets, the oldest first; returns how many. They are the caller's. */
uint32_t ring_get(struct ring *r, struct pkt **pkts, uint32_t n);

/*
 * The consumer of these rings, which have one bell, wants to sleep. True: it may block
 * until it is woken. False: there are packets, and it counts as awake.
 */
bool ring_sleep(struct ring_bell *bell, struct ring *const *rings, unsigned n);

/* It is awake, for whatever reason. */
void ring_wake(struct ring_bell *bell);

#endif
