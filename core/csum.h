/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071): sums of bytes, over the buffers of a packet too. */
#ifndef CORE_CSUM_H
#define CORE_CSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/pkt.h"

/*
 * How it works: a sum is taken over 16-bit words as they lie in memory, and what
 * is stored of it is stored as it is: RFC 1071, 2 (B) makes the order of the bytes
 * of a word no matter. csum_net() brings a number into that form.
 */

/* n bytes, the first of them at an even place; folded to 16 bits. */
uint16_t csum_bytes(const uint8_t *b, size_t n);

/* The frame of p from offset off to its end, whatever buffers it lies in. */
uint16_t csum_frame(const struct pkt *p, uint32_t off);

/* Two sums, or a sum and csum_net() of a number. 0 only if both are 0. */
static inline uint16_t csum_add(uint16_t a, uint16_t b)
{
	uint32_t sum = (uint32_t)a + b;

	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* A number as a word in network order lies in memory. */
static inline uint16_t csum_net(uint16_t value)
{
	uint8_t b[2] = {(uint8_t)(value >> 8), (uint8_t)value};
	uint16_t word;

	memcpy(&word, b, sizeof(word));
	return word;
}

#endif
