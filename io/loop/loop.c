/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring: set-up, hand-over of SQEs, and the three ways to wait. */
#include "io/loop/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "io/compat.h"
#include "io/loop/tapq.h"

#define HOUR_NS (3600ull * 1000000000ull)

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
	unsigned sq = power_of_two(n_rx * 2 * TAPQ_RX_BUFS + 8, SQ_MIN, SQ_MAX);
	struct io_uring_params p = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL |
			 IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
		/* an overflow of the CQ ends a multishot: 4 x the buffers of each queue
		 */
		.cq_entries = power_of_two(n_rx * 4 * TAPQ_RX_BUFS, 2 * sq, CQ_MAX),
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

/* What one io_uring_enter waits for; all 0: it does not sleep. */
struct enter_wait {
	unsigned want;	      /* completions */
	unsigned min_wait_us; /* after this time one of them is enough */
	uint64_t limit_ns;    /* after this time none is needed */
};

/*
 * One io_uring_enter: n SQEs, then the wait. events: run what is due, so that it
 * completes. Returns SQEs taken or a negative errno.
 */
static int enter(struct loop *l, unsigned n, bool events, struct enter_wait wait)
{
	/* without a timeout of its own the wait would end, empty-handed, with min_wait */
	uint64_t limit = wait.limit_ns ? wait.limit_ns : HOUR_NS;
	struct __kernel_timespec ts = {.tv_sec = (long long)(limit / 1000000000u),
				       .tv_nsec = (long long)(limit % 1000000000u)};
	struct compat_getevents_arg arg = {.min_wait_usec = wait.min_wait_us,
					   .ts = (uint64_t)(uintptr_t)&ts};
	unsigned flags = events ? IORING_ENTER_GETEVENTS : 0;
	int ret;

	counter_add(&l->enters, 1);
	if (!wait.min_wait_us && !wait.limit_ns)
		ret = io_uring_enter2((unsigned)l->ring.ring_fd, n, wait.want, flags,
				      NULL, 0);
	else
		ret = io_uring_enter2((unsigned)l->ring.ring_fd, n, wait.want,
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
		enter(l, n, false, (struct enter_wait){0});
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
	return has_completions(l) || (l->has_more && l->has_more(l->more_arg)) ||
	       (__atomic_load_n(l->ring.sq.kflags, __ATOMIC_RELAXED) &
		(IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW));
}

void loop_peek(struct loop *l)
{
	if (!l->has_ring) {
		loop_poll_set(l, 0);
		return;
	}
	enter(l, publish(&l->ring), true, (struct enter_wait){0});
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

static bool spin_on_ring(struct loop *l, uint64_t ns)
{
	if (io_uring_sq_ready(&l->ring))
		loop_peek(l);
	if (has_completions(l))
		return true;
	if (!ring_spin(l, ns))
		return false;
	loop_peek(l);
	return true;
}

static void sleep_on_ring(struct loop *l, const struct loop_sleep *how)
{
	unsigned n = publish(&l->ring);
	struct enter_wait wait = {.want = how->want, .limit_ns = how->limit_ns};
	int ret;

	counter_add(&l->sleeps, 1);
	if (how->batch_ns >= 1000) {
		wait.want = WAIT_BATCH_PACKETS;
		wait.min_wait_us = (unsigned)(how->batch_ns / 1000);
	}
	ret = enter(l, n, true, wait);
	if (ret < (int)n) /* a short submit, or none at all */
		loop_submit(l);
}

void loop_poll_set(struct loop *l, int timeout_ms)
{
	counter_add(&l->enters, 1);
	l->n_events = epoll_wait(l->epfd, l->events, LOOP_EVENTS, timeout_ms);
	if (l->n_events < 0)
		l->n_events = 0; /* EINTR */
}

static bool spin_on_set(struct loop *l, uint64_t ns)
{
	uint64_t end = loop_now() + ns;

	counter_add(&l->spins, 1);
	do {
		loop_poll_set(l, 0);
		if (l->n_events || (l->has_more && l->has_more(l->more_arg)))
			return true;
	} while (loop_now() < end);
	return false;
}

bool loop_spin(struct loop *l, uint64_t ns)
{
	return l->has_ring ? spin_on_ring(l, ns) : spin_on_set(l, ns);
}

void loop_sleep(struct loop *l, const struct loop_sleep *how)
{
	uint64_t ms = (how->limit_ns + 999999) / 1000000;

	if (l->has_ring) {
		sleep_on_ring(l, how);
		return;
	}
	counter_add(&l->sleeps, 1);
	loop_poll_set(l, how->limit_ns ? (int)ms : -1);
}
