/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_place: where a command works: an open TAP, a namespace, a CPU. */
#ifndef BENCH_CLI_BENCH_PLACE_H
#define BENCH_CLI_BENCH_PLACE_H

#include "core/err.h"

/* "fd:5" is an open TAP: its fd; -1 for every other word. */
int bench_place_fd(const char *word, int *fd, struct err *e);

/*
 * What --cpu and --netns ask for: the process is put on the CPU (-1: it stays free), and
 * *fd is the namespace, to be closed by the caller (-1: netns is NULL, or an error).
 */
int bench_place_enter(const char *netns, int cpu, int *fd, struct err *e);

/* Is there this CPU, and may we run on it? option: "--gen-cpu". cpu < 0: any will do. */
int bench_place_check_cpu(const char *option, int cpu, struct err *e);

/* May we make network namespaces? To be told before many trials would tell it one by one.
 */
int bench_place_check_right(struct err *e);

#endif
