/* SPDX-License-Identifier: BSD-2-Clause */
/* lab: one forwarder under test in namespaces of its own, with an end to send from and
 * one to receive at on each of its pairs of ports. */
#ifndef BENCH_LAB_LAB_H
#define BENCH_LAB_LAB_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/lab/case.h"
#include "core/err.h"

/*
 * How it works: nothing that a lab makes has a name outside of it. Network namespaces are
 * file descriptors; all programs run in a box (box.h), whose processes and mounts end
 * with it; the box ends with this process, however that ends, SIGKILL included. So there
 * is nothing to sweep and no signal to handle.
 *
 * Port n has its end in namespace "end<n>" of the box: a device "tap0" with the address
 * 10.52.<n / 2>.<1 + n % 2>/24 and the hardware address 02:52:57:00:00:<n>; the ends 2k
 * and 2k+1 are neighbours and know each other. The forwarder connects them.
 *
 * lab_open() must be called by a thread that lives as long as the lab: the box ends with
 * it.
 */
struct lab;

struct lab_wish {
	const struct case_spec *spec; /* must outlive the lab */
	unsigned n_ports;	      /* 2 .. spec->max_ports, even */
	unsigned n_queues;	      /* 1 .. spec->max_queues */
	unsigned mtu;		      /* bytes; 0: 1500 */
	int fwd_cpu;		      /* the forwarder's; -1: anywhere */
	unsigned ready_ms;	      /* it must be ready by then; 0: as the case says */
	bool is_plain; /* no offloads on the ends: packets on the wire as on a wire */
};

/* What the forwarder has used since it was started: sums over its processes and threads.
 */
struct lab_usage {
	uint64_t at_ns;	    /* CLOCK_MONOTONIC */
	uint64_t cpu_ns;    /* with vhost_ns */
	uint64_t vhost_ns;  /* of the kernel's vhost threads that work for it */
	uint64_t rss_bytes; /* now */
	uint64_t switches;  /* voluntary and involuntary */
	unsigned n_processes, n_threads;
};

void lab_defaults(struct lab_wish *w);

/*
 * Make it all, start the forwarder and wait for its ready condition; with that the ends
 * have their addresses and are up. On failure nothing is left and *l is NULL.
 */
int lab_open(struct lab **l, const struct lab_wish *w, struct err *e);

/* Stop the forwarder (its stop command, SIGTERM, then SIGKILL) and remove all; NULL is
 * accepted. */
void lab_close(struct lab *l);

/* The end of a port: an fd of its namespace (the lab's), its device, its addresses. */
int lab_end_ns(const struct lab *l, unsigned port);
const char *lab_end_ifname(const struct lab *l, unsigned port);
const uint8_t *lab_end_mac(const struct lab *l, unsigned port);
const char *lab_end_addr(const struct lab *l, unsigned port); /* "10.52.0.1" */
bool lab_has_veth(const struct lab *l); /* at its ends; TAPs otherwise */

/* 0 while it runs, or -EPIPE with a sentence that has its last words. */
int lab_check(struct lab *l, struct err *e);

/* The same, but it may end within limit_ms. */
int lab_check_end(struct lab *l, unsigned limit_ms, struct err *e);

/* -ENOENT where there is no process to look at (a bridge): all figures are 0 then. */
int lab_usage(struct lab *l, struct lab_usage *u, struct err *e);

/* The forwarder's processes and threads: how many there are; at most max are stored. */
unsigned lab_usage_threads(struct lab *l, int *tid, unsigned max);

/* The end of a file of the box, see box_tail(). */
size_t lab_tail(const struct lab *l, const char *file, char *text, size_t size);

/* The case's own count of system calls so far, or -EOPNOTSUPP if it keeps none. */
int lab_calls(struct lab *l, uint64_t *n, struct err *e);

/*
 * Run a shell command in the forwarder's namespace, with the variables of a case, and
 * wait for its end. A status other than 0 is an error with the last line it printed.
 */
int lab_run(struct lab *l, const char *command, unsigned limit_ms, struct err *e);

/* A program at an end (iperf3, ...), in a box of its own; ended with the lab. */
struct lab_job {
	unsigned port;
	int cpu; /* -1: anywhere */
	const char *command;
	const char *ready;     /* wait until this shell command succeeds; NULL: no wait */
	unsigned limit_ms;     /* of the wait for ready, and of lab_job_wait */
	int pid;	       /* in the box; set by lab_job_start, -1 = has ended */
	char out[32], err[32]; /* files of its output; the same */
};

int lab_job_start(struct lab *l, struct lab_job *j, struct err *e);
/*
 * Wait for its end; *out (may be NULL) is what it printed on stdout, to be freed. An exit
 * status other than 0 is an error.
 */
int lab_job_wait(struct lab *l, struct lab_job *j, char **out, struct err *e);
void lab_job_signal(struct lab *l, struct lab_job *j, int signum);
/* Kill it and reap it; for one that has ended, too. */
void lab_job_stop(struct lab *l, struct lab_job *j);

/* CPU time of all programs at the ends so far, of those that have ended, too. */
uint64_t lab_usage_jobs_ns(struct lab *l);

#endif
