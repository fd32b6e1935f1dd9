/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of several buffers. */
#include "core/pkt.h"

void pkt_chain(struct pkt *head, struct pkt *tail)
{
	struct pkt *last = head;

	while (last->next)
		last = last->next;
	last->next = tail;
	head->total_len += tail->total_len;
	head->n_bufs = (uint16_t)(head->n_bufs + tail->n_bufs);
}

const uint8_t *pkt_bytes_slow(const struct pkt *p, uint32_t off, uint32_t n, void *copy)
{
	uint32_t frame_len = pkt_frame_len(p), done = 0, skip;

	if (n > frame_len || off > frame_len - n)
		return NULL;
	skip = off + PKT_VNET_LEN;
	for (; p && done < n; p = p->next) {
		uint32_t part;

		if (skip >= p->len) {
			skip -= p->len;
			continue;
		}
		part = p->len - skip < n - done ? p->len - skip : n - done;
		memcpy((uint8_t *)copy + done, p->data + skip, part);
		done += part;
		skip = 0;
	}
	return done == n ? copy : NULL;
}
