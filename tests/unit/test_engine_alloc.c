/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/engine: once traffic runs, no packet makes any thread allocate or map memory.
 */
#include "tests/unit/vhost_lab.h"

#include <sys/mman.h>
#include <sys/syscall.h>

/*
 * How it works: this program's malloc() and its kin stand before the C library's, for
 * the libraries, too, and count while `watched`. What memory the engine wants it must
 * have taken at its start, or with the first packets; then nothing is counted, in the
 * worker or the thread that reads its counters. The sanitizers have an allocator of
 * their own, which cannot be stood before: under them only the traffic runs.
 */
enum { WARM_UP = 200, PACKETS = 10000, SINGLE = 200 };

static bool watched;	 /* atomic, as is all that follows */
static unsigned n_calls; /* of allocating functions */
static unsigned n_frees;
static void *first_caller;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
enum { CAN_COUNT = 1 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *p);

static void count(unsigned *n, void *caller)
{
	void *none = NULL;

	if (!__atomic_load_n(&watched, __ATOMIC_ACQUIRE))
		return;
	__atomic_add_fetch(n, 1, __ATOMIC_RELAXED);
	__atomic_compare_exchange_n(&first_caller, &none, caller, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
}

void *malloc(size_t size)
{
	count(&n_calls, __builtin_return_address(0));
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	count(&n_calls, __builtin_return_address(0));
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	count(&n_calls, __builtin_return_address(0));
	return __libc_realloc(p, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	count(&n_calls, __builtin_return_address(0));
	return __libc_memalign(align, size);
}

int posix_memalign(void **p, size_t align, size_t size)
{
	count(&n_calls, __builtin_return_address(0));
	*p = __libc_memalign(align, size);
	return *p ? 0 : ENOMEM;
}

void free(void *p)
{
	if (p)
		count(&n_frees, __builtin_return_address(0));
	__libc_free(p);
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	count(&n_calls, __builtin_return_address(0));
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

int munmap(void *addr, size_t len)
{
	count(&n_frees, __builtin_return_address(0));
	return (int)syscall(SYS_munmap, addr, len);
}
#else
enum { CAN_COUNT = 0 };
#endif

static void watch(void)
{
	n_calls = n_frees = 0;
	first_caller = NULL;
	__atomic_store_n(&watched, true, __ATOMIC_RELEASE);
}

static void watch_end(void)
{
	__atomic_store_n(&watched, false, __ATOMIC_RELEASE);
}

static void *allocate(void *arg)
{
	void *volatile a = malloc(10), *volatile b = calloc(1, 10);
	void *volatile c = aligned_alloc(64, 64);

	(void)arg;
	a = realloc(a, 100000);
	free(a);
	free(b);
	free(c);
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* What is counted below would be seen: of another thread, too. */
static void test_counting(void **state)
{
	pthread_t thread;
	void *page = MAP_FAILED;

	(void)state;
	if (!CAN_COUNT)
		return;
	watch();
	assert_int_equal(pthread_create(&thread, NULL, allocate, NULL), 0);
	assert_int_equal(pthread_join(thread, &page), 0);
	watch_end();
	assert_in_range(n_calls, 5, 20); /* some are the thread's own */
	assert_in_range(n_frees, 3, 20);
	assert_non_null(first_caller);
	assert_true(page != MAP_FAILED);
	assert_int_equal(munmap(page, 4096), 0);
}

/* Bursts and single packets, both ways, and a look at the counters. */
static void traffic(struct engine_lab *l, unsigned n, unsigned single)
{
	lab_pass(l, 0, 1, n);
	lab_pass(l, 1, 0, n);
	for (; single > 0; single--) {
		lab_pass(l, 0, 1, 1);
		lab_pass(l, 1, 0, 1);
	}
	lab_wait_for(lab_is_conserved(l));
}

static void check_none(struct engine_lab *l)
{
	lab_start(l);
	traffic(l, WARM_UP, 10);
	watch();
	traffic(l, PACKETS, SINGLE);
	watch_end();
	if (n_calls || n_frees)
		fail_msg("%u allocations, %u frees; the first by %p (lab_pass is at %p)",
			 n_calls, n_frees, first_caller, (void *)lab_pass);
}

static void test_tap(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;

		open_way(&l, i, 2, NULL);
		check_none(&l);
		lab_close(&l);
	}
}

static void test_vhost(void **state)
{
	(void)state;
	for (unsigned which = 1; which <= 3; which += 2) {
		struct engine_lab l;

		open_vhost(&l, best ? 0 : WAYS - 1, which, NULL);
		check_none(&l);
		close_vhost(&l);
	}
}

static void test_workers(void **state)
{
	static const char *const options[] = {"queues=4", "queues=4"};
	struct engine_lab l;

	(void)state;
	open_way(&l, best ? 0 : WAYS - 1, 2, options);
	l.conf.n_workers = 2;
	check_none(&l);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counting),
		cmocka_unit_test_setup(test_tap, own_namespace),
		cmocka_unit_test_setup(test_vhost, own_namespace),
		cmocka_unit_test_setup(test_workers, own_namespace),
	};
	const char *no_lab = lab_enter();

	if (no_lab) {
		printf("SKIP engine: %s\n", no_lab);
		return 0;
	}
	warm_up();
	best = lab_best_form();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
