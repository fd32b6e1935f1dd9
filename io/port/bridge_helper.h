/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's bridge helper: a program that opens a TAP, puts it into a bridge and hands over
 * the fd. */
#ifndef IO_PORT_BRIDGE_HELPER_H
#define IO_PORT_BRIDGE_HELPER_H

#include "core/err.h"

/*
 * How long a helper may take, in milliseconds; 30,000. A variable for tests.
 */
extern int bridge_helper_timeout_ms;

/*
 * Run helper (through `sh -c` if it holds a space or tab) for the bridge br and
 * take the one TAP fd it sends: the fd, which the caller owns, or a negative
 * errno. The child has ended when this returns.
 */
int bridge_helper_open(const char *helper, const char *br, struct err *e);

#endif
