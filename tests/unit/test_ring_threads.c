/* SPDX-License-Identifier: BSD-2-Clause */
/* core/ring between threads that sleep: nothing lost, nothing out of order, no wake-up
 * missing. */
#include "tests/unit/frame_make.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/ring.h"

/*
 * How it works: producers write numbers into packets, by plain stores, and send them
 * to one consumer, who sends them home by a second ring each. Each thread has a bell
 * and sleeps as soon as it has nothing to do, so a single lost wake-up stops all of
 * them: then a sleep ends by its long time limit and the test fails. That the numbers
 * are written and read without atomics lets the thread sanitizer see whether the rings
 * alone order them.
 *
 * System calls make threads miss the moment in which a missing full barrier loses a
 * wake-up. So in a second way sleeping is spinning on a word that has no order of its
 * own, and random delays move the threads past each other.
 */
enum { PRODUCERS = 2, PKTS = 24, RING = 16, BATCH = 6, STALL_MS = 60000 };

struct sleeper {
	struct ring_bell bell;
	int fd;
	uint32_t word; /* atomic: wake-ups when spinning */
	uint64_t n_sleeps;
};

struct lab {
	bool spins;
	uint64_t total; /* packets per producer */
	bool is_stuck;	/* atomic */
	struct sleeper consumer, producer[PRODUCERS];
	struct ring out[PRODUCERS], home[PRODUCERS];
	struct pkt *slots[2][PRODUCERS][RING];
	struct pkt pkts[PRODUCERS][PKTS];
	uint64_t n_wakes; /* atomic */
};

struct producer {
	struct lab *l;
	unsigned idx;
	uint64_t rnd;
	struct pkt *own[PKTS];
	unsigned n_own;
};

/*
 * Cache lines that all write to just before they publish or sleep: what is stored after
 * that becomes visible late, as stores do so in order, while a load that is not held
 * back by a barrier is done at once.
 */
static struct {
	uint32_t word;			       /* atomic, without any order */
} scratch[8][16] __attribute__((aligned(64))); /* a line holds one of everybody's */

static void slow_down_stores(unsigned who)
{
	for (unsigned i = 0; i < 8; i++)
		__atomic_store_n(&scratch[i][who].word, i, __ATOMIC_RELAXED);
}

static void delay(uint64_t *rnd)
{
	for (unsigned n = make_below(rnd, 60); n > 0; n--)
		__asm__ volatile("");
}

static bool is_stuck(struct lab *l)
{
	return __atomic_load_n(&l->is_stuck, __ATOMIC_RELAXED);
}

static void wake(struct lab *l, struct sleeper *s)
{
	uint64_t one = 1;

	__atomic_fetch_add(&l->n_wakes, 1, __ATOMIC_RELAXED);
	if (l->spins)
		__atomic_fetch_add(&s->word, 1, __ATOMIC_RELAXED);
	else if (write(s->fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

static void spin(struct lab *l, struct sleeper *s)
{
	time_t end = 0;

	for (unsigned i = 1; !__atomic_exchange_n(&s->word, 0, __ATOMIC_RELAXED); i++) {
		struct timespec now;

		if (i % 1024) /* with one CPU, too, the other must get on */
			continue;
		sched_yield();
		clock_gettime(CLOCK_MONOTONIC, &now);
		end = end ? end : now.tv_sec + STALL_MS / 1000;
		if (now.tv_sec > end)
			__atomic_store_n(&l->is_stuck, true, __ATOMIC_RELAXED);
		if (is_stuck(l))
			return;
	}
}

static void block(struct lab *l, struct sleeper *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	uint64_t n;

	if (poll(&p, 1, STALL_MS) != 1 || read(s->fd, &n, sizeof(n)) != sizeof(n))
		__atomic_store_n(&l->is_stuck, true, __ATOMIC_RELAXED);
}

static void go_to_sleep(struct lab *l, struct sleeper *s, struct ring *const *rings,
			unsigned n)
{
	slow_down_stores(s == &l->consumer ? PRODUCERS : (unsigned)(s - l->producer));
	if (!ring_sleep(&s->bell, rings, n))
		return;
	s->n_sleeps++;
	if (l->spins)
		spin(l, s);
	else
		block(l, s);
	ring_wake(&s->bell);
}

static void *produce(void *arg)
{
	struct producer *p = arg;
	struct lab *l = p->l;
	struct ring *home[1] = {&l->home[p->idx]};
	uint64_t number = 0;

	while (number < l->total && !is_stuck(l)) {
		unsigned n = 1 + make_below(&p->rnd, BATCH), k = 0, done;
		struct pkt *batch[BATCH];

		p->n_own += ring_get(home[0], p->own + p->n_own, PKTS - p->n_own);
		while (k < n && p->n_own && number < l->total) {
			batch[k] = p->own[--p->n_own];
			batch[k]->idx = (uint16_t)p->idx;
			memcpy(&batch[k++]->next, &number, sizeof(number));
			number++;
		}
		delay(&p->rnd);
		done = ring_put(&l->out[p->idx], batch, k);
		slow_down_stores(p->idx);
		if (ring_publish(&l->out[p->idx]))
			wake(l, &l->consumer);
		number -= k - done;
		while (k > done)
			p->own[p->n_own++] = batch[--k];
		if (!done) /* the ring is full, or all packets are away */
			go_to_sleep(l, &l->producer[p->idx], home, 1);
	}
	return NULL;
}

/* What came from one producer: numbered without a gap, and sent home. */
static uint64_t consume(struct lab *l, unsigned from, uint64_t want, uint64_t *rnd)
{
	struct pkt *batch[BATCH];
	unsigned n = ring_get(&l->out[from], batch, 1 + make_below(rnd, BATCH));

	for (unsigned i = 0; i < n; i++) {
		uint64_t number;

		memcpy(&number, &batch[i]->next, sizeof(number));
		if (number != want + i || batch[i]->idx != from)
			fail_msg("packet %lu came for %lu", (unsigned long)number,
				 (unsigned long)(want + i));
	}
	delay(rnd);
	assert_int_equal(ring_put(&l->home[from], batch, n), n); /* it has room for all */
	if (ring_publish(&l->home[from]))
		wake(l, &l->producer[from]);
	return n;
}

static void open_lab(struct lab *l)
{
	l->consumer.fd = eventfd(0, 0);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		l->producer[i].fd = eventfd(0, 0);
		assert_true(l->producer[i].fd >= 0);
		ring_init(&l->out[i], l->slots[0][i], RING, &l->consumer.bell);
		ring_init(&l->home[i], l->slots[1][i], RING, &l->producer[i].bell);
	}
}

static void run(bool spins, unsigned at_once, uint64_t total, uint64_t seed)
{
	static struct lab l;
	static struct producer p[PRODUCERS];
	struct ring *all[PRODUCERS] = {&l.out[0], &l.out[1]};
	uint64_t got[PRODUCERS] = {0}, rnd = seed;
	pthread_t t[PRODUCERS];

	memset(&l, 0, sizeof(l));
	l.spins = spins;
	l.total = total;
	open_lab(&l);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		p[i] = (struct producer){.l = &l, .idx = i, .rnd = seed + i + 1};
		/* RING of them at most, which the ring home has room for; 1: ping-pong */
		for (p[i].n_own = 0; p[i].n_own < at_once; p[i].n_own++)
			p[i].own[p[i].n_own] = &l.pkts[i][p[i].n_own];
		assert_int_equal(pthread_create(&t[i], NULL, produce, &p[i]), 0);
	}
	while ((got[0] < total || got[1] < total) && !is_stuck(&l)) {
		uint64_t n = 0;

		for (unsigned i = 0; i < PRODUCERS; i++) {
			uint64_t k = consume(&l, i, got[i], &rnd);

			got[i] += k;
			n += k;
		}
		if (!n)
			go_to_sleep(&l, &l.consumer, all, PRODUCERS);
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(t[i], NULL);
	assert_false(l.is_stuck);
	print_message("%lu sleeps, %lu wake-ups\n", (unsigned long)l.consumer.n_sleeps,
		      (unsigned long)l.n_wakes);
	assert_true(l.consumer.n_sleeps > 0);
	close(l.consumer.fd);
	for (unsigned i = 0; i < PRODUCERS; i++)
		close(l.producer[i].fd);
}

static void test_blocking(void **state)
{
	(void)state;
	run(false, RING, 20000, 0xb10c);
	run(false, 1, 3000, 0xb10d);
}

static void test_spinning(void **state)
{
	(void)state;
	run(true, RING, 200000, 0x5914);
	run(true, 1, 100000, 0x5915);
}

/* --- one way: nothing but the ring itself orders the threads ------------------- */

enum { NUMBERS = 200000 };

static void *count(void *arg)
{
	struct ring *r = arg;
	uint64_t rnd = 0xc0;

	for (uintptr_t number = 1; number <= NUMBERS;) {
		struct pkt *batch[BATCH]; /* numbers in place of packets */
		uint32_t n = 1 + make_below(&rnd, BATCH), put;

		for (uint32_t i = 0; i < n; i++)
			batch[i] = (struct pkt *)(number + i);
		put = ring_put(r, batch, n);
		number += put;
		ring_publish(r);
		if (!put)
			sched_yield();
	}
	return NULL;
}

static void test_one_way(void **state)
{
	static struct pkt *slots[RING];
	static struct ring_bell bell;
	static struct ring r;
	uint64_t rnd = 0xc1;
	pthread_t t;

	(void)state;
	ring_init(&r, slots, RING, &bell);
	assert_int_equal(pthread_create(&t, NULL, count, &r), 0);
	for (uintptr_t number = 1; number <= NUMBERS;) {
		struct pkt *batch[BATCH];
		uint32_t n = ring_get(&r, batch, 1 + make_below(&rnd, BATCH));

		for (uint32_t i = 0; i < n; i++)
			assert_int_equal((uintptr_t)batch[i], number++);
		if (!n)
			sched_yield();
	}
	pthread_join(t, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocking),
		cmocka_unit_test(test_spinning),
		cmocka_unit_test(test_one_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
