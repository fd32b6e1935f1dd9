/* SPDX-License-Identifier: BSD-2-Clause */
/* rings: memory and rings that vhost-net would take though they go wrong later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include "vhost/rings.h"

enum { MEM = 1 << 20, NUM = 256 };

static char mem[MEM] __attribute__((aligned(4096)));
static struct err e;

#define REFUSED(call, code, words) refused((call), (code), (words), __LINE__)

static void refused(int ret, int code, const char *words, int line)
{
	if (ret != code || e.code != code || !strstr(e.text, words))
		fail_msg("line %d: got %d, \"%s\", not %d, \"...%s...\"", line, ret,
			 e.text, code, words);
}

static struct vhost_region whole(void)
{
	return (struct vhost_region){0x100000, mem, MEM};
}

static void layout(struct vhost_ring rings[VHOST_RINGS], uint16_t tx_base)
{
	rings[0] = (struct vhost_ring){mem, mem + 4096, mem + 8192, NUM, 0};
	rings[1] =
		(struct vhost_ring){mem + 16384, mem + 20480, mem + 24576, NUM, tx_base};
}

/* All in order but for the memory and the transmit ring. */
static int check_with(const struct vhost_region *regions, unsigned n,
		      struct vhost_ring ring)
{
	struct vhost_ring rings[VHOST_RINGS];

	layout(rings, 0);
	rings[VHOST_TX] = ring;
	return rings_check(regions, n, rings, &e);
}

static void test_memory(void **state)
{
	struct vhost_region many[65] = {0}, two[2] = {whole(), whole()};
	struct vhost_ring rings[VHOST_RINGS], r;

	(void)state;
	layout(rings, 0);
	r = rings[VHOST_TX];
	REFUSED(check_with(two, 0, r), -EINVAL, "1 to 64 memory regions, not 0");
	REFUSED(check_with(many, 65, r), -E2BIG, "1 to 64 memory regions, not 65");
	REFUSED(check_with(many, 1, r), -EINVAL, "region 0 (0 bytes");
	REFUSED(check_with(two, 2, r), -EINVAL, "regions 0 and 1 overlap at 0x100000");
	two[1].addr = UINT64_MAX - 5;
	REFUSED(check_with(two, 2, r), -EINVAL, "goes round the end");
	two[1] = (struct vhost_region){0x900000, (void *)(UINTPTR_MAX - 5), 4096};
	REFUSED(check_with(two, 2, r), -EINVAL, "goes round the end");
	/* two halves: a ring may not lie across, even where they adjoin */
	two[0].len = 16384 + 64;
	two[1] = (struct vhost_region){0x900000, mem + two[0].len, MEM - two[0].len};
	REFUSED(check_with(two, 2, r), -EINVAL, "descriptor table at");
	REFUSED(check_with(two, 2, r), -EINVAL, "4096 bytes, does not lie within one");
}

static void test_rings(void **state)
{
	static const unsigned nums[] = {0, 3, 255, 65536, 1U << 31, UINT_MAX};
	struct vhost_region all = whole();
	struct vhost_ring rings[VHOST_RINGS], r;

	(void)state;
	layout(rings, 0);
	for (size_t i = 0; i < sizeof(nums) / sizeof(nums[0]); i++) {
		r = rings[VHOST_TX];
		r.num = nums[i];
		REFUSED(check_with(&all, 1, r), -EINVAL, "must be a power of two");
	}
	r = rings[VHOST_TX];
	r.desc = (char *)r.desc + 8;
	REFUSED(check_with(&all, 1, r), -EINVAL, "not aligned to 16 bytes");
	r = rings[VHOST_TX];
	r.avail = (char *)r.avail + 1;
	REFUSED(check_with(&all, 1, r), -EINVAL, "not aligned to 2 bytes");
	r = rings[VHOST_TX];
	r.used = (char *)r.used + 2;
	REFUSED(check_with(&all, 1, r), -EINVAL, "not aligned to 4 bytes");
	r = rings[VHOST_TX];
	r.used = mem + MEM - (6 + NUM * 8) / 4 * 4; /* the event index is outside */
	REFUSED(check_with(&all, 1, r), -EINVAL, "transmit ring: its used ring at");
	r = rings[VHOST_TX];
	r.avail = (void *)((uintptr_t)mem - 2);
	REFUSED(check_with(&all, 1, r), -EINVAL, "its available ring at");
	r.avail = NULL;
	REFUSED(check_with(&all, 1, r), -EINVAL, "its available ring at");
	assert_true(check_with(&all, 1, rings[VHOST_TX]) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
