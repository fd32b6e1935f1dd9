/* SPDX-License-Identifier: BSD-2-Clause */
/* core/fdb with several threads: no address is ever found behind a port it never was at.
 */
#include "tests/unit/fdb_lab.h"

#include <pthread.h>
#include <sched.h>

/*
 * How it works: address i is only ever learnt at ports that are i modulo KINDS. The
 * table has two or some more buckets for many more addresses, so that each slot goes
 * from key to key all the time: a value that is read with the wrong key shows in its
 * port. Beside the workers one thread does all that a person may ask for.
 */
enum { KINDS = 7, PORTS = KINDS * 4, MACS = 300, ROUNDS = 40000, WORKERS = 3 };

struct run {
	struct fdb_lab l;
	uint32_t tick;	  /* atomic */
	unsigned n_left;  /* workers, atomic */
	uint64_t n_wrong; /* atomic */
	uint64_t n_found;
};

struct worker {
	struct run *r;
	uint64_t rnd;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct run *r = w->r;
	uint64_t found = 0, wrong = 0;
	uint8_t mac[6];

	for (unsigned n = 0; n < ROUNDS; n++) {
		uint32_t tick = __atomic_load_n(&r->tick, __ATOMIC_RELAXED);
		unsigned i = make_below(&w->rnd, MACS), port;
		int got;

		port = i % KINDS + KINDS * make_below(&w->rnd, PORTS / KINDS);
		fdb_learn(&r->l.f, port, (uint16_t)(i % 2), fdb_lab_mac(i, mac), tick);
		for (unsigned k = 0; k < 3; k++) {
			i = make_below(&w->rnd, MACS);
			got = fdb_lookup(&r->l.f, (uint16_t)(i % 2), fdb_lab_mac(i, mac),
					 tick);
			found += got >= 0;
			wrong += got >= 0 && (unsigned)got % KINDS != i % KINDS;
		}
		if (n % 512 == 0)
			sched_yield();
	}
	__atomic_fetch_add(&r->n_wrong, wrong, __ATOMIC_RELAXED);
	__atomic_fetch_add(&r->n_found, found, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&r->n_left, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void look_at_all(struct run *r, uint32_t tick)
{
	struct fdb_entry e;
	uint32_t cursor = 0;

	while (fdb_next(&r->l.f, &cursor, tick, &e))
		if (e.port % KINDS != fdb_lab_number(e.mac) % KINDS)
			__atomic_fetch_add(&r->n_wrong, 1, __ATOMIC_RELAXED);
}

static void ask_for(struct run *r, uint64_t *rnd, uint32_t tick)
{
	unsigned i = make_below(rnd, MACS), port = i % KINDS + KINDS;
	struct fdb_which w = {(int)make_below(rnd, PORTS), -1, true};
	uint8_t mac[6];

	fdb_lab_mac(i, mac);
	switch (make_below(rnd, 6)) {
	case 0:
		fdb_add(&r->l.f, port, (uint16_t)(i % 2), mac, NULL);
		break;
	case 1:
		fdb_flush(&r->l.f, &w);
		break;
	case 2:
		look_at_all(r, tick);
		break;
	case 3:
		fdb_limit(&r->l.f, port,
			  make_below(rnd, 2) ? make_below(rnd, 9) : UINT32_MAX);
		break;
	default:
		fdb_del(&r->l.f, (uint16_t)(i % 2), mac, NULL);
	}
	fdb_age(&r->l.f, tick, 3);
}

static void run(unsigned n_macs, uint64_t seed)
{
	struct run r = {.n_left = WORKERS};
	struct worker w[WORKERS];
	pthread_t t[WORKERS];
	uint64_t rnd = seed;

	fdb_lab_open(&r.l, n_macs, PORTS, 50, seed);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i] = (struct worker){&r, seed + i + 1};
		assert_int_equal(pthread_create(&t[i], NULL, work, &w[i]), 0);
	}
	while (__atomic_load_n(&r.n_left, __ATOMIC_RELAXED)) {
		uint32_t tick = __atomic_add_fetch(&r.tick, make_below(&rnd, 2),
						   __ATOMIC_RELAXED);

		ask_for(&r, &rnd, tick);
		sched_yield();
	}
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(r.n_wrong, 0);
	assert_true(r.n_found > 1000);
	fdb_age(&r.l.f, r.tick, UINT32_MAX);
	fdb_lab_check(&r.l.f, r.tick);
	fdb_lab_close(&r.l);
}

static void test_two_buckets(void **state)
{
	(void)state;
	run(1, 0x7ead1);
}

static void test_some_buckets(void **state)
{
	(void)state;
	run(40, 0x7ead2);
	run(100, 0x7ead3);
}

/* A table that all have room in, learnt at random by all at once. */
static void test_room_for_all(void **state)
{
	(void)state;
	run(1000, 0x7ead4);
}

/*
 * One slot that goes between the keys of two addresses as fast as it can, every other
 * place being static: the moments in which a key and another's value could be taken
 * for one entry are some nanoseconds long.
 */
enum { CHANGES = 1500000, FIRST = 1000 };

static void *change(void *arg)
{
	struct run *r = arg;
	uint8_t a[6], b[6];

	fdb_lab_mac(0, a);
	fdb_lab_mac(1, b);
	for (unsigned n = 0; n < CHANGES; n++) {
		fdb_learn(&r->l.f, 0, 0, a, 0);
		fdb_learn(&r->l.f, 1, 0, b, 0);
	}
	__atomic_store_n(&r->n_left, 0, __ATOMIC_RELAXED);
	return NULL;
}

static void run_one_slot(bool moves)
{
	struct run r = {.n_left = 1};
	uint64_t wrong = 0, found[2] = {0};
	unsigned n_static;
	uint8_t mac[6];
	pthread_t t;

	fdb_lab_open(&r.l, 1, 4, 1000, 3);
	n_static = (r.l.f.mask + 1) * FDB_WAYS - 1;
	for (unsigned i = 0; i < n_static; i++)
		assert_int_equal(fdb_add(&r.l.f, 0, 0, fdb_lab_mac(FIRST + i, mac), NULL),
				 0);
	assert_int_equal(pthread_create(&t, NULL, change, &r), 0);
	for (unsigned n = 0, i = 0; __atomic_load_n(&r.n_left, __ATOMIC_RELAXED); n++) {
		int got = fdb_lookup(&r.l.f, 0, fdb_lab_mac(i, mac), 0);

		found[i] += got >= 0;
		wrong += got >= 0 && got % 2 != (int)i;
		if (moves && n % 8 == 0) /* a move, most often: from port i to i + 2 */
			fdb_learn(&r.l.f, i + 2, 0, mac, 0);
		i = got >= 0 ? i ^ 1 : i;
	}
	pthread_join(t, NULL);
	assert_int_equal(wrong, 0);
	print_message("found %lu and %lu times\n", (unsigned long)found[0],
		      (unsigned long)found[1]);
	assert_int_equal(fdb_lab_check(&r.l.f, 0), n_static + 1);
	fdb_lab_close(&r.l);
}

static void test_one_slot(void **state)
{
	(void)state;
	run_one_slot(false);
}

static void test_one_slot_and_moves(void **state)
{
	(void)state;
	run_one_slot(true);
}

/* All learn the same new address at the same moment: it gets one entry. */
enum { NEW = 15000 };

static void *learn_in_step(void *arg)
{
	struct worker *w = arg;
	struct run *r = w->r;
	uint8_t mac[6];

	for (unsigned i = 0; i < NEW; i++) {
		/* n_left counts the arrivals here */
		__atomic_fetch_add(&r->n_left, 1, __ATOMIC_RELAXED);
		for (unsigned k = 1;
		     __atomic_load_n(&r->n_left, __ATOMIC_RELAXED) < (i + 1) * WORKERS;
		     k++)
			if (k % 1024 == 0)
				sched_yield();
		fdb_learn(&r->l.f, (unsigned)w->rnd, 0, fdb_lab_mac(i, mac), 0);
	}
	return NULL;
}

static void test_same_new_address(void **state)
{
	struct run r = {0};
	struct worker w[WORKERS];
	pthread_t t[WORKERS];

	(void)state;
	fdb_lab_open(&r.l, NEW, WORKERS, 1000, 8);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i] = (struct worker){&r, i};
		assert_int_equal(pthread_create(&t[i], NULL, learn_in_step, &w[i]), 0);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(t[i], NULL);
	/* one and no more; none where all who tried found the place locked */
	assert_in_range(fdb_lab_check(&r.l.f, 0), NEW - NEW / 10, NEW);
	fdb_lab_close(&r.l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_buckets),
		cmocka_unit_test(test_some_buckets),
		cmocka_unit_test(test_room_for_all),
		cmocka_unit_test(test_one_slot),
		cmocka_unit_test(test_one_slot_and_moves),
		cmocka_unit_test(test_same_new_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
