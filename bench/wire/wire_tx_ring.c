/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames by an AF_PACKET TX_RING (TPACKET_V2). */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/wire/wire_tx_own.h"

/*
 * How it works: a slot is a tpacket2_hdr and, DATA_AT bytes from its start, what is sent.
 * The kernel takes slots in order, from its own head on, as long as they say
 * SEND_REQUEST. A frame that the device refuses keeps its slot and the head stays: to
 * give it up it is made too long, which with PACKET_LOSS lets the kernel pass over it.
 *
 * The virtio-net header in a buffer has 12 bytes and AF_PACKET's has 10. So the buffer
 * begins 2 bytes before the data, and the header is moved up when the frame is put, and
 * back before the buffer is given out again.
 */
enum {
	DATA_AT = TPACKET2_HDRLEN - sizeof(struct sockaddr_ll),
	HDR_LEN = sizeof(struct virtio_net_hdr),
	SKEW = WIRE_VNET_LEN - HDR_LEN,
	BLOCK = 1 << 18,
	SLOTS = 256, /* of frames that fit 2 KiB */
	WAIT_MS = 10,
};

struct ring {
	uint8_t *map; /* MAP_FAILED = none */
	size_t map_len, slot_len;
};

static struct tpacket2_hdr *slot(const struct wire_tx *t, unsigned idx)
{
	const struct ring *r = t->own;

	return (void *)(r->map + idx * r->slot_len);
}

static uint32_t status_of(const struct wire_tx *t, unsigned idx)
{
	/* pairs with the kernel's barrier before it gives a slot back */
	return __atomic_load_n(&slot(t, idx)->tp_status, __ATOMIC_ACQUIRE);
}

static int set_up(struct wire_tx *t)
{
	struct ring *r = t->own;
	struct tpacket_req req = {0};
	int version = TPACKET_V2, one = 1;

	/* a power of 2, so that slots follow each other over the ends of blocks */
	for (r->slot_len = 256; r->slot_len < DATA_AT + t->wish.max_len + 16;)
		r->slot_len *= 2;
	req.tp_frame_size = (unsigned)r->slot_len;
	req.tp_block_size = BLOCK;
	t->n_bufs = r->slot_len <= 2048 ? SLOTS : BLOCK / (unsigned)r->slot_len * 16;
	if (t->n_bufs > SLOTS)
		t->n_bufs = SLOTS;
	req.tp_block_nr = (unsigned)((t->n_bufs * r->slot_len + BLOCK - 1) / BLOCK);
	req.tp_frame_nr = BLOCK / (unsigned)r->slot_len * req.tp_block_nr;
	t->n_bufs = req.tp_frame_nr;
	r->map_len = (size_t)BLOCK * req.tp_block_nr;
	if (setsockopt(t->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) <
		    0 ||
	    setsockopt(t->fd, SOL_PACKET, PACKET_LOSS, &one, sizeof(one)) < 0 ||
	    setsockopt(t->fd, SOL_PACKET, PACKET_TX_RING, &req, sizeof(req)) < 0)
		return -errno;
	r->map = mmap(NULL, r->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	return r->map == MAP_FAILED ? -errno : 0;
}

static int ring_open(struct wire_tx *t, struct err *e)
{
	struct ring *r = t->own = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return err_set(e, -ENOMEM, "no memory for a sender");
	r->map = MAP_FAILED;
	rc = wire_tx_socket(t, e);
	if (rc)
		return rc;
	rc = set_up(t);
	if (rc)
		return wire_refused(e, rc, "AF_PACKET TX_RING");
	t->buf = calloc(t->n_bufs, sizeof(*t->buf));
	if (!t->buf)
		return err_set(e, -ENOMEM, "no memory for a sender");
	for (unsigned i = 0; i < t->n_bufs; i++)
		t->buf[i] = (uint8_t *)slot(t, i) + DATA_AT - (t->wish.vnet ? SKEW : 0);
	return 0;
}

static void ring_close(struct wire_tx *t)
{
	struct ring *r = t->own;

	if (r && r->map != MAP_FAILED)
		munmap(r->map, r->map_len);
	free(r);
}

static bool ring_is_free(struct wire_tx *t, unsigned idx)
{
	if (status_of(t, idx) != TP_STATUS_AVAILABLE)
		return false;
	if (t->wish.vnet && slot(t, idx)->tp_len)
		memmove(t->buf[idx], t->buf[idx] + SKEW, HDR_LEN);
	slot(t, idx)->tp_len = 0;
	return true;
}

static void ring_put(struct wire_tx *t, unsigned idx, size_t len)
{
	struct tpacket2_hdr *h = slot(t, idx);

	if (t->wish.vnet) {
		memmove(t->buf[idx] + SKEW, t->buf[idx], HDR_LEN);
		len -= SKEW;
	}
	h->tp_len = (uint32_t)len;
	/* pairs with the kernel's look at the status before it reads the slot */
	__atomic_store_n(&h->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
}

/* Pass over what the kernel is done with. */
static void collect(struct wire_tx *t)
{
	while (t->n_put) {
		struct tpacket2_hdr *h = slot(t, t->first);

		if (status_of(t, t->first) == TP_STATUS_SEND_REQUEST)
			return;
		if (h->tp_len == UINT32_MAX)
			t->count.refused++;
		else
			t->count.sent++;
		t->first = (t->first + 1) % t->n_bufs;
		t->n_put--;
	}
}

/* Take back all that is left, after a failure. */
static void give_up(struct wire_tx *t)
{
	t->count.refused += t->n_put;
	t->n_put = 0;
}

static int ring_flush(struct wire_tx *t, struct err *e)
{
	struct pollfd p = {.fd = t->fd, .events = POLLOUT};

	while (t->n_put) {
		ssize_t rc = send(t->fd, NULL, 0, MSG_DONTWAIT);
		int code = rc < 0 ? -errno : 0;

		t->count.calls++;
		collect(t);
		if (!code || code == -EINTR)
			continue;
		if (!wire_tx_is_refusal(code)) {
			give_up(t);
			return wire_tx_failed(t, code, e);
		}
		/* EAGAIN: the socket's buffer is full of frames that are on their way */
		if (code == -EAGAIN)
			poll(&p, 1, WAIT_MS);
		else if (t->n_put)
			slot(t, t->first)->tp_len = UINT32_MAX;
	}
	if (status_of(t, t->next) != TP_STATUS_AVAILABLE)
		poll(&p, 1, WAIT_MS);
	return 0;
}

const struct wire_tx_ops wire_tx_ring_ops = {
	.open = ring_open,
	.close = ring_close,
	.is_free = ring_is_free,
	.put = ring_put,
	.flush = ring_flush,
};
