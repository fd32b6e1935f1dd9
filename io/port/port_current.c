/* SPDX-License-Identifier: BSD-2-Clause */
/* The name of a port's device, which others may change: apart, as reports need no more.
 */
#include <string.h>

#include "io/port/port.h"
#include "io/port/tap.h"

const char *port_current_name(const struct port *p, char name[IFNAMSIZ])
{
	struct tap_state st;

	memcpy(name, p->ifname, IFNAMSIZ);
	if (p->fds[0] >= 0 && tap_probe(p->fds[0], &st) == 0)
		memcpy(name, st.ifname, IFNAMSIZ);
	return name;
}
