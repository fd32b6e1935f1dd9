/* SPDX-License-Identifier: BSD-2-Clause */
/* core/ring: what is put comes out once and in order; who sleeps is woken once. */
#include "tests/unit/frame_make.h"

#include "core/ring.h"

enum { SIZE_MAX_HERE = 64, PKTS = 1024 };

static struct ring r;
static struct ring_bell bell;
static struct pkt *slots[SIZE_MAX_HERE], pkts[PKTS], *ptrs[PKTS];

static void start(uint32_t size, uint32_t from)
{
	memset(slots, 0, sizeof(slots));
	bell = (struct ring_bell){0};
	assert_int_equal(ring_mem_len(size), size * sizeof(void *));
	ring_init(&r, slots, size, &bell);
	r.head = r.tail = r.filled = r.seen_head = r.seen_tail = from;
	for (unsigned i = 0; i < PKTS; i++)
		ptrs[i] = &pkts[i];
}

static void test_by_hand(void **state)
{
	struct pkt *got[8];

	(void)state;
	start(4, 0);
	assert_int_equal(ring_get(&r, got, 8), 0);
	assert_int_equal(ring_put(&r, ptrs, 3), 3);
	assert_int_equal(ring_get(&r, got, 8), 0); /* not published */
	assert_false(ring_publish(&r));
	assert_int_equal(ring_get(&r, got, 2), 2);
	assert_ptr_equal(got[0], &pkts[0]);
	assert_ptr_equal(got[1], &pkts[1]);
	assert_int_equal(ring_put(&r, ptrs + 3, 5), 3); /* one is still in it */
	assert_int_equal(ring_put(&r, ptrs + 6, 1), 0);
	assert_int_equal(ring_get(&r, got, 8), 1);
	ring_publish(&r);
	assert_int_equal(ring_get(&r, got, 8), 3);
	assert_ptr_equal(got[2], &pkts[5]);
	assert_int_equal(ring_put(&r, ptrs, 0), 0);
}

static void test_wake_ups(void **state)
{
	struct ring *all[2];
	struct ring other;
	struct pkt *others[2], *got[4];

	(void)state;
	start(4, 0);
	ring_init(&other, others, 2, &bell);
	all[0] = &other;
	all[1] = &r;
	ring_put(&r, ptrs, 1);
	assert_true(ring_sleep(&bell, all, 2)); /* what is put is not published */
	assert_true(ring_publish(&r));
	assert_false(ring_publish(&r)); /* nothing new, and it was told */
	ring_put(&r, ptrs, 1);
	assert_false(ring_publish(&r));
	assert_false(ring_sleep(&bell, all, 2)); /* there are packets */
	ring_put(&other, ptrs, 1);
	assert_false(ring_publish(&other)); /* it counts as awake */
	ring_get(&r, got, 4);
	assert_false(ring_sleep(&bell, all, 2)); /* in the other ring */
	ring_get(&other, got, 4);
	assert_true(ring_sleep(&bell, all, 2));
	assert_false(ring_publish(&r)); /* nothing new is no reason to wake */
	ring_wake(&bell);
	ring_put(&r, ptrs, 1);
	assert_false(ring_publish(&r));
	ring_get(&r, got, 4);
	assert_true(ring_sleep(&bell, all, 2));
	ring_put(&r, ptrs, 1);
	ring_put(&other, ptrs, 1);
	assert_true(ring_publish(&other)); /* one of the two wakes */
	assert_false(ring_publish(&r));
}

/* A queue as plain as can be, beside the ring; indices that go over the end, too. */
static void test_random(void **state)
{
	static const uint32_t from[] = {0, 7, UINT32_MAX - 20, UINT32_MAX, 1u << 31};
	uint64_t seed = 0x61465eed, rnd = seed;

	(void)state;
	print_message("seed %#llx\n", (unsigned long long)seed);
	for (unsigned round = 0; round < 300; round++) {
		uint32_t size = 2u << make_below(&rnd, 6);
		unsigned in = 0, shown = 0, out = 0; /* numbers of packets */
		bool asleep = false;
		struct ring *one[1] = {&r};

		start(size, from[round % 5]);
		for (unsigned i = 0; i < 1000; i++) {
			unsigned n = make_below(&rnd, 70), room = size - (in - out), k;
			struct pkt *got[70], *put[70];

			switch (make_below(&rnd, 4)) {
			case 0:
				for (k = 0; k < n; k++)
					put[k] = &pkts[(in + k) % PKTS];
				n = n < room ? n : room;
				assert_int_equal(ring_put(&r, put, k), n);
				in += n;
				break;
			case 1:
				assert_int_equal(ring_publish(&r), asleep && shown != in);
				asleep &= shown == in;
				shown = in;
				break;
			case 2:
				k = ring_get(&r, got, n);
				assert_int_equal(k, n < shown - out ? n : shown - out);
				for (unsigned g = 0; g < k; g++)
					assert_ptr_equal(got[g], &pkts[(out + g) % PKTS]);
				out += k;
				break;
			default:
				asleep = ring_sleep(&bell, one, 1);
				assert_int_equal(asleep, shown == out);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_wake_ups),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
