/* SPDX-License-Identifier: BSD-2-Clause */
/* A stand-in for the vhost-net stage: threads serve the rings over the TAP fd. */
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
 * How it works: the whole of vhost/vhost.h is defined here, so that a test that
 * includes this needs no /dev/vhost-net: the linker takes these. One thread for
 * each running ring does with the TAP fd what vhost-net does with its socket. The
 * modes say how it misbehaves; tests set them before or while it runs.
 */
struct fake_mode {
	unsigned merge;	     /* not 0: fill only so many bytes of each receive buffer */
	unsigned stall_each; /* not 0: never finish each N-th frame, and stop without a
				sign */
	unsigned error_each; /* not 0: refuse each N-th frame by the error eventfd */
	bool lies;	     /* answer with an id that is not out (half a ring away) */
	bool late;	     /* the TX thread gets no CPU */
	unsigned n_flushes;  /* begun */
	bool no_start;	     /* vhost_start fails */
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

/* Until one of the two is readable; false: it is to stop. kick is emptied. */
static inline bool fake_wait(struct fake_ring *r, int fd)
{
	struct pollfd p[] = {{.fd = r->stop, .events = POLLIN},
			     {.fd = fd, .events = POLLIN}};
	uint64_t n;

	while (poll(p, 2, -1) < 0)
		;
	if (fd == r->kick && p[1].revents && read(fd, &n, sizeof(n)) < 0)
		assert_int_equal(errno, EAGAIN);
	return !p[0].revents;
}

static inline bool fake_fetch(struct fake_ring *r)
{
	while (!r->has_buf && !r->is_wedged) {
		if (vdev_fetch(&r->d, &r->buf)) {
			r->has_buf = true;
			break;
		}
		__atomic_store_n(&r->is_flushing, false, __ATOMIC_RELEASE);
		if (!vdev_enable_kick(&r->d) && !fake_wait(r, r->kick))
			return false;
		else if (r->d.fault)
			fail_msg("the driver's fault: %s", r->d.fault);
	}
	while (r->is_wedged) {
		__atomic_store_n(&r->is_flushing, false, __ATOMIC_RELEASE);
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
		if (fake.gate && !fake_wait(r, fake.gate))
			break;
		r->n++;
		if (fake_is_nth(r->n, fake_get(error_each))) {
			fake_set(n_errors, fake.n_errors + 1);
			r->is_wedged = true; /* not seen: the index stays before it */
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
		if (writev(r->tap, iov, (int)r->buf.n) < 0)
			assert_true(errno == EIO || errno == EBADFD);
		fake_use(r, 0);
		if (vdev_flush(&r->d))
			fake_signal(r->call);
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

	assert_non_null(frame);
	while (fake_fetch(r)) {
		ssize_t n = read(r->tap, frame, PKT_ROOM);

		if (n < 0 && !fake_wait(r, r->tap))
			break;
		if (n > 0 && !fake_spread(r, frame, (uint32_t)n))
			break;
		if (n < 0 && errno == EBADFD)
			r->is_wedged = true;
	}
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

/* --- the door of the stage --- */

int vhost_can(struct err *e)
{
	(void)e;
	return 0;
}

int vhost_probe(struct err *e)
{
	(void)e;
	return 0;
}

int vhost_open(struct vhost **vp, const struct vhost_conf *conf, struct err *e)
{
	struct vhost *v = calloc(1, sizeof(*v));

	(void)conf, (void)e;
	assert_non_null(v);
	for (unsigned i = 0; i < VHOST_RINGS; i++) {
		v->rings[i].kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		v->rings[i].call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		v->rings[i].err = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		v->rings[i].stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	*vp = v;
	return 0;
}

int vhost_bind(struct vhost *v, const struct vhost_region *regions, unsigned n,
	       const struct vhost_ring rings[VHOST_RINGS], struct err *e)
{
	uint64_t features = fake.features ? fake.features : FAKE_FEATURES;

	if (fake.no_bind)
		return err_set(e, -EINVAL, "the stand-in binds nothing");
	memcpy(v->regions, regions, n * sizeof(*regions));
	v->n_regions = n;
	for (unsigned i = 0; i < VHOST_RINGS; i++)
		v->rings[i].d = (struct vdev){
			.desc = rings[i].desc,
			.avail = rings[i].avail,
			.used = rings[i].used,
			.mem = regions[1].mem,
			.addr = regions[1].addr,
			.mem_len = regions[1].len,
			.num = rings[i].num,
			.event_idx = features >> VIRTIO_RING_F_EVENT_IDX & 1,
		};
	return 0;
}

int vhost_rebase(struct vhost *v, enum vhost_ring_idx ring, uint16_t base, struct err *e)
{
	struct vdev *d = &v->rings[ring].d;

	(void)e;
	assert_false(v->rings[ring].is_running);
	d->avail_next = base;
	d->used_next = d->used_shown = __atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE);
	return 0;
}

int vhost_start(struct vhost *v, enum vhost_ring_idx ring, int tap_fd, struct err *e)
{
	struct fake_start *s = malloc(sizeof(*s));
	struct fake_ring *r = &v->rings[ring];
	uint64_t n;

	assert_false(r->is_running);
	if (fake.no_start) {
		free(s);
		return err_set(e, -EBADFD, "the stand-in does not start");
	}
	*s = (struct fake_start){v, r};
	if (read(r->stop, &n, sizeof(n)) < 0)
		assert_int_equal(errno, EAGAIN);
	r->tap = tap_fd;
	r->is_wedged = r->has_buf = false;
	r->is_running = true;
	assert_int_equal(pthread_create(&r->thread, NULL, fake_main, s), 0);
	return 0;
}

int vhost_stop(struct vhost *v, enum vhost_ring_idx ring, uint16_t *base, struct err *e)
{
	struct fake_ring *r = &v->rings[ring];

	(void)e;
	if (r->is_running) {
		fake_signal(r->stop);
		pthread_join(r->thread, NULL);
		if (r->has_buf)
			r->d.avail_next--;
		r->is_running = r->has_buf = false;
	}
	if (base)
		*base = r->d.avail_next;
	return 0;
}

void vhost_close(struct vhost **vp)
{
	struct vhost *v = *vp;

	*vp = NULL;
	for (unsigned i = 0; v && i < VHOST_RINGS; i++) {
		vhost_stop(v, i, NULL, NULL);
		close(v->rings[i].kick);
		close(v->rings[i].call);
		close(v->rings[i].err);
		close(v->rings[i].stop);
	}
	free(v);
}

int vhost_flush(struct vhost *v, struct err *e)
{
	struct fake_ring *r = &v->rings[VHOST_TX];

	(void)e;
	fake_set(n_flushes, fake.n_flushes + 1);
	__atomic_store_n(&r->is_flushing, true, __ATOMIC_RELEASE);
	fake_signal(r->kick);
	while (__atomic_load_n(&r->is_flushing, __ATOMIC_ACQUIRE))
		poll(NULL, 0, 1);
	return 0;
}

int vhost_kick_fd(const struct vhost *v, enum vhost_ring_idx ring)
{
	return v->rings[ring].kick;
}

int vhost_call_fd(const struct vhost *v, enum vhost_ring_idx ring)
{
	return v->rings[ring].call;
}

int vhost_err_fd(const struct vhost *v, enum vhost_ring_idx ring)
{
	return v->rings[ring].err;
}

void vhost_info(const struct vhost *v, struct vhost_info *info)
{
	*info = (struct vhost_info){.features = fake.features ? fake.features
							      : FAKE_FEATURES};
	for (unsigned i = 0; i < VHOST_RINGS; i++)
		info->is_running[i] = v->rings[i].is_running;
}

#endif
