/* SPDX-License-Identifier: BSD-2-Clause */
/* core/vring: any order of calls, while a device writes anything anywhere. */
#include "tests/fuzz/fuzz.h"

#include <linux/virtio_config.h>
#include <string.h>

#include "core/vring.h"

/*
 * How it works: the bytes choose size and features, then a list of steps, each of
 * them a call of the driver or a write of the device: an honest used entry, a
 * plausible lie, or any 16 bits anywhere in the shared memory. Both memories are of
 * exactly the promised length, so that the address sanitizer guards their ends.
 */
enum { NUM_LOG_MAX = 6, SEGS = 40, STEPS = 4096 };

struct lent {
	bool is_out, writes;
	uint32_t len;
};

struct world {
	struct vring v;
	uint8_t *mem;
	void *slots;
	size_t mem_len;
	struct lent lent[1 << NUM_LOG_MAX]; /* tokens are their addresses */
	unsigned n_out;
	uint16_t used; /* the device's used index */
};

static void add(struct world *w, struct fuzz_in *in)
{
	struct vring_seg segs[SEGS];
	unsigned b = fuzz_u8(in), n = b >> 1 & 1 ? 1 + fuzz_u8(in) % SEGS : 1, i = 0;
	uint16_t n_free = w->v.n_free;
	struct lent *t;
	int r;

	while (i < w->v.num && w->lent[i].is_out)
		i++;
	if (i == w->v.num)
		return;
	t = &w->lent[i];
	*t = (struct lent){.writes = b & 1};
	for (i = 0; i < n; i++) {
		segs[i] = (struct vring_seg){0x1000 * i, 1 + (b >> 2)};
		t->len += t->writes ? segs[i].len : 0;
	}
	r = vring_add(&w->v, segs, n, t->writes, t);
	FUZZ_ASSERT(r == 0 || w->v.n_free == n_free);
	FUZZ_ASSERT(r == 0 || n > n_free || w->v.is_shut);
	t->is_out = r == 0;
	w->n_out += t->is_out;
}

/* A token is one of ours, was out, and is not from now on. */
static void back(struct world *w, struct lent *t)
{
	size_t i = (size_t)(t - w->lent);

	FUZZ_ASSERT(i < w->v.num && t == &w->lent[i] && t->is_out);
	t->is_out = false;
	w->n_out--;
	FUZZ_ASSERT(w->v.n_out == w->n_out);
}

static void get(struct world *w)
{
	uint32_t len;
	struct lent *t = vring_get(&w->v, &len);

	FUZZ_ASSERT(w->v.is_broken == (w->v.why != NULL));
	if (!t)
		return;
	FUZZ_ASSERT(!w->v.is_broken);
	FUZZ_ASSERT(len <= t->len && (t->writes || len == 0));
	back(w, t);
}

/* The device stops: everything comes back, and the ring begins again. */
static void stop(struct world *w, struct fuzz_in *in)
{
	uint16_t idx = fuzz_u8(in) & 1 ? w->v.used_idx : fuzz_u16(in);
	struct lent *t;

	while ((t = vring_take_unseen(&w->v, &idx)))
		back(w, t);
	while ((t = vring_take_any(&w->v)))
		back(w, t);
	FUZZ_ASSERT(w->n_out == 0 && w->v.n_free == w->v.num);
	vring_reset(&w->v);
	w->used = 0;
	FUZZ_ASSERT(!vring_has_used(&w->v) && !w->v.is_broken);
}

/* An entry for an id that may be out, with a length that may fit. */
static void use(struct world *w, struct fuzz_in *in)
{
	struct vring_used_elem *e = &w->v.used->ring[w->used & (w->v.num - 1)];
	unsigned b = fuzz_u8(in), step = 1;

	e->id = w->v.heads[w->v.used_idx & (w->v.num - 1)]; /* the oldest */
	if (b & 1)
		e->id = fuzz_u8(in);
	e->len = b & 2 ? fuzz_u8(in) : 0;
	if (b & 4)
		step = (unsigned)(int8_t)fuzz_u8(in); /* backwards, too */
	w->used = (uint16_t)(w->used + step);
	w->v.used->idx = w->used;
}

static void scribble(struct world *w, struct fuzz_in *in)
{
	size_t at = fuzz_u16(in) % (w->mem_len / 2) * 2;
	uint16_t value = fuzz_u16(in);

	memcpy(w->mem + at, &value, sizeof(value));
}

static void step(struct world *w, struct fuzz_in *in)
{
	switch (fuzz_u8(in) % 10) {
	case 0:
	case 1:
		add(w, in);
		break;
	case 2:
		vring_publish(&w->v);
		break;
	case 3:
	case 4:
		get(w);
		break;
	case 5:
		/* who is told to look finds something, or a broken ring */
		if (!vring_arm(&w->v, 1)) {
			FUZZ_ASSERT(vring_has_used(&w->v));
			get(w);
		} else {
			FUZZ_ASSERT(w->v.is_broken || !vring_has_used(&w->v));
		}
		break;
	case 6:
		vring_disarm(&w->v);
		vring_arm(&w->v, 1 + fuzz_u16(in));
		break;
	case 7:
		use(w, in);
		break;
	case 8:
		scribble(w, in);
		break;
	case 9:
		stop(w, in);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_in in = {data, len};
	struct world w = {.n_out = 0};
	unsigned b = fuzz_u8(&in), num = 1U << (b & 7) % (NUM_LOG_MAX + 1);
	uint64_t features = (uint64_t)(b >> 3 & 1) << VIRTIO_RING_F_EVENT_IDX |
			    (uint64_t)(b >> 4 & 1) << VIRTIO_RING_F_INDIRECT_DESC |
			    (uint64_t)(b >> 5 & 1) << VIRTIO_F_IN_ORDER;

	w.mem_len = vring_mem_len(num, features);
	w.mem = malloc(w.mem_len);
	w.slots = malloc(vring_slots_len(num));
	FUZZ_ASSERT(w.mem && w.slots);
	memset(w.mem, 0xa5, w.mem_len);
	FUZZ_ASSERT(vring_init(&w.v, num, features, w.mem, 0x10000, w.slots) == 0);
	for (unsigned i = 0; in.left && i < STEPS; i++)
		step(&w, &in);
	stop(&w, &in);
	free(w.mem);
	free(w.slots);
	return 0;
}
