/* SPDX-License-Identifier: BSD-2-Clause */
/* A stand-in for the threads of vhost-net: they serve the rings over the TAP fd. */
#ifndef TESTS_UNIT_FAKE_VHOST_H
#define TESTS_UNIT_FAKE_VHOST_H

#include "tests/unit/vring_device.h"

#include <fcntl.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/pkt.h"
#include "vhost/vhost.h"

/*
 * How it works: one thread for each running ring does with the TAP fd what vhost-net
 * does with its socket; fake_stage.h starts and stops them. The modes say how it
 * misbehaves; tests set them before or while it runs.
 */
struct fake_mode {
	unsigned merge;	     /* not 0: fill only so many bytes of each receive buffer */
	unsigned stall_each; /* not 0: never finish each N-th frame, and stop without a
				sign */
	unsigned error_each; /* not 0: refuse each N-th frame by the error eventfd */
	bool is_silent;	     /* ... without it */
	bool lies;	     /* answer with an id that is not out (half a ring away) */
	bool late;	     /* the TX thread gets no CPU */
	unsigned n_flushes;  /* begun */
	bool no_start;	     /* vhost_start fails */
	unsigned hold;	     /* it sends nothing before so many flushes */
	bool no_memory;	     /* the TX thread can send nothing, and puts the frame back */
	bool rx_stall;	     /* the RX thread stops once, without a sign */
	bool rx_error;	     /* it refuses one buffer by the error eventfd */
	unsigned no_stop;    /* bit r: vhost_stop of ring r fails */
	int stop_ms;	     /* a receive ring that is stopped runs on for so long */
	unsigned n_stops;    /* begun, of receive rings that ran */
	int credit;	     /* not 0: a semaphore eventfd, each frame takes one */
	bool no_bind;
	int gate;		     /* not 0: nothing is sent before this is readable */
	unsigned n_stalls, n_errors; /* how often it did */
	uint64_t features;
};

static struct fake_mode fake;

/* A test changes them while the threads run. */
#define fake_get(field)	       __atomic_load_n(&fake.field, __ATOMIC_ACQUIRE)
#define fake_set(field, value) __atomic_store_n(&fake.field, value, __ATOMIC_RELEASE)

#define FAKE_FEATURES                                                                    \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_NET_F_MRG_RXBUF |                   \
	 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC)

struct fake_ring {
	struct vdev d;
	struct vdev_buf buf; /* fetched and not yet used */
	bool has_buf, is_running, is_wedged;
	bool has_seen;	  /* is_flushing, when it looked last */
	bool is_flushing; /* until the thread has nothing to do, or is stuck */
	unsigned n;
	pthread_t thread;
	int kick, call, err, stop, tap;
};

struct vhost {
	struct vhost_region regions[8];
	unsigned n_regions;
	struct fake_ring rings[VHOST_RINGS];
};

static inline bool fake_is_nth(unsigned n, unsigned each)
{
	return each && n % each == 0;
}

static inline bool fake_mapped(const struct vhost *v, uint64_t addr, uint64_t len)
{
	for (unsigned i = 0; i < v->n_regions; i++) {
		const struct vhost_region *r = &v->regions[i];

		if (addr >= r->addr && len <= r->len && addr - r->addr <= r->len - len)
			return true;
	}
	return false;
}

static inline void fake_signal(int fd)
{
	uint64_t n = 1;

	assert_int_equal(write(fd, &n, sizeof(n)), sizeof(n));
}

/* Until one of the three is readable; false: it is to stop. kick is emptied. */
static inline bool fake_wait(struct fake_ring *r, int fd)
{
	struct pollfd p[] = {{.fd = r->stop, .events = POLLIN},
			     {.fd = r->kick, .events = POLLIN},
			     {.fd = fd, .events = POLLIN}};
	uint64_t n;

	while (poll(p, 3, -1) < 0)
		;
	if (p[1].revents && read(r->kick, &n, sizeof(n)) < 0)
		assert_int_equal(errno, EAGAIN);
	return !p[0].revents;
}

/* What is asked of the thread from here on is not what it is about to do. */
static inline void fake_look(struct fake_ring *r)
{
	r->has_seen = __atomic_load_n(&r->is_flushing, __ATOMIC_ACQUIRE);
}

/* The thread has done what it was woken for, when it looked last. */
static inline void fake_flushed(struct fake_ring *r)
{
	if (r->has_seen)
		__atomic_store_n(&r->is_flushing, false, __ATOMIC_RELEASE);
}

/* May the next frame go? false: it is to stop. */
static inline bool fake_pass(struct fake_ring *r)
{
	int fd = fake.gate ? fake.gate : fake.credit;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t n;

	while (fd && poll(&p, 1, 0) <= 0) {
		if (!fake_wait(r, fd))
			return false;
	}
	return !fake.credit || read(fd, &n, sizeof(n)) == sizeof(n);
}

static inline bool fake_fetch(struct fake_ring *r)
{
	while (!r->has_buf && !r->is_wedged) {
		fake_look(r);
		if (vdev_fetch(&r->d, &r->buf)) {
			r->has_buf = true;
			break;
		}
		fake_flushed(r);
		if (!vdev_enable_kick(&r->d) && !fake_wait(r, r->kick))
			return false;
		else if (r->d.fault)
			fail_msg("the driver's fault: %s", r->d.fault);
	}
	while (r->is_wedged) {
		fake_look(r);
		fake_flushed(r);
		if (!fake_wait(r, r->kick))
			break;
	}
	return !r->is_wedged;
}

static inline void fake_use(struct fake_ring *r, uint32_t len)
{
	r->has_buf = false;
	vdev_put(&r->d, (uint16_t)(r->buf.head + (fake_get(lies) ? r->d.num / 2 : 0)),
		 len, 0);
}

/* Wait while no CPU is free for it; false: it is to stop, which puts the frame back. */
static inline bool fake_is_on_time(struct fake_ring *r)
{
	struct pollfd p = {.fd = r->stop, .events = POLLIN};

	while (fake_get(late)) {
		if (poll(&p, 1, 1) > 0)
			return false;
	}
	return true;
}

/* Frames to the TAP, as handle_tx does. */
static inline void fake_tx(struct vhost *v, struct fake_ring *r)
{
	struct iovec iov[VDEV_SEGS];
	bool has_error = false;

	while (fake_fetch(r) && fake_is_on_time(r)) {
		fake_look(r);
		if (fake_get(no_memory) || fake_get(n_flushes) < fake_get(hold)) {
			fake_flushed(r);
			if (!fake_wait(r, r->kick))
				break;
			continue;
		}
		if (!fake_pass(r))
			break;
		r->n++;
		if (fake_is_nth(r->n, fake_get(error_each))) {
			fake_set(n_errors, fake.n_errors + 1);
			r->is_wedged = true; /* not seen: the index stays before it */
			if (fake_get(is_silent))
				continue;
			fake_signal(r->err);
			has_error = true;
			continue;
		}
		if (fake_is_nth(r->n, fake_get(stall_each))) {
			fake_set(n_stalls, fake.n_stalls + 1);
			r->has_buf = false; /* seen, and never finished */
			r->is_wedged = true;
			continue;
		}
		for (unsigned i = 0; i < r->buf.n; i++) {
			assert_true(
				fake_mapped(v, r->buf.segs[i].addr, r->buf.segs[i].len));
			iov[i] = (struct iovec){(void *)(uintptr_t)r->buf.segs[i].addr,
						r->buf.segs[i].len};
		}
		assert_false(r->buf.writes);
		assert_true(iov[0].iov_len >= PKT_VNET_LEN);
		if (writev(r->tap, iov, (int)r->buf.n) < 0) {
			assert_true(errno == EIO || errno == EBADFD);
			r->is_wedged = errno == EBADFD; /* never finished */
		}
		if (r->is_wedged)
			continue;
		fake_use(r, 0);
		if (vdev_flush(&r->d))
			fake_signal(r->call);
		if (fake.credit)
			fake_flushed(r);
	}
	if (has_error) /* as a kick makes the kernel meet it again, at the last moment */
		fake_signal(r->err);
}

/* One frame over as many buffers as it takes; false: it is to stop. */
static inline bool fake_spread(struct fake_ring *r, const uint8_t *frame, uint32_t len)
{
	uint16_t n = 0;
	uint8_t *head = NULL;

	while (len) {
		uint32_t room, part;

		if (!fake_fetch(r))
			return false;
		room = fake.merge && fake.merge < r->buf.lent ? fake.merge : r->buf.lent;
		part = len < room ? len : room;
		if (!head)
			head = (uint8_t *)(uintptr_t)r->buf.segs[0].addr;
		memcpy((void *)(uintptr_t)r->buf.segs[0].addr, frame, part);
		frame += part;
		len -= part;
		n++;
		fake_use(r, part);
	}
	memcpy(head + 10, &n, 2);
	if (vdev_flush(&r->d))
		fake_signal(r->call);
	return true;
}

/* Frames from the TAP, as handle_rx does. */
static inline void fake_rx(struct fake_ring *r)
{
	uint8_t *frame = malloc(PKT_ROOM);
	bool has_error = false;

	assert_non_null(frame);
	while (fake_fetch(r)) {
		struct pollfd p = {.fd = r->tap, .events = POLLIN};
		ssize_t n;

		fake_look(r);
		if (poll(&p, 1, 0) <= 0) { /* the buffer waits for a frame */
			fake_flushed(r);
			if (!fake_wait(r, r->tap))
				break;
			continue;
		}
		if (fake_get(rx_error)) {
			fake_set(rx_error, false);
			fake_set(n_errors, fake.n_errors + 1);
			fake_signal(r->err);
			has_error = true;
		}
		r->is_wedged = has_error || fake_get(rx_stall);
		fake_set(rx_stall, false);
		if (r->is_wedged)
			continue;
		n = read(r->tap, frame, PKT_ROOM);
		if (n > 0 && !fake_spread(r, frame, (uint32_t)n))
			break;
		if (n < 0 && errno == EBADFD)
			r->is_wedged = true;
	}
	if (has_error)
		fake_signal(r->err);
	free(frame);
}

struct fake_start {
	struct vhost *v;
	struct fake_ring *r;
};

static inline void *fake_main(void *arg)
{
	struct fake_start s = *(struct fake_start *)arg;

	free(arg);
	if (s.r == &s.v->rings[VHOST_RX])
		fake_rx(s.r);
	else
		fake_tx(s.v, s.r);
	return NULL;
}

#endif
