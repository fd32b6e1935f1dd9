/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting a helper program with almost no fds, and waiting for its end. */
#ifndef IO_PORT_SPAWN_H
#define IO_PORT_SPAWN_H

#include <sys/types.h>

#include "core/err.h"

enum { SPAWN_FD = 3 }; /* where the child finds the one fd it is given */

/*
 * Start argv (argv[0] is a path) with fds 0 to 2, keep_fd as SPAWN_FD, and no
 * other, in a process group of its own, with default signals: the pid, or a
 * negative errno, also when the program cannot be executed.
 */
int spawn_start(char *const argv[], int keep_fd, struct err *e);

/*
 * From now on a wait ends when fd (a signalfd; -1 = none) becomes readable: the
 * child's group is sent SIGTERM, after 1 s SIGKILL, the child is reaped, and the
 * wait returns -EINTR. fd is neither read nor closed. It ends one wait only and
 * is then forgotten, so that it does not end what is run to undo the first.
 * Where the kernel has no fd left for it, a wait without a time goes on unwatched.
 */
void spawn_watch(int fd);

/*
 * Wait until fd is readable: 1, 0 after timeout_ms (-1 = for ever), -EINTR when
 * the watched fd became readable, or another negative errno.
 */
int spawn_poll(int fd, int timeout_ms);

/* Wait for the end: the status as of waitpid(), or a negative errno. */
int spawn_wait(pid_t pid, int *status);

/*
 * The same, but for timeout_ms at most: then the group is killed, the child
 * reaped, and -ETIMEDOUT returned.
 */
int spawn_wait_for(pid_t pid, int timeout_ms, int *status);

/* Kill the group and reap the child. */
void spawn_kill(pid_t pid);

/* The same, with SIGTERM and a second's time first. */
void spawn_stop(pid_t pid);

/* "exited with status 3", "was killed by signal 9": into text. */
void spawn_describe(int status, char *text, size_t size);

#endif
