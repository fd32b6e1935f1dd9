/* SPDX-License-Identifier: BSD-2-Clause */
/* core/vring against a simple model: any order of events, every size and feature. */
#include "tests/unit/vring_device.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

/*
 * How it works: random turns of a driver and an honest device over one ring. The
 * model counts in 64 bits, so a ring whose 16-bit indices go round is seen by
 * comparison. Buffer t lends segments whose addresses name t. Each run ends after
 * more than 65536 buffers, so that every index has gone round.
 */
enum { BUFFERS = 70000, QUEUE_MAX = 32768 };

struct model_buf {
	unsigned n;
	bool writes, is_out;
	uint32_t lent;
};

struct model {
	struct vdev_lab lab;
	unsigned num;
	bool indirect;
	struct model_buf bufs[QUEUE_MAX]; /* the token is the address of one */
	unsigned free[QUEUE_MAX], n_free; /* those not out */
	/* heads that the device holds, oldest first */
	struct held {
		uint16_t head;
		unsigned buf;
	} held[QUEUE_MAX];
	unsigned held_at, n_held; /* held goes round */
	/* what the driver must get, in this order: a ring of its own */
	struct {
		unsigned buf;
		uint32_t len;
	} want[QUEUE_MAX];
	uint64_t wanted, shown, got; /* put, flushed, taken */
	uint64_t added, published;
	unsigned desc_used;
};

static uint64_t base_seed, seed;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % below);
}

static unsigned need(const struct model *m, unsigned n)
{
	return n > 1 && n <= VRING_INDIRECT_MAX && n <= m->num && m->indirect ? 1 : n;
}

static bool model_add(struct model *m)
{
	struct vring_seg segs[VDEV_SEGS];
	unsigned at = any(m->n_free), buf = m->free[at], n = any(4) ? 1 : 1 + any(40);
	struct model_buf *b = &m->bufs[buf];
	bool fits;

	*b = (struct model_buf){.n = n, .writes = any(2)};
	for (unsigned i = 0; i < n; i++) {
		segs[i] = (struct vring_seg){(uint64_t)buf << 32 | i, 1 + any(5000)};
		b->lent += b->writes ? segs[i].len : 0;
	}
	fits = m->desc_used + need(m, n) <= m->num;
	assert_int_equal(vring_add(&m->lab.v, segs, n, b->writes, b), fits ? 0 : -ENOSPC);
	if (!fits)
		return false;
	b->is_out = true;
	m->desc_used += need(m, n);
	m->added++;
	m->free[at] = m->free[--m->n_free];
	return true;
}

/* Would an event with this 16-bit index lie among the events old..new-1? */
static bool crosses(uint16_t event, uint64_t old, uint64_t new)
{
	for (uint64_t i = old; i < new; i++) {
		if ((uint16_t)i == event)
			return true;
	}
	return false;
}

static void model_publish(struct model *m)
{
	bool kick = m->added != m->published;

	if (m->lab.v.event_idx)
		kick = crosses(*vdev_avail_event(&m->lab.d), m->published, m->added);
	else if (m->lab.v.used->flags)
		kick = false;
	assert_int_equal(vring_publish(&m->lab.v), kick);
	m->published = m->added;
}

static struct held *held(struct model *m, unsigned i)
{
	return &m->held[(m->held_at + i) % QUEUE_MAX];
}

static void model_fetch(struct model *m)
{
	struct vdev_buf b;
	unsigned buf;

	if (!vdev_fetch(&m->lab.d, &b)) {
		assert_null(m->lab.d.fault);
		return;
	}
	assert_null(m->lab.d.fault);
	buf = (unsigned)(b.segs[0].addr >> 32);
	assert_true(buf < m->num && m->bufs[buf].is_out);
	assert_int_equal(b.n, m->bufs[buf].n);
	assert_int_equal(b.is_indirect, b.n > 1 && need(m, b.n) == 1);
	assert_int_equal(b.writes, m->bufs[buf].writes);
	assert_int_equal(b.lent, m->bufs[buf].lent);
	for (unsigned i = 0; i < b.n; i++)
		assert_true(b.segs[i].addr == ((uint64_t)buf << 32 | i));
	*held(m, m->n_held++) = (struct held){b.head, buf};
}

static void model_want(struct model *m, unsigned i, uint32_t len)
{
	m->want[m->wanted % QUEUE_MAX].buf = held(m, i)->buf;
	m->want[m->wanted++ % QUEUE_MAX].len = len;
}

/* Use some of the held buffers: any of them, or the oldest, perhaps as a batch. */
static void model_use(struct model *m)
{
	unsigned last = any(m->n_held), skip = 0;
	const struct model_buf *b;
	uint32_t len;

	if (m->lab.v.in_order) {
		last = any(3) ? 0 : last;
		skip = last;
	}
	b = &m->bufs[held(m, last)->buf];
	len = any(b->lent + 1);
	vdev_put(&m->lab.d, held(m, last)->head, len, skip);
	for (unsigned i = 0; i < skip; i++)
		model_want(m, i, m->bufs[held(m, i)->buf].lent);
	model_want(m, last, len);
	if (m->lab.v.in_order) {
		m->n_held -= skip + 1;
		m->held_at += skip + 1;
	} else {
		*held(m, last) = *held(m, --m->n_held);
	}
}

static void model_flush(struct model *m)
{
	uint64_t old = m->shown;
	bool call = m->wanted != old && !m->lab.v.avail->flags;

	if (m->lab.v.event_idx)
		call = crosses(*vdev_used_event(&m->lab.d), old, m->wanted);
	assert_int_equal(vdev_flush(&m->lab.d), call);
	m->shown = m->wanted;
}

static void model_get(struct model *m)
{
	struct model_buf *b;
	uint32_t len;

	assert_int_equal(vring_has_used(&m->lab.v), m->shown != m->got);
	b = vring_get(&m->lab.v, &len);
	assert_false(m->lab.v.is_broken);
	if (m->shown == m->got) {
		assert_null(b);
		return;
	}
	assert_ptr_equal(b, &m->bufs[m->want[m->got % QUEUE_MAX].buf]);
	assert_int_equal(len, m->want[m->got % QUEUE_MAX].len);
	assert_true(b->is_out);
	b->is_out = false;
	m->desc_used -= need(m, b->n);
	m->free[m->n_free++] = (unsigned)(b - m->bufs);
	m->got++;
	assert_int_equal(m->lab.v.n_free, m->num - m->desc_used);
}

static void model_notify(struct model *m)
{
	unsigned ahead = 1 + any(m->num);

	switch (any(4)) {
	case 0:
		assert_int_equal(vring_arm(&m->lab.v, ahead),
				 m->shown - m->got < (m->lab.v.event_idx ? ahead : 1));
		break;
	case 1:
		vring_disarm(&m->lab.v);
		break;
	case 2:
		vdev_enable_kick(&m->lab.d);
		break;
	default:
		vdev_disable_kick(&m->lab.d);
	}
}

/* One kind of step several times, so that the ring runs full and empty. */
static void model_turn(struct model *m)
{
	unsigned kind = any(6), n = 1 + any(any(2) ? 4 : m->num + 1);

	while (n-- > 0) {
		switch (kind) {
		case 0:
			if (m->n_free && !model_add(m))
				n = 0;
			break;
		case 1:
			model_fetch(m);
			break;
		case 2:
			if (m->n_held)
				model_use(m);
			break;
		case 3:
			model_get(m);
			break;
		default:
			n = 0;
		}
	}
	if (any(2))
		model_publish(m);
	if (any(2))
		model_flush(m);
	if (!any(4))
		model_notify(m);
}

/* Stop in the midst of it: each buffer that is out comes back once. */
static void model_stop(struct model *m)
{
	uint16_t idx = m->lab.d.avail_next;
	struct model_buf *b;
	unsigned left;

	model_flush(m);
	while (m->shown != m->got)
		model_get(m);
	left = m->num - m->n_free;
	for (; (b = vring_take_unseen(&m->lab.v, &idx)); left--) {
		assert_true(b->is_out);
		b->is_out = false;
	}
	assert_int_equal(idx, m->lab.v.avail_idx);
	assert_int_equal(left, m->n_held);
	for (; (b = vring_take_any(&m->lab.v)); left--) {
		assert_true(b->is_out);
		b->is_out = false;
	}
	assert_int_equal(left, 0);
	assert_int_equal(m->lab.v.n_out, 0);
}

static void model_run(struct model *m, unsigned num, uint64_t features)
{
	/* each run has a sequence of its own, whichever runs came before */
	seed = (base_seed + num * 8 + (features >> 28)) * 0x9e3779b97f4a7c15ULL | 1;
	print_message("# num %u, features %#llx, SEED=%#llx\n", num,
		      (unsigned long long)features, (unsigned long long)base_seed);
	memset(m, 0, sizeof(*m));
	m->num = num;
	m->indirect = features >> VIRTIO_RING_F_INDIRECT_DESC & 1;
	vdev_open(&m->lab, num, features);
	while (m->n_free < num) {
		m->free[m->n_free] = m->n_free;
		m->n_free++;
	}
	while (m->got < BUFFERS)
		model_turn(m);
	model_stop(m);
	/* from the beginning, in the same memory */
	vring_reset(&m->lab.v);
	m->lab.d.avail_next = m->lab.d.used_next = m->lab.d.used_shown = 0;
	m->lab.d.order_next = 0;
	m->got = m->shown = m->wanted = m->added = m->published = 0;
	m->n_held = m->desc_used = 0;
	for (m->n_free = 0; m->n_free < num; m->n_free++)
		m->free[m->n_free] = m->n_free;
	while (m->got < 2 * num)
		model_turn(m);
	vdev_close(&m->lab);
}

static void run_num(void **state)
{
	struct model *m = malloc(sizeof(*m));

	assert_non_null(m);
	for (unsigned f = 0; f < 8; f++)
		model_run(m, *(unsigned *)*state,
			  (uint64_t)(f & 1) << VIRTIO_RING_F_EVENT_IDX |
				  (uint64_t)(f >> 1 & 1) << VIRTIO_RING_F_INDIRECT_DESC |
				  (uint64_t)(f >> 2) << VIRTIO_F_IN_ORDER);
	free(m);
}

int main(void)
{
	static unsigned nums[] = {1, 2, 4, 256, 32768};
	const struct CMUnitTest tests[] = {
		{"1 entry", run_num, NULL, NULL, &nums[0]},
		{"2 entries", run_num, NULL, NULL, &nums[1]},
		{"4 entries", run_num, NULL, NULL, &nums[2]},
		{"256 entries", run_num, NULL, NULL, &nums[3]},
		{"32768 entries", run_num, NULL, NULL, &nums[4]},
	};
	const char *given = getenv("SEED"); /* as printed, to run one again */

	base_seed = given ? strtoull(given, NULL, 0)
			  : (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
