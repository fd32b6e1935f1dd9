/* SPDX-License-Identifier: BSD-2-Clause */
/* struct vring: the driver's side of a split virtqueue (virtio 1.2, 2.7). */
#ifndef CORE_VRING_H
#define CORE_VRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"

#ifdef _LINUX_VIRTIO_RING_H
#error "include core/vring.h or <linux/virtio_ring.h>, not both: see core/compat.h"
#endif

/*
 * How it works: the shared memory (descriptor table, available ring, used ring,
 * indirect tables) is read by the device at any time, and the used ring is
 * written by it. What the driver has to remember lies in slots, which the device
 * cannot reach: nothing that it writes is trusted, and each value is read once.
 * One thread calls everything here but vring_progress. A buffer is a token (never
 * NULL, the caller's) and the segments of memory it lends to the device: from
 * vring_add on the device owns them, until vring_get or one of the vring_take_*
 * gives the token back.
 *
 * A device that answers with an id that is not out, with more bytes than it was
 * lent, or with a used index beyond what was published, breaks the ring: is_broken
 * is set with a sentence in `why`, nothing can be added, and nothing comes back any
 * more but by vring_take_*, after the device was stopped.
 *
 * Indices run freely over 16 bits, `index & (num - 1)` is the place in a ring.
 * used_idx <= used_seen <= published <= avail_idx <= used_idx + num in that order.
 * Out of order, the free descriptors are a stack through slots[].next: the one
 * freed last is the one whose cache lines are warm. IN_ORDER demands them in the
 * order of the table (2.7.5.2, 2.7.9): next is always the neighbour.
 */
enum {
	VRING_NUM_MAX = 32768,	 /* entries; a power of two */
	VRING_INDIRECT_MAX = 32, /* segments of an indirect table, at most */
};

/* Memory lent to the device; addr as the device's memory table names it. */
struct vring_seg {
	uint64_t addr;
	uint32_t len;
};

/* What the driver knows of the buffer whose first descriptor this is. */
struct vring_slot {
	void *token;	 /* NULL = not out */
	uint32_t lent;	 /* bytes the device may write */
	uint16_t n_desc; /* ring descriptors in use: 1 when indirect */
	uint16_t next;	 /* the next free descriptor, or of the same chain */
};

struct vring {
	/* shared with the device */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct vring_desc *indirect; /* num tables of VRING_INDIRECT_MAX; NULL = none */
	uint64_t indirect_addr;	     /* of the first, for the device */
	uint16_t indirect_max;	     /* segments at most; 0 = no tables */
	/* the driver's own */
	struct vring_slot *slots;
	uint16_t *heads; /* the available ring as we wrote it: first descriptors */
	uint16_t num;
	uint16_t n_free;    /* free descriptors */
	uint16_t free_head; /* the first of them */
	uint16_t n_out;	    /* buffers that are out */
	uint16_t avail_idx; /* added up to here */
	uint16_t published; /* and shown to the device up to here */
	uint16_t used_idx;  /* taken from the used ring up to here */
	uint16_t used_seen; /* the device's used index, when last read */
	uint16_t taken_at;  /* vring_take_any looks on from this slot */
	bool event_idx, in_order;
	bool is_shut; /* nothing can be added before vring_reset */
	bool is_broken;
	const char *why; /* static; NULL = not broken */
	/* IN_ORDER: the batch of buffers that is being given back */
	bool in_batch;
	uint16_t batch_end; /* first descriptor of its last buffer */
	uint32_t batch_len; /* bytes written to that one */
};

/* Bytes of shared memory (aligned to 64) for num entries with these features. */
size_t vring_mem_len(unsigned num, uint64_t features);

/* Bytes of the driver's own memory (aligned to 8). */
size_t vring_slots_len(unsigned num);

/*
 * An empty ring of num entries. features: the agreed ones, of which EVENT_IDX,
 * INDIRECT_DESC and IN_ORDER matter here. mem: vring_mem_len bytes that the
 * device names addr; slots: vring_slots_len bytes. Both are the caller's and
 * must outlive the ring. 0, or -EINVAL: num is no power of two or out of range,
 * mem or addr is not aligned to 16 (virtio 1.2, 2.7, table of alignments).
 */
int vring_init(struct vring *v, unsigned num, uint64_t features, void *mem, uint64_t addr,
	       void *slots);

/*
 * Empty it again, all indices 0, not broken; the device was stopped and will begin
 * at 0. Every token must have been taken back: one that is out would be forgotten.
 */
void vring_reset(struct vring *v);

/*
 * Lend a buffer of n segments (1 or more, together below 4 GiB: 2.7.5.2), all to be
 * read by the device, or all to be written. Takes one descriptor if n is 1 or an
 * indirect table can be used (n <= VRING_INDIRECT_MAX and <= num), n otherwise. The
 * device does not see it before vring_publish. 0, or -ENOSPC: too few descriptors are
 * free, or the ring is broken or was taken from (vring_take_*); nothing has changed.
 */
int vring_add(struct vring *v, const struct vring_seg *segs, unsigned n,
	      bool device_writes, void *token);

/*
 * Show the device what was added. true: it waits to be told (kick it); false:
 * nothing was added, or it looks by itself (virtio 1.2, 2.7.10, 2.7.13.4).
 */
bool vring_publish(struct vring *v);

/* Has the device used buffers that vring_get would give back? */
bool vring_has_used(const struct vring *v);

/*
 * The next buffer that the device has used: its token; *len = bytes it wrote
 * (0 for buffers it only reads). NULL: none, or the ring is broken. A buffer that
 * an IN_ORDER device has skipped in a batch is written completely (2.7.9).
 */
void *vring_get(struct vring *v, uint32_t *len);

/*
 * Ask for a call once the device has used `ahead` (1 to n_out) buffers beyond
 * those taken; without EVENT_IDX for the next one. true: the call will come (and on
 * a broken ring, where there is nothing to look for); false: that many are used
 * already, no call may come.
 */
bool vring_arm(struct vring *v, unsigned ahead);

/*
 * Ask for no call (with EVENT_IDX: for none before the index has gone round). A
 * hint: a call that was on its way still comes. With EVENT_IDX one need not repeat
 * it: an event that is passed stays silent.
 */
void vring_disarm(struct vring *v);

/*
 * The device was stopped and has seen buffers up to available index *idx (its
 * VRING_BASE): the next of those it has not seen, oldest first, and *idx moves on.
 * NULL when there are no more, or *idx is none that an honest device could have
 * reached. First take what it has used (vring_get). Until vring_reset nothing can
 * be added.
 */
void *vring_take_unseen(struct vring *v, uint16_t *idx);

/*
 * The device was stopped: any buffer that is still out, or NULL. Until vring_reset
 * nothing can be added.
 */
void *vring_take_any(struct vring *v);

/*
 * For a watchdog in any thread: the used index as the device shows it. It moves
 * when the device has finished with something.
 */
uint16_t vring_progress(const struct vring *v);

#endif
