/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/mem: zeros that children see, with and without room for files; failures told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/loop/mem.h"

enum { LEN = 1 << 20 };

/* Zeros; and shared: what a child writes is seen here. */
static void check(void)
{
	struct err e = {0};
	uint8_t *m = mem_open("test", LEN, &e);
	int status;
	pid_t pid;

	assert_non_null(m);
	assert_int_equal(e.code, 0);
	for (size_t i = 0; i < LEN; i += 512)
		assert_int_equal(m[i], 0);
	pid = fork();
	if (!pid) {
		m[LEN - 1] = 7;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(m[LEN - 1], 7);
	assert_int_equal(munmap(m, LEN), 0);
}

static void in_a_memfd(void **state)
{
	(void)state;
	check();
}

static void under_a_limit_of_file_sizes(void **state)
{
	struct rlimit before, small;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit){4096, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	check();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
}

static void no_room(void **state)
{
	struct err e = {0};

	(void)state;
	assert_null(mem_open("test", (size_t)1 << 50, &e));
	assert_true(e.code < 0);
	assert_non_null(strstr(e.text, "no memory for test (1073741824 MiB)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_memfd),
		cmocka_unit_test(under_a_limit_of_file_sizes),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
