/* SPDX-License-Identifier: BSD-2-Clause */
/* io/loop/loop and probe: tags, rings, a full SQ, and the ways to wait. */
#include "tests/unit/tap_lab.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "io/loop/loop.h"
#include "io/loop/probe.h"

static bool has_ring;

static void test_tags(void **state)
{
	static const uint32_t views[] = {0, 1, 255, 65535, 0xffffff};
	static const uint32_t args[] = {0, 1, 65535, 0x7fffffff, UINT32_MAX};

	(void)state;
	for (int kind = LOOP_ignore; kind <= LOOP_epoll; kind++) {
		for (size_t i = 0; i < 5; i++) {
			for (size_t j = 0; j < 5; j++) {
				uint64_t tag =
					loop_tag((enum loop_kind)kind, views[i], args[j]);

				assert_int_equal(loop_tag_kind(tag), kind);
				assert_int_equal(loop_tag_view(tag), views[i]);
				assert_int_equal(loop_tag_arg(tag), args[j]);
			}
		}
	}
}

static void test_closed(void **state)
{
	unsigned fds = lab_n_fds();
	struct loop l;

	(void)state;
	loop_init(&l);
	assert_int_equal(l.epfd, -1);
	assert_int_equal(l.wake_fd, -1);
	loop_close(&l);
	loop_close(&l);
	assert_int_equal(lab_n_fds(), fds);
}

static void test_open_close(void **state)
{
	static const unsigned n_rx[] = {0, 1, 2, 17, 64, 1000, 65535};
	unsigned fds = lab_n_fds();

	(void)state;
	if (!has_ring)
		skip();
	for (int form = LOOP_FORM_A; form <= LOOP_FORM_D; form++) {
		for (size_t i = 0; i < sizeof(n_rx) / sizeof(n_rx[0]); i++) {
			struct err e = {0};
			struct loop l;

			loop_init(&l);
			assert_int_equal(
				loop_open_ring(&l, (enum loop_form)form, n_rx[i], &e), 0);
			assert_int_equal(l.form, form);
			assert_true(l.ring.cq.ring_entries >= 2 * l.ring.sq.ring_entries);
			/* an overflow would end a multishot: as long as it can be had */
			if (n_rx[i] <= 64)
				assert_true(l.ring.cq.ring_entries >=
					    n_rx[i] * 4 * BURST_MAX);
			loop_close(&l);
			loop_close(&l);
			assert_int_equal(lab_n_fds(), fds);
		}
	}
}

static unsigned reap(struct loop *l, uint64_t *sum)
{
	struct io_uring_cqe *cqe;
	unsigned head, n = 0;

	io_uring_for_each_cqe(&l->ring, head, cqe)
	{
		*sum += loop_tag_arg(cqe->user_data);
		n++;
	}
	io_uring_cq_advance(&l->ring, n);
	return n;
}

/* More SQEs than the queue holds: it is handed over in between, nothing is lost. */
static void test_sq_full(void **state)
{
	(void)state;
	if (!has_ring)
		skip();
	for (int form = LOOP_FORM_A; form <= LOOP_FORM_D; form++) {
		unsigned n = 0, total;
		uint64_t sum = 0;
		struct loop l;

		loop_init(&l);
		assert_int_equal(loop_open_ring(&l, (enum loop_form)form, 1, NULL), 0);
		total = l.ring.sq.ring_entries * 2 + 5;
		for (unsigned i = 0; i < total; i++) {
			struct io_uring_sqe *sqe = loop_sqe(&l);

			io_uring_prep_nop(sqe);
			sqe->user_data = loop_tag(LOOP_ignore, 0, i);
		}
		assert_true(l.enters >= 2);
		while (n < total) {
			loop_peek(&l);
			n += reap(&l, &sum);
		}
		assert_int_equal(n, total);
		assert_int_equal(sum, (uint64_t)total * (total - 1) / 2);
		loop_submit(&l); /* nothing to hand over: no call */
		loop_close(&l);
	}
}

/* The end of a turn as the worker makes it; false: a spin found nothing. */
static bool end_turn(struct loop *l, unsigned want, enum wait_mode mode, uint64_t ns)
{
	struct loop_sleep how = {.want = want, .batch_ns = mode == WAIT_batch ? ns : 0};
	bool found = true;

	if (!want) {
		loop_peek(l);
		return true;
	}
	if (mode == WAIT_spin) {
		found = loop_spin(l, ns);
		if (found)
			return true;
	}
	loop_sleep(l, &how);
	return found;
}

static void after_ms(struct loop *l, unsigned ms)
{
	static struct __kernel_timespec ts;
	struct io_uring_sqe *sqe = loop_sqe(l);

	ts = (struct __kernel_timespec){.tv_nsec = ms * 1000000ll};
	io_uring_prep_timeout(sqe, &ts, 0, 0);
	sqe->user_data = loop_tag(LOOP_ignore, 0, 1);
}

static void nop(struct loop *l)
{
	struct io_uring_sqe *sqe = loop_sqe(l);

	io_uring_prep_nop(sqe);
	sqe->user_data = loop_tag(LOOP_ignore, 0, 1);
}

static void test_ring_waits(void **state)
{
	(void)state;
	if (!has_ring)
		skip();
	for (int form = LOOP_FORM_A; form <= LOOP_FORM_D; form++) {
		uint64_t sum = 0, slept;
		struct loop l;

		loop_init(&l);
		assert_int_equal(loop_open_ring(&l, (enum loop_form)form, 1, NULL), 0);
		for (int mode = WAIT_block; mode <= WAIT_batch; mode++) {
			uint64_t sleeps = l.sleeps;
			unsigned n, again = 0;
			bool found;

			after_ms(&l, 20);
			found = end_turn(&l, 1, (enum wait_mode)mode, 1000);
			assert_int_equal(l.sleeps, sleeps + 1);
			for (n = reap(&l, &sum); !n; n = reap(&l, &sum)) {
				again++; /* a ring that is going away interrupts: EINTR */
				end_turn(&l, 1, (enum wait_mode)mode, 1000);
			}
			assert_int_equal(n, 1);
			assert_true(again < 10);
			assert_int_equal(
				found, mode != WAIT_spin); /* 1 us of spin is too short */
		}
		/* what completes while it is handed over ends a spin at once */
		nop(&l);
		assert_true(end_turn(&l, 1, WAIT_spin, 30000000000ull));
		assert_int_equal(reap(&l, &sum), 1);
		slept = l.sleeps;
		/* and so does what comes during the spin, without sleep */
		after_ms(&l, 5);
		assert_true(end_turn(&l, 1, WAIT_spin, 30000000000ull));
		while (!reap(&l, &sum))
			end_turn(&l, 0, WAIT_block, 0);
		assert_int_equal(l.sleeps, slept);
		/* no wait when none is wanted */
		assert_true(end_turn(&l, 0, WAIT_block, 0));
		assert_int_equal(reap(&l, &sum), 0);
		loop_close(&l);
	}
}

/* What completes late does not hold a sleep with a limit; enough of it ends it before. */
static void test_ring_sleep_limit(void **state)
{
	struct loop_sleep how = {.want = 2, .limit_ns = 5000000};
	uint64_t sum = 0;
	struct loop l;

	(void)state;
	if (!has_ring)
		skip();
	loop_init(&l);
	assert_int_equal(loop_open_ring(&l, LOOP_FORM_D, 1, NULL), 0);
	loop_sleep(&l, &how); /* nothing ever comes */
	assert_int_equal(reap(&l, &sum), 0);
	nop(&l);
	loop_sleep(&l, &how); /* one is there, two were wanted */
	assert_int_equal(reap(&l, &sum), 1);
	how.limit_ns = 1000ull * 1000000000ull;
	nop(&l);
	nop(&l);
	loop_sleep(&l, &how);
	assert_int_equal(reap(&l, &sum), 2);
	loop_close(&l);
}

static bool flag_is_set(const void *arg)
{
	return __atomic_load_n((const bool *)arg, __ATOMIC_ACQUIRE);
}

/* Memory that another thread writes to ends a spin. */
static void test_spin_sees_memory(void **state)
{
	bool flag = true;
	struct loop l;

	(void)state;
	if (!has_ring)
		skip();
	loop_init(&l);
	assert_int_equal(loop_open_ring(&l, LOOP_FORM_D, 1, NULL), 0);
	l.has_more = flag_is_set;
	l.more_arg = &flag;
	assert_true(loop_spin(&l, 30000000000ull));
	flag = false;
	assert_false(loop_spin(&l, 1000));
	loop_close(&l);
}

static void arm_timer(int fd, long ns)
{
	struct itimerspec t = {.it_value.tv_nsec = ns};
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		assert_int_equal(errno, EAGAIN);
	assert_int_equal(timerfd_settime(fd, 0, &t, NULL), 0);
}

/* A ring that is going away interrupts system calls of its thread (EINTR): wait on. */
static void until_event(struct loop *l)
{
	while (!l->n_events)
		end_turn(l, 1, WAIT_block, 0);
	assert_int_equal(l->n_events, 1);
	assert_int_equal(loop_tag_kind(l->events[0].data.u64), LOOP_wake);
}

/* Form E: the same by epoll; the timer stands for a device. */
static void test_epoll_waits(void **state)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	unsigned fds = lab_n_fds();
	struct loop l;
	uint64_t sleeps;

	(void)state;
	loop_init(&l);
	l.wake_fd = fd;
	assert_int_equal(loop_open_epoll(&l, NULL), 0);
	assert_true(end_turn(&l, 0, WAIT_block, 0));
	assert_int_equal(l.n_events, 0);
	arm_timer(fd, 5000000);
	assert_true(end_turn(&l, 1, WAIT_block, 0));
	until_event(&l);
	arm_timer(fd, 20000000);
	assert_false(end_turn(&l, 1, WAIT_spin, 1000)); /* 1 us of spin is too short */
	until_event(&l);
	assert_int_equal(l.spins, 1);
	arm_timer(fd, 5000000);
	sleeps = l.sleeps;
	assert_true(end_turn(&l, 1, WAIT_spin, 30000000000ull));
	assert_int_equal(l.sleeps, sleeps);
	until_event(&l);
	arm_timer(fd, 5000000);
	assert_true(end_turn(&l, 1, WAIT_batch, 0));
	until_event(&l);
	loop_close(&l);
	assert_int_equal(lab_n_fds(), fds);
	close(fd);
}

static void test_epoll_refused(void **state)
{
	unsigned fds = lab_n_fds();
	struct err e = {0};
	struct loop l;

	(void)state;
	loop_init(&l); /* wake_fd is not there */
	assert_int_equal(loop_open_epoll(&l, &e), -EBADF);
	assert_non_null(strstr(e.text, "epoll_ctl"));
	loop_close(&l);
	assert_int_equal(lab_n_fds(), fds);
}

/* What is asked for at most is what comes at most; nothing stays open. */
static void test_probe(void **state)
{
	unsigned fds = lab_n_fds();
	enum loop_form best;
	struct err e;

	(void)state;
	if (!has_ring)
		skip();
	best = probe_form(LOOP_FORM_auto, -1, &e);
	assert_int_equal(e.code, 0);
	for (int form = LOOP_FORM_A; form <= LOOP_FORM_E; form++) {
		enum loop_form got = probe_form((enum loop_form)form, -1, &e);

		assert_int_equal(got, (int)best < form ? form : (int)best);
		assert_int_equal(e.code, 0);
	}
	assert_int_equal(lab_n_fds(), fds);
	print_message("the kernel allows form %s\n", engine_form_name(best));
}

static void test_names(void **state)
{
	static const char *const want[] = {"auto", "A", "B", "C", "D", "E"};

	(void)state;
	for (int form = LOOP_FORM_auto; form <= LOOP_FORM_E; form++)
		assert_string_equal(engine_form_name((enum loop_form)form), want[form]);
}

static void test_clock(void **state)
{
	uint64_t before = loop_now();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t after = loop_now();

		assert_true(after >= before);
		before = after;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_open_close),
		cmocka_unit_test(test_sq_full),
		cmocka_unit_test(test_ring_waits),
		cmocka_unit_test(test_ring_sleep_limit),
		cmocka_unit_test(test_spin_sees_memory),
		cmocka_unit_test(test_epoll_waits),
		cmocka_unit_test(test_epoll_refused),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_clock),
	};
	struct io_uring ring;
	int ret = io_uring_queue_init(2, &ring, 0);

	has_ring = ret >= 0;
	if (has_ring)
		io_uring_queue_exit(&ring);
	else
		printf("SKIP rings: io_uring_setup: %s\n", strerror(-ret));
	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
