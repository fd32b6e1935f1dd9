/* SPDX-License-Identifier: BSD-2-Clause */
/* An AF_PACKET receive ring (TPACKET_V3) that hands each of our test frames to a
 * function. */
#ifndef BENCH_PACKET_RING_H
#define BENCH_PACKET_RING_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench_frame.h"
#include "core/err.h"

enum { PACKET_RING_BLOCK = 1 << 20, PACKET_RING_BLOCKS = 32 };

struct packet_ring {
	int fd;	      /* -1 = none */
	uint8_t *map; /* MAP_FAILED = none */
	unsigned next;
};

static inline void packet_ring_init(struct packet_ring *r)
{
	*r = (struct packet_ring){.fd = -1, .map = MAP_FAILED};
}

static inline void packet_ring_close(struct packet_ring *r)
{
	if (r->map != MAP_FAILED)
		munmap(r->map, (size_t)PACKET_RING_BLOCK * PACKET_RING_BLOCKS);
	if (r->fd >= 0)
		close(r->fd);
	packet_ring_init(r);
}

static inline int packet_ring_setup(struct packet_ring *r, int ifindex)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BENCH_FRAME_MAGIC_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BENCH_FRAME_MAGIC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 BENCH_FRAME_LEN_MIN), /* enough to know the frame by */
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {.len = 4, .filter = code};
	struct tpacket_req3 req = {
		.tp_block_size = PACKET_RING_BLOCK,
		.tp_block_nr = PACKET_RING_BLOCKS,
		.tp_frame_size = 2048,
		.tp_frame_nr = PACKET_RING_BLOCK / 2048 * PACKET_RING_BLOCKS,
		.tp_retire_blk_tov = 20, /* ms: a block goes to us at least so often */
	};
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_ifindex = ifindex};
	int version = TPACKET_V3;

	ll.sll_protocol = htons(ETH_P_ALL);
	if (setsockopt(r->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) <
		    0 ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return -errno;
	r->map = mmap(NULL, (size_t)PACKET_RING_BLOCK * PACKET_RING_BLOCKS,
		      PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (r->map == MAP_FAILED || bind(r->fd, (struct sockaddr *)&ll, sizeof(ll)) < 0)
		return -errno;
	return 0;
}

static inline int packet_ring_open(struct packet_ring *r, int ifindex, struct err *e)
{
	int rc;

	packet_ring_init(r);
	r->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	rc = r->fd < 0 ? -errno : packet_ring_setup(r, ifindex);
	if (rc) {
		packet_ring_close(r);
		return err_set(e, rc, "AF_PACKET ring: %s", strerror(-rc));
	}
	return 0;
}

/* Call take() for each frame in the blocks that are ours now. Returns how many. */
static inline unsigned packet_ring_reap(struct packet_ring *r,
					void (*take)(void *arg, const uint8_t *frame,
						     uint32_t seen_len, uint32_t len),
					void *arg)
{
	unsigned n = 0, i;

	for (;;) {
		struct tpacket_block_desc *b =
			(void *)(r->map + (size_t)r->next * PACKET_RING_BLOCK);
		uint8_t *at;

		/* pairs with the kernel's barrier before it gives a block to us */
		if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			return n;
		at = (uint8_t *)b + b->hdr.bh1.offset_to_first_pkt;
		for (i = 0; i < b->hdr.bh1.num_pkts; i++) {
			struct tpacket3_hdr *h = (void *)at;

			take(arg, at + h->tp_mac, h->tp_snaplen, h->tp_len);
			at += h->tp_next_offset;
		}
		n += b->hdr.bh1.num_pkts;
		__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL,
				 __ATOMIC_RELEASE);
		r->next = (r->next + 1) % PACKET_RING_BLOCKS;
	}
}

/* Frames that found the ring full since the last call. */
static inline uint64_t packet_ring_lost(struct packet_ring *r)
{
	struct tpacket_stats_v3 st = {0};
	socklen_t len = sizeof(st);

	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &st, &len) < 0)
		return 0;
	return st.tp_drops;
}

#endif
