/* SPDX-License-Identifier: BSD-2-Clause */
/* struct fdb: which port of a bridge a MAC address is behind, per VLAN. */
#ifndef CORE_FDB_H
#define CORE_FDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/*
 * How it works: a hash table of buckets of one cache line with five entries each.
 * The key is VLAN and address together (IEEE 802.1Q, 8.8: independent learning), a
 * seeded hash gives it two buckets, it is in at most one of them and never moves to
 * another place. So a lookup reads one or two cache lines, whatever was learnt.
 *
 * Any thread may look up, learn, add, delete and flush at any time; one at a time
 * may age. Looking up takes no lock and waits for nobody. Who changes an entry
 * locks its bucket, who adds one locks both, the lower first; learning gives up
 * (FDB_BUSY) where another thread holds a lock, as the next frame learns, too.
 *
 * A full table. What has expired counts as free. Else a newcomer may displace an
 * entry of its own port, or of a port that has more entries than its own; of those
 * in its two buckets, the port with the most entries loses its oldest one. Static
 * entries are never displaced. So a port keeps what it has against every port that
 * has as many entries or more: who brings a million addresses displaces his own,
 * and to where he learns nothing any more frames are flooded. Who knows the seed
 * could fill the two buckets of an address, hence it must be random and secret.
 *
 * Time is a number of ticks, see fdb_tick. Static entries do not age, do not move
 * to other ports and are not displaced.
 */
enum {
	FDB_WAYS = 5,
	FDB_PORTS_MAX = 32767,
	FDB_MACS_MAX = 1 << 24,
	FDB_VID_MAX = 4094,
};

/* May it be a station's: no group's address and not zero? */
static inline bool fdb_is_station(const uint8_t *mac)
{
	return !(mac[0] & 1) && (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

struct fdb_bucket {
	uint32_t seq;		  /* odd while a thread changes the bucket */
	uint32_t value[FDB_WAYS]; /* tick 16 | static 1 | port 15 */
	uint64_t key[FDB_WAYS];	  /* used 1 | 0 3 | VLAN 12 | address 48; 0 = free */
} __attribute__((aligned(64)));

/* One port's account; all of it is atomic. */
struct fdb_port {
	uint32_t n;	    /* dynamic entries, expired ones that still stand included */
	uint32_t limit;	    /* of n */
	uint64_t n_moves;   /* addresses that came here from other ports */
	uint64_t n_limit;   /* not learnt: the limit */
	uint64_t n_full;    /* not learnt: no place */
	uint64_t n_evicted; /* entries of this port that others displaced, or its own */
};

struct fdb {
	struct fdb_bucket *buckets; /* mask + 1 */
	struct fdb_port *ports;	    /* n_ports */
	uint32_t mask;
	unsigned n_ports;
	uint64_t seed;
	uint32_t tick_ms; /* one tick */
	uint32_t life;	  /* ticks that an unused entry lives; 0 = nothing is learnt */
	/* of who ages */
	uint32_t cursor;     /* the bucket that comes next */
	uint32_t swept_tick; /* when the last whole round began */
	uint32_t round_tick; /* when this round began */
};

struct fdb_conf {
	unsigned n_macs;    /* addresses it has room for: 1 to FDB_MACS_MAX */
	unsigned n_ports;   /* 1 to FDB_PORTS_MAX */
	uint32_t ageing_ms; /* 0 = learn nothing, so that everything is flooded */
	uint64_t seed;	    /* random and secret */
};

/* Bytes of memory for a table: 100,000 addresses and 256 ports take 4 MiB and 10 KiB. */
size_t fdb_mem_len(const struct fdb_conf *c);

/*
 * mem: fdb_mem_len bytes, aligned to 64, the table's until it is no longer used.
 * now_ms: the clock, as for fdb_tick.
 */
void fdb_init(struct fdb *f, void *mem, const struct fdb_conf *c, uint64_t now_ms);

/*
 * The time of a monotonic clock as ticks. One is 1/4096 of the ageing time (74 ms of
 * 300 s) and at least 1 ms: an entry lives for the ageing time and up to two ticks.
 */
uint32_t fdb_tick(const struct fdb *f, uint64_t now_ms);

/* The port behind which the address (6 bytes) is, or -1: not known, or expired. */
int fdb_lookup(const struct fdb *f, uint16_t vid, const uint8_t *mac, uint32_t tick);

enum fdb_learnt {
	FDB_KNOWN,  /* as it was, or seen again */
	FDB_NEW,    /* a new entry */
	FDB_MOVED,  /* from another port */
	FDB_STATIC, /* not moved: a static entry says another port */
	FDB_LIMIT,  /* not learnt: the port has as many as it may */
	FDB_FULL,   /* not learnt: no place, see above */
	FDB_BUSY,   /* not learnt: another thread was at it */
	FDB_OFF,    /* not learnt: the ageing time is 0 */
};

/* A frame from the address came in at the port. vid: 0 to FDB_VID_MAX. */
enum fdb_learnt fdb_learn(struct fdb *f, unsigned port, uint16_t vid, const uint8_t *mac,
			  uint32_t tick);

/*
 * Add a static entry, in place of a dynamic or static one of the same VLAN and
 * address. -EINVAL: no such port or VLAN, or the address is a group's or zero;
 * -ENOSPC: its ten places are taken by static entries.
 */
int fdb_add(struct fdb *f, unsigned port, uint16_t vid, const uint8_t *mac,
	    struct err *e);

/* Delete an entry of either kind; -ENOENT if there is none. */
int fdb_del(struct fdb *f, uint16_t vid, const uint8_t *mac, struct err *e);

/* How many dynamic entries a port may have (UINT32_MAX at first). Takes none away. */
void fdb_limit(struct fdb *f, unsigned port, uint32_t limit);

/* How many it has. */
uint32_t fdb_count(const struct fdb *f, unsigned port);

struct fdb_which {
	int port;	  /* -1 = any */
	int vid;	  /* -1 = any */
	bool with_static; /* static entries, too */
};

/* Delete all such entries; what is learnt meanwhile may stay. Returns how many. */
unsigned fdb_flush(struct fdb *f, const struct fdb_which *w);

/*
 * Free the expired entries of the next n_buckets buckets; returns how many. Expired
 * ones are not found even before, so this matters for limits and counts. A whole
 * round (mask + 1 buckets) should be done once per ageing time; where none was done
 * for 24,576 ticks, they may have gone round and every dynamic entry is deleted.
 */
unsigned fdb_age(struct fdb *f, uint32_t tick, uint32_t n_buckets);

struct fdb_entry {
	uint8_t mac[6];
	uint16_t vid;
	uint16_t port;
	bool is_static;
	uint32_t age_ms; /* since it was last seen; 0 for static ones */
};

/*
 * The next entry from *cursor on (0 = from the first), expired ones left out; false
 * at the end. An entry that stays is given once.
 */
bool fdb_next(const struct fdb *f, uint32_t *cursor, uint32_t tick, struct fdb_entry *e);

#endif
