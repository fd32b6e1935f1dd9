/* SPDX-License-Identifier: BSD-2-Clause */
/* box: programs in process, mount and network namespaces that end with the process that
 * made them. */
#ifndef BENCH_LAB_BOX_H
#define BENCH_LAB_BOX_H

#include <stddef.h>
#include <sys/types.h>

#include "core/err.h"

/*
 * How it works: the box is one child, init of a PID namespace. When it dies, the kernel
 * kills every process of that namespace, daemons too; it dies when its parent does
 * (PR_SET_PDEATHSIG, and the end of file on its socket). In its mount namespace /run and
 * /dev/shm are empty and its own, so the namespaces that programs find by name under
 * /run/netns, and the folder BOX_DIR, are seen by nobody else and are gone with the last
 * process.
 *
 * The parent asks by messages over the socket: start a command (which becomes a child of
 * init), signal one or all; it is told of each command's end. All of that is done by one
 * thread, the one that opened the box.
 */
#define BOX_DIR	  "/run/ringway-bench"
#define BOX_TRACE BOX_DIR "/trace" /* tracefs, where it may be mounted */

enum { BOX_TEXT_MAX = 60000, BOX_ENDED_MAX = 256, BOX_ALL = -1 };

struct box {
	pid_t init; /* as the parent sees it; -1 = none */
	int sock;   /* -1 = none */
	int ns;	    /* fd of its network namespace; -1 = none */
	struct box_end {
		pid_t pid;
		int status;
	} ended[BOX_ENDED_MAX]; /* told, not yet asked for */
	unsigned n_ended;
};

/* Every fd -1: box_close may follow. */
void box_init(struct box *b);

/*
 * ns[i] (fds, only read) appears as /run/netns/end<i>; env: the environment of the
 * commands, ended by NULL. On failure nothing is left.
 */
int box_open(struct box *b, const int *ns, unsigned n_ns, char *const *env,
	     struct err *e);

/* Kill all and wait until they are gone; twice is fine. */
void box_close(struct box *b);

struct box_command {
	const char *text; /* for /bin/sh -e; less than BOX_TEXT_MAX bytes */
	int end;	  /* in the namespace of ns[end]; -1: in the box's own */
	int cpu;	  /* -1: anywhere */
	const char *out;  /* stdout is appended to this file of BOX_DIR */
	const char *err;  /* the same for stderr */
};

/* Start it: its process id in the box, or a negative errno. */
pid_t box_start(struct box *b, const struct box_command *c, struct err *e);

/*
 * Wait for the end of one that box_start() gave: 1 and its status (as of waitpid), 0
 * after limit_ms (0: look only), or a negative errno when the box is gone.
 */
int box_wait(struct box *b, pid_t pid, unsigned limit_ms, int *status, struct err *e);

/* Wait until a command ends (box_wait finds it), or for ms. */
int box_pause(struct box *b, unsigned ms, struct err *e);

/* Signal the session of a command, or everything in the box (BOX_ALL) but its init. */
int box_signal(struct box *b, pid_t pid, int signum, struct err *e);

/*
 * The end of a file of BOX_DIR, at most size - 1 bytes, terminated. Returns their number;
 * 0 for a file that is not there.
 */
size_t box_tail(const struct box *b, const char *file, char *text, size_t size);

/* The whole file, to be freed by the caller, or NULL (absent, or longer than 16 MiB). */
char *box_file(const struct box *b, const char *file);

#endif
