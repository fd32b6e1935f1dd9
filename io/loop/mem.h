/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for buffers and rings, which vhost-net reads and fills. */
#ifndef IO_LOOP_MEM_H
#define IO_LOOP_MEM_H

#include <stddef.h>

#include "core/err.h"

/*
 * len bytes of zeros, of which none is resident yet: in a memfd of this name, so
 * that they can be handed over with the TAP fds; under a limit of file sizes
 * (ulimit -f) that forbids it in memory without a name. NULL with the reason.
 * The caller unmaps it.
 */
void *mem_open(const char *name, size_t len, struct err *e);

#endif
