/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slots of core/fdb: how they are read without a lock and changed with one.
 *
 * How it works: a thread that changes a bucket makes seq odd (compare and swap,
 * acquire), changes one slot at most and makes seq even again (release).
 * Every store to a slot is a release, every load of a reader an acquire. So (a) who
 * sees a stored key or value also sees the odd seq before it, and (b) who loads seq
 * sees all that was stored before it. In one change a slot goes
 *
 *	free -> used	value, key		used -> free	key = 0
 *	other key	key = 0, value, key	same key	value
 *
 * A reader loads seq, key, value, key, seq. If the key is the wanted one both times
 * and at most one change overlapped, the value is one that this key had: a value of
 * another key would, by the order above, show a key of 0 at the second look, unless
 * a second change brought the key back, which seq tells. So a reader waits for no
 * lock and repeats only after others got on; after FDB_SLOT_TRIES it takes the address
 * as unknown, which floods one frame. No key goes from one place to another without
 * being absent between, so what is not found was absent at some moment.
 */
#ifndef CORE_FDB_SLOT_H
#define CORE_FDB_SLOT_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/fdb.h"

enum { FDB_SLOT_TRIES = 8 };

#define FDB_SLOT_USED	(1ull << 63)
#define FDB_SLOT_STATIC (1u << 15)

/* Where a key may be. */
struct fdb_place {
	struct fdb_bucket *b[2];
};

static inline uint64_t fdb_slot_key_of(uint16_t vid, const uint8_t *mac)
{
	uint64_t key = FDB_SLOT_USED | (uint64_t)vid << 48;

	for (int i = 0; i < 6; i++)
		key |= (uint64_t)mac[i] << (40 - 8 * i);
	return key;
}

static inline uint32_t fdb_slot_value_of(unsigned port, uint32_t tick)
{
	return tick << 16 | port;
}

static inline uint16_t fdb_slot_vid_of(uint64_t key)
{
	return (uint16_t)(key >> 48 & 0xfff);
}

static inline unsigned fdb_slot_port_of(uint32_t value)
{
	return value & (FDB_SLOT_STATIC - 1);
}

static inline struct fdb_place fdb_slot_place_of(const struct fdb *f, uint64_t key)
{
	uint64_t h = XXH3_64bits_withSeed(&key, sizeof(key), f->seed);
	uint32_t one = (uint32_t)h & f->mask, two = (uint32_t)(h >> 32) & f->mask;

	if (one == two)
		two ^= 1;
	return (struct fdb_place){{&f->buckets[one], &f->buckets[two]}};
}

/* Ticks since it was seen; a thread's clock may be a little behind another's. */
static inline uint32_t fdb_slot_age_of(uint32_t value, uint32_t tick)
{
	int16_t age = (int16_t)(uint16_t)(tick - (value >> 16));

	return age < 0 ? 0 : (uint32_t)age;
}

static inline bool fdb_slot_is_expired(const struct fdb *f, uint32_t value, uint32_t tick)
{
	return !(value & FDB_SLOT_STATIC) && fdb_slot_age_of(value, tick) > f->life;
}

/* --- reading ----------------------------------------------------------------- */

static inline uint64_t fdb_slot_key_get(const struct fdb_bucket *b, unsigned i)
{
	return __atomic_load_n(&b->key[i], __ATOMIC_ACQUIRE);
}

static inline uint32_t fdb_slot_value_get(const struct fdb_bucket *b, unsigned i)
{
	return __atomic_load_n(&b->value[i], __ATOMIC_ACQUIRE);
}

/* Changes that overlap with from (the first look at seq) to to (the last). */
static inline uint32_t fdb_slot_changes(uint32_t from, uint32_t to)
{
	return (to + 1) / 2 - from / 2;
}

/* The slot of the key in b and its value, or -1. */
static inline int fdb_slot_find(const struct fdb_bucket *b, uint64_t key, uint32_t *value)
{
	for (int tries = 0; tries < FDB_SLOT_TRIES; tries++) {
		uint32_t seq = __atomic_load_n(&b->seq, __ATOMIC_ACQUIRE);
		unsigned i = 0;
		bool is_still;

		while (i < FDB_WAYS && fdb_slot_key_get(b, i) != key)
			i++;
		if (i == FDB_WAYS)
			return -1;
		*value = fdb_slot_value_get(b, i);
		is_still = fdb_slot_key_get(b, i) == key;
		/* after the loads above, which are acquires */
		if (is_still &&
		    fdb_slot_changes(seq, __atomic_load_n(&b->seq, __ATOMIC_RELAXED)) <=
			    1)
			return (int)i;
	}
	return -1;
}

/* --- changing: with the lock of the bucket ------------------------------------- */

static inline bool fdb_slot_try_lock(struct fdb_bucket *b)
{
	uint32_t seq = __atomic_load_n(&b->seq, __ATOMIC_RELAXED);

	/* acquire: with the release of who held it before */
	return !(seq & 1) &&
	       __atomic_compare_exchange_n(&b->seq, &seq, seq + 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* For what a person asked for; held for some instructions only. */
static inline void fdb_slot_lock(struct fdb_bucket *b)
{
	while (!fdb_slot_try_lock(b))
		;
}

static inline void fdb_slot_unlock(struct fdb_bucket *b)
{
	uint32_t seq = __atomic_load_n(&b->seq, __ATOMIC_RELAXED);

	/* release: with the acquire of the next to lock, and of readers */
	__atomic_store_n(&b->seq, seq + 1, __ATOMIC_RELEASE);
}

static inline void fdb_slot_key_set(struct fdb_bucket *b, unsigned i, uint64_t key)
{
	__atomic_store_n(&b->key[i], key, __ATOMIC_RELEASE);
}

static inline void fdb_slot_value_set(struct fdb_bucket *b, unsigned i, uint32_t value)
{
	__atomic_store_n(&b->value[i], value, __ATOMIC_RELEASE);
}

static inline struct fdb_place fdb_slot_in_order(struct fdb_place at)
{
	if (at.b[0] > at.b[1])
		at = (struct fdb_place){{at.b[1], at.b[0]}};
	return at;
}

static inline bool fdb_slot_try_lock_both(struct fdb_place at)
{
	at = fdb_slot_in_order(at);
	if (!fdb_slot_try_lock(at.b[0]))
		return false;
	if (fdb_slot_try_lock(at.b[1]))
		return true;
	fdb_slot_unlock(at.b[0]);
	return false;
}

static inline void fdb_slot_lock_both(struct fdb_place at)
{
	at = fdb_slot_in_order(at);
	fdb_slot_lock(at.b[0]);
	fdb_slot_lock(at.b[1]);
}

static inline void fdb_slot_unlock_both(struct fdb_place at)
{
	fdb_slot_unlock(at.b[0]);
	fdb_slot_unlock(at.b[1]);
}

static inline void fdb_slot_count_up(uint64_t *c)
{
	__atomic_fetch_add(c, 1, __ATOMIC_RELAXED);
}

/* Take one more entry into the port's account, unless it has as many as it may. */
static inline bool fdb_slot_account(struct fdb_port *p)
{
	uint32_t n = __atomic_fetch_add(&p->n, 1, __ATOMIC_RELAXED);

	if (n < __atomic_load_n(&p->limit, __ATOMIC_RELAXED))
		return true;
	__atomic_fetch_sub(&p->n, 1, __ATOMIC_RELAXED);
	fdb_slot_count_up(&p->n_limit);
	return false;
}

/* An entry with this value is no more. */
static inline void fdb_slot_discount(struct fdb *f, uint32_t value)
{
	if (!(value & FDB_SLOT_STATIC))
		__atomic_fetch_sub(&f->ports[fdb_slot_port_of(value)].n, 1,
				   __ATOMIC_RELAXED);
}

static inline bool fdb_slot_is_free(const struct fdb *f, const struct fdb_bucket *b,
				    unsigned i, uint32_t tick)
{
	return !b->key[i] || fdb_slot_is_expired(f, b->value[i], tick);
}

static inline void fdb_slot_put(struct fdb *f, struct fdb_bucket *b, unsigned i,
				uint64_t key, uint32_t value)
{
	if (b->key[i]) {
		fdb_slot_discount(f, b->value[i]);
		fdb_slot_key_set(b, i, 0);
	}
	fdb_slot_value_set(b, i, value);
	fdb_slot_key_set(b, i, key);
}

static inline void fdb_slot_remove(struct fdb *f, struct fdb_bucket *b, unsigned i)
{
	fdb_slot_discount(f, b->value[i]);
	fdb_slot_key_set(b, i, 0);
}

#endif
