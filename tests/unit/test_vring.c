/* SPDX-License-Identifier: BSD-2-Clause */
/* core/vring: each promise of its header by itself. */
#include "tests/unit/vring_lab.h"

#include <errno.h>

static void test_init(void **state)
{
	_Alignas(64) static uint8_t mem[4096];
	_Alignas(8) static uint8_t slots[1024];
	struct vring v;

	(void)state;
	assert_int_equal(vring_init(&v, 0, 0, mem, 0, slots), -EINVAL);
	assert_int_equal(vring_init(&v, 3, 0, mem, 0, slots), -EINVAL);
	assert_int_equal(vring_init(&v, 65536, 0, mem, 0, slots), -EINVAL);
	assert_int_equal(vring_init(&v, 4, 0, mem + 8, 0, slots), -EINVAL);
	assert_int_equal(vring_init(&v, 4, 0, mem, 8, slots), -EINVAL);
	assert_int_equal(vring_init(&v, 4, 0, mem, 0, slots), 0);
	assert_null(v.indirect);
	/* the rings do not overlap, and end within the memory */
	assert_ptr_equal(v.desc, mem);
	assert_true((uint8_t *)v.avail >= mem + 64);
	assert_true((uint8_t *)v.used >= (uint8_t *)v.avail + 6 + 4 * 2);
	assert_true(mem + vring_mem_len(4, 0) >= (uint8_t *)v.used + 6 + 4 * 8);
	assert_true(vring_mem_len(4, INDIRECT) >=
		    vring_mem_len(4, 0) + 4 * 16 * VRING_INDIRECT_MAX);
	assert_int_equal(vring_mem_len(32768, INDIRECT) % 64, 0);
}

static void test_lend_and_get(void **state)
{
	struct vdev_lab lab;
	uint16_t heads[4];

	(void)state;
	vdev_open(&lab, 4, 0);
	lab_lend(&lab, 4, true, heads);
	assert_int_equal(lab.v.n_out, 4);
	assert_int_equal(vring_add(&lab.v, &seg, 1, true, &tokens[9]), -ENOSPC);
	lab_get_none(&lab);
	vdev_put(&lab.d, heads[2], 100, 0);
	lab_get_none(&lab); /* not shown yet */
	vdev_put(&lab.d, heads[0], 0, 0);
	assert_int_equal(vring_progress(&lab.v), 0);
	assert_true(vdev_flush(&lab.d));
	assert_int_equal(vring_progress(&lab.v), 2);
	lab_get(&lab, 2, 100);
	lab_get(&lab, 0, 0);
	lab_get_none(&lab);
	assert_int_equal(lab.v.n_free, 2);
	vdev_close(&lab);
}

/* Long chains, direct and by a table. */
static void test_segments(void **state)
{
	struct vring_seg segs[VDEV_SEGS];
	struct vdev_lab lab;
	struct vdev_buf b;

	(void)state;
	for (unsigned i = 0; i < VDEV_SEGS; i++)
		segs[i] = (struct vring_seg){0x10000 + i * 0x1000ULL, i + 1};
	vdev_open(&lab, 64, INDIRECT);
	assert_int_equal(vring_add(&lab.v, segs, 0, true, tokens), -ENOSPC);
	assert_int_equal(vring_add(&lab.v, segs, VRING_INDIRECT_MAX, true, tokens), 0);
	assert_int_equal(lab.v.n_free, 63);
	assert_int_equal(vring_add(&lab.v, segs, VRING_INDIRECT_MAX + 1, false, tokens),
			 0);
	assert_int_equal(lab.v.n_free, 63 - 33);
	assert_int_equal(vring_add(&lab.v, segs, 33, true, tokens), -ENOSPC);
	vring_publish(&lab.v);
	assert_true(vdev_fetch(&lab.d, &b));
	assert_true(b.is_indirect && b.writes && b.n == VRING_INDIRECT_MAX &&
		    b.lent == 528);
	assert_true(b.segs[31].addr == segs[31].addr && b.segs[31].len == 32);
	assert_true(vdev_fetch(&lab.d, &b));
	assert_true(!b.is_indirect && !b.writes && b.n == 33 && b.lent == 0);
	for (unsigned i = 0; i < b.n; i++)
		assert_true(b.segs[i].addr == segs[i].addr &&
			    b.segs[i].len == segs[i].len);
	assert_null(lab.d.fault);
	vdev_close(&lab);
	/* no chain is longer than the queue, not by a table either (2.7.5.3.1) */
	vdev_open(&lab, 4, INDIRECT);
	assert_int_equal(vring_add(&lab.v, segs, 5, true, tokens), -ENOSPC);
	assert_int_equal(vring_add(&lab.v, segs, 4, true, tokens), 0);
	assert_int_equal(lab.v.n_free, 3);
	vdev_close(&lab);
}

/* 2.7.10: with flags, and with event indices. */
static void test_kicks(void **state)
{
	struct vdev_lab lab;

	(void)state;
	vdev_open(&lab, 8, 0);
	assert_false(vring_publish(&lab.v)); /* nothing was added */
	lab_add(&lab, 0, true);
	assert_true(vring_publish(&lab.v));
	assert_false(vring_publish(&lab.v));
	vdev_disable_kick(&lab.d);
	lab_add(&lab, 1, true);
	assert_false(vring_publish(&lab.v));
	vdev_close(&lab);

	vdev_open(&lab, 8, EVENT);
	*vdev_avail_event(&lab.d) = 2; /* a kick with the third buffer */
	lab.v.used->flags = 1;	       /* means nothing here */
	lab_add(&lab, 0, true);
	lab_add(&lab, 1, true);
	assert_false(vring_publish(&lab.v));
	lab_add(&lab, 2, true);
	assert_true(vring_publish(&lab.v));
	lab_add(&lab, 3, true);
	assert_false(vring_publish(&lab.v));
	vdev_close(&lab);
}

/* 2.7.7: calls, and what vring_arm says when it came too late. */
static void test_calls(void **state)
{
	uint16_t heads[8];
	struct vdev_lab lab;

	(void)state;
	for (unsigned event = 0; event < 2; event++) {
		vdev_open(&lab, 8, event ? EVENT : 0);
		lab_lend(&lab, 8, true, heads);
		vring_disarm(&lab.v);
		vdev_put(&lab.d, heads[0], 1, 0);
		assert_false(vdev_flush(&lab.d));
		assert_false(vring_arm(&lab.v, 1)); /* it is there */
		lab_get(&lab, 0, 1);
		assert_true(vring_arm(&lab.v, 2));
		vdev_put(&lab.d, heads[1], 1, 0);
		assert_int_equal(vdev_flush(&lab.d), !event);
		assert_int_equal(vring_arm(&lab.v, 2), event);
		vdev_put(&lab.d, heads[2], 1, 0);
		assert_true(vdev_flush(&lab.d));
		assert_false(vring_arm(&lab.v, 2));
		lab_get(&lab, 1, 1);
		lab_get(&lab, 2, 1);
		vring_disarm(&lab.v);
		for (unsigned i = 3; i < 8; i++) {
			vdev_put(&lab.d, heads[i], 1, 0);
			assert_false(vdev_flush(&lab.d));
		}
		vdev_close(&lab);
	}
}

/* 2.7.9: one entry for a batch; a full buffer each but the last. */
static void test_in_order_batch(void **state)
{
	uint16_t heads[4];
	struct vdev_lab lab;

	(void)state;
	for (unsigned writes = 0; writes < 2; writes++) {
		vdev_open(&lab, 4, IN_ORDER);
		for (unsigned round = 0; round < 10; round++) {
			lab_lend(&lab, 4, writes, heads);
			vdev_put(&lab.d, heads[2], writes ? 7 : 0, 2);
			vdev_flush(&lab.d);
			lab_get(&lab, 0, writes ? 100 : 0);
			assert_true(vring_has_used(&lab.v));
			lab_get(&lab, 1, writes ? 100 : 0);
			lab_get(&lab, 2, writes ? 7 : 0);
			lab_get_none(&lab);
			vdev_put(&lab.d, heads[3], 0, 0);
			vdev_flush(&lab.d);
			lab_get(&lab, 3, 0);
			lab_get_none(&lab);
		}
		vdev_close(&lab);
	}
}

/* Stopped: what it has not seen, oldest first; what is left; then it begins again. */
static void test_stop(void **state)
{
	struct vdev_lab lab;
	struct vdev_buf b;
	uint16_t heads[4], idx;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		vdev_open(&lab, 8, orders[i] | EVENT);
		lab_lend(&lab, 4, true, heads);
		lab_add(&lab, 4, true);
		vring_publish(&lab.v);
		lab_add(&lab, 5, true); /* not published: not seen */
		vdev_put(&lab.d, heads[0], 3, 0);
		vdev_flush(&lab.d);
		lab_get(&lab, 0, 3);
		idx = lab.d.avail_next;
		assert_ptr_equal(vring_take_unseen(&lab.v, &idx), &tokens[4]);
		assert_int_equal(idx, 5);
		assert_int_equal(vring_add(&lab.v, &seg, 1, true, tokens), -ENOSPC);
		assert_false(vring_publish(&lab.v));
		assert_ptr_equal(vring_take_unseen(&lab.v, &idx), &tokens[5]);
		assert_null(vring_take_unseen(&lab.v, &idx));
		/* 1, 2 and 3 in any order */
		memset(tokens, 0, sizeof(tokens));
		for (int *t; (t = vring_take_any(&lab.v));)
			assert_int_equal((*t)++, 0);
		assert_true(tokens[1] && tokens[2] && tokens[3]);
		assert_int_equal(lab.v.n_out, 0);
		vring_reset(&lab.v);
		lab.d.avail_next = lab.d.used_next = lab.d.used_shown = 0;
		lab.d.order_next = 0;
		lab_lend(&lab, 4, true, heads);
		assert_false(vdev_fetch(&lab.d, &b));
		vdev_close(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),	 cmocka_unit_test(test_lend_and_get),
		cmocka_unit_test(test_segments), cmocka_unit_test(test_kicks),
		cmocka_unit_test(test_calls),	 cmocka_unit_test(test_in_order_batch),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
