/* SPDX-License-Identifier: BSD-2-Clause */
/* What the options about vhost-net amount to. */
#include "io/port/port_spec.h"

enum tristate port_spec_vhost(const struct port_spec *s)
{
	if (s->vhost == TRI_off)
		return TRI_off;
	if (s->vhost == TRI_on || s->vhostforce == TRI_on)
		return TRI_on;
	if (s->vhost == TRI_auto)
		return TRI_auto;
	return s->n_vhostfds ? TRI_on : TRI_auto;
}
