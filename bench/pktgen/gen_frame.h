/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_frame: what the frames of a gen look like, for who makes them and who checks them.
 */
#ifndef BENCH_PKTGEN_GEN_FRAME_H
#define BENCH_PKTGEN_GEN_FRAME_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "bench/pktgen/gen_spec.h"

/*
 * The mark, big endian, right behind the headers (in an ARP request: in its padding) and
 * at the start of each segment's payload:
 *
 *   0 run (16 bits)  2 flow (16)  4 number (32)  8 time in ns (48)  14 hash (32)
 *
 * hash = XXH3 of the first 14 bytes and two zeros, seeded by the hash of the headers'
 * invariant bytes (gen_frame_head_hash) and by that of the payload behind the mark, up to
 * the next mark.
 */
enum {
	GEN_FRAME_MARK_LEN = 18,
	GEN_FRAME_HASHED_LEN = 14,
	GEN_FRAME_VNET_LEN = 12,
	GEN_FRAME_ETH_LEN = 14,
	GEN_FRAME_L3L4_MAX = 60,
	GEN_FRAME_HEADER_MAX = GEN_FRAME_ETH_LEN + 8 + GEN_FRAME_L3L4_MAX,
	GEN_FRAME_ETHERTYPE = 0x88b5, /* IEEE 802, local experimental 1 */
};

/* What a protocol's headers are. */
struct gen_frame_proto {
	uint16_t ethertype;
	uint8_t l3_len, l4_len; /* l3: also ARP; 0 = none */
	uint8_t ip_proto;	/* 0 = no UDP or TCP */
	uint8_t csum_off;	/* of UDP's or TCP's checksum, in l4 */
	uint8_t gso_type;	/* of the virtio-net header */
};
extern const struct gen_frame_proto gen_frame_protos[];

static inline const struct gen_frame_proto *gen_frame_proto_of(const struct gen_spec *s)
{
	return &gen_frame_protos[s->proto];
}

/* Headers of one flow, lengths and checksums 0; returns their length. */
unsigned gen_frame_headers(const struct gen_spec *s, uint32_t flow, uint8_t *head);

/* Hash of all in the headers that neither tags, checksums nor segmentation change.
 * macs: 12 bytes; l3: behind the (inner) ethertype. */
uint64_t gen_frame_head_hash(const struct gen_spec *s, const uint8_t *macs,
			     const uint8_t *l3);

/* One's complement sum of len bytes in memory order, not folded to the end (< 2^33). */
uint64_t gen_frame_sum(const uint8_t *p, size_t len);

/* Sum of the pseudo header without the length. */
uint64_t gen_frame_pseudo_sum(const struct gen_spec *s, const uint8_t *l3);

static inline uint16_t gen_frame_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* splitmix64: a number that looks random for each x, the same each time. */
static inline uint64_t gen_frame_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/*
 * The mark's hash from those of headers and payload; first, time: its first 8 bytes, and
 * its next 6 with two zeros behind, as they lie in memory. Two words that never were in
 * memory: a load across two stores would wait for both.
 */
static inline uint32_t gen_frame_words_hash(uint64_t first, uint64_t time,
					    uint64_t head_hash, uint64_t payload_hash)
{
	uint64_t words[2] = {first, time};
	uint64_t seed = head_hash + payload_hash * 0x9e3779b97f4a7c15;

	return (uint32_t)XXH3_64bits_withSeed(words, sizeof(words), seed);
}

/* The same of the mark's first 14 bytes. */
static inline uint32_t gen_frame_mark_hash(const uint8_t *mark, uint64_t head_hash,
					   uint64_t payload_hash)
{
	uint64_t first, time = 0;

	memcpy(&first, mark, 8);
	memcpy(&time, mark + 8, GEN_FRAME_HASHED_LEN - 8);
	return gen_frame_words_hash(first, time, head_hash, payload_hash);
}

static inline uint64_t gen_frame_payload_hash(const uint8_t *p, size_t len)
{
	return XXH3_64bits(p, len);
}

static inline void gen_frame_put16(uint8_t *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, 2);
}

static inline uint16_t gen_frame_get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return be16toh(v);
}

static inline uint32_t gen_frame_get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return be32toh(v);
}

#endif
