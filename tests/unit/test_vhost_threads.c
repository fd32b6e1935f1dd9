/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_threads: threads of our own under the names that vhost-net gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/port/vhost_threads.h"

enum { N = 4 };

static pthread_barrier_t named, done;
static pid_t tids[N];
static struct err e;

/* Those named vhost-9 are to be found. */
static void *live(void *arg)
{
	int i = (int)(intptr_t)arg;

	prctl(PR_SET_NAME, i < N - 1 ? "vhost-9" : "ghost-9");
	tids[i] = gettid();
	pthread_barrier_wait(&named);
	pthread_barrier_wait(&done);
	return NULL;
}

static void begin(pthread_t threads[N])
{
	pthread_barrier_init(&named, NULL, N + 1);
	pthread_barrier_init(&done, NULL, N + 1);
	for (int i = 0; i < N; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, live, (void *)(intptr_t)i), 0);
	pthread_barrier_wait(&named);
}

static void end(pthread_t threads[N])
{
	pthread_barrier_wait(&done);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&named);
	pthread_barrier_destroy(&done);
}

static bool is_among(const struct vhost_threads *t, pid_t tid)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->list[i].tid == tid)
			return true;
	return false;
}

static void test_scan(void **state)
{
	struct vhost_threads before, now, old = {0};
	pthread_t threads[N];

	(void)state;
	assert_int_equal(vhost_threads_scan(&before, &e), 0);
	assert_int_equal(before.n, 0);
	begin(threads);
	assert_int_equal(vhost_threads_scan(&now, &e), 0);
	assert_int_equal(now.n, N - 1);
	for (int i = 0; i < N; i++)
		assert_int_equal(is_among(&now, tids[i]), i < N - 1);
	assert_true(now.list[0].tid < now.list[1].tid);
	assert_true(now.list[1].tid < now.list[2].tid);
	assert_int_equal(now.list[0].cpu, -1);
	/* what was there before is not ours, wherever it stands */
	for (unsigned i = 0; i < N - 1; i++) {
		struct vhost_thread one = now.list[i], list[N - 1];
		struct vhost_threads rest = {list, now.n};

		memcpy(list, now.list, sizeof(list));
		old = (struct vhost_threads){&one, 1};
		vhost_threads_subtract(&rest, &old);
		assert_int_equal(rest.n, N - 2);
		assert_false(is_among(&rest, one.tid));
	}
	vhost_threads_subtract(&now, &before);
	assert_int_equal(now.n, N - 1);
	vhost_threads_fini(&now);
	vhost_threads_fini(&now);
	vhost_threads_fini(&before);
	end(threads);
}

static int cpu_of(pid_t tid)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(tid, sizeof(set), &set), 0);
	if (CPU_COUNT(&set) != 1)
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			return cpu;
	return -1;
}

static void test_pin(void **state)
{
	struct vhost_threads now;
	pthread_t threads[N];
	cpu_set_t all, none;
	int first = -1, n = 0;

	(void)state;
	CPU_ZERO(&none);
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	begin(threads);
	assert_int_equal(vhost_threads_scan(&now, &e), 0);
	assert_int_equal(vhost_threads_pin(&now, &none, &e), 0);
	assert_int_equal(now.list[0].cpu, -1);
	assert_int_equal(vhost_threads_pin(&now, &all, &e), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && n < N - 1; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		first = first < 0 ? cpu : first;
		assert_int_equal(cpu_of(now.list[n].tid), cpu);
		assert_int_equal(now.list[n++].cpu, cpu);
	}
	if (n < N - 1) /* fewer CPUs than threads: it begins again */
		assert_int_equal(now.list[n].cpu, first);
	vhost_threads_fini(&now);
	end(threads);
}

static void test_refused(void **state)
{
	struct vhost_threads now;
	pthread_t threads[N];
	cpu_set_t far;

	(void)state;
	CPU_ZERO(&far);
	CPU_SET(CPU_SETSIZE - 1, &far);
	begin(threads);
	assert_int_equal(vhost_threads_scan(&now, &e), 0);
	if (sysconf(_SC_NPROCESSORS_CONF) < CPU_SETSIZE) {
		assert_int_equal(vhost_threads_pin(&now, &far, &e), -EINVAL);
		assert_non_null(
			strstr(e.text, "on CPU 1023: Invalid argument (is that "));
		assert_int_equal(now.list[0].cpu, -1);
	}
	end(threads);
	/* they have ended meanwhile */
	CPU_ZERO(&far);
	CPU_SET(0, &far);
	assert_int_equal(vhost_threads_pin(&now, &far, &e), -ESRCH);
	vhost_threads_fini(&now);
}

static void test_no_proc(void **state)
{
	struct rlimit limit, low = {0};
	struct vhost_threads now = {(void *)1, 1};

	(void)state;
	getrlimit(RLIMIT_NOFILE, &limit);
	low.rlim_max = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &low);
	assert_int_equal(vhost_threads_scan(&now, &e), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_non_null(strstr(e.text, "cannot look for the threads"));
	assert_null(now.list);
	assert_int_equal(now.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_pin),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
