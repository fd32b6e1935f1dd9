/* SPDX-License-Identifier: BSD-2-Clause */
/* The vhost-net stage: says that this version has no data path over it yet. */
#include "vhost/vhost.h"

int vhost_can(struct err *e)
{
	return err_set(e, -EOPNOTSUPP,
		       "this version of ringway does not move packets by vhost-net");
}
