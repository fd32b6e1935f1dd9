/* SPDX-License-Identifier: BSD-2-Clause */
/* What core/vlan.h says of a frame, decided a second time on plain bytes. */
#ifndef TESTS_UNIT_VLAN_ORACLE_H
#define TESTS_UNIT_VLAN_ORACLE_H

#include "tests/unit/frame_make.h"

#include "core/vlan.h"

/* A port as a person would write it down: one entry per VLAN. */
struct vlan_words {
	unsigned native;
	char says[4096]; /* 'u'ntagged, 't'agged or 0 */
};

static inline void vlan_words_config(const struct vlan_words *w, struct vlan_port *v)
{
	memset(v, 0, sizeof(*v));
	for (unsigned vid = 1; vid <= 4094; vid++)
		if (w->says[vid])
			vlan_add(v, (uint16_t)vid,
				 (w->says[vid] == 'u' ? VLAN_UNTAGGED : 0u) |
					 (w->native == vid ? VLAN_NATIVE : 0u));
}

/* The VLAN a frame comes in with, or -1 (not allowed), -2 (cut). */
static inline int vlan_words_in(const struct vlan_words *w, unsigned proto,
				const uint8_t *b, uint32_t len)
{
	unsigned vid = 0;

	if (b[12] * 256u + b[13] == proto) {
		if (len < 18)
			return -2;
		vid = (b[14] * 256u + b[15]) % 4096;
	}
	if (!vid)
		vid = w->native;
	return vid && w->says[vid] ? (int)vid : -1;
}

/*
 * The frame as it leaves, in out (4 bytes more than len at most); returns its length.
 * *shift: what was put in before everything behind the addresses, in bytes.
 */
static inline uint32_t vlan_words_out(const struct vlan_words *w, unsigned proto,
				      unsigned vid, const uint8_t *b, uint32_t len,
				      uint8_t *out, int *shift)
{
	bool has = b[12] * 256u + b[13] == proto;
	unsigned priority = has ? b[14] & 0xf0u : 0;
	uint32_t rest = has ? 16 : 12, n = 12;

	memcpy(out, b, 12);
	if (w->says[vid] != 'u') {
		out[n++] = (uint8_t)(proto >> 8);
		out[n++] = (uint8_t)proto;
		out[n++] = (uint8_t)(priority | vid >> 8);
		out[n++] = (uint8_t)vid;
	}
	*shift = (int)n - (int)rest;
	memcpy(out + n, b + rest, len - rest);
	return n + len - rest;
}

#endif
