/* SPDX-License-Identifier: BSD-2-Clause */
/* struct tapq: a worker's view of one queue of a TAP device. */
#ifndef IO_LOOP_TAPQ_H
#define IO_LOOP_TAPQ_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/queue.h"

struct worker;

enum {
	TAPQ_LARGE = 4096,	      /* mean bytes of a burst of super-packets */
	TAPQ_RX_BUFS = 2 * BURST_MAX, /* with the kernel at once, at most */
};

/*
 * How frames come in:
 *	mshot	READ_MULTISHOT into provided buffers (forms A, B); while each burst
 *		is full, batches of READs
 *	batch	READs with RWF_NOWAIT, oneshot poll when idle (form C)
 *	poll	oneshot poll, then read() (form D)
 *	epoll	the epoll set, then read() (form E, or io=epoll)
 *	vhost	a virtqueue that vhost-net fills; the TAP fd is not read
 *	off	not here: another worker receives, or the queue is detached
 */
enum tapq_rx {
	TAPQ_RX_off,
	TAPQ_RX_mshot,
	TAPQ_RX_batch,
	TAPQ_RX_poll,
	TAPQ_RX_epoll,
	TAPQ_RX_vhost,
	TAPQ_RX_N
};

/*
 * How they go out:
 *	skip	WRITE SQEs of which only failures complete (forms A to C)
 *	cqe	WRITE SQEs that complete (form D)
 *	write	write() and writev() at once (form E, io=epoll, or where form D
 *		might have to wait: a kernel that lacks RWF_NOWAIT puts a write
 *		off when the send buffer is full, and later ones overtake it; or where
 *		segments or flooded copies need their buffers back within the turn)
 *	vhost	a virtqueue that vhost-net empties; its one writer is the worker that
 *		receives from the queue, the others write to the TAP fd
 *	off	nowhere: each queue of the port is detached
 */
enum tapq_tx {
	TAPQ_TX_skip,
	TAPQ_TX_cqe,
	TAPQ_TX_write,
	TAPQ_TX_vhost,
	TAPQ_TX_off,
	TAPQ_TX_N
};

struct vq;

struct tapq {
	struct queue q;	      /* first: what core sees */
	struct queue_ops ops; /* of q: rx and tx are chosen apart */
	struct worker *w;
	int fd;
	uint32_t view_idx; /* its place in w->views, and in the ring's registered files */
	uint32_t skip; /* bytes of our virtio-net header that the device does not have */
	enum tapq_rx rx;
	enum tapq_tx tx;
	bool is_shared; /* given by someone who has it too: may become blocking */
	bool armed;	/* a multishot read or a poll is in the kernel */
	bool gone;	/* the device was deleted: nothing more comes */
	bool is_paused; /* the TAP fd is not read, for now or while vhost-net does */
	bool is_dirty;	/* in the worker's list of views to arm */
	struct tapq *next_dirty;
	/* mshot, batch: what has come since the last turn, in the order it came */
	struct pkt *in[TAPQ_RX_BUFS];
	unsigned n_in, n_taken; /* taken of them, in bursts, by this turn */
	/* mshot: the provided-buffer ring and how many buffers lie in it */
	struct io_uring_buf_ring *ring;
	unsigned n_published;
	/* mshot, batch: how many buffers may be with the kernel at once */
	unsigned depth;
	unsigned n_failures; /* reads or polls that ended for another reason, in a row */
	/* how many single READs to try at once, how many are out, was one empty-handed */
	unsigned n_try, n_out;
	bool dry;
	/* how the TAP fd is served when vhost-net does not serve the queue */
	enum tapq_rx tap_rx;
	enum tapq_tx tap_tx;
	struct vq *vq; /* the rings to vhost-net; NULL = this view has none */
};

/* The view of a queue: vnet_hdr says whether the device has a virtio-net header. */
void tapq_init(struct tapq *t, struct worker *w, uint32_t view_idx, int fd,
	       bool vnet_hdr);

/* Choose how it receives and sends. */
void tapq_serve(struct tapq *t, enum tapq_rx rx, enum tapq_tx tx);

/* "mshot", "batch", "poll", "epoll", "vhost", "off". Static. */
const char *tapq_rx_name(enum tapq_rx rx);

/* The packet's bytes are len bytes that the device gave at tapq_rx_at. */
void tapq_received(const struct tapq *t, struct pkt *p, uint32_t len);

/* Where the device's bytes go in a buffer, and how many have room. */
uint8_t *tapq_rx_at(const struct tapq *t, const struct pkt *p);
uint32_t tapq_rx_room(const struct tapq *t);

/* Was the device deleted? One system call. */
bool tapq_is_gone(const struct tapq *t);

/* Does it take a frame now? Not with a full (limited) send buffer. One system call. */
bool tapq_is_writable(const struct tapq *t);

/* Has it a frame for us now? One system call. */
bool tapq_is_readable(const struct tapq *t);

/* Drop a packet that was handed over for sending, with a reason. */
void tapq_tx_drop(struct tapq *t, struct pkt *p, enum drop why);

/* Count a failed write of a frame of frame_len bytes; code is a negative errno. */
void tapq_tx_failed(struct tapq *t, uint32_t frame_len, int code);

#endif
