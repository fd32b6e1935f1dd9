/* SPDX-License-Identifier: BSD-2-Clause */
/* core/fdb: learning, ageing, moves, limits, static entries, floods of addresses. */
#include "tests/unit/fdb_lab.h"

#include <errno.h>

enum { AGEING = 300000 };

static struct fdb_lab l;
static uint8_t mac[6];

static void open_small(void)
{
	fdb_lab_open(&l, 1000, 8, AGEING, 99);
}

static enum fdb_learnt learn(unsigned port, uint16_t vid, uint64_t i, uint32_t tick)
{
	return fdb_learn(&l.f, port, vid, fdb_lab_mac(i, mac), tick);
}

static int lookup(uint16_t vid, uint64_t i, uint32_t tick)
{
	return fdb_lookup(&l.f, vid, fdb_lab_mac(i, mac), tick);
}

static void test_learn_and_move(void **state)
{
	(void)state;
	open_small();
	assert_int_equal(lookup(1, 5, 0), -1);
	assert_int_equal(learn(3, 1, 5, 0), FDB_NEW);
	assert_int_equal(learn(3, 1, 5, 0), FDB_KNOWN);
	assert_int_equal(lookup(1, 5, 0), 3);
	/* another VLAN is another station */
	assert_int_equal(lookup(2, 5, 0), -1);
	assert_int_equal(learn(4, 2, 5, 0), FDB_NEW);
	assert_int_equal(lookup(1, 5, 0), 3);
	assert_int_equal(learn(7, 1, 5, 0), FDB_MOVED);
	assert_int_equal(lookup(1, 5, 0), 7);
	assert_int_equal(lookup(2, 5, 0), 4);
	assert_int_equal(fdb_count(&l.f, 3), 0);
	assert_int_equal(fdb_count(&l.f, 7), 1);
	assert_int_equal(l.f.ports[7].n_moves, 1);
	assert_int_equal(fdb_lab_check(&l.f, 0), 2);
	fdb_lab_close(&l);
}

/* By the clock, for ageing times short and long, over the end of the 16 bits, too. */
static void test_ageing(void **state)
{
	static const uint32_t ageings[] = {2,	 3,	 1000,	   4095,      4096,
					   4097, 300000, 12345678, 4000000000};
	static const uint64_t starts[] = {0, 1, 65535, 5000000000, 1ull << 45};

	(void)state;
	for (unsigned a = 0; a < sizeof(ageings) / sizeof(*ageings); a++) {
		for (unsigned s = 0; s < sizeof(starts) / sizeof(*starts); s++) {
			uint64_t now = starts[s], life = ageings[a];
			uint32_t t;

			fdb_lab_open(&l, 100, 2, ageings[a], 1);
			l.f.swept_tick = fdb_tick(&l.f, now);
			learn(1, 9, 1, fdb_tick(&l.f, now));
			assert_int_equal(lookup(9, 1, fdb_tick(&l.f, now + life)), 1);
			t = fdb_tick(&l.f, now + life + 2ull * l.f.tick_ms);
			assert_int_equal(lookup(9, 1, t), -1);
			/* seen again: it lives from then on */
			learn(1, 9, 1, fdb_tick(&l.f, now + life));
			assert_int_equal(lookup(9, 1, t), 1);
			assert_int_equal(fdb_age(&l.f, t, UINT32_MAX), 0);
			now += 2 * (life + l.f.tick_ms);
			t = fdb_tick(&l.f, now + l.f.tick_ms);
			assert_int_equal(fdb_count(&l.f, 1), 1);
			assert_int_equal(fdb_age(&l.f, t, UINT32_MAX), 1);
			assert_int_equal(fdb_count(&l.f, 1), 0);
			assert_true(l.f.tick_ms <= ageings[a] / 4096 + 1);
			fdb_lab_close(&l);
		}
	}
}

/* A worker whose clock is a little behind takes nothing for expired. */
static void test_clock_behind(void **state)
{
	(void)state;
	open_small();
	learn(1, 0, 1, 100);
	assert_int_equal(lookup(0, 1, 99), 1);
	assert_int_equal(lookup(0, 1, 0), 1);
	assert_int_equal(lookup(0, 1, 65536 + 100), 1);	  /* hence the rule of fdb_age */
	assert_int_equal(learn(1, 0, 1, 101), FDB_KNOWN); /* each tick counts */
	assert_int_equal(lookup(0, 1, 101 + l.f.life), 1);
	assert_int_equal(lookup(0, 1, 102 + l.f.life), -1);
	fdb_lab_close(&l);
}

/* Where nobody aged for long, the 16 bits went round: all dynamic entries go. */
static void test_late_ageing(void **state)
{
	(void)state;
	open_small();
	for (uint64_t i = 0; i < 100; i++)
		learn(1, 0, i, 0);
	fdb_add(&l.f, 2, 0, fdb_lab_mac(1000, mac), NULL);
	assert_int_equal(fdb_age(&l.f, 65536 + 1, 1), 100);
	assert_int_equal(lookup(0, 1000, 65537), 2);
	assert_int_equal(fdb_lab_check(&l.f, 65537), 1);
	/* and the clock is new: nothing goes next time */
	learn(1, 0, 7, 65538);
	assert_int_equal(fdb_age(&l.f, 65539, UINT32_MAX), 0);
	assert_int_equal(fdb_age(&l.f, 65539 + 5 * 4096, 1), 0);
	fdb_lab_close(&l);
}

/* In portions: after a round of them everything that had expired is gone. */
static void test_ageing_in_portions(void **state)
{
	unsigned n = 0, old = 0;

	(void)state;
	open_small();
	for (uint64_t i = 0; i < 500; i++)
		old += learn(1, 0, i, 0) == FDB_NEW;
	for (uint64_t i = 500; i < 600; i++)
		assert_int_equal(learn(2, 0, i, 3000), FDB_NEW);
	for (uint32_t i = 0; i <= l.f.mask; i += 7)
		n += fdb_age(&l.f, 5000, 7);
	assert_int_equal(n, old);
	assert_int_equal(fdb_lab_check(&l.f, 5000), 100);
	fdb_lab_close(&l);
}

static void test_off(void **state)
{
	(void)state;
	fdb_lab_open(&l, 100, 2, 0, 1);
	assert_int_equal(learn(1, 0, 1, 0), FDB_OFF);
	assert_int_equal(lookup(0, 1, 0), -1);
	assert_int_equal(fdb_add(&l.f, 1, 0, fdb_lab_mac(1, mac), NULL), 0);
	assert_int_equal(lookup(0, 1, 0), 1);
	fdb_lab_close(&l);
}

static void test_static(void **state)
{
	static const uint8_t group[6] = {1}, zero[6];
	struct err e;

	(void)state;
	open_small();
	learn(1, 5, 1, 0);
	assert_int_equal(fdb_add(&l.f, 2, 5, fdb_lab_mac(1, mac), &e), 0);
	assert_int_equal(fdb_count(&l.f, 1), 0);
	assert_int_equal(learn(1, 5, 1, 10), FDB_STATIC);
	assert_int_equal(learn(2, 5, 1, 10), FDB_KNOWN);
	assert_int_equal(lookup(5, 1, 4 * 4096), 2);
	assert_int_equal(fdb_age(&l.f, 5 * 4096, UINT32_MAX), 0);
	assert_int_equal(fdb_add(&l.f, 3, 5, mac, &e), 0);
	assert_int_equal(lookup(5, 1, 0), 3);
	assert_int_equal(fdb_del(&l.f, 5, mac, &e), 0);
	assert_int_equal(lookup(5, 1, 0), -1);
	assert_int_equal(fdb_del(&l.f, 5, mac, &e), -ENOENT);
	assert_non_null(strstr(e.text, "VLAN 5"));
	assert_int_equal(fdb_add(&l.f, 8, 5, mac, &e), -EINVAL);
	assert_int_equal(fdb_add(&l.f, 1, 4095, mac, &e), -EINVAL);
	assert_int_equal(fdb_add(&l.f, 1, 1, group, &e), -EINVAL);
	assert_int_equal(fdb_add(&l.f, 1, 1, zero, &e), -EINVAL);
	learn(4, 5, 2, 0);
	assert_int_equal(fdb_del(&l.f, 5, fdb_lab_mac(2, mac), &e), 0); /* a learnt one */
	assert_int_equal(fdb_lab_check(&l.f, 0), 0);
	fdb_lab_close(&l);
}

/* Static entries displace learnt ones, never each other; a table full of them learns
 * nothing. */
static void test_static_fills(void **state)
{
	unsigned n = 0, want;
	struct err e;

	(void)state;
	fdb_lab_open(&l, 1, 2, AGEING, 5);
	want = (l.f.mask + 1) * FDB_WAYS;
	assert_int_equal(want, 10); /* two buckets: both are everybody's */
	for (uint64_t i = 0; i < want; i++)
		assert_int_equal(learn(0, 0, i, 0), FDB_NEW);
	for (uint64_t i = 100; i < 100 + want; i++)
		assert_int_equal(fdb_add(&l.f, 1, 0, fdb_lab_mac(i, mac), &e), 0);
	assert_int_equal(fdb_add(&l.f, 1, 0, fdb_lab_mac(200, mac), &e), -ENOSPC);
	assert_int_equal(learn(0, 0, 1, 0), FDB_FULL);
	assert_int_equal(fdb_count(&l.f, 0), 0);
	assert_int_equal(l.f.ports[0].n_full, 1);
	for (uint64_t i = 100; i < 100 + want; i++)
		n += lookup(0, i, 0) == 1;
	assert_int_equal(n, want);
	fdb_lab_close(&l);
}

static void test_limit(void **state)
{
	(void)state;
	open_small();
	fdb_limit(&l.f, 1, 2);
	assert_int_equal(learn(1, 0, 1, 0), FDB_NEW);
	assert_int_equal(learn(1, 0, 2, 0), FDB_NEW);
	assert_int_equal(learn(1, 0, 3, 0), FDB_LIMIT);
	assert_int_equal(learn(1, 0, 1, 5), FDB_KNOWN);
	assert_int_equal(learn(2, 0, 3, 0), FDB_NEW);
	/* a port at its limit cannot draw another's address to itself */
	assert_int_equal(learn(1, 0, 3, 0), FDB_LIMIT);
	assert_int_equal(lookup(0, 3, 0), 2);
	assert_int_equal(l.f.ports[1].n_limit, 2);
	assert_int_equal(learn(2, 0, 1, 0), FDB_MOVED);
	assert_int_equal(learn(1, 0, 3, 0), FDB_MOVED);
	fdb_limit(&l.f, 1, 0);
	assert_int_equal(fdb_count(&l.f, 1), 2); /* takes none away */
	assert_int_equal(learn(1, 0, 3, 5), FDB_KNOWN);
	assert_int_equal(learn(1, 0, 9, 5), FDB_LIMIT);
	assert_int_equal(fdb_lab_check(&l.f, 5), 3);
	fdb_lab_close(&l);
}

static void test_flush(void **state)
{
	static const struct {
		struct fdb_which w;
		unsigned want;
	} t[] = {
		{{-1, -1, false}, 60}, {{-1, -1, true}, 66}, {{2, -1, false}, 20},
		{{-1, 3, false}, 20},  {{2, 3, false}, 0},   {{2, 2, false}, 20},
		{{2, 2, true}, 22},    {{7, -1, true}, 0},   {{-1, 4000, true}, 0},
	};

	(void)state;
	for (unsigned k = 0; k < sizeof(t) / sizeof(*t); k++) {
		open_small();
		for (uint64_t i = 0; i < 66; i++) { /* port and VLAN: 1, 2, 3 */
			uint16_t vid = (uint16_t)(i % 3 + 1);

			if (i < 60)
				assert_int_equal(learn(vid, vid, i, 0), FDB_NEW);
			else
				fdb_add(&l.f, vid, vid, fdb_lab_mac(i, mac), NULL);
		}
		assert_int_equal(fdb_flush(&l.f, &t[k].w), t[k].want);
		assert_int_equal(fdb_lab_check(&l.f, 0), 66 - t[k].want);
		assert_int_equal(fdb_flush(&l.f, &t[k].w), 0);
		fdb_lab_close(&l);
	}
}

/* The memory that is stated, and all 100,000 of any kind find room in it. */
static void test_hundred_thousand(void **state)
{
	static const struct fdb_conf c = {100000, 256, AGEING, 0};

	(void)state;
	assert_true(fdb_mem_len(&c) <= (4 << 20) + (10 << 10));
	for (unsigned kind = 0; kind < 4; kind++) {
		/* the second time as many as just make half of a smaller table */
		uint64_t rnd = 77 + kind, n_macs = kind % 2 ? 81920 : c.n_macs;
		unsigned n = 0;

		fdb_lab_open(&l, (unsigned)n_macs, c.n_ports, AGEING, 1234567 + kind);
		for (uint64_t i = 0; i < n_macs; i++) {
			static const unsigned step[] = {1, 256, 65536};
			uint64_t m = kind < 3 ? i * step[kind] : make_random(&rnd) >> 24;

			n += learn((unsigned)i % 256, (uint16_t)(i % 3), m, 0) == FDB_NEW;
		}
		assert_in_range(n, n_macs - 2, n_macs); /* two may be equal */
		assert_int_equal(fdb_lab_check(&l.f, 0), n);
		fdb_lab_close(&l);
	}
}

/* A million addresses from one port: who has fewer keeps every entry, and learns on. */
static void test_a_million(void **state)
{
	enum { OTHERS = 10, EACH = 500 };
	uint64_t rnd = 4711;

	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		fdb_lab_open(&l, 12000, OTHERS + 2, AGEING, 31337);
		for (uint64_t i = 0; i < OTHERS * EACH; i++)
			learn(1 + (unsigned)i % OTHERS, 0, i, 0);
		for (uint64_t i = 0; i < 1000000; i++) {
			uint64_t m = kind ? make_random(&rnd) >> 24 : i << 13;

			assert_int_not_equal(learn(0, 0, m | 1ull << 39, 0), FDB_FULL);
		}
		for (uint64_t i = 0; i < OTHERS * EACH; i++)
			assert_int_equal(lookup(0, i, 0), 1 + i % OTHERS);
		for (uint64_t i = 100000; i < 100000 + EACH; i++)
			assert_int_equal(learn(OTHERS + 1, 0, i, 0), FDB_NEW);
		for (uint64_t i = 100000; i < 100000 + EACH; i++)
			assert_int_equal(lookup(0, i, 0), OTHERS + 1);
		for (unsigned p = 1; p <= OTHERS; p++) {
			assert_int_equal(fdb_count(&l.f, p), EACH);
			assert_int_equal(l.f.ports[p].n_evicted, 0);
		}
		assert_true(l.f.ports[0].n_evicted > 900000);
		fdb_lab_check(&l.f, 0);
		fdb_lab_close(&l);
	}
}

/* Of several entries it may displace, a newcomer takes the biggest port's oldest. */
static void test_displacing(void **state)
{
	(void)state;
	fdb_lab_open(&l, 1, 4, AGEING, 5);
	for (uint64_t i = 0; i < 6; i++)
		learn(1, 0, i,
		      (uint32_t)(10 + (i * 5) % 6)); /* the oldest is 0, then 5 */
	for (uint64_t i = 10; i < 14; i++)
		learn(2, 0, i, 5);
	assert_int_equal(learn(3, 0, 20, 20), FDB_NEW);
	assert_int_equal(lookup(0, 0, 20), -1);
	assert_int_equal(learn(2, 0, 21, 20), FDB_NEW); /* 4 against 5: port 1's again */
	assert_int_equal(lookup(0, 5, 20), -1);
	assert_int_equal(learn(1, 0, 22, 20), FDB_NEW); /* 4 against 5 */
	assert_int_equal(fdb_count(&l.f, 2), 4);
	assert_int_equal(learn(3, 0, 23, 20), FDB_NEW);
	assert_int_equal(learn(3, 0, 24, 20), FDB_NEW);
	assert_int_equal(fdb_count(&l.f, 1) + fdb_count(&l.f, 2), 7);
	/* none has more: a port displaces its own */
	for (uint64_t i = 30; i < 34; i++)
		assert_int_equal(learn(3, 0, i, 21), FDB_NEW);
	assert_true(fdb_count(&l.f, 3) <= 4);
	assert_int_equal(fdb_lab_check(&l.f, 21), 10);
	/* what has expired is free, whoever it was */
	assert_int_equal(learn(0, 0, 50, 21 + 4097), FDB_NEW);
	fdb_lab_close(&l);
}

/* Who has as many entries as the biggest of the others, or more, displaces none. */
static void test_no_displacing(void **state)
{
	enum { SMALL = 7 };
	unsigned most = 0, n;

	(void)state;
	fdb_lab_open(&l, 20, SMALL + 1, AGEING, 5);
	n = (l.f.mask + 1) * FDB_WAYS;
	for (uint64_t i = 0; fdb_lab_check(&l.f, 0) < n; i++)
		learn(1 + (unsigned)i % SMALL, 0, i, 0);
	for (unsigned p = 1; p <= SMALL; p++)
		most = fdb_count(&l.f, p) > most ? fdb_count(&l.f, p) : most;
	for (uint64_t i = 1000; i < 1100; i++) {
		l.f.ports[0].n = most; /* as if elsewhere it had so many */
		assert_int_equal(learn(0, 0, i, 0), FDB_FULL);
		assert_int_equal(l.f.ports[0].n, most);
	}
	l.f.ports[0].n = 0;
	assert_int_equal(l.f.ports[0].n_full, 100);
	assert_int_equal(fdb_lab_check(&l.f, 0), n);
	assert_int_equal(learn(0, 0, 1000, 0), FDB_NEW);
	fdb_lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learn_and_move),
		cmocka_unit_test(test_ageing),
		cmocka_unit_test(test_clock_behind),
		cmocka_unit_test(test_late_ageing),
		cmocka_unit_test(test_ageing_in_portions),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_static),
		cmocka_unit_test(test_static_fills),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_hundred_thousand),
		cmocka_unit_test(test_a_million),
		cmocka_unit_test(test_displacing),
		cmocka_unit_test(test_no_displacing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
