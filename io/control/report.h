/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters as text: one line for each object, key=value, stable for parsing. */
#ifndef IO_CONTROL_REPORT_H
#define IO_CONTROL_REPORT_H

#include <stdio.h>

#include "core/err.h"
#include "io/loop/engine.h"
#include "io/port/port.h"

/* Write one report, from "port=" lines to "end". Asks the kernel
 * for its counters, and for the names that the devices have now. */
void report_write(FILE *f, const struct engine *g, struct port *ports, unsigned n_ports);

/*
 * The same to an fd, at once and within a second: a reader that does not read
 * must not hold up the signals that come next.
 */
int report_send(int fd, const struct engine *g, struct port *ports, unsigned n_ports,
		struct err *e);

#endif
