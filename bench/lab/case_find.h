/* SPDX-License-Identifier: BSD-2-Clause */
/* Where case files and the programs that they name are. */
#ifndef BENCH_LAB_CASE_FIND_H
#define BENCH_LAB_CASE_FIND_H

#include <limits.h>

#include "core/err.h"

/*
 * The folder of case files: $RINGWAY_CASES, else bench/cases of the source tree that this
 * program was built in, else ../share/ringway/cases beside its folder. 0 or -ENOENT.
 */
int case_find_folder(char path[PATH_MAX], struct err *e);

/*
 * A program: ours ("ringway" also by $RINGWAY, then what was built with this program),
 * else in the PATH and the sbin folders. A name with '/' is taken as it is. Returns 0, or
 * -ENOENT with path "".
 */
int case_find_program(const char *name, char path[PATH_MAX]);

#endif
