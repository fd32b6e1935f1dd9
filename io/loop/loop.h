/* SPDX-License-Identifier: BSD-2-Clause */
/* struct loop: one io_uring (or one epoll set where there is none) and its waits. */
#ifndef IO_LOOP_LOOP_H
#define IO_LOOP_LOOP_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "core/err.h"
#include "core/wait.h"
#include "io/loop/engine.h"

/*
 * How it works: SQEs gather during a turn and go to the kernel in one enter,
 * which also waits. With DEFER_TASKRUN completions of reads are made only
 * inside an enter that asks for events, after its SQEs were taken: so buffers
 * that a write SQE still names may be published for reading before the enter.
 * Ports that are served by epoll hang in one epoll set, which the ring polls
 * as one fd; without a ring the epoll set is waited for directly.
 */
enum { LOOP_EVENTS = 64 };

struct loop {
	enum loop_form form;
	bool has_ring;
	bool nowait; /* TAPs take RWF_NOWAIT */
	struct io_uring ring;
	int epfd;	  /* -1 = no port is served by epoll */
	int wake_fd;	  /* eventfd that ends every wait */
	const bool *stop; /* set when the loop is to end */
	/* has memory that others write come to hold something? asked while spinning */
	bool (*has_more)(const void *arg);
	const void *more_arg;
	bool epoll_armed; /* the ring polls epfd */
	struct epoll_event events[LOOP_EVENTS];
	int n_events;
	unsigned n_failures; /* enters that failed, in a row */
	/* counters, see struct engine_worker_stats */
	uint64_t enters, sleeps, spins;
};

/* user_data of an SQE: what it was, for which queue view, and one number. */
enum loop_kind {
	LOOP_ignore,
	LOOP_read_mshot, /* arg: none */
	LOOP_read,	 /* arg: pkt idx */
	LOOP_poll,	 /* arg: none */
	LOOP_write,	 /* arg: bytes of the frame; only failures complete */
	LOOP_write_cqe,	 /* arg: pkt idx */
	LOOP_wake,
	LOOP_epoll,
	LOOP_vq_call, /* arg: enum vhost_ring_idx */
	LOOP_vq_err,  /* arg: the same */
	LOOP_vq_tap,  /* arg: none */
};

static inline uint64_t loop_tag(enum loop_kind kind, uint32_t view, uint32_t arg)
{
	return (uint64_t)kind << 56 | (uint64_t)(view & 0xffffff) << 32 | arg;
}

static inline enum loop_kind loop_tag_kind(uint64_t tag)
{
	return (enum loop_kind)(tag >> 56);
}

static inline uint32_t loop_tag_view(uint64_t tag)
{
	return (uint32_t)(tag >> 32) & 0xffffff;
}

static inline uint32_t loop_tag_arg(uint64_t tag)
{
	return (uint32_t)tag;
}

void loop_init(struct loop *l);

/*
 * Make the ring for n_rx receive queues, in the thread that will use it. form
 * is A to D. 0, or a negative errno with the reason (io_uring refused).
 */
int loop_open_ring(struct loop *l, enum loop_form form, unsigned n_rx, struct err *e);

/* Make the epoll set (form E, or some ports by epoll). wake_fd must be set. */
int loop_open_epoll(struct loop *l, struct err *e);

/* Close what is open; may run twice. wake_fd is the caller's. */
void loop_close(struct loop *l);

/* An empty SQE; enters the kernel if the queue is full. Never NULL. */
struct io_uring_sqe *loop_sqe(struct loop *l);

/*
 * Hand every SQE over without waiting. While the kernel refuses all enters
 * (loop_is_broken) it is asked once in a millisecond; the SQEs are forgotten only
 * when the loop is to end.
 */
void loop_submit(struct loop *l);

/* Hand every SQE over, and complete what is due, without sleeping. */
void loop_peek(struct loop *l);

/* Has the kernel refused io_uring_enter for a while? It is then called less often. */
bool loop_is_broken(const struct loop *l);

/*
 * Hand every SQE over and look for something to do, for ns at most, without
 * sleeping. false: nothing was found.
 */
bool loop_spin(struct loop *l, uint64_t ns);

/* How long loop_sleep sleeps. */
struct loop_sleep {
	unsigned want;	   /* until this many completions are there; 1 or more */
	uint64_t batch_ns; /* not 0: until WAIT_BATCH_PACKETS, or one after this time */
	uint64_t limit_ns; /* not 0: no longer than this, whatever is there */
};

/* End of a turn: hand every SQE over and sleep. */
void loop_sleep(struct loop *l, const struct loop_sleep *how);

/* Ask the epoll set what is ready, waiting timeout_ms at most: into events. */
void loop_poll_set(struct loop *l, int timeout_ms);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t loop_now(void);

/* CPU time of the calling thread in nanoseconds. */
uint64_t loop_cpu_time(void);

#endif
