/* SPDX-License-Identifier: BSD-2-Clause */
/* machine: what of a machine decides its speed, as a part of a result document. */
#ifndef BENCH_REPORT_MACHINE_H
#define BENCH_REPORT_MACHINE_H

#include <jansson.h>

/*
 * A new object: cpu, cpus (those this process may run on), kernel, architecture,
 * hypervisor ("none" where nothing says so), mitigations {name: text}, clocksource,
 * governor, memory_mib, load [1, 5, 15 minutes]. What the machine does not tell is null.
 * root: "" or a folder that holds proc/ and sys/ of another machine. NULL: no memory.
 */
json_t *machine_describe(const char *root);

/* "2 x AMD EPYC, Linux 6.18, hypervisor: none, load before 0.3"; free() it. */
char *machine_sentence(const json_t *machine);

#endif
