/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring with a few buffers of 100 bytes: the steps that the tests of core/vring share.
 */
#ifndef TESTS_UNIT_VRING_LAB_H
#define TESTS_UNIT_VRING_LAB_H

#include "tests/unit/vring_device.h"

#define EVENT	 (1ULL << VIRTIO_RING_F_EVENT_IDX)
#define INDIRECT (1ULL << VIRTIO_RING_F_INDIRECT_DESC)
#define IN_ORDER (1ULL << VIRTIO_F_IN_ORDER)

static int tokens[64]; /* their addresses are the tokens */
static const struct vring_seg seg = {0x1000, 100};

static inline void lab_add(struct vdev_lab *lab, int t, bool writes)
{
	assert_int_equal(vring_add(&lab->v, &seg, 1, writes, &tokens[t]), 0);
}

/* Buffers 0..n-1, published and fetched; their heads. */
static inline void lab_lend(struct vdev_lab *lab, unsigned n, bool writes,
			    uint16_t *heads)
{
	struct vdev_buf b;

	for (unsigned i = 0; i < n; i++)
		lab_add(lab, (int)i, writes);
	vring_publish(&lab->v);
	for (unsigned i = 0; i < n; i++) {
		assert_true(vdev_fetch(&lab->d, &b));
		heads[i] = b.head;
	}
	assert_null(lab->d.fault);
}

static inline void lab_get(struct vdev_lab *lab, int t, uint32_t want)
{
	uint32_t len = 12345;

	assert_true(vring_has_used(&lab->v));
	assert_ptr_equal(vring_get(&lab->v, &len), &tokens[t]);
	assert_int_equal(len, want);
}

static inline void lab_get_none(struct vdev_lab *lab)
{
	uint32_t len;

	assert_false(vring_has_used(&lab->v));
	assert_null(vring_get(&lab->v, &len));
	assert_false(lab->v.is_broken);
}

static const uint64_t orders[] = {0, IN_ORDER};

#endif
