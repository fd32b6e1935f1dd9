/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames from an AF_PACKET ring (TPACKET_V3). */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench_clock.h"
#include "bench/wire/wire_rx_own.h"

/*
 * How it works: the kernel fills blocks and gives each to us when it is full or RETIRE_MS
 * old. The time of a frame is the kernel's, of when it was put into the ring, and of
 * CLOCK_REALTIME; the difference to CLOCK_MONOTONIC is asked for with each block, so that
 * a step of the wall clock spoils no more than one.
 */
enum {
	BLOCK = 1 << 20,
	BLOCKS = 32,
	RETIRE_MS = 8,
	HDR_LEN = sizeof(struct virtio_net_hdr), /* 10: what AF_PACKET gives */
};

struct ring {
	int sock;
	uint8_t *map; /* MAP_FAILED = none */
	unsigned next;
};

static int set_up(struct wire_rx *r, struct ring *k)
{
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = 2048,
		.tp_frame_nr = BLOCK / 2048 * BLOCKS,
		.tp_retire_blk_tov = RETIRE_MS,
	};
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_ifindex = r->info.ifindex};
	int version = TPACKET_V3, one = 1;

	ll.sll_protocol = htons(ETH_P_ALL);
	if (r->wish.vnet &&
	    setsockopt(k->sock, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) < 0)
		return -errno;
	if (setsockopt(k->sock, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) <
		    0 ||
	    setsockopt(k->sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) <
		    0 ||
	    setsockopt(k->sock, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return -errno;
	k->map = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED,
		      k->sock, 0);
	if (k->map == MAP_FAILED || bind(k->sock, (struct sockaddr *)&ll, sizeof(ll)) < 0)
		return -errno;
	return 0;
}

static int mmap_open(struct wire_rx *r, struct err *e)
{
	struct ring *k = r->own = calloc(1, sizeof(*k));
	int rc;

	if (!k)
		return err_set(e, -ENOMEM, "no memory for a receiver");
	k->sock = -1;
	k->map = MAP_FAILED;
	/* where eBPF is not permitted frames go on: it costs time, no more */
	if (r->wish.ends)
		(void)wire_bpf_open(&r->bpf, WIRE_BPF_tc, r->ifname, r->info.ifindex,
				    &r->wish.match, NULL);
	k->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	rc = k->sock < 0 ? -errno : set_up(r, k);
	if (rc)
		return wire_refused(e, rc, "AF_PACKET receive ring");
	r->fd = k->sock;
	return 0;
}

static void mmap_close(struct wire_rx *r)
{
	struct ring *k = r->own;

	if (!k)
		return;
	if (k->map != MAP_FAILED)
		munmap(k->map, (size_t)BLOCK * BLOCKS);
	if (k->sock >= 0)
		close(k->sock);
	free(k);
}

/* What to add to CLOCK_REALTIME for CLOCK_MONOTONIC. */
static int64_t clock_shift(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)bench_clock_ns() -
	       ((int64_t)t.tv_sec * BENCH_CLOCK_S + (int64_t)t.tv_nsec);
}

static void take_frame(struct wire_rx *r, struct tpacket3_hdr *h, int64_t shift)
{
	uint8_t *frame = (uint8_t *)h + h->tp_mac;
	int64_t at = (int64_t)h->tp_sec * BENCH_CLOCK_S + (int64_t)h->tp_nsec + shift;
	size_t len = h->tp_snaplen;

	r->count.frames++;
	r->count.units++;
	r->count.bytes += h->tp_len;
	if (!r->wish.take)
		return;
	if (r->wish.vnet) {
		/* the header stands before the frame with 10 bytes; we hand out 12, and
		 * before them is only what has been read already */
		memmove(frame - WIRE_VNET_LEN, frame - HDR_LEN, HDR_LEN);
		memset(frame - 2, 0, 2);
		frame -= WIRE_VNET_LEN;
		len += WIRE_VNET_LEN;
	}
	r->wish.take(r->wish.arg, frame, len, (uint64_t)at);
}

static void take_block(struct wire_rx *r, struct tpacket_block_desc *b)
{
	struct tpacket3_hdr *h = (void *)((uint8_t *)b + b->hdr.bh1.offset_to_first_pkt);
	int64_t shift = clock_shift();

	for (uint32_t i = b->hdr.bh1.num_pkts; i; i--) {
		struct tpacket3_hdr *after = (void *)((uint8_t *)h + h->tp_next_offset);

		take_frame(r, h, shift);
		h = after;
	}
	/* pairs with the kernel's look at the status before it fills the block again */
	__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

static int mmap_reap(struct wire_rx *r, struct err *e)
{
	struct ring *k = r->own;
	struct tpacket_stats_v3 st = {0};
	socklen_t len = sizeof(st);
	int code = 0;
	socklen_t code_len = sizeof(code);

	for (unsigned n = 0; n < BLOCKS; n++) {
		struct tpacket_block_desc *b = (void *)(k->map + (size_t)k->next * BLOCK);

		/* pairs with the kernel's barrier before it gives a block to us */
		if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			break;
		take_block(r, b);
		k->next = (k->next + 1) % BLOCKS;
	}
	if (getsockopt(k->sock, SOL_PACKET, PACKET_STATISTICS, &st, &len) == 0)
		r->count.lost += st.tp_drops;
	if (getsockopt(k->sock, SOL_SOCKET, SO_ERROR, &code, &code_len) == 0 && code)
		return err_set(
			e, code == ENETDOWN ? -ENETDOWN : -code,
			"%s: the interface was set down or removed while frames were "
			"received",
			r->ifname);
	return 0;
}

/* The block that is being filled comes to us after RETIRE_MS. */
static int mmap_drain(struct wire_rx *r, struct err *e)
{
	uint64_t end = bench_clock_ns() + 4 * RETIRE_MS * (uint64_t)1000000;
	int rc;

	do {
		struct pollfd p = {.fd = r->fd, .events = POLLIN};

		poll(&p, 1, RETIRE_MS);
		rc = mmap_reap(r, e);
	} while (!rc && bench_clock_ns() < end);
	return rc;
}

const struct wire_rx_ops wire_rx_mmap_ops = {
	.open = mmap_open,
	.close = mmap_close,
	.reap = mmap_reap,
	.drain = mmap_drain,
};
