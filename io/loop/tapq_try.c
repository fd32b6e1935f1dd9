/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a TAP take this frame now? In a file of its own, so that tests can answer. */
#include "io/loop/tapq_try.h"

#include <errno.h>

#include "io/loop/tapq_tx.h"

int tapq_try_send(const struct tapq *t, const struct pkt *p)
{
	ssize_t n;

	do {
		n = tapq_tx_once(t, p);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}
