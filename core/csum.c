/* SPDX-License-Identifier: BSD-2-Clause */
/* Sums of the Internet checksum. */
#include "core/csum.h"

static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* 32-bit words into a 64-bit sum: no carry to mind below 2^32 of them */
uint16_t csum_bytes(const uint8_t *b, size_t n)
{
	uint64_t sum[2] = {0}, word;
	uint16_t rest;

	for (; n >= 16; n -= 16, b += 16) {
		for (int i = 0; i < 2; i++) {
			memcpy(&word, b + 8 * i, sizeof(word));
			sum[i] += (word & 0xffffffff) + (word >> 32);
		}
	}
	for (; n >= 2; n -= 2, b += 2) {
		memcpy(&rest, b, sizeof(rest));
		sum[0] += rest;
	}
	if (n) { /* RFC 1071, 1: an odd byte is followed by a zero */
		const uint8_t last[2] = {*b, 0};

		memcpy(&rest, last, sizeof(rest));
		sum[0] += rest;
	}
	return fold(sum[0] + sum[1]);
}

uint16_t csum_frame(const struct pkt *p, uint32_t off)
{
	uint32_t skip = PKT_VNET_LEN + off, n_before = 0;
	uint16_t sum = 0;

	for (; p; p = p->next) {
		uint16_t part;

		if (p->len <= skip) {
			skip -= p->len;
			continue;
		}
		part = csum_bytes(p->data + skip, p->len - skip);
		/* RFC 1071, 2 (B): behind an odd number of bytes the two change places */
		if (n_before & 1)
			part = (uint16_t)(part << 8 | part >> 8);
		sum = csum_add(sum, part);
		n_before += p->len - skip;
		skip = 0;
	}
	return sum;
}
