/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for a person, on standard error: bounded in time and in number. */
#ifndef IO_CONTROL_SAY_H
#define IO_CONTROL_SAY_H

#include <sys/types.h>

enum {
	SAY_BURST = 100,       /* lines that may be said at once, */
	SAY_PER_SECOND = 10,   /* and then so many in a second */
	SAY_PATIENCE_MS = 100, /* how long a reader that does not read is waited for */
	SAY_LAST_MS = 1000,    /* the same for the line that tells why we end */
};

/*
 * One line, "ringway: " and the text; bytes that could move a cursor become
 * '?'. What finds no reader, or comes too thick, is lost and counted; the
 * count is told when a line passes again. One thread only, the main one.
 */
void say_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_line(const char *text);

/* The error that ends the run: not counted against the number. */
void say_last(const char *text);

/* Tell how many lines were lost, if there are any and somebody reads now. */
void say_lost(void);

/*
 * Write as much as fd takes now, at most PIPE_BUF bytes; fd has polled as
 * writable. As write(2), and without waiting for a terminal that nobody reads.
 */
ssize_t say_some(int fd, const char *text, size_t len);

#endif
