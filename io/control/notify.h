/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling the service manager how far we are, as sd_notify(3) does. */
#ifndef IO_CONTROL_NOTIFY_H
#define IO_CONTROL_NOTIFY_H

#include "core/err.h"

/*
 * Send state ("READY=1") as one datagram to the socket in NOTIFY_SOCKET: 1 =
 * sent, 0 = there is none. An error is worth a line and nothing more.
 */
int notify_send(const char *state, struct err *e);

#endif
