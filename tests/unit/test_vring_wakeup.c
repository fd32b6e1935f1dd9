/* SPDX-License-Identifier: BSD-2-Clause */
/* core/vring, two threads that sleep: no kick and no call may be lost. */
#include "tests/unit/vring_device.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/*
 * How it works: the driver's thread and the device's sleep on eventfds, which only
 * vring_publish and vdev_flush tell them to write. Both sleep as soon as they have
 * nothing to do, so a single lost notification stops everything: then a sleep ends
 * by its (long) time limit and the test fails with what both were waiting for. What
 * is in a buffer is written and read by plain accesses: the thread sanitizer sees
 * whether the ring alone orders them.
 *
 * The moment in which a missing full barrier loses a notification is some
 * nanoseconds long. System calls make the threads miss it, so there is a second way:
 * "sleeping" is spinning on a word that a notification counts up, without any order
 * of memory of its own, and random delays move the two threads past each other.
 */
enum { NUM_MAX = 256, STALL_MS = 60000 };

struct wakeup {
	struct vdev_lab lab;
	int kick, call;		       /* eventfds */
	uint32_t kick_word, call_word; /* or these; atomic */
	bool spins;
	uint64_t total;
	uint64_t n_kicks, n_calls; /* by the driver, the device */
	bool is_stuck;		   /* either gave up; atomic */
	uint64_t bytes[NUM_MAX];   /* the buffers' memory */
	uint64_t stamp[NUM_MAX];   /* what the driver wrote into them */
};

static uint32_t any(uint64_t *seed, uint32_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)((*seed >> 16) % below);
}

static void wake(struct wakeup *w, int fd)
{
	uint64_t one = 1;

	if (w->spins)
		__atomic_fetch_add(fd == w->kick ? &w->kick_word : &w->call_word, 1,
				   __ATOMIC_RELAXED);
	else if (write(fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

static bool is_stuck(struct wakeup *w)
{
	return __atomic_load_n(&w->is_stuck, __ATOMIC_RELAXED);
}

static bool spin_on(struct wakeup *w, uint32_t *word)
{
	time_t end = 0;

	for (unsigned i = 1; !__atomic_load_n(word, __ATOMIC_RELAXED); i++) {
		struct timespec now;

		if (i % 4096) /* with one CPU, too, the other must get on */
			continue;
		sched_yield();
		clock_gettime(CLOCK_MONOTONIC, &now);
		end = end ? end : now.tv_sec + STALL_MS / 1000;
		if (now.tv_sec > end)
			__atomic_store_n(&w->is_stuck, true, __ATOMIC_RELAXED);
		if (is_stuck(w))
			return false;
	}
	__atomic_store_n(word, 0, __ATOMIC_RELAXED);
	return !is_stuck(w);
}

/* false: nobody woke us */
static bool sleep_on(struct wakeup *w, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t n;

	if (w->spins)
		return spin_on(w, fd == w->kick ? &w->kick_word : &w->call_word);
	if (poll(&p, 1, STALL_MS) != 1 || read(fd, &n, sizeof(n)) != sizeof(n))
		__atomic_store_n(&w->is_stuck, true, __ATOMIC_RELAXED);
	return !is_stuck(w);
}

/* Some nanoseconds, another number each time. */
static void dawdle(const struct wakeup *w, uint64_t *seed)
{
	for (unsigned n = w->spins ? any(seed, 64) : 0; n > 0; n--)
		__asm__ volatile("");
}

/* Buffers of even number are read by the device, of odd number written. */
static void use(struct wakeup *w, const struct vdev_buf *b)
{
	uint64_t i = b->segs[0].addr;

	if (b->n != 1 || i >= NUM_MAX || b->writes != (i & 1))
		vdev_fault(&w->lab.d, "not the buffer that was lent");
	else if (b->writes)
		w->bytes[i] = ~w->stamp[i];
	else if (w->bytes[i] != w->stamp[i])
		vdev_fault(&w->lab.d, "a buffer that is not yet filled");
}

static void *device(void *arg)
{
	struct wakeup *w = arg;
	struct vdev *d = &w->lab.d;
	uint64_t done = 0, seed = 77;
	struct vdev_buf b;

	while (done < w->total && !d->fault) {
		unsigned batch = 1 + any(&seed, 8), n = 0;

		if (any(&seed, 2))
			vdev_disable_kick(d);
		for (; n < batch && vdev_fetch(d, &b); n++) {
			use(w, &b);
			vdev_put(d, b.head, b.writes ? 8 : 0, 0);
		}
		done += n;
		if (vdev_flush(d)) {
			w->n_calls++;
			wake(w, w->call);
		}
		dawdle(w, &seed);
		if (n == 0 && !vdev_enable_kick(d) && !sleep_on(w, w->kick))
			break;
	}
	if (d->fault)
		__atomic_store_n(&w->is_stuck, true, __ATOMIC_RELAXED);
	wake(w, w->call); /* for a driver that waits for one that has gone */
	return NULL;
}

static unsigned take_all(struct wakeup *w, unsigned *free, unsigned n_free)
{
	uint64_t *t;
	uint32_t len;

	while ((t = vring_get(&w->lab.v, &len))) {
		unsigned i = (unsigned)(t - w->bytes);

		assert_int_equal(len, i & 1 ? 8 : 0);
		if (i & 1)
			assert_true(w->bytes[i] == ~w->stamp[i]);
		free[n_free++] = i;
	}
	assert_false(w->lab.v.is_broken);
	return n_free;
}

static void driver(struct wakeup *w)
{
	struct vring *v = &w->lab.v;
	unsigned free[NUM_MAX], n_free = 0;
	uint64_t added = 0, seed = 99;

	while (n_free < v->num) {
		free[n_free] = n_free;
		n_free++;
	}
	while (added < w->total || n_free < v->num) {
		unsigned burst = 1 + any(&seed, 8);

		for (; burst && n_free && added < w->total; burst--, added++) {
			unsigned i = free[--n_free];
			struct vring_seg seg = {i, 8};

			w->stamp[i] = added;
			w->bytes[i] = added;
			assert_int_equal(vring_add(v, &seg, 1, i & 1, &w->bytes[i]), 0);
		}
		dawdle(w, &seed);
		if (vring_publish(v)) {
			w->n_kicks++;
			wake(w, w->kick);
		}
		if (any(&seed, 2))
			vring_disarm(v);
		n_free = take_all(w, free, n_free);
		if (n_free && added < w->total && any(&seed, 4))
			continue;
		if (v->n_out && vring_arm(v, 1 + any(&seed, v->n_out)) &&
		    !sleep_on(w, w->call))
			break;
	}
}

static void run(unsigned num, uint64_t features, bool spins, uint64_t total)
{
	struct wakeup *w = calloc(1, sizeof(*w));
	pthread_t thread;

	assert_non_null(w);
	vdev_open(&w->lab, num, features);
	w->total = total;
	w->spins = spins;
	w->kick = eventfd(0, EFD_CLOEXEC);
	w->call = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(pthread_create(&thread, NULL, device, w), 0);
	driver(w);
	wake(w, w->kick); /* for a device that waits for one that has gone */
	pthread_join(thread, NULL);
	print_message("# num %u, features %#llx: %llu buffers, %llu kicks, %llu calls\n",
		      num, (unsigned long long)features, (unsigned long long)total,
		      (unsigned long long)w->n_kicks, (unsigned long long)w->n_calls);
	if (w->lab.d.fault || w->is_stuck)
		fail_msg("%s: published %u, fetched %u, used %u, taken %u",
			 w->lab.d.fault ? w->lab.d.fault : "a wake-up was lost",
			 w->lab.v.published, w->lab.d.avail_next, w->lab.d.used_shown,
			 w->lab.v.used_idx);
	assert_int_equal(w->lab.v.n_out, 0);
	close(w->kick);
	close(w->call);
	vdev_close(&w->lab);
	free(w);
}

/* Sanitizers and coverage need the kinds of meetings, not their number. */
static void run_all(unsigned num, bool spins, uint64_t total)
{
	if (getenv("RINGWAY_BRIEF"))
		total /= 10;
	for (unsigned f = 0; f < 4; f++)
		run(num,
		    (uint64_t)(f & 1) << VIRTIO_RING_F_EVENT_IDX |
			    (uint64_t)(f >> 1) << VIRTIO_F_IN_ORDER,
		    spins, total);
}

static void test_sleep_1(void **state)
{
	(void)state;
	run_all(1, false, 100000);
}

static void test_sleep_4(void **state)
{
	(void)state;
	run_all(4, false, 300000);
}

static void test_sleep_256(void **state)
{
	(void)state;
	run_all(256, false, 2000000);
}

static void test_spin_1(void **state)
{
	(void)state;
	run_all(1, true, 200000);
}

static void test_spin_4(void **state)
{
	(void)state;
	run_all(4, true, 200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sleep_1),	  cmocka_unit_test(test_sleep_4),
		cmocka_unit_test(test_sleep_256), cmocka_unit_test(test_spin_1),
		cmocka_unit_test(test_spin_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
