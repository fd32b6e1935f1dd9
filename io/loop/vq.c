/* SPDX-License-Identifier: BSD-2-Clause */
/* The rings to vhost-net: memory, lending of buffers, bursts, kicks and calls. */
#include "io/loop/vq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/loop/mem.h"
#include "io/loop/vq_debug.h"
#include "io/loop/vq_events.h"
#include "io/loop/vq_room.h"
#include "io/loop/vq_stop.h"
#include "io/loop/worker.h"

static const uint64_t one = 1; /* what a kick writes */

unsigned vq_n_bufs(unsigned n, unsigned *rx_max)
{
	*rx_max = VQ_RX_MAX;
	while (*rx_max > VQ_RX_MIN && n * 3 * *rx_max > VQ_BUFS_SUM)
		*rx_max /= 2;
	return n * 3 * *rx_max; /* lent for receiving, and twice that being sent */
}

static int open_rings(struct vq *vq, uint64_t features, struct err *e)
{
	size_t len = (vring_mem_len(VQ_NUM, features) + 63) / 64 * 64;
	uint8_t *slots = calloc(2, vring_slots_len(VQ_NUM));
	struct err why = {0};

	vq->slots = slots;
	vq->mem_len = 2 * len;
	vq->mem = mem_open("rings", vq->mem_len, &why);
	if (!slots)
		err_set(&why, -ENOMEM, "no memory for rings");
	if (why.code) {
		if (e)
			*e = why;
		return why.code;
	}
	/* resident from the start: what each packet uses, not the tables that only
	 * packets of several buffers do (a dozen pages against 70) */
	memset(vq->mem, 0, vring_mem_len(VQ_NUM, 0));
	memset((uint8_t *)vq->mem + len, 0, vring_mem_len(VQ_NUM, 0));
	vring_init(&vq->rx, VQ_NUM, features, vq->mem, (uintptr_t)vq->mem, slots);
	vring_init(&vq->tx, VQ_NUM, features, (uint8_t *)vq->mem + len,
		   (uintptr_t)vq->mem + len, slots + vring_slots_len(VQ_NUM));
	return 0;
}

/* Addresses in the rings are ours as they are: one table for buffers and rings. */
static int bind_rings(struct vq *vq, struct err *e)
{
	const struct pool *pool = &vq->t->w->pool;
	const struct vhost_region regions[] = {
		{(uintptr_t)pool->bufs, pool->bufs, (uint64_t)pool->n * PKT_BUF_LEN},
		{(uintptr_t)vq->mem, vq->mem, vq->mem_len},
	};
	const struct vhost_ring rings[VHOST_RINGS] = {
		[VHOST_RX] = {vq->rx.desc, vq->rx.avail, vq->rx.used, VQ_NUM, 0},
		[VHOST_TX] = {vq->tx.desc, vq->tx.avail, vq->tx.used, VQ_NUM, 0},
	};

	return vhost_bind(vq->vhost, regions, 2, rings, e);
}

int vq_open(struct vq **vqp, struct tapq *t, struct vhost *vhost, unsigned rx_max,
	    struct err *e)
{
	struct vq *vq = calloc(1, sizeof(*vq));
	struct vhost_info info;
	int ret;

	*vqp = NULL;
	if (!vq)
		return err_set(e, -ENOMEM, "no memory for the rings");
	pthread_mutex_init(&vq->lock, NULL);
	vq->t = t;
	vq->vhost = vhost;
	vq->rx_max = vq->rx_depth = rx_max;
	vhost_info(vhost, &info);
	ret = open_rings(vq, info.features, e);
	if (!ret)
		ret = bind_rings(vq, e);
	if (ret)
		vq_close(&vq);
	*vqp = vq;
	return ret;
}

int vq_close(struct vq **vqp)
{
	struct vq *vq = *vqp;
	int ret;

	*vqp = NULL;
	if (!vq)
		return 0;
	vq_stop_ring(vq, VHOST_RX, NULL, NULL);
	vq_stop_ring(vq, VHOST_TX, NULL, NULL);
	ret = vq_stop_has_runaway(vq) ? -EBUSY : 0;
	if (!ret && vq->mem)
		munmap(vq->mem, vq->mem_len);
	pthread_mutex_destroy(&vq->lock);
	free(vq->slots);
	free(vq);
	return ret;
}

int vq_start(struct vq *vq, struct err *e)
{
	struct tapq *t = vq->t;
	int ret = vq_stop_refuse(vq, e);

	if (ret)
		return ret;
	vring_reset(&vq->rx);
	vring_reset(&vq->tx);
	vq_events_forget(vq, VHOST_RX);
	vq_events_forget(vq, VHOST_TX);
	ret = vhost_rebase(vq->vhost, VHOST_RX, 0, e);
	if (!ret)
		ret = vhost_rebase(vq->vhost, VHOST_TX, 0, e);
	if (!ret)
		ret = vhost_start(vq->vhost, VHOST_TX, t->fd, e);
	if (!ret)
		ret = vhost_start(vq->vhost, VHOST_RX, t->fd, e);
	if (ret) {
		vq_stop_ring(vq, VHOST_TX, NULL, NULL);
		return ret;
	}
	vq->tx_since = vq->rx_since = vq->short_since = 0;
	vq->n_short = 0;
	vq->rx_why = NULL;
	vq->n_watch_failures = 0;
	vq_set_state(vq, VQ_on);
	tapq_serve(t, TAPQ_RX_vhost, TAPQ_TX_vhost);
	vq_events_watch(vq);
	vq_heat(vq);
	worker_dirty(t->w, t);
	return 0;
}

void vq_empty_rx(struct vq *vq)
{
	struct pkt *p;

	while ((p = vring_take_any(&vq->rx)))
		pool_put(p);
}

/* A system call only where there is no ring to carry it. */
static void kick(struct vq *vq, enum vhost_ring_idx ring)
{
	struct loop *l = &vq->t->w->loop;
	int fd = vhost_kick_fd(vq->vhost, ring);
	struct io_uring_sqe *sqe;

	counter_add(&vq->t->q.count.kicks, 1);
	if (!l->has_ring) {
		counter_add(&vq->t->q.count.syscalls, 1);
		if (write(fd, &one, sizeof(one)) < 0)
			return; /* full: it is told already */
		return;
	}
	sqe = loop_sqe(l);
	io_uring_prep_write(sqe, fd, &one, sizeof(one), 0);
	if (l->form != LOOP_FORM_D) /* before 5.17 there is no such flag */
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = loop_tag(LOOP_ignore, 0, 0);
}

void vq_reclaim(struct vq *vq)
{
	struct pkt *p;
	uint32_t len;

	while ((p = vring_get(&vq->tx, &len)))
		pool_put(p);
}

static void lend(struct vq *vq)
{
	struct pool *pool = &vq->t->w->pool;

	vq->is_starved = false;
	while (vq->rx.n_out < vq->rx_depth) {
		struct pkt *p = pool_get(pool);
		struct vring_seg seg = {.len = VQ_RX_LEN};

		if (!p) { /* armed again when some come home, see worker_vq_begin */
			vq->is_starved = vq->t->w->is_starved = true;
			counter_add(&vq->t->q.count.rx_no_buffer, 1);
			return;
		}
		seg.addr = (uintptr_t)p->buf + PKT_HEADROOM;
		if (vring_add(&vq->rx, &seg, 1, true, p)) {
			pool_put(p);
			return;
		}
	}
}

void vq_arm(struct vq *vq)
{
	if (vq->state != VQ_on)
		return;
	vq_reclaim(vq);
	if (!vq->t->w->stopping)
		lend(vq);
	if (vring_publish(&vq->rx))
		kick(vq, VHOST_RX);
	if (vring_publish(&vq->tx))
		kick(vq, VHOST_TX);
}

void vq_heat(struct vq *vq)
{
	if (vq->is_hot)
		return;
	vq->is_hot = true;
	vq->is_last = true; /* of those that wait already */
	vq->next_hot = vq->t->w->hot;
	vq->t->w->hot = vq;
}

/* Some that can go on. A runaway goes on using what it was lent, which nobody takes. */
static bool has_packets(const struct vq *vq)
{
	return vq->state != VQ_off && vring_has_used(&vq->rx) && !vq_room_is_out(vq);
}

void vq_poll(struct worker *w)
{
	w->has_left = false;
	vq_room_sort(w);
	for (struct vq *vq = w->hot; vq; vq = vq->next_hot) {
		if (has_packets(vq))
			forward_ready(&w->forward, &vq->t->q);
	}
}

bool vq_has_packets(const void *arg)
{
	const struct worker *w = arg;

	for (const struct vq *vq = w->hot; vq; vq = vq->next_hot) {
		if (has_packets(vq))
			return true;
	}
	return false;
}

unsigned vq_cool(struct worker *w, unsigned ahead)
{
	struct vq *vq, *next, **end = &w->hot;
	bool is_armed, is_held;
	unsigned n = 0;

	vq_room_sort(w);
	for (vq = w->hot; vq; vq = next) {
		next = vq->next_hot;
		vq->is_hot = false;
		if (vq->state != VQ_on)
			continue;
		is_held = vq_room_is_out(vq);
		is_armed = is_held ? vq_room_ask(vq) == 0
				   : vring_arm(&vq->rx, ahead < vq->rx.n_out ? ahead : 1);
		if (is_armed && ahead == 1 && !is_held)
			continue; /* its call will heat it */
		/* fewer than `ahead` may come: it is looked at after the sleep */
		vq->is_hot = true;
		*end = vq;
		end = &vq->next_hot;
		if (!is_armed) {
			forward_ready(&w->forward, &vq->t->q);
			n++;
		}
	}
	*end = NULL;
	return n;
}

/*
 * The next packet, or NULL. num_buffers of the header says how many buffers it
 * fills (virtio 1.2, 5.1.6.3.1); those that are missing stay in it, so that
 * vnet_check drops the packet.
 */
static struct pkt *rx_one(struct vq *vq)
{
	uint32_t len;
	struct pkt *head = vring_get(&vq->rx, &len), *part;
	struct virtio_net_hdr_v1 *h;
	unsigned missing;

	if (!head)
		return NULL;
	pkt_reset(head, len);
	h = pkt_vnet(head);
	missing = len >= PKT_VNET_LEN && h->num_buffers ? h->num_buffers - 1u : 0;
	while (missing && (part = vring_get(&vq->rx, &len))) {
		pkt_reset(part, len);
		pkt_chain(head, part);
		missing--;
	}
	h->num_buffers = (uint16_t)missing;
	return head;
}

/* Super-packets: few buffers, so that those used last are still in the cache. */
static void set_depth(struct vq *vq, const struct burst *b)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < b->n; i++)
		bytes += b->pkts[i]->total_len;
	if (bytes > (uint64_t)b->n * TAPQ_LARGE && vq->rx_max > VQ_RX_LARGE)
		vq->rx_depth = VQ_RX_LARGE;
	else
		vq->rx_depth = vq->rx_max;
}

void vq_rx(struct queue *q, struct burst *b)
{
	struct tapq *t = (struct tapq *)q;
	unsigned room = vq_room(t->vq);
	struct pkt *p;

	while (b->n < room && (p = rx_one(t->vq)))
		burst_add(b, p);
	if (b->n) {
		set_depth(t->vq, b);
		vq_room_taken(t->vq, b->n);
	}
	worker_dirty(t->w, t);
	if (!vring_has_used(&t->vq->rx))
		return;
	if (t->vq->state != VQ_on) {
		forward_ready(&t->w->forward, q);
		return;
	}
	/* the rest next turn, or when there is room: each turn looks at the hot ones */
	t->w->has_left |= b->n != 0;
	vq_heat(t->vq);
}

static int send_one(struct vq *vq, struct pkt *p)
{
	struct vring_seg segs[VRING_INDIRECT_MAX];
	unsigned n = 0;

	if (vq->tx.n_out >= 2 * vq->rx_max)
		return -ENOSPC;
	for (const struct pkt *part = p; part; part = part->next) {
		if (n == VRING_INDIRECT_MAX)
			return -ENOSPC;
		segs[n++] = (struct vring_seg){(uintptr_t)part->data, part->len};
	}
	vq_debug_spoil(&segs[0], p, true);
	/* virtio 1.2, 5.1.6.2: num_buffers is zero; it is, see rx_one and vnet_check */
	return vring_add(&vq->tx, segs, n, false, p);
}

void vq_tx(struct queue *q, const struct burst *b)
{
	struct tapq *t = (struct tapq *)q;

	vq_reclaim(t->vq);
	for (unsigned i = 0; i < b->n; i++) {
		if (send_one(t->vq, b->pkts[i]))
			tapq_tx_drop(t, b->pkts[i], DROP_tx_ring_full);
	}
	worker_dirty(t->w, t);
}
