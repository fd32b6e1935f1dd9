/* SPDX-License-Identifier: BSD-2-Clause */
/* core/vring: devices that lie, each lie by itself. */
#include "tests/unit/vring_lab.h"

#include <errno.h>

static void expect_broken(struct vdev_lab *lab, const char *why)
{
	uint32_t len;
	unsigned out = lab->v.n_out;
	int *t;

	assert_null(vring_get(&lab->v, &len));
	assert_true(lab->v.is_broken);
	assert_non_null(strstr(lab->v.why, why));
	/* and it stays so, whatever the device does now */
	vdev_raw_idx(&lab->d, lab->v.used_idx);
	assert_null(vring_get(&lab->v, &len));
	vdev_raw_idx(&lab->d, (uint16_t)(lab->v.used_idx + 1));
	assert_null(vring_get(&lab->v, &len));
	assert_false(vring_has_used(&lab->v));
	assert_true(vring_arm(&lab->v, 1)); /* no loop of "look again" */
	assert_int_equal(vring_add(&lab->v, &seg, 1, true, &tokens[63]), -ENOSPC);
	assert_false(vring_publish(&lab->v));
	/* each buffer comes back once */
	memset(tokens, 0, sizeof(tokens));
	for (; (t = vring_take_any(&lab->v)); out--)
		assert_int_equal((*t)++, 0);
	assert_int_equal(out, 0);
	/* and all is well after a reset */
	vring_reset(&lab->v);
	lab->d.avail_next = lab->d.used_next = lab->d.used_shown = lab->d.order_next = 0;
	assert_null(lab->v.why);
	lab_get_none(lab);
	lab_add(lab, 5, true);
	assert_true(vring_publish(&lab->v));
	vdev_close(lab);
}

static void test_lie_id(void **state)
{
	static const uint32_t wrong[] = {8, 65536, 65537, 0xffffffff};
	struct vdev_lab lab;
	uint16_t heads[4];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		vdev_open(&lab, 8, orders[i & 1]);
		lab_lend(&lab, 4, true, heads);
		vdev_raw_entry(&lab.d, 0, wrong[i / 2], 0);
		vdev_raw_idx(&lab.d, 1);
		expect_broken(&lab, "out of range");
	}
}

/* An id that is free, or in the middle of a chain. */
static void test_lie_not_out(void **state)
{
	const struct vring_seg three[3] = {seg, seg, seg};
	struct vdev_lab lab;
	struct vdev_buf b;
	uint16_t heads[4];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		vdev_open(&lab, 8, orders[i]);
		lab_lend(&lab, 4, true, heads);
		vdev_raw_entry(&lab.d, 0, 7, 0);
		vdev_raw_idx(&lab.d, 1);
		expect_broken(&lab, "does not have");

		vdev_open(&lab, 8, orders[i]);
		assert_int_equal(vring_add(&lab.v, three, 3, true, tokens), 0);
		vring_publish(&lab.v);
		assert_true(vdev_fetch(&lab.d, &b));
		vdev_raw_entry(&lab.d, 0, lab.v.desc[b.head].next, 0);
		vdev_raw_idx(&lab.d, 1);
		expect_broken(&lab, "does not have");
	}
}

static void test_lie_twice(void **state)
{
	struct vdev_lab lab;
	uint16_t heads[4];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		vdev_open(&lab, 8, orders[i]);
		lab_lend(&lab, 4, true, heads);
		vdev_raw_entry(&lab.d, 0, heads[0], 1);
		vdev_raw_entry(&lab.d, 1, heads[0], 1);
		vdev_raw_idx(&lab.d, 2);
		lab_get(&lab, 0, 1);
		expect_broken(&lab, "does not have");
	}
}

static void test_lie_len(void **state)
{
	struct vdev_lab lab;
	uint16_t heads[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool writes = i / 2;

		vdev_open(&lab, 8, orders[i & 1]);
		lab_lend(&lab, 4, writes, heads);
		vdev_raw_entry(&lab.d, 0, heads[0], writes ? 101 : 1);
		vdev_raw_idx(&lab.d, 1);
		expect_broken(&lab, "more bytes");
	}
}

static void test_lie_index(void **state)
{
	static const uint16_t wrong[] = {5, 9, 32768, 65535};
	struct vdev_lab lab;
	uint16_t heads[4];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		vdev_open(&lab, 8, orders[i & 1]);
		lab_lend(&lab, 4, true, heads);
		lab_add(&lab, 6, true); /* added, but not published */
		vdev_raw_idx(&lab.d, wrong[i / 2]);
		assert_true(vring_has_used(&lab.v));
		assert_false(vring_arm(&lab.v, 1));
		expect_broken(&lab, "beyond what was published");
	}
}

/* An index that goes back: what was seen is there still, and nobody sleeps on it. */
static void test_lie_back(void **state)
{
	struct vdev_lab lab;
	uint16_t heads[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		vdev_open(&lab, 8, orders[i & 1] | (i & 2 ? EVENT : 0));
		lab_lend(&lab, 4, true, heads);
		for (unsigned k = 0; k < 3; k++)
			vdev_put(&lab.d, heads[k], 1, 0);
		vdev_flush(&lab.d);
		lab_get(&lab, 0, 1);
		vdev_raw_idx(&lab.d, 1);
		assert_false(vring_arm(&lab.v, 1));
		lab_get(&lab, 1, 1);
		assert_false(vring_arm(&lab.v, 1));
		lab_get(&lab, 2, 1);
		assert_false(vring_arm(&lab.v, 1));
		expect_broken(&lab, "beyond what was published");
	}
}

/* A batch whose last buffer is beyond the used index. */
static void test_lie_batch(void **state)
{
	struct vdev_lab lab;
	uint16_t heads[4];

	(void)state;
	vdev_open(&lab, 8, IN_ORDER);
	lab_lend(&lab, 4, true, heads);
	vdev_raw_entry(&lab.d, 0, heads[3], 1);
	vdev_raw_idx(&lab.d, 3);
	lab_get(&lab, 0, 100);
	lab_get(&lab, 1, 100);
	expect_broken(&lab, "beyond its used index");
}

/* Descriptors and the available ring are ours: what is written there is not read. */
static void test_lie_descriptors(void **state)
{
	struct vdev_lab lab;
	uint16_t heads[8], idx = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		vdev_open(&lab, 8, orders[i]);
		lab_lend(&lab, 8, true, heads);
		memset(lab.v.desc, 0xff, 8 * sizeof(struct vring_desc));
		memset(lab.v.avail, 0xff, 4 + 8 * 2);
		for (unsigned k = 0; k < 4; k++)
			vdev_put(&lab.d, heads[k], 100, 0);
		vdev_flush(&lab.d);
		for (int k = 0; k < 4; k++)
			lab_get(&lab, k, 100);
		idx = 6;
		assert_ptr_equal(vring_take_unseen(&lab.v, &idx), &tokens[6]);
		assert_ptr_equal(vring_take_unseen(&lab.v, &idx), &tokens[7]);
		assert_null(vring_take_unseen(&lab.v, &idx));
		vdev_close(&lab);
	}
}

/* A base that no honest device has reached. */
static void test_stop_lies(void **state)
{
	static const uint16_t wrong[] = {0, 5, 32768, 65535};
	struct vdev_lab lab;
	uint16_t heads[4], idx;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		idx = wrong[i];
		vdev_open(&lab, 8, 0);
		lab_lend(&lab, 4, true, heads);
		vdev_put(&lab.d, heads[0], 3, 0);
		vdev_flush(&lab.d);
		lab_get(&lab, 0, 3);
		assert_null(vring_take_unseen(&lab.v, &idx));
		assert_int_equal(lab.v.n_out, 3);
		vdev_close(&lab);
	}
	/* it used one that it has not seen: that one is skipped */
	vdev_open(&lab, 8, 0);
	lab_lend(&lab, 3, true, heads);
	vdev_put(&lab.d, heads[1], 3, 0);
	vdev_flush(&lab.d);
	lab_get(&lab, 1, 3);
	idx = 1;
	assert_ptr_equal(vring_take_unseen(&lab.v, &idx), &tokens[2]);
	assert_null(vring_take_unseen(&lab.v, &idx));
	assert_ptr_equal(vring_take_any(&lab.v), &tokens[0]);
	assert_null(vring_take_any(&lab.v));
	vdev_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lie_id),	  cmocka_unit_test(test_lie_not_out),
		cmocka_unit_test(test_lie_twice), cmocka_unit_test(test_lie_len),
		cmocka_unit_test(test_lie_index), cmocka_unit_test(test_lie_back),
		cmocka_unit_test(test_lie_batch), cmocka_unit_test(test_lie_descriptors),
		cmocka_unit_test(test_stop_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
