/* SPDX-License-Identifier: BSD-2-Clause */
/* struct pidfile: a file with our process id, locked for as long as we live. */
#ifndef IO_CONTROL_PIDFILE_H
#define IO_CONTROL_PIDFILE_H

#include "core/err.h"

struct pidfile {
	int fd; /* -1 = none; holds the lock */
	char path[4096];
};

void pidfile_init(struct pidfile *p);

/*
 * Create or take over the file and lock it. Refused: a file that a living
 * process has locked (-EBUSY), one that holds something else than a process
 * id, one that is no regular file.
 */
int pidfile_open(struct pidfile *p, const char *path, struct err *e);

/* Write our process id into it. */
int pidfile_write(struct pidfile *p, struct err *e);

/* Remove the file, if it is still ours, and let go of the lock. May run twice. */
void pidfile_close(struct pidfile *p);

#endif
