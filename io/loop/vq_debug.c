/* SPDX-License-Identifier: BSD-2-Clause */
/* Spoiling of descriptors, in debug builds alone. */
#include "io/loop/vq_debug.h"

#ifdef RINGWAY_DEBUG
#include <stdlib.h>
#include <string.h>

#include "core/pool.h"

enum { SHORT_LEN = 4 };

void vq_debug_spoil(struct vring_seg *seg, const struct pkt *p, bool is_new)
{
	static _Thread_local bool is_spoilt[POOL_BUFS_MAX + 1];
	static _Thread_local unsigned n;
	const char *how = getenv("RINGWAY_SPOIL"), *colon = how ? strchr(how, ':') : NULL;
	unsigned each = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;

	if (is_new)
		is_spoilt[p->idx] = each && ++n % each == 0;
	if (!is_spoilt[p->idx])
		return;
	if (strncmp(how, "short", 5) == 0)
		seg->len = SHORT_LEN;
	else
		seg->addr = 0x10;
}
#endif
