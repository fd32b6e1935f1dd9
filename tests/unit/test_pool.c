/* SPDX-License-Identifier: BSD-2-Clause */
/* core/pool: the hottest buffer first, exhaustion, and chains that go home. */
#include "tests/unit/frame_make.h"

#include <stdbool.h>

#include "core/pool.h"

struct memory {
	void *mem;
	struct pool pool;
};

static void memory_open(struct memory *m, unsigned n)
{
	m->mem = aligned_alloc(64, (pool_mem_len(n) + 63) / 64 * 64);
	assert_non_null(m->mem);
	pool_init(&m->pool, m->mem, n);
}

static void test_layout(void **state)
{
	static const unsigned sizes[] = {1, 2, 3, 7, 64, 129};

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		unsigned n = sizes[s];
		struct memory m;

		memory_open(&m, n);
		assert_int_equal(m.pool.n, n);
		assert_int_equal(m.pool.n_free, n);
		assert_int_equal(pool_mem_len(n) % 64, 0);
		for (unsigned i = 0; i < n; i++) {
			struct pkt *p = &m.pool.pkts[i];

			assert_int_equal(p->idx, i);
			assert_ptr_equal(p->pool, &m.pool);
			assert_int_equal((uintptr_t)p->buf % 64, 0);
			assert_ptr_equal(p->buf, m.pool.bufs + (size_t)i * PKT_BUF_LEN);
			memset(p->buf, (int)i,
			       PKT_BUF_LEN); /* within the memory: a sanitizer tells */
		}
		assert_true(m.pool.bufs + (size_t)n * PKT_BUF_LEN <=
			    (uint8_t *)m.mem + pool_mem_len(n));
		for (unsigned i = 0; i < n; i++)
			assert_ptr_equal(m.pool.pkts[i].pool, &m.pool);
		free(m.mem);
	}
}

static void test_last_in_first_out(void **state)
{
	struct memory m;
	struct pkt *a, *b;

	(void)state;
	memory_open(&m, 4);
	a = pool_get(&m.pool);
	b = pool_get(&m.pool);
	assert_int_equal(a->idx, 0); /* a fresh pool begins at its first buffer */
	assert_ptr_not_equal(a, b);
	pool_put(b);
	pool_put(a);
	assert_ptr_equal(pool_get(&m.pool), a);
	assert_ptr_equal(pool_get(&m.pool), b);
	free(m.mem);
}

static void test_exhaustion(void **state)
{
	bool seen[5] = {false};
	struct pkt *got[5];
	struct memory m;

	(void)state;
	memory_open(&m, 5);
	for (int round = 0; round < 3; round++) {
		memset(seen, 0, sizeof(seen));
		for (unsigned i = 0; i < 5; i++) {
			got[i] = pool_get(&m.pool);
			assert_non_null(got[i]);
			assert_null(got[i]->next);
			assert_false(seen[got[i]->idx]);
			seen[got[i]->idx] = true;
		}
		assert_null(pool_get(&m.pool));
		assert_null(pool_get(&m.pool));
		for (unsigned i = 0; i < 5; i++)
			pool_put(got[i]);
		assert_int_equal(m.pool.n_free, 5);
	}
	pool_put(NULL);
	assert_int_equal(m.pool.n_free, 5);
	free(m.mem);
}

/* A chain of buffers of two pools: each goes back to its own, unchained. */
static void test_chain_goes_home(void **state)
{
	struct memory a, b;
	struct pkt *p[4];

	(void)state;
	memory_open(&a, 3);
	memory_open(&b, 3);
	p[0] = pool_get(&a.pool);
	p[1] = pool_get(&b.pool);
	p[2] = pool_get(&a.pool);
	p[3] = pool_get(&b.pool);
	for (int i = 0; i < 4; i++)
		pkt_reset(p[i], 100);
	for (int i = 1; i < 4; i++)
		pkt_chain(p[0], p[i]);
	assert_int_equal(p[0]->total_len, 400);
	assert_int_equal(p[0]->n_bufs, 4);
	pool_put(p[0]);
	assert_int_equal(a.pool.n_free, 3);
	assert_int_equal(b.pool.n_free, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_ptr_equal(pool_get(&a.pool)->pool, &a.pool);
		assert_ptr_equal(pool_get(&b.pool)->pool, &b.pool);
	}
	for (int i = 0; i < 4; i++)
		assert_null(p[i]->next);
	free(a.mem);
	free(b.mem);
}

static void test_reset(void **state)
{
	struct memory m;
	struct pkt *p;

	(void)state;
	memory_open(&m, 1);
	p = pool_get(&m.pool);
	p->data += 9;
	p->n_bufs = 7;
	pkt_reset(p, PKT_ROOM);
	assert_ptr_equal(p->data, p->buf + PKT_HEADROOM);
	assert_int_equal(p->len, PKT_ROOM);
	assert_int_equal(p->total_len, PKT_ROOM);
	assert_int_equal(p->n_bufs, 1);
	assert_true(p->data + p->len <= p->buf + PKT_BUF_LEN);
	free(m.mem);
}

/* The largest pool: no number is cut (its memory is not touched but for the descriptors).
 */
static void test_largest(void **state)
{
	size_t len = pool_mem_len(POOL_BUFS_MAX);

	(void)state;
	assert_true(len > (size_t)POOL_BUFS_MAX * PKT_BUF_LEN);
	assert_true(len < (size_t)POOL_BUFS_MAX * (PKT_BUF_LEN + 128) + 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_last_in_first_out),
		cmocka_unit_test(test_exhaustion),
		cmocka_unit_test(test_chain_goes_home),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
