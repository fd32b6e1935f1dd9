/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/engine: start that fails or falls back, stop that drains; nothing is left of
 * either. */
#include "tests/unit/engine_lab.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>

static unsigned n_lines;
static char last_line[1200];

static void keep_line(const char *line)
{
	n_lines++;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

/* Start must fail with this text in its sentence, and leave nothing. */
static void refuse(struct engine_lab *l, int status, const char *text)
{
	unsigned fds = lab_n_fds(), threads = lab_n_threads();
	struct err e = {0};

	l->conf.log = keep_line;
	n_lines = 0;
	assert_true(engine_start(&l->g, &l->conf, &e) < 0);
	assert_null(l->g);
	assert_true(e.code < 0);
	if (!strstr(e.text, text))
		fail_msg("'%s' is not in: %s", text, e.text);
	assert_int_equal(e.exit_status, status);
	check_clean(fds, threads);
}

static void test_refused_wishes(void **state)
{
	struct engine_lab l;
	int cpu = 1000;

	(void)state;
	lab_open(&l, 2, NULL);
	l.ports[0].spec.io = PORT_IO_uring;
	l.conf.form = LOOP_FORM_E;
	refuse(&l, EX_USAGE, "port 'p0': io=uring contradicts");
	l.ports[0].spec.io = PORT_IO_auto;
	if (best > LOOP_FORM_A) {
		l.conf.form = LOOP_FORM_A;
		refuse(&l, EX_UNAVAILABLE, "--uring-form A");
	}
	l.conf.form = LOOP_FORM_auto;
	l.conf.cpus = &cpu;
	l.conf.n_cpus = 1;
	refuse(&l, EX_OSERR, "CPU 1000");
	assert_int_equal(n_lines, 0); /* a wrong CPU is no reason for another back end */
	l.conf.n_cpus = 0;
	lab_start(&l);
	lab_pass(&l, 0, 1, 50);
	lab_close(&l);
}

/* io_uring_setup gives EPERM from here on, as in a container. */
static void forbid_uring(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
}

/* Last of the tests: the filter stays. */
static void test_uring_forbidden(void **state)
{
	struct engine_lab l;

	(void)state;
	lab_open(&l, 2, NULL);
	forbid_uring();
	l.conf.form = LOOP_FORM_A;
	refuse(&l, EX_NOPERM, "--uring-form A");
	l.conf.form = LOOP_FORM_auto;
	l.ports[1].spec.io = PORT_IO_uring;
	refuse(&l, EX_NOPERM, "port 'p1': io=uring");
	l.ports[1].spec.io = PORT_IO_auto;
	lab_start(&l);
	assert_int_equal(n_lines, 1);
	assert_non_null(strstr(last_line, "epoll"));
	assert_non_null(strstr(last_line, "EPERM"));
	assert_string_equal(engine_queue_io(l.g, 0, 0), "epoll");
	lab_pass(&l, 0, 1, 200);
	lab_pass(&l, 1, 0, 200);
	lab_close(&l);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* In a child: memory for the workers, none for their tables; fd 0 must not be closed. */
static int start_without_memory(struct engine_lab *l)
{
	struct rlimit lim = {90 << 20, 90 << 20};
	struct err e = {0};

	l->conf.n_workers = 20000; /* x 2 queues x 256 x 8 bytes of tables */
	if (setrlimit(RLIMIT_AS, &lim) < 0)
		return 10;
	for (unsigned i = 0; i < 2; i++)
		l->ports[i].n_queues = PORT_QUEUES_MAX;
	if (engine_start(&l->g, &l->conf, &e) != -ENOMEM)
		return 11;
	return fcntl(0, F_GETFD) < 0 ? 12 : 0;
}

static void test_no_memory(void **state)
{
	struct engine_lab l;
	int status = 0;
	pid_t pid;

	(void)state;
	lab_open(&l, 2, NULL);
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		dup2(null, 0);
		_exit(start_without_memory(&l));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	lab_close(&l);
}
#endif

/* What waits in the TAP when stop is called is still forwarded. */
static void test_stop_drains(void **state)
{
	(void)state;
	for_each_way(i)
	{
		struct engine_lab l;

		open_way(&l, i, 2, NULL);
		for (int round = 0; round < 20; round++) {
			lab_start(&l);
			lab_push(&l, 0, 400);
			l.number -= 400;
			engine_stop(&l.g);
			for (unsigned k = 0; k < 400; k++, l.number++) {
				uint8_t got[LAB_FRAME_MAX];
				uint32_t number;

				assert_int_equal(
					lab_recv(l.sock[1], got, sizeof(got), 5000), 100);
				memcpy(&number, got + 42, 4);
				assert_int_equal(number, l.number);
			}
		}
		lab_close(&l);
	}
}

static void test_start_stop(void **state)
{
	static const char *const options[] = {"queues=2", "queues=2"};
	unsigned fds = lab_n_fds(), threads = lab_n_threads();

	(void)state;
	for_each_way(i)
	{
		unsigned open_fds;
		struct engine_lab l;

		open_way(&l, i, 2, options);
		l.conf.n_workers = 2;
		open_fds = lab_n_fds();
		for (int round = 0; round < 50; round++) {
			lab_start(&l);
			if (round % 10 == 0)
				lab_pass(&l, 0, 1, 20);
			engine_stop(&l.g);
			assert_null(l.g);
			engine_stop(&l.g);
			check_clean(open_fds, threads);
		}
		lab_close(&l);
		check_clean(fds, threads);
	}
}

struct flood {
	int sock;
	bool stop;
	uint8_t frame[64];
};

static void *flood_main(void *arg)
{
	struct flood *f = arg;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED))
		send(f->sock, f->frame, sizeof(f->frame), 0);
	return NULL;
}

/* Stop ends in bounded time whatever goes on coming. */
static void test_stop_under_flood(void **state)
{
	(void)state;
	for_each_way(i)
	{
		pthread_t t[2];
		struct flood f[2];
		struct engine_lab l;
		uint64_t start;

		open_way(&l, i, 2, NULL);
		lab_start(&l);
		for (int k = 0; k < 2; k++) {
			f[k] = (struct flood){.sock = l.sock[k]};
			lab_frame(f[k].frame, 1, 1, sizeof(f[k].frame));
			assert_int_equal(pthread_create(&t[k], NULL, flood_main, &f[k]),
					 0);
		}
		lab_wait_for(lab_counters(&l, 0).rx_packets > 20000 &&
			     lab_counters(&l, 1).rx_packets > 20000);
		start = lab_now_ms();
		engine_stop(&l.g);
		print_message("form %s: stopped after %u ms\n",
			      engine_form_name(ways[i].form),
			      (unsigned)(lab_now_ms() - start));
		assert_true(lab_now_ms() - start < LAB_LIMIT_MS);
		for (int k = 0; k < 2; k++)
			__atomic_store_n(&f[k].stop, true, __ATOMIC_RELAXED);
		for (int k = 0; k < 2; k++)
			pthread_join(t[k], NULL);
		lab_close(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_stop_drains, own_namespace),
		cmocka_unit_test_setup(test_start_stop, own_namespace),
		cmocka_unit_test_setup(test_stop_under_flood, own_namespace),
		cmocka_unit_test_setup(test_refused_wishes, own_namespace),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test_setup(test_no_memory, own_namespace),
#endif
		cmocka_unit_test_setup(test_uring_forbidden, own_namespace),
	};
	const char *no_lab = lab_enter();

	if (no_lab) {
		printf("SKIP engine: %s\n", no_lab);
		return 0;
	}
	best = lab_best_form();
	warm_up();
	return cmocka_run_group_tests_name("engine_start", tests, NULL, NULL);
}
