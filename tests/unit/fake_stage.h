/* SPDX-License-Identifier: BSD-2-Clause */
/* A stand-in for the door of the vhost-net stage. */
#ifndef TESTS_UNIT_FAKE_STAGE_H
#define TESTS_UNIT_FAKE_STAGE_H

#include "tests/unit/fake_vhost.h"

/*
 * How it works: the whole of vhost/vhost.h is defined here, so that a test that
 * includes this needs no /dev/vhost-net: the linker takes these.
 */

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
			.in_order = features >> VIRTIO_F_IN_ORDER & 1,
		};
	return 0;
}

int vhost_rebase(struct vhost *v, enum vhost_ring_idx ring, uint16_t base, struct err *e)
{
	struct vdev *d = &v->rings[ring].d;

	(void)e;
	assert_false(v->rings[ring].is_running);
	d->avail_next = base;
	d->order_next = 0;
	d->used_next = d->used_shown = __atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE);
	return 0;
}

int vhost_start(struct vhost *v, enum vhost_ring_idx ring, int tap_fd, struct err *e)
{
	struct fake_start *s = malloc(sizeof(*s));
	struct fake_ring *r = &v->rings[ring];
	uint64_t n;

	assert_false(r->is_running);
	if (fake_get(no_start)) {
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

	if (r->is_running && fake_get(no_stop) & 1u << ring)
		return err_set(e, -EPERM, "the stand-in does not stop ring %d", ring);
	if (r->is_running && ring == VHOST_RX) {
		__atomic_add_fetch(&fake.n_stops, 1, __ATOMIC_RELEASE);
		poll(NULL, 0, fake_get(stop_ms));
	}
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
	fake_set(no_stop, 0); /* its fd ends it */
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
	(void)e;
	__atomic_add_fetch(&fake.n_flushes, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < VHOST_RINGS; i++) {
		struct fake_ring *r = &v->rings[i];

		if (!r->is_running)
			continue;
		__atomic_store_n(&r->is_flushing, true, __ATOMIC_RELEASE);
		fake_signal(r->kick);
		while (__atomic_load_n(&r->is_flushing, __ATOMIC_ACQUIRE))
			poll(NULL, 0, 1);
	}
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
