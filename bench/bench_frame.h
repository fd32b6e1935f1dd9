/* SPDX-License-Identifier: BSD-2-Clause */
/* The test frame: Ethernet, IPv4, UDP and a numbered payload; built, and recognised. */
#ifndef BENCH_BENCH_FRAME_H
#define BENCH_BENCH_FRAME_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	BENCH_FRAME_MAGIC = 0x52575047, /* "RWPG"; positive in both byte orders */
	BENCH_FRAME_MAGIC_AT = 42,	/* behind 14 + 20 + 8 bytes of headers */
	BENCH_FRAME_LEN_MIN = 60,	/* 64 on the wire, with the FCS */
	BENCH_FRAME_LEN_MAX = 65535 + 14,
	BENCH_FRAME_PORT = 20000, /* UDP destination; flow i comes from 10000 + i */
	BENCH_FRAME_SPORT = 10000,
	BENCH_FRAME_FLOWS_MAX = 4096,
};

/* The first 18 bytes of the UDP payload, big endian: a 60-byte frame exactly. */
struct bench_frame_mark {
	uint32_t magic;
	uint32_t run; /* tells the frames of one generator's run from older ones */
	uint16_t flow;
	uint32_t seq_hi, seq_lo; /* counted per flow, from 0 */
} __attribute__((packed));

struct bench_frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct bench_frame_mark mark;
} __attribute__((packed));

_Static_assert(sizeof(struct bench_frame) == BENCH_FRAME_LEN_MIN,
	       "fits the smallest frame");

struct bench_frame_wish {
	uint8_t dst_mac[6], src_mac[6];
	uint32_t dst_ip, src_ip; /* network order */
	uint32_t run;
	unsigned len; /* of the frame, without FCS */
};

static inline uint16_t bench_frame_ip_csum(const uint8_t *p)
{
	uint32_t sum = 0;
	unsigned i;

	for (i = 0; i < sizeof(struct iphdr); i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* All that is the same in every frame; buf has w->len bytes. UDP checksum 0 = none (RFC
 * 768). */
static inline void bench_frame_init(uint8_t *buf, const struct bench_frame_wish *w)
{
	struct bench_frame f = {
		.eth.h_proto = htons(ETH_P_IP),
		.ip = {.version = 4,
		       .ihl = 5,
		       .ttl = 64,
		       .protocol = IPPROTO_UDP,
		       .tot_len = htons((uint16_t)(w->len - ETH_HLEN)),
		       .saddr = w->src_ip,
		       .daddr = w->dst_ip},
		.udp = {.dest = htons(BENCH_FRAME_PORT),
			.len = htons(
				(uint16_t)(w->len - ETH_HLEN - sizeof(struct iphdr)))},
		.mark = {.magic = htonl(BENCH_FRAME_MAGIC), .run = htonl(w->run)},
	};

	memcpy(f.eth.h_dest, w->dst_mac, 6);
	memcpy(f.eth.h_source, w->src_mac, 6);
	f.ip.check = bench_frame_ip_csum((const uint8_t *)&f + ETH_HLEN);
	memset(buf, 0, w->len);
	memcpy(buf, &f, sizeof(f));
}

static inline void bench_frame_number(uint8_t *buf, unsigned flow, uint64_t seq)
{
	struct bench_frame *f = (struct bench_frame *)buf;

	f->udp.source = htons((uint16_t)(BENCH_FRAME_SPORT + flow));
	f->mark.flow = htons((uint16_t)flow);
	f->mark.seq_hi = htonl((uint32_t)(seq >> 32));
	f->mark.seq_lo = htonl((uint32_t)seq);
}

/* Is this one of ours? Fills run, flow and seq. */
static inline bool bench_frame_parse(const uint8_t *buf, size_t len, uint32_t *run,
				     unsigned *flow, uint64_t *seq)
{
	struct bench_frame f;

	if (len < sizeof(f))
		return false;
	memcpy(&f, buf, sizeof(f));
	if (f.eth.h_proto != htons(ETH_P_IP) || f.ip.protocol != IPPROTO_UDP ||
	    f.mark.magic != htonl(BENCH_FRAME_MAGIC))
		return false;
	*run = ntohl(f.mark.run);
	*flow = ntohs(f.mark.flow);
	*seq = (uint64_t)ntohl(f.mark.seq_hi) << 32 | ntohl(f.mark.seq_lo);
	return true;
}

#endif
