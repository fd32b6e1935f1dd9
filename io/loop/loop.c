/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring: set-up, hand-over of SQEs, and the three ways to wait. */
#include "io/loop/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/pkt.h"
#include "io/compat.h"

enum { SQ_MIN = 128, SQ_MAX = 4096, CQ_MAX = 32768, FAILURES_MAX = 16 };

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t loop_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t loop_cpu_time(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void loop_init(struct loop *l)
{
	static const bool never;

	*l = (struct loop){
		.form = LOOP_FORM_E, .epfd = -1, .wake_fd = -1, .stop = &never};
}

static unsigned power_of_two(unsigned n, unsigned min, unsigned max)
{
	unsigned p = min;

	while (p < n && p < max)
		p *= 2;
	return p;
}

static int explain_setup(int ret, struct err *e)
{
	struct rlimit lim = {0};

	switch (-ret) {
	case EPERM:
		return err_set(
			e, ret,
			"io_uring_setup: EPERM: forbidden by a seccomp filter or by "
			"kernel.io_uring_disabled; allow it there");
	case ENOSYS:
		return err_set(
			e, ret,
			"io_uring_setup: ENOSYS: this kernel has no io_uring, or a "
			"seccomp filter hides it");
	case ENOMEM:
		getrlimit(RLIMIT_MEMLOCK, &lim);
		return err_set(
			e, ret,
			"io_uring_setup: ENOMEM: the memlock limit (%llu KiB) is too "
			"low; raise it (ulimit -l, LimitMEMLOCK=)",
			(unsigned long long)lim.rlim_cur / 1024);
	default:
		return err_set(e, ret, "io_uring_setup: %s", strerror(-ret));
	}
}

/*
 * SQ index i always names SQE i: liburing 2.3 writes the index at each submit,
 * newer ones once at set-up. Ours is done once, so that handing over is a
 * store of the tail.
 */
static void fill_sq_array(struct io_uring *ring)
{
	if (!ring->sq.array)
		return;
	for (unsigned i = 0; i < ring->sq.ring_entries; i++)
		ring->sq.array[i] = i;
}

int loop_open_ring(struct loop *l, enum loop_form form, unsigned n_rx, struct err *e)
{
	unsigned sq = power_of_two(n_rx * 2 * BURST_MAX + 8, SQ_MIN, SQ_MAX);
	struct io_uring_params p = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL |
			 IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
		/* an overflow of the CQ ends a multishot: 4 x the buffers of each queue
		 */
		.cq_entries = power_of_two(n_rx * 4 * BURST_MAX, 2 * sq, CQ_MAX),
	};
	int ret = io_uring_queue_init_params(sq, &l->ring, &p);

	if (ret == -EINVAL && form == LOOP_FORM_D) { /* before 6.1 */
		p = (struct io_uring_params){.flags = IORING_SETUP_CQSIZE |
						      IORING_SETUP_CLAMP,
					     .cq_entries = p.cq_entries};
		ret = io_uring_queue_init_params(sq, &l->ring, &p);
	}
	if (ret < 0)
		return explain_setup(ret, e);
	fill_sq_array(&l->ring);
	l->has_ring = true;
	l->form = form;
	return 0;
}

int loop_open_epoll(struct loop *l, struct err *e)
{
	struct epoll_event ev = {.events = EPOLLIN,
				 .data.u64 = loop_tag(LOOP_wake, 0, 0)};

	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0)
		return err_set(e, -errno, "epoll_create1: %s", strerror(errno));
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->wake_fd, &ev) < 0)
		return err_set(e, -errno, "epoll_ctl of an eventfd: %s", strerror(errno));
	return 0;
}

void loop_close(struct loop *l)
{
	if (l->has_ring)
		io_uring_queue_exit(&l->ring);
	l->has_ring = false;
	if (l->epfd >= 0)
		close(l->epfd);
	l->epfd = -1;
}

/* Publish the SQEs of the turn; returns how many the kernel has not taken yet. */
static unsigned publish(struct io_uring *ring)
{
	struct io_uring_sq *sq = &ring->sq;

	sq->sqe_head = sq->sqe_tail;
	/* release: pairs with the kernel's acquire of the SQ tail in io_uring_enter */
	__atomic_store_n(sq->ktail, sq->sqe_tail, __ATOMIC_RELEASE);
	return sq->sqe_tail - __atomic_load_n(sq->khead, __ATOMIC_ACQUIRE);
}

bool loop_is_broken(const struct loop *l)
{
	return l->n_failures > FAILURES_MAX;
}

/* ENOMEM passes by itself; a filter that forbids the call must not cost a CPU. */
static void note_result(struct loop *l, int ret)
{
	static const struct timespec pause = {.tv_nsec = 1000000};

	if (ret >= 0 || ret == -EINTR || ret == -ETIME) {
		l->n_failures = 0;
		return;
	}
	if (loop_is_broken(l))
		nanosleep(&pause, NULL);
	else
		l->n_failures++;
}

/*
 * One io_uring_enter: n SQEs, then wait for `want` completions, or min_wait_us
 * for at least one. events: run what is due, so that it completes. Returns SQEs
 * taken or a negative errno.
 */
static int enter(struct loop *l, unsigned n, bool events, unsigned want,
		 unsigned min_wait_us)
{
	/* without a timeout of its own the wait would end, empty-handed, with min_wait */
	static const struct __kernel_timespec hour = {.tv_sec = 3600};
	struct compat_getevents_arg arg = {.min_wait_usec = min_wait_us,
					   .ts = (uint64_t)(uintptr_t)&hour};
	unsigned flags = events ? IORING_ENTER_GETEVENTS : 0;
	int ret;

	counter_add(&l->enters, 1);
	if (!min_wait_us)
		ret = io_uring_enter2((unsigned)l->ring.ring_fd, n, want, flags, NULL, 0);
	else
		ret = io_uring_enter2((unsigned)l->ring.ring_fd, n, want,
				      flags | IORING_ENTER_EXT_ARG,
				      (sigset_t *)(void *)&arg, sizeof(arg));
	note_result(l, ret);
	return ret;
}

/*
 * A short submit (ENOMEM for a request) leaves SQEs; buffers they name may be
 * published already, so they go first, before anything can complete.
 */
void loop_submit(struct loop *l)
{
	unsigned n;

	while ((n = publish(&l->ring)) > 0) {
		enter(l, n, false, 0, 0);
		/* nobody waits any more: forget them */
		if (loop_is_broken(l) && __atomic_load_n(l->stop, __ATOMIC_ACQUIRE))
			l->ring.sq.sqe_tail =
				__atomic_load_n(l->ring.sq.khead, __ATOMIC_ACQUIRE);
	}
}

struct io_uring_sqe *loop_sqe(struct loop *l)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&l->ring);

	while (!sqe) {
		loop_submit(l);
		sqe = io_uring_get_sqe(&l->ring);
	}
	return sqe;
}

static bool has_completions(struct loop *l)
{
	return io_uring_cq_ready(&l->ring) != 0;
}

/*
 * Something is to be had: a completion, or task work that the next enter turns
 * into one. Set by the kernel on another CPU, seen here without a system call.
 */
static bool ring_has_work(struct loop *l)
{
	return has_completions(l) ||
	       (__atomic_load_n(l->ring.sq.kflags, __ATOMIC_RELAXED) &
		(IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW));
}

void loop_peek(struct loop *l)
{
	enter(l, publish(&l->ring), true, 0, 0);
	loop_submit(l);
}

static bool ring_spin(struct loop *l, uint64_t spin_ns)
{
	uint64_t end = loop_now() + spin_ns;

	counter_add(&l->spins, 1);
	do {
		for (int i = 0; i < 16; i++) {
			if (ring_has_work(l))
				return true;
#if defined(__x86_64__) || defined(__i386__)
			__builtin_ia32_pause();
#endif
		}
	} while (loop_now() < end);
	return false;
}

static bool flush_ring(struct loop *l, unsigned want, enum wait_mode mode, uint64_t ns)
{
	unsigned n = publish(&l->ring);
	bool found = true;
	int ret;

	if (!want) {
		loop_peek(l);
		return true;
	}
	if (mode == WAIT_spin) {
		if (n)
			loop_peek(l);
		if (has_completions(l))
			return true;
		found = ring_spin(l, ns);
		if (found) {
			loop_peek(l);
			return true;
		}
		n = publish(&l->ring);
	}
	counter_add(&l->sleeps, 1);
	if (mode == WAIT_batch && ns >= 1000)
		ret = enter(l, n, true, WAIT_BATCH_PACKETS, (unsigned)(ns / 1000));
	else
		ret = enter(l, n, true, want, 0);
	if (ret < (int)n) /* a short submit, or none at all */
		loop_submit(l);
	return found;
}

void loop_poll_set(struct loop *l, int timeout_ms)
{
	counter_add(&l->enters, 1);
	l->n_events = epoll_wait(l->epfd, l->events, LOOP_EVENTS, timeout_ms);
	if (l->n_events < 0)
		l->n_events = 0; /* EINTR */
}

static bool flush_epoll(struct loop *l, unsigned want, enum wait_mode mode, uint64_t ns)
{
	uint64_t end;

	if (!want) {
		loop_poll_set(l, 0);
		return true;
	}
	if (mode == WAIT_spin) {
		end = loop_now() + ns;
		counter_add(&l->spins, 1);
		do {
			loop_poll_set(l, 0);
			if (l->n_events)
				return true;
		} while (loop_now() < end);
	}
	counter_add(&l->sleeps, 1);
	loop_poll_set(l, -1);
	return mode != WAIT_spin;
}

bool loop_flush(struct loop *l, unsigned want, enum wait_mode mode, uint64_t ns)
{
	return l->has_ring ? flush_ring(l, want, mode, ns)
			   : flush_epoll(l, want, mode, ns);
}
