/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of MAC addresses: finding, learning, displacing, ageing, flushing. */
#include "core/fdb.h"

#include <errno.h>
#include <string.h>

#include "core/fdb_slot.h"

/* An entry may stand FDB_LATE_TICKS + FDB_LIFE_TICKS, below half of its 16 bits. */
enum { FDB_LIFE_TICKS = 4096, FDB_LATE_TICKS = 6 * FDB_LIFE_TICKS };

int fdb_lookup(const struct fdb *f, uint16_t vid, const uint8_t *mac, uint32_t tick)
{
	uint64_t key = fdb_slot_key_of(vid, mac);
	struct fdb_place at = fdb_slot_place_of(f, key);
	uint32_t value;

	for (int i = 0; i < 2; i++)
		if (fdb_slot_find(at.b[i], key, &value) >= 0)
			return fdb_slot_is_expired(f, value, tick)
				       ? -1
				       : (int)fdb_slot_port_of(value);
	return -1;
}

/* --- choosing a place: with both locks ------------------------------------------- */

struct slot {
	struct fdb_bucket *b;
	unsigned i;
};

/* A free slot of the emptier bucket; the first, where lookups begin, if they are equal.
 */
static bool choose_free(const struct fdb *f, struct fdb_place at, uint32_t tick,
			struct slot *s)
{
	unsigned most = 0;

	for (int k = 0; k < 2; k++) {
		unsigned n = 0, last = 0;

		for (unsigned i = 0; i < FDB_WAYS; i++) {
			if (fdb_slot_is_free(f, at.b[k], i, tick)) {
				n++;
				last = i;
			}
		}
		if (n > most) {
			most = n;
			*s = (struct slot){at.b[k], last};
		}
	}
	return most > 0;
}

/*
 * What a newcomer of the port displaces, the port's account having it already: of the
 * port with the most entries the oldest, which is counted. port -1: a static one, it
 * displaces any.
 */
static bool choose_victim(const struct fdb *f, struct fdb_place at, int port,
			  uint32_t tick, struct slot *s)
{
	uint32_t own = port < 0 ? 0 : fdb_count(f, (unsigned)port);
	uint32_t best_n = 0, best_age = 0;
	bool is_found = false;

	for (unsigned k = 0; k < 2 * FDB_WAYS; k++) {
		struct slot c = {at.b[k / FDB_WAYS], k % FDB_WAYS};
		uint32_t value = c.b->value[c.i], age = fdb_slot_age_of(value, tick), n;

		if (value & FDB_SLOT_STATIC)
			continue;
		n = fdb_count(f, fdb_slot_port_of(value));
		if ((int)fdb_slot_port_of(value) == port)
			n--; /* the newcomer itself */
		else if (n < own)
			continue;
		if (is_found && (n < best_n || (n == best_n && age <= best_age)))
			continue;
		is_found = true;
		best_n = n;
		best_age = age;
		*s = c;
	}
	if (is_found)
		fdb_slot_count_up(
			&f->ports[fdb_slot_port_of(s->b->value[s->i])].n_evicted);
	return is_found;
}

static bool find_slot(struct fdb_place at, uint64_t key, struct slot *s)
{
	for (unsigned k = 0; k < 2 * FDB_WAYS; k++) {
		*s = (struct slot){at.b[k / FDB_WAYS], k % FDB_WAYS};
		if (s->b->key[s->i] == key)
			return true;
	}
	return false;
}

/* --- learning --------------------------------------------------------------------- */

/* An entry is there, but older, or another port's. */
static enum fdb_learnt update(struct fdb *f, struct slot s, uint64_t key, unsigned port,
			      uint32_t tick)
{
	enum fdb_learnt ret = FDB_BUSY;
	uint32_t old;

	if (!fdb_slot_try_lock(s.b))
		return FDB_BUSY;
	old = s.b->value[s.i];
	if (s.b->key[s.i] != key)
		goto out;
	ret = FDB_STATIC;
	if (old & FDB_SLOT_STATIC)
		goto out;
	ret = FDB_KNOWN;
	if (fdb_slot_port_of(old) != port) {
		ret = FDB_LIMIT;
		if (!fdb_slot_account(&f->ports[port]))
			goto out;
		fdb_slot_discount(f, old);
		fdb_slot_count_up(&f->ports[port].n_moves);
		ret = FDB_MOVED;
	}
	fdb_slot_value_set(s.b, s.i, fdb_slot_value_of(port, tick));
out:
	fdb_slot_unlock(s.b);
	return ret;
}

static enum fdb_learnt insert(struct fdb *f, struct fdb_place at, uint64_t key,
			      unsigned port, uint32_t tick)
{
	enum fdb_learnt ret = FDB_BUSY;
	struct slot s;

	if (!fdb_slot_try_lock_both(at))
		return FDB_BUSY;
	if (find_slot(at, key, &s))
		goto out;
	ret = FDB_LIMIT;
	if (!fdb_slot_account(&f->ports[port]))
		goto out;
	ret = FDB_NEW;
	if (choose_free(f, at, tick, &s) || choose_victim(f, at, (int)port, tick, &s)) {
		fdb_slot_put(f, s.b, s.i, key, fdb_slot_value_of(port, tick));
	} else {
		ret = FDB_FULL;
		fdb_slot_discount(f, fdb_slot_value_of(port, tick));
		fdb_slot_count_up(&f->ports[port].n_full);
	}
out:
	fdb_slot_unlock_both(at);
	return ret;
}

enum fdb_learnt fdb_learn(struct fdb *f, unsigned port, uint16_t vid, const uint8_t *mac,
			  uint32_t tick)
{
	uint64_t key = fdb_slot_key_of(vid, mac);
	struct fdb_place at = fdb_slot_place_of(f, key);
	uint32_t value;

	if (!f->life)
		return FDB_OFF;
	for (int k = 0; k < 2; k++) {
		int i = fdb_slot_find(at.b[k], key, &value);

		if (i < 0)
			continue;
		if (fdb_slot_port_of(value) == port &&
		    (value & FDB_SLOT_STATIC || !fdb_slot_age_of(value, tick)))
			return FDB_KNOWN; /* the usual case: nothing is written */
		if (value & FDB_SLOT_STATIC)
			return FDB_STATIC;
		return update(f, (struct slot){at.b[k], (unsigned)i}, key, port, tick);
	}
	return insert(f, at, key, port, tick);
}

/* --- what a person asks for ----------------------------------------------------------
 */

int fdb_add(struct fdb *f, unsigned port, uint16_t vid, const uint8_t *mac, struct err *e)
{
	uint64_t key = fdb_slot_key_of(vid, mac);
	struct fdb_place at;
	struct slot s;
	bool is_there;

	if (port >= f->n_ports)
		return err_usage(e, "the bridge has no port number %u: it has %u", port,
				 f->n_ports);
	if (vid > FDB_VID_MAX)
		return err_usage(e, "VLAN %u: VLANs are numbered to %d", vid,
				 FDB_VID_MAX);
	if (!fdb_is_station(mac))
		return err_usage(e, "a static entry needs the address of one station, "
				    "not a group's and not zero");
	at = fdb_slot_place_of(f, key);
	fdb_slot_lock_both(at);
	is_there = find_slot(at, key, &s) || find_slot(at, 0, &s) ||
		   choose_victim(f, at, -1, 0, &s);
	if (is_there)
		fdb_slot_put(f, s.b, s.i, key,
			     fdb_slot_value_of(port, 0) | FDB_SLOT_STATIC);
	fdb_slot_unlock_both(at);
	if (!is_there)
		return err_set(e, -ENOSPC,
			       "no place for a static entry: the %d places of this "
			       "address are taken by other static entries",
			       2 * FDB_WAYS);
	return 0;
}

int fdb_del(struct fdb *f, uint16_t vid, const uint8_t *mac, struct err *e)
{
	uint64_t key = fdb_slot_key_of(vid, mac);
	struct fdb_place at = fdb_slot_place_of(f, key);
	struct slot s;
	bool is_there;

	fdb_slot_lock_both(at);
	is_there = find_slot(at, key, &s);
	if (is_there)
		fdb_slot_remove(f, s.b, s.i);
	fdb_slot_unlock_both(at);
	if (!is_there)
		return err_set(e, -ENOENT, "the table has no such address in VLAN %u",
			       vid);
	return 0;
}

void fdb_limit(struct fdb *f, unsigned port, uint32_t limit)
{
	__atomic_store_n(&f->ports[port].limit, limit, __ATOMIC_RELAXED);
}

uint32_t fdb_count(const struct fdb *f, unsigned port)
{
	return __atomic_load_n(&f->ports[port].n, __ATOMIC_RELAXED);
}

/* --- walking ---------------------------------------------------------------------------
 */

struct walk {
	const struct fdb_which *which; /* NULL = by age */
	uint32_t tick;
};

static bool is_meant(const struct fdb *f, const struct walk *w, uint64_t key,
		     uint32_t value)
{
	const struct fdb_which *which = w->which;

	if (!key)
		return false;
	if (!which)
		return fdb_slot_is_expired(f, value, w->tick);
	if ((value & FDB_SLOT_STATIC) && !which->with_static)
		return false;
	if (which->port >= 0 && fdb_slot_port_of(value) != (unsigned)which->port)
		return false;
	return which->vid < 0 || fdb_slot_vid_of(key) == which->vid;
}

/* Remove what is meant from one bucket; its lock is taken only if it has something. */
static unsigned clean(struct fdb *f, struct fdb_bucket *b, const struct walk *w)
{
	unsigned n = 0, i = 0;

	while (i < FDB_WAYS &&
	       !is_meant(f, w, fdb_slot_key_get(b, i), fdb_slot_value_get(b, i)))
		i++;
	if (i == FDB_WAYS)
		return 0;
	/* one slot per change, as a reader takes it for granted */
	for (i = 0; i < FDB_WAYS; i++) {
		fdb_slot_lock(b);
		if (is_meant(f, w, b->key[i], b->value[i])) {
			fdb_slot_remove(f, b, i);
			n++;
		}
		fdb_slot_unlock(b);
	}
	return n;
}

unsigned fdb_flush(struct fdb *f, const struct fdb_which *which)
{
	const struct walk w = {.which = which};
	unsigned n = 0;

	for (uint32_t i = 0; i <= f->mask; i++)
		n += clean(f, &f->buckets[i], &w);
	return n;
}

unsigned fdb_age(struct fdb *f, uint32_t tick, uint32_t n_buckets)
{
	static const struct fdb_which dynamic = {-1, -1, false};
	const struct walk w = {.tick = tick};
	unsigned n = 0;

	if (tick - f->swept_tick > FDB_LATE_TICKS) {
		f->swept_tick = f->round_tick = tick;
		f->cursor = 0;
		return fdb_flush(f, &dynamic);
	}
	if (n_buckets > f->mask)
		n_buckets = f->mask + 1;
	while (n_buckets-- > 0) {
		if (f->cursor == 0)
			f->round_tick = tick;
		n += clean(f, &f->buckets[f->cursor], &w);
		f->cursor = (f->cursor + 1) & f->mask;
		if (f->cursor == 0)
			f->swept_tick = f->round_tick;
	}
	return n;
}

bool fdb_next(const struct fdb *f, uint32_t *cursor, uint32_t tick, struct fdb_entry *e)
{
	while (*cursor < (f->mask + 1) * FDB_WAYS) {
		const struct fdb_bucket *b = &f->buckets[*cursor / FDB_WAYS];
		uint64_t key = fdb_slot_key_get(b, *cursor % FDB_WAYS);
		uint32_t value;

		(*cursor)++;
		if (!key || fdb_slot_find(b, key, &value) < 0 ||
		    fdb_slot_is_expired(f, value, tick))
			continue;
		*e = (struct fdb_entry){
			.vid = fdb_slot_vid_of(key),
			.port = (uint16_t)fdb_slot_port_of(value),
			.is_static = value & FDB_SLOT_STATIC,
		};
		for (int i = 0; i < 6; i++)
			e->mac[i] = (uint8_t)(key >> (40 - 8 * i));
		if (!e->is_static)
			e->age_ms = fdb_slot_age_of(value, tick) * f->tick_ms;
		return true;
	}
	return false;
}

/* --- setting up ------------------------------------------------------------------------
 */

/*
 * A power of two of them, so that n_macs fill half of the slots at most. Measured with
 * 20 seeds: full pairs of buckets are met from 55 % on (0.0001 % of the addresses).
 */
static uint32_t buckets_for(unsigned n_macs)
{
	uint32_t n = 2;

	while ((uint64_t)n * FDB_WAYS < (uint64_t)n_macs * 2)
		n *= 2;
	return n;
}

size_t fdb_mem_len(const struct fdb_conf *c)
{
	return buckets_for(c->n_macs) * sizeof(struct fdb_bucket) +
	       (c->n_ports * sizeof(struct fdb_port) + 63) / 64 * 64;
}

uint32_t fdb_tick(const struct fdb *f, uint64_t now_ms)
{
	return (uint32_t)(now_ms / f->tick_ms);
}

void fdb_init(struct fdb *f, void *mem, const struct fdb_conf *c, uint64_t now_ms)
{
	uint32_t n = buckets_for(c->n_macs);

	memset(mem, 0, fdb_mem_len(c));
	*f = (struct fdb){
		.buckets = mem,
		.ports = (void *)((struct fdb_bucket *)mem + n),
		.mask = n - 1,
		.n_ports = c->n_ports,
		.seed = c->seed,
		.tick_ms = c->ageing_ms / FDB_LIFE_TICKS + 1,
	};
	f->life = (c->ageing_ms + f->tick_ms - 1) / f->tick_ms;
	f->swept_tick = f->round_tick = fdb_tick(f, now_ms);
	for (unsigned i = 0; i < c->n_ports; i++)
		f->ports[i].limit = UINT32_MAX;
}
