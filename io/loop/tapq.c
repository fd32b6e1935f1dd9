/* SPDX-License-Identifier: BSD-2-Clause */
/* Set-up of queue views, and the place of a frame in its buffer. */
#include "io/loop/tapq.h"

#include <poll.h>
#include <string.h>

#include "core/offload.h"
#include "io/loop/tapq_rx.h"
#include "io/loop/tapq_tx.h"
#include "io/loop/vq.h"

void tapq_init(struct tapq *t, struct worker *w, uint32_t view_idx, int fd, bool vnet_hdr)
{
	*t = (struct tapq){
		.w = w,
		.fd = fd,
		.view_idx = view_idx,
		.skip = vnet_hdr ? 0 : PKT_VNET_LEN,
		.q.caps = vnet_hdr ? OFFLOAD_ALL : 0,
	};
	tapq_serve(t, TAPQ_RX_off, TAPQ_TX_off);
}

void tapq_serve(struct tapq *t, enum tapq_rx rx, enum tapq_tx tx)
{
	static void (*const rx_of[TAPQ_RX_N])(struct queue *, struct burst *) = {
		[TAPQ_RX_off] = tapq_rx_read,	 [TAPQ_RX_mshot] = tapq_rx_taken,
		[TAPQ_RX_batch] = tapq_rx_taken, [TAPQ_RX_poll] = tapq_rx_read,
		[TAPQ_RX_epoll] = tapq_rx_read,	 [TAPQ_RX_vhost] = vq_rx,
	};
	static void (*const tx_of[TAPQ_TX_N])(struct queue *, const struct burst *) = {
		[TAPQ_TX_skip] = tapq_tx_skip,	 [TAPQ_TX_cqe] = tapq_tx_cqe,
		[TAPQ_TX_write] = tapq_tx_write, [TAPQ_TX_vhost] = vq_tx,
		[TAPQ_TX_off] = tapq_tx_off,
	};

	/* others read how a queue is served, for reports */
	__atomic_store_n(&t->rx, rx, __ATOMIC_RELAXED);
	t->tx = tx;
	t->ops = (struct queue_ops){rx_of[rx], tx_of[tx], tapq_tx_reclaim};
	t->q.ops = &t->ops;
}

const char *tapq_rx_name(enum tapq_rx rx)
{
	static const char *const names[TAPQ_RX_N] = {"off",  "mshot", "batch",
						     "poll", "epoll", "vhost"};

	return names[rx];
}

uint8_t *tapq_rx_at(const struct tapq *t, const struct pkt *p)
{
	return p->buf + PKT_HEADROOM + t->skip;
}

uint32_t tapq_rx_room(const struct tapq *t)
{
	return PKT_ROOM - t->skip;
}

/*
 * A TAP leaves the header's num_buffers as it was in the buffer; it is ours to
 * set. A device without header gets zeros: nothing to finish.
 */
void tapq_received(const struct tapq *t, struct pkt *p, uint32_t len)
{
	pkt_reset(p, len + t->skip);
	if (t->skip)
		memset(p->data, 0, PKT_VNET_LEN);
	else
		pkt_vnet(p)->num_buffers = 0;
}

bool tapq_is_gone(const struct tapq *t)
{
	struct pollfd p = {.fd = t->fd};

	return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

bool tapq_is_writable(const struct tapq *t)
{
	struct pollfd p = {.fd = t->fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

bool tapq_is_readable(const struct tapq *t)
{
	struct pollfd p = {.fd = t->fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

void tapq_tx_drop(struct tapq *t, struct pkt *p, enum drop why)
{
	counter_add(&t->q.count.tx_failed_packets, 1);
	counter_add(&t->q.count.tx_failed_bytes, pkt_frame_len(p));
	queue_drop(&t->q, p, why);
}

void tapq_tx_failed(struct tapq *t, uint32_t frame_len, int code)
{
	counter_add(&t->q.count.tx_failed_packets, 1);
	counter_add(&t->q.count.tx_failed_bytes, frame_len);
	counter_add(&t->q.count.drops[drop_of_write(code)], 1);
}
