/* SPDX-License-Identifier: BSD-2-Clause */
/* The script and downscript of a TAP. */
#ifndef IO_PORT_SCRIPT_H
#define IO_PORT_SCRIPT_H

#include "core/err.h"

/*
 * Run {path, ifname} in the thread's namespace with fds 0 to 2 and the TAP, and
 * wait for its end. option ("script", "downscript") is for messages. 0, or a
 * negative errno: -ECHILD also when it did not exit with status 0.
 */
int script_run(const char *option, const char *path, const char *ifname, int tap_fd,
	       struct err *e);

#endif
