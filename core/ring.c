/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring between two workers; core/ring.h says how it works. */
#include "core/ring.h"

void ring_init(struct ring *r, void *mem, uint32_t size, struct ring_bell *bell)
{
	*r = (struct ring){.slots = mem, .mask = size - 1, .bell = bell};
}

uint32_t ring_put(struct ring *r, struct pkt *const *pkts, uint32_t n)
{
	uint32_t size = r->mask + 1, room = size - (r->filled - r->seen_head);

	if (room < n) {
		r->seen_head = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE); /* P2 */
		room = size - (r->filled - r->seen_head);
		n = room < n ? room : n;
	}
	for (uint32_t i = 0; i < n; i++)
		r->slots[(r->filled + i) & r->mask] = pkts[i];
	r->filled += n;
	return n;
}

bool ring_publish(struct ring *r)
{
	if (r->tail == r->filled) /* nothing new: who sleeps has nothing to wake for */
		return false;
	__atomic_store_n(&r->tail, r->filled, __ATOMIC_SEQ_CST); /* P1 */
	/* P3; of several producers one gets to wake */
	return __atomic_load_n(&r->bell->is_asleep, __ATOMIC_SEQ_CST) &&
	       __atomic_exchange_n(&r->bell->is_asleep, 0, __ATOMIC_SEQ_CST);
}

uint32_t ring_get(struct ring *r, struct pkt **pkts, uint32_t n)
{
	uint32_t have = r->seen_tail - r->head;

	if (have < n) {
		r->seen_tail = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE); /* C1 */
		have = r->seen_tail - r->head;
		n = have < n ? have : n;
	}
	for (uint32_t i = 0; i < n; i++)
		pkts[i] = r->slots[(r->head + i) & r->mask];
	if (n)
		__atomic_store_n(&r->head, r->head + n, __ATOMIC_RELEASE); /* C2 */
	return n;
}

bool ring_sleep(struct ring_bell *bell, struct ring *const *rings, unsigned n)
{
	__atomic_store_n(&bell->is_asleep, 1, __ATOMIC_SEQ_CST); /* C3 */
	for (unsigned i = 0; i < n; i++) {
		uint32_t tail = __atomic_load_n(&rings[i]->tail, __ATOMIC_SEQ_CST);

		if (tail != rings[i]->head) {
			ring_wake(bell);
			return false;
		}
	}
	return true;
}

void ring_wake(struct ring_bell *bell)
{
	__atomic_store_n(&bell->is_asleep, 0, __ATOMIC_RELAXED);
}
