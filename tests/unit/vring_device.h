/* SPDX-License-Identifier: BSD-2-Clause */
/* The device's side of a split virtqueue, in process: honest, or not at all. */
#ifndef TESTS_UNIT_VRING_DEVICE_H
#define TESTS_UNIT_VRING_DEVICE_H

#include <linux/virtio_config.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/vring.h"

/*
 * How it works: written from the device's requirements in virtio 1.2, 2.7, with
 * nothing of core/vring.c. vdev_fetch takes the next available buffer and walks its
 * descriptors; what a driver must not do is told in `fault`. vdev_put writes a used
 * entry that vdev_flush shows. The vdev_raw_* let a test write whatever it likes.
 * May run in another thread than the driver.
 */
enum { VDEV_SEGS = 64 };

struct vdev {
	/* the three addresses that a driver tells its device, and its memory */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint8_t *mem;
	uint64_t addr;
	size_t mem_len;
	unsigned num;
	bool event_idx, in_order;
	uint16_t avail_next; /* fetched up to here */
	uint16_t used_next;  /* entries written up to here */
	uint16_t used_shown; /* and shown */
	uint16_t order_next; /* IN_ORDER: where the next descriptor must be */
	const char *fault;   /* the first thing the driver did wrong */
};

/* A buffer as the device sees it. */
struct vdev_buf {
	uint16_t head;
	unsigned n;
	bool writes;
	bool is_indirect;
	struct vring_seg segs[VDEV_SEGS];
	uint32_t lent; /* bytes to be written */
};

/* A ring and its device with memory of their own. */
struct vdev_lab {
	struct vring v;
	struct vdev d;
	void *mem, *slots;
};

#define VDEV_ADDR 0x7000000000ULL

static inline void vdev_open(struct vdev_lab *lab, unsigned num, uint64_t features)
{
	size_t len = vring_mem_len(num, features);

	lab->mem = aligned_alloc(64, (len + 63) / 64 * 64);
	lab->slots = malloc(vring_slots_len(num));
	assert_non_null(lab->mem);
	assert_non_null(lab->slots);
	memset(lab->mem, 0x5a, len); /* what lies there must not matter */
	memset(lab->slots, 0x5a, vring_slots_len(num));
	assert_int_equal(
		vring_init(&lab->v, num, features, lab->mem, VDEV_ADDR, lab->slots), 0);
	lab->d = (struct vdev){.desc = lab->v.desc,
			       .avail = lab->v.avail,
			       .used = lab->v.used,
			       .mem = lab->mem,
			       .addr = VDEV_ADDR,
			       .mem_len = len,
			       .num = num,
			       .event_idx = features >> VIRTIO_RING_F_EVENT_IDX & 1,
			       .in_order = features >> VIRTIO_F_IN_ORDER & 1};
}

static inline void vdev_close(struct vdev_lab *lab)
{
	free(lab->mem);
	free(lab->slots);
}

static inline void vdev_fault(struct vdev *d, const char *what)
{
	if (!d->fault)
		d->fault = what;
}

static inline uint16_t *vdev_used_event(struct vdev *d)
{
	return &d->avail->ring[d->num];
}

static inline uint16_t *vdev_avail_event(struct vdev *d)
{
	return (uint16_t *)(void *)&d->used->ring[d->num];
}

/* One segment of a buffer. */
static inline void vdev_seg(struct vdev *d, struct vdev_buf *b,
			    const struct vring_desc *desc)
{
	bool writes = desc->flags & VRING_DESC_F_WRITE;

	if (b->n == VDEV_SEGS || desc->flags & VRING_DESC_F_INDIRECT) {
		vdev_fault(d, "chain too long, or a table in a table");
		return;
	}
	if (b->n && writes != b->writes)
		vdev_fault(d, "a buffer both to read and to write");
	b->writes = writes;
	b->segs[b->n++] = (struct vring_seg){desc->addr, desc->len};
	b->lent += writes ? desc->len : 0;
}

static inline void vdev_walk_table(struct vdev *d, struct vdev_buf *b,
				   const struct vring_desc *at)
{
	unsigned n = at->len / sizeof(struct vring_desc), i = 0;
	uint64_t offset = at->addr - d->addr;
	const struct vring_desc *table;

	b->is_indirect = true;
	if (at->flags & (VRING_DESC_F_WRITE | VRING_DESC_F_NEXT) || at->len % 16 || !n ||
	    offset % 16 || offset > d->mem_len || d->mem_len - offset < at->len) {
		vdev_fault(d, "a bad descriptor of an indirect table");
		return;
	}
	table = (const void *)(d->mem + offset);
	for (unsigned steps = 1;; steps++) {
		vdev_seg(d, b, &table[i]);
		if (!(table[i].flags & VRING_DESC_F_NEXT)) {
			if (steps != n)
				vdev_fault(d, "a table longer than its chain");
			return;
		}
		/* 2.7.5.3.1: with IN_ORDER the table's entries are in order, too */
		/* and no chain is longer than the queue */
		if (steps >= d->num || table[i].next >= n || steps > n ||
		    (d->in_order && table[i].next != i + 1)) {
			vdev_fault(d, "a bad next in an indirect table");
			return;
		}
		i = table[i].next;
	}
}

static inline void vdev_walk(struct vdev *d, struct vdev_buf *b)
{
	unsigned i = b->head;

	for (unsigned steps = 1;; steps++) {
		const struct vring_desc *at = &d->desc[i];

		if (d->in_order && i != d->order_next)
			vdev_fault(d, "descriptors not in the order of the table");
		d->order_next = (uint16_t)((i + 1) % d->num);
		if (at->flags & VRING_DESC_F_INDIRECT)
			vdev_walk_table(d, b, at);
		else
			vdev_seg(d, b, at);
		if (!(at->flags & VRING_DESC_F_NEXT))
			return;
		if (at->next >= d->num || steps >= d->num) {
			vdev_fault(d, "a bad next in the table");
			return;
		}
		i = at->next;
	}
}

/* The next available buffer. */
static inline bool vdev_fetch(struct vdev *d, struct vdev_buf *b)
{
	uint16_t idx = __atomic_load_n(&d->avail->idx, __ATOMIC_ACQUIRE);

	if ((uint16_t)(idx - d->avail_next) > d->num)
		vdev_fault(d, "the available index jumped");
	if (idx == d->avail_next || d->fault)
		return false;
	*b = (struct vdev_buf){.head = d->avail->ring[d->avail_next % d->num]};
	if (b->head >= d->num) {
		vdev_fault(d, "a head out of range");
		return false;
	}
	d->avail_next++;
	vdev_walk(d, b);
	return true;
}

/* A used entry for `skip` + 1 buffers, the last of which is head (skip: IN_ORDER). */
static inline void vdev_put(struct vdev *d, uint16_t head, uint32_t len, unsigned skip)
{
	struct vring_used_elem *e = &d->used->ring[d->used_next % d->num];

	/* atomic, as a liar may write what the driver just reads */
	__atomic_store_n(&e->id, head, __ATOMIC_RELAXED);
	__atomic_store_n(&e->len, len, __ATOMIC_RELAXED);
	d->used_next = (uint16_t)(d->used_next + skip + 1);
}

/* Show the used entries. true: the driver is to be called. */
static inline bool vdev_flush(struct vdev *d)
{
	uint16_t old = d->used_shown, new = d->used_next;
	uint16_t left;

	if (old == new)
		return false;
	d->used_shown = new;
	__atomic_store_n(&d->used->idx, new, __ATOMIC_SEQ_CST);
	if (!d->event_idx)
		return !(__atomic_load_n(&d->avail->flags, __ATOMIC_SEQ_CST) & 1);
	/* call if an entry with the index used_event was among them (2.7.7.2) */
	left = (uint16_t)(__atomic_load_n(vdev_used_event(d), __ATOMIC_SEQ_CST) - old);
	return left < (uint16_t)(new - old);
}

/* Ask for a kick with the buffer `ahead` beyond the next. true: there is one already. */
static inline bool vdev_enable_kick(struct vdev *d)
{
	if (d->event_idx)
		__atomic_store_n(vdev_avail_event(d), d->avail_next, __ATOMIC_SEQ_CST);
	else
		__atomic_store_n(&d->used->flags, 0, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&d->avail->idx, __ATOMIC_SEQ_CST) != d->avail_next;
}

static inline void vdev_disable_kick(struct vdev *d)
{
	if (!d->event_idx)
		__atomic_store_n(&d->used->flags, 1, __ATOMIC_RELAXED);
}

/* Whatever a hostile device likes. */
static inline void vdev_raw_entry(struct vdev *d, uint16_t place, uint32_t id,
				  uint32_t len)
{
	d->used->ring[place % d->num] = (struct vring_used_elem){id, len};
}

static inline void vdev_raw_idx(struct vdev *d, uint16_t idx)
{
	__atomic_store_n(&d->used->idx, idx, __ATOMIC_RELEASE);
}

#endif
