/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be asked of the system before the first port is opened. */
#ifndef IO_CONTROL_PREFLIGHT_H
#define IO_CONTROL_PREFLIGHT_H

#include "core/err.h"
#include "io/control/config.h"

/*
 * Are the given fds open, each an open file of its own, and those for frames
 * TAPs? Marks them close-on-exec, so that no script inherits them. Must run
 * before ringway opens an fd of its own, which might get the number of one that
 * was never given (preflight_fds.c).
 */
int preflight_fds(const struct config *c, struct err *e);

/* May this process run on each of the CPUs? */
int preflight_cpus(const struct config *c, struct err *e);

/* Raise the soft limit of open files as needed; an error if the hard one is too low. */
int preflight_limits(const struct config *c, struct err *e);

/* Do the namespaces, scripts and helpers exist that are named? Changes nothing. */
int preflight_files(const struct config *c, struct err *e);

#endif
