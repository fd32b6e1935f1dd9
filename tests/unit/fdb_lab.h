/* SPDX-License-Identifier: BSD-2-Clause */
/* A MAC table for the tests, and what must hold of it whatever was done. */
#ifndef TESTS_UNIT_FDB_LAB_H
#define TESTS_UNIT_FDB_LAB_H

#include "tests/unit/frame_make.h"

#include "core/fdb.h"

struct fdb_lab {
	struct fdb f;
	void *mem;
};

static inline void fdb_lab_open(struct fdb_lab *l, unsigned n_macs, unsigned n_ports,
				uint32_t ageing_ms, uint64_t seed)
{
	const struct fdb_conf c = {n_macs, n_ports, ageing_ms, seed};

	l->mem = aligned_alloc(64, fdb_mem_len(&c));
	assert_non_null(l->mem);
	memset(l->mem, 0xa5, fdb_mem_len(&c)); /* init clears it */
	fdb_init(&l->f, l->mem, &c, 0);
}

static inline void fdb_lab_close(struct fdb_lab *l)
{
	free(l->mem);
}

/* A station's address for a number. */
static inline const uint8_t *fdb_lab_mac(uint64_t i, uint8_t mac[6])
{
	mac[0] = 2;
	for (int k = 1; k < 6; k++)
		mac[k] = (uint8_t)(i >> (8 * (5 - k)));
	return mac;
}

static inline uint64_t fdb_lab_number(const uint8_t *mac)
{
	uint64_t i = 0;

	for (int k = 1; k < 6; k++)
		i = i << 8 | mac[k];
	return i;
}

static inline int fdb_lab_by_key(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The accounts are right, no key stands twice. Quiet, and nothing has expired. */
static inline unsigned fdb_lab_check(const struct fdb *f, uint32_t tick)
{
	unsigned n_total = (f->mask + 1) * FDB_WAYS, n = 0;
	uint64_t *keys = calloc(n_total, sizeof(*keys));
	uint32_t *counts = calloc(f->n_ports, sizeof(*counts)), cursor = 0;
	struct fdb_entry e;

	assert_true(keys && counts);
	while (fdb_next(f, &cursor, tick, &e)) {
		uint64_t key = (uint64_t)e.vid << 48 | fdb_lab_number(e.mac);

		assert_true(e.port < f->n_ports);
		counts[e.port] += !e.is_static;
		keys[n++] = key;
		assert_int_equal(fdb_lookup(f, e.vid, e.mac, tick), e.port);
	}
	qsort(keys, n, sizeof(*keys), fdb_lab_by_key);
	for (unsigned i = 1; i < n; i++)
		assert_true(keys[i] != keys[i - 1]);
	for (unsigned p = 0; p < f->n_ports; p++)
		assert_int_equal(fdb_count(f, p), counts[p]);
	for (uint32_t b = 0; b <= f->mask; b++)
		assert_int_equal(f->buckets[b].seq & 1, 0);
	free(keys);
	free(counts);
	return n;
}

#endif
