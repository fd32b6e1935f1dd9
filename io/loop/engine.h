/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine: all workers, started over opened ports and stopped together. */
#ifndef IO_LOOP_ENGINE_H
#define IO_LOOP_ENGINE_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/counters.h"
#include "core/err.h"
#include "io/port/port.h"

struct engine;

/* The forms of the loop, best first; what they need is probed at start. */
enum loop_form {
	LOOP_FORM_auto = 0,
	LOOP_FORM_A, /* READ_MULTISHOT, RWF_NOWAIT writes, min_wait */
	LOOP_FORM_B, /* the same without min_wait */
	LOOP_FORM_C, /* batches of READ with RWF_NOWAIT, oneshot poll when idle */
	LOOP_FORM_D, /* oneshot poll, plain read(), WRITEs with completions */
	LOOP_FORM_E, /* no io_uring: epoll, readv, writev */
};

/* What the control thread is told of a queue that vhost-net serves. */
enum engine_trouble {
	ENGINE_TROUBLE_none,
	ENGINE_TROUBLE_healed, /* it still does, or does so again */
	ENGINE_TROUBLE_left,   /* its TAP fd serves it, or is about to */
};

enum { BUSY_POLL_off = 0, BUSY_POLL_auto = -1 };

/* Two ports that are cross-connected, as indices into the port array. */
struct engine_pair {
	unsigned a, b;
};

/* A bridge of ports, which have their options of it in their specs. */
struct engine_bridge_conf {
	const char *name;
	const unsigned
		*ports; /* indices into the port array; each in one pair or bridge */
	unsigned n_ports;
	uint32_t ageing_ms;
	unsigned n_macs;
	bool vlan_filtering;
	uint16_t vlan_proto; /* VLAN_8021Q, VLAN_8021AD */
	uint16_t group_fwd_mask;
};

struct engine_conf {
	struct port *ports; /* opened; must outlive the engine */
	unsigned n_ports;
	const struct engine_pair *pairs; /* each port at most once */
	unsigned n_pairs;
	const struct engine_bridge_conf *bridges; /* must outlive the engine */
	unsigned n_bridges;
	unsigned n_workers; /* 1 or more */
	const int *cpus;    /* worker i runs on cpus[i % n_cpus] only */
	unsigned n_cpus;    /* 0 = anywhere */
	enum loop_form form;
	int busy_poll; /* microseconds, BUSY_POLL_auto, BUSY_POLL_off */
	/* called for each line worth telling a person ("epoll: io_uring_setup: ...") */
	void (*log)(const char *line);
};

/* What one worker did; times in nanoseconds of CLOCK_MONOTONIC. */
struct engine_worker_stats {
	enum loop_form form; /* never auto */
	int cpu;	     /* -1 = not pinned */
	unsigned n_rx_queues;
	uint64_t turns, packets;
	uint64_t enters;   /* io_uring_enter or epoll_wait calls */
	uint64_t sleeps;   /* of these: those allowed to block */
	uint64_t spins;	   /* times it polled before sleeping */
	uint64_t syscalls; /* all calls of the data path: enters, reads, writes */
};

/* What a bridge's table has, and what came of learning. */
struct engine_bridge_stats {
	const char *name;
	unsigned n_ports;
	uint64_t entries;	/* dynamic ones; expired ones until they are swept */
	uint64_t moves;		/* addresses that came to another port */
	uint64_t flushed;	/* forgotten, their port being down */
	uint64_t evicted;	/* displaced by others in a full table */
	uint64_t refused_limit; /* not learnt: mac-limit= */
	uint64_t refused_full;	/* not learnt: no place */
};

/*
 * Start n_workers threads over the ports; returns when each of them serves its
 * queues. Offloads are agreed per pair and bridge here (port_set_offloads). Fails with
 * everything undone. *g is NULL after a failure.
 */
int engine_start(struct engine **g, const struct engine_conf *conf, struct err *e);

/*
 * Stop: what waits in the TAP queues is still forwarded (bounded in time), the
 * threads are joined, memory is freed. *g is set to NULL; NULL is accepted.
 * The port fds stay open and idle: port_close is the caller's.
 */
void engine_stop(struct engine **g);

/* Sum of the counters of one queue over all workers (added to *sum). */
void engine_queue_counters(const struct engine *g, unsigned port, unsigned queue,
			   struct counters *sum);

/* The worker that receives from a queue, or -1 (detached). */
int engine_queue_worker(const struct engine *g, unsigned port, unsigned queue);

/* How a queue is served: "mshot", "batch", "poll", "epoll", "vhost" or "off".
 * Static. */
const char *engine_queue_io(const struct engine *g, unsigned port, unsigned queue);

/*
 * From the control thread: let vhost-net serve a port's queues (which have their
 * vhost-net fds), or their TAP fds. The workers do it when they are woken; what
 * fails there is told by engine_vhost_trouble. -EBUSY: vhost-net did not stop one of
 * the rings before.
 */
int engine_vhost_switch(struct engine *g, unsigned port, bool on, struct err *e);

/* Does vhost-net serve any queue of the port now? */
bool engine_vhost_is_on(const struct engine *g, unsigned port);

/* Is it to be, as the last wish says, or where that was not to be had, as it is? */
bool engine_vhost_is_wanted(const struct engine *g, unsigned port);

/* From the control thread: the last trouble of a queue that was not asked for yet. */
enum engine_trouble engine_vhost_trouble(const struct engine *g, unsigned port,
					 unsigned queue, struct err *e);

/* From the control thread, about once a second: free what has aged in the tables, and
 * what is behind ports whose link was found down. */
void engine_bridge_age(struct engine *g);

unsigned engine_bridge_count(const struct engine *g);
void engine_bridge_stats(const struct engine *g, unsigned bridge,
			 struct engine_bridge_stats *st);

unsigned engine_n_workers(const struct engine *g);
void engine_worker_stats(const struct engine *g, unsigned worker,
			 struct engine_worker_stats *st);

/* "A".."E"; "auto". Static. */
const char *engine_form_name(enum loop_form form);

#endif
