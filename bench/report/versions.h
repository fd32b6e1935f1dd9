/* SPDX-License-Identifier: BSD-2-Clause */
/* versions: of the programs that took part, as a part of a result document. */
#ifndef BENCH_REPORT_VERSIONS_H
#define BENCH_REPORT_VERSIONS_H

#include <jansson.h>

/*
 * A new object {program: first line of what it says of its version}. ringway: path of the
 * binary under test, or NULL. Programs that are not installed are left out.
 */
json_t *versions_collect(const char *ringway);

/* What the program at path says of itself, as one line; null if nothing. */
json_t *versions_ringway(const char *path);

#endif
