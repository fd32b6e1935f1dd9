/* SPDX-License-Identifier: BSD-2-Clause */
/* The split virtqueue as its driver runs it: lending buffers and taking them back. */
#include "core/vring.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_config.h>

/*
 * How it works, the order of memory. Four places, and what they pair with in the
 * device (vhost: its smp_*mb()s; section numbers of virtio 1.2):
 *
 * A  vring_publish stores avail->idx: descriptors and ring entries before it (release,
 *    2.7.13.3.1). Pairs with the device's read barrier after reading avail->idx.
 * B  vring_publish: the store of avail->idx before the load of avail_event or
 *    used->flags (2.7.13.4.1). Pairs with the device's full barrier between its store
 *    of avail_event or used->flags and its last look at avail->idx: one of both sees
 *    the other, so the device never sleeps on a buffer without being kicked.
 * C  look loads used->idx: used entries and buffers after it (acquire, 2.7.14). Pairs
 *    with the device's write barrier before storing used->idx.
 * D  vring_arm: the store of used_event or avail->flags before the load of used->idx
 *    (2.7.14). Pairs with the device's full barrier between its store of used->idx
 *    and its load of used_event or avail->flags, as in B the other way round.
 *
 * B and D forbid a store to be overtaken by a later load. They are a seq_cst store
 * followed by a seq_cst load of another address: these two are never reordered (on
 * x86 the store is an xchg, on arm64 stlr then ldar, else a full fence stands between
 * them), whatever full barrier the other side uses. No fence stands alone, because
 * the thread sanitizer understands atomic operations but not fences.
 */

/* 16 is the most that 2.7 asks for; 64 keeps the two rings off each other's lines. */
enum { ALIGN_DESC = 16, ALIGN_MEM = 64 };

_Static_assert(sizeof(struct vring_desc) == 16 && sizeof(struct vring_used_elem) == 8 &&
		       offsetof(struct vring_avail, ring) == 4 &&
		       offsetof(struct vring_used, ring) == 4,
	       "the layout of virtio 1.2, 2.7.5, 2.7.6, 2.7.8");
_Static_assert(sizeof(struct vring_slot) == 16, "four to a cache line");

static size_t lines(size_t len)
{
	return (len + ALIGN_MEM - 1) / ALIGN_MEM * ALIGN_MEM;
}

/* Both rings end with a 16-bit event index. */
static size_t avail_offset(unsigned num)
{
	return num * sizeof(struct vring_desc);
}

static size_t used_offset(unsigned num)
{
	return lines(avail_offset(num) + sizeof(struct vring_avail) +
		     (num + 1) * sizeof(uint16_t));
}

static size_t indirect_offset(unsigned num)
{
	return lines(used_offset(num) + sizeof(struct vring_used) +
		     num * sizeof(struct vring_used_elem) + sizeof(uint16_t));
}

static bool has(uint64_t features, unsigned bit)
{
	return features >> bit & 1;
}

size_t vring_mem_len(unsigned num, uint64_t features)
{
	size_t tables = 0;

	if (has(features, VIRTIO_RING_F_INDIRECT_DESC))
		tables = (size_t)num * VRING_INDIRECT_MAX * sizeof(struct vring_desc);
	return indirect_offset(num) + tables;
}

size_t vring_slots_len(unsigned num)
{
	return (num * (sizeof(struct vring_slot) + sizeof(uint16_t)) + 7) / 8 * 8;
}

/* The event indices; 16 bits in shared memory, little-endian like everything there. */
static uint16_t *used_event(const struct vring *v)
{
	return &v->avail->ring[v->num];
}

static uint16_t *avail_event(const struct vring *v)
{
	return (uint16_t *)(void *)&v->used->ring[v->num];
}

static uint16_t at(const struct vring *v, uint16_t idx)
{
	return idx & (uint16_t)(v->num - 1);
}

void vring_reset(struct vring *v)
{
	v->n_free = v->num;
	v->free_head = v->n_out = v->taken_at = 0;
	v->avail_idx = v->published = v->used_idx = v->used_seen = 0;
	v->is_shut = v->is_broken = v->in_batch = false;
	v->why = NULL;
	for (unsigned i = 0; i < v->num; i++)
		v->slots[i] = (struct vring_slot){.next = at(v, (uint16_t)(i + 1))};
	/* 2.7.7.1, 2.7.10.1: flags begin at 0; atomic for vring_progress elsewhere */
	__atomic_store_n(&v->avail->flags, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&v->avail->idx, 0, __ATOMIC_RELAXED);
	__atomic_store_n(used_event(v), 0, __ATOMIC_RELAXED);
	__atomic_store_n(&v->used->flags, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&v->used->idx, 0, __ATOMIC_RELAXED);
	__atomic_store_n(avail_event(v), 0, __ATOMIC_RELAXED);
}

int vring_init(struct vring *v, unsigned num, uint64_t features, void *mem, uint64_t addr,
	       void *slots)
{
	uint8_t *m = mem;

	if (num == 0 || num > VRING_NUM_MAX || (num & (num - 1)) ||
	    ((uintptr_t)mem | addr) % ALIGN_DESC)
		return -EINVAL;
	*v = (struct vring){
		.desc = mem,
		.avail = (void *)(m + avail_offset(num)),
		.used = (void *)(m + used_offset(num)),
		.slots = slots,
		.heads = (void *)((uint8_t *)slots + num * sizeof(struct vring_slot)),
		.num = (uint16_t)num,
		.event_idx = has(features, VIRTIO_RING_F_EVENT_IDX),
		.in_order = has(features, VIRTIO_F_IN_ORDER),
	};
	if (has(features, VIRTIO_RING_F_INDIRECT_DESC)) {
		v->indirect = (void *)(m + indirect_offset(num));
		v->indirect_addr = addr + indirect_offset(num);
		/* no chain is longer than the queue, neither (2.7.5.3.1) */
		v->indirect_max =
			num < VRING_INDIRECT_MAX ? (uint16_t)num : VRING_INDIRECT_MAX;
	}
	vring_reset(v);
	return 0;
}

static void fill(struct vring_desc *d, uint64_t addr, uint32_t len, unsigned flags,
		 unsigned next)
{
	d->addr = htole64(addr);
	d->len = htole32(len);
	d->flags = htole16((uint16_t)flags);
	d->next = htole16((uint16_t)next);
}

/* A chain of free descriptors from head on; its last descriptor. */
static uint16_t chain(struct vring *v, uint16_t head, const struct vring_seg *segs,
		      unsigned n, unsigned flags)
{
	uint16_t i = head;

	for (; n > 1; n--, segs++) {
		uint16_t next = v->slots[i].next;

		fill(&v->desc[i], segs->addr, segs->len, flags | VRING_DESC_F_NEXT, next);
		i = next;
	}
	fill(&v->desc[i], segs->addr, segs->len, flags, 0);
	return i;
}

/* One descriptor for the table that belongs to it, filled in order (2.7.5.3.1). */
static void chain_indirect(struct vring *v, uint16_t head, const struct vring_seg *segs,
			   unsigned n, unsigned flags)
{
	const size_t first = (size_t)head * VRING_INDIRECT_MAX;
	struct vring_desc *table = v->indirect + first;

	for (unsigned i = 0; i < n; i++) {
		bool more = i + 1 < n;

		fill(&table[i], segs[i].addr, segs[i].len,
		     flags | (more ? VRING_DESC_F_NEXT : 0), more ? i + 1 : 0);
	}
	fill(&v->desc[head], v->indirect_addr + first * sizeof(struct vring_desc),
	     n * (uint32_t)sizeof(struct vring_desc), VRING_DESC_F_INDIRECT, 0);
}

int vring_add(struct vring *v, const struct vring_seg *segs, unsigned n,
	      bool device_writes, void *token)
{
	const bool indirect = n > 1 && n <= v->indirect_max;
	const unsigned need = indirect ? 1 : n;
	const unsigned flags = device_writes ? VRING_DESC_F_WRITE : 0;
	const uint16_t head = v->free_head;
	uint16_t last = head;
	struct vring_slot *slot = &v->slots[head];

	if (need - 1 >= v->n_free || v->is_shut) /* no segments at all never fit */
		return -ENOSPC;
	if (indirect)
		chain_indirect(v, head, segs, n, flags);
	else
		last = chain(v, head, segs, n, flags);
	slot->token = token;
	slot->lent = 0;
	for (unsigned i = 0; device_writes && i < n; i++)
		slot->lent += segs[i].len;
	slot->n_desc = (uint16_t)need;
	v->free_head = v->slots[last].next;
	v->n_free = (uint16_t)(v->n_free - need);
	v->n_out++;
	v->heads[at(v, v->avail_idx)] = head;
	v->avail->ring[at(v, v->avail_idx)] = htole16(head); /* 2.7.13.2 */
	v->avail_idx++;
	return 0;
}

bool vring_publish(struct vring *v)
{
	const uint16_t old = v->published, new = v->avail_idx;
	uint16_t event;

	if (old == new || v->is_shut)
		return false;
	v->published = new;
	__atomic_store_n(&v->avail->idx, htole16(new), __ATOMIC_SEQ_CST); /* A, B */
	if (!v->event_idx)						  /* 2.7.10.1 */
		return !(le16toh(__atomic_load_n(&v->used->flags, __ATOMIC_SEQ_CST)) &
			 VRING_USED_F_NO_NOTIFY);
	event = le16toh(__atomic_load_n(avail_event(v), __ATOMIC_SEQ_CST));
	/* has the index passed the event? (2.7.10.1; modulo 2^16) */
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

static void *broken(struct vring *v, const char *why)
{
	v->is_broken = v->is_shut = true;
	v->why = why;
	v->used_seen = v->used_idx;
	return NULL;
}

/* Read the device's used index: is there more? */
static bool look(struct vring *v)
{
	uint16_t idx;

	if (v->is_broken)
		return false;
	idx = le16toh(__atomic_load_n(&v->used->idx, __ATOMIC_ACQUIRE)); /* C */
	if (idx == v->used_idx)
		return false;
	if ((uint16_t)(idx - v->used_idx) > (uint16_t)(v->published - v->used_idx))
		return broken(v, "the device's used index is beyond what was published");
	v->used_seen = idx;
	return true;
}

/* A buffer is the driver's again, and its descriptors are free. */
static void *take_back(struct vring *v, uint16_t head)
{
	struct vring_slot *slot = &v->slots[head];
	void *token = slot->token;

	slot->token = NULL;
	v->n_out--;
	v->n_free = (uint16_t)(v->n_free + slot->n_desc);
	if (!v->in_order) {
		uint16_t last = head;

		for (unsigned i = 1; i < slot->n_desc; i++)
			last = v->slots[last].next;
		v->slots[last].next = v->free_head;
		v->free_head = head;
	}
	return token;
}

/* The used entry at used_idx, each half read once: sane? */
static bool entry(struct vring *v, uint16_t *head, uint32_t *len)
{
	const struct vring_used_elem *e = &v->used->ring[at(v, v->used_idx)];
	const uint32_t id = le32toh(__atomic_load_n(&e->id, __ATOMIC_RELAXED));

	*len = le32toh(__atomic_load_n(&e->len, __ATOMIC_RELAXED));
	if (id >= v->num)
		return broken(v, "the device used a buffer whose id is out of range");
	if (!v->slots[id].token)
		return broken(v, "the device used a buffer that it does not have");
	if (*len > v->slots[id].lent)
		return broken(v, "the device wrote more bytes than the buffer has");
	*head = (uint16_t)id;
	return true;
}

/*
 * 2.7.9: an entry stands where the first buffer of its batch has its place, and
 * names the last one. Those before it are used completely, without an entry.
 */
static bool entry_in_order(struct vring *v, uint16_t *head, uint32_t *len)
{
	const uint16_t oldest = v->heads[at(v, v->used_idx)];

	if (!v->in_batch && !entry(v, &v->batch_end, &v->batch_len))
		return false;
	v->in_batch = oldest != v->batch_end;
	if (v->in_batch && (uint16_t)(v->used_idx + 1) == v->used_seen)
		return broken(v,
			      "the device used a batch that ends beyond its used index");
	*head = oldest;
	*len = v->in_batch ? v->slots[oldest].lent : v->batch_len;
	return true;
}

void *vring_get(struct vring *v, uint32_t *len)
{
	uint16_t head;

	if (v->used_idx == v->used_seen && !look(v))
		return NULL;
	if (!(v->in_order ? entry_in_order(v, &head, len) : entry(v, &head, len)))
		return NULL;
	v->used_idx++;
	return take_back(v, head);
}

bool vring_has_used(const struct vring *v)
{
	if (v->used_idx != v->used_seen)
		return true;
	return !v->is_broken && vring_progress(v) != v->used_idx;
}

bool vring_arm(struct vring *v, unsigned ahead)
{
	uint16_t idx;

	if (v->is_broken)
		return true;
	if (!v->event_idx)
		ahead = 1;
	/* no need to ask; and an index that went back hides nothing that was seen */
	if ((uint16_t)(v->used_seen - v->used_idx) >= ahead)
		return false;
	if (v->event_idx) /* 2.7.7.1 */
		__atomic_store_n(used_event(v),
				 htole16((uint16_t)(v->used_idx + ahead - 1)),
				 __ATOMIC_SEQ_CST); /* D */
	else
		__atomic_store_n(&v->avail->flags, 0, __ATOMIC_SEQ_CST); /* D */
	idx = le16toh(__atomic_load_n(&v->used->idx, __ATOMIC_SEQ_CST)); /* D */
	return (uint16_t)(idx - v->used_idx) < ahead;
}

void vring_disarm(struct vring *v)
{
	/* hints: no order is needed */
	if (v->event_idx)
		__atomic_store_n(used_event(v), htole16((uint16_t)(v->used_idx - 1)),
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&v->avail->flags, htole16(VRING_AVAIL_F_NO_INTERRUPT),
				 __ATOMIC_RELAXED);
}

void *vring_take_unseen(struct vring *v, uint16_t *idx)
{
	/* what was not seen cannot have been used */
	if ((uint16_t)(v->avail_idx - *idx) > (uint16_t)(v->avail_idx - v->used_idx))
		return NULL;
	v->is_shut = true;
	while (*idx != v->avail_idx) {
		uint16_t head = v->heads[at(v, (*idx)++)];

		if (v->slots[head].token) /* else a liar used it */
			return take_back(v, head);
	}
	return NULL;
}

void *vring_take_any(struct vring *v)
{
	if (v->n_out == 0)
		return NULL;
	v->is_shut = true;
	while (!v->slots[v->taken_at].token)
		v->taken_at = at(v, (uint16_t)(v->taken_at + 1));
	return take_back(v, v->taken_at);
}

uint16_t vring_progress(const struct vring *v)
{
	return le16toh(__atomic_load_n(&v->used->idx, __ATOMIC_ACQUIRE));
}
