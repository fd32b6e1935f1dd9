/* SPDX-License-Identifier: BSD-2-Clause */
/* struct signals: signals as something to read, those that end us apart. */
#ifndef IO_CONTROL_SIGNALS_H
#define IO_CONTROL_SIGNALS_H

#include "core/err.h"

enum { SIGNALS_OTHERS = 3 }; /* kinds of signals that do not end us */

struct signals {
	int stop_fd;	/* signalfd of SIGTERM and SIGINT; -1 = none */
	int other_fd;	/* signalfd of SIGHUP, SIGUSR1 and SIGUSR2; -1 = none */
	int stopped_by; /* the signal that was to end us; 0 = none yet */
};

void signals_init(struct signals *s);

/*
 * From here on they are read, not caught: threads and ports inherit the mask.
 * What else our parent may have set is made usual: SIGPIPE and SIGXFSZ are errors
 * of write(), and children are waited for (SIGCHLD).
 */
int signals_open(struct signals *s, struct err *e);

/* Without waiting: SIGTERM or SIGINT, also if it came before, or 0. */
int signals_stop(struct signals *s);

/* Without waiting: the next SIGTERM or SIGINT that nobody has seen yet, or 0. */
int signals_again(struct signals *s);

/* Without waiting: the next of the others, or 0. */
int signals_other(struct signals *s);

/* May run twice. */
void signals_close(struct signals *s);

#endif
