/* SPDX-License-Identifier: BSD-2-Clause */
/* The main thread from READY to the stop signal: signals, reports, a look each second. */
#ifndef IO_CONTROL_SERVE_H
#define IO_CONTROL_SERVE_H

#include "core/err.h"
#include "io/control/signals.h"
#include "io/loop/engine.h"
#include "io/port/port.h"

/*
 * Tell what happened to vhost-net since it was told last, and keep with the port
 * how it is served now.
 */
void serve_tell_vhost(struct engine *g, struct port *ports, unsigned n_ports);

/* Returns 0 when SIGTERM or SIGINT came; n_ports: at most CONFIG_PORTS_MAX. */
int serve_until_stop(struct signals *s, struct engine *g, struct port *ports,
		     unsigned n_ports, struct err *e);

#endif
