/* SPDX-License-Identifier: BSD-2-Clause */
/* The door to the optional vhost-net stage: all that io/ may know of it. */
#ifndef VHOST_VHOST_H
#define VHOST_VHOST_H

#include <errno.h>

#include "core/err.h"

/*
 * Can packets of a port be moved by vhost-net? 0, or a negative errno with the
 * reason: in a build without the stage (make VHOST=0), and until the stage has
 * a data path, -EOPNOTSUPP. Asks the kernel nothing.
 */
#if RINGWAY_VHOST
int vhost_can(struct err *e);
#else
static inline int vhost_can(struct err *e)
{
	return err_set(e, -EOPNOTSUPP,
		       "this ringway was built without vhost-net (make VHOST=0)");
}
#endif

#endif
