/* SPDX-License-Identifier: BSD-2-Clause */
/* Sentences for what the TUN/TAP driver's errnos mean. */
#ifndef IO_PORT_TAP_ERR_H
#define IO_PORT_TAP_ERR_H

#include "io/port/tap.h"

/* /dev/net/tun did not open; returns code. */
int tap_err_open(struct err *e, int code);

/* TUNSETIFF failed; before = what existed under the name; returns code. */
int tap_err_setiff(struct err *e, int code, const struct tap_wish *wish,
		   const struct link_info *before);

/* fd (given) is no TAP: TUNGETIFF gave code; returns a negative errno. */
int tap_err_not_tap(struct err *e, int code, int fd);

#endif
