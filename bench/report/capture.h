/* SPDX-License-Identifier: BSD-2-Clause */
/* capture: a program run to its end, bounded in time, and what it printed. */
#ifndef BENCH_REPORT_CAPTURE_H
#define BENCH_REPORT_CAPTURE_H

#include <stddef.h>

#include "core/err.h"

struct capture_wish {
	char *const *argv; /* argv[0] is looked for along PATH */
	const char *input; /* its standard input; NULL: /dev/null */
	int ns_fd;	   /* network namespace it runs in; -1: ours */
	int timeout_ms;	   /* killed, with its process group, after this time */
};

struct capture {
	char *text; /* stdout and stderr as they came, terminated; NULL: nothing */
	size_t len;
	int status; /* as of waitpid() */
};

/*
 * Run it to its end. Returns 0 whatever its exit status was, or a negative errno:
 * -ENOENT when there is no such program, -ETIMEDOUT, -E2BIG when it printed more than
 * 64 MiB, -EINTR when a signal handler of ours ran (the program is killed). Afterwards
 * *c is to be given to capture_fini, also after an error.
 */
int capture_run(struct capture *c, const struct capture_wish *w, struct err *e);
void capture_fini(struct capture *c);

/* The same, but an exit status other than 0 is an error that quotes its last line. */
int capture_good(struct capture *c, const struct capture_wish *w, struct err *e);

#endif
