/* SPDX-License-Identifier: BSD-2-Clause */
/* struct vhost: one vhost-net fd, from owning it to closing it. */
#include "vhost/vhost.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vhost/backend.h"
#include "vhost/compat.h"
#include "vhost/device.h"
#include "vhost/rings.h"

/*
 * How it works: the states are opened, bound and, for each ring, running; only
 * a bound ring runs. What the kernel would accept though it goes wrong later is
 * refused before it is asked (rings_check, backend_check). The claim is held
 * while VHOST_RX runs. One thread at a time calls in here for one struct vhost;
 * the eventfds may be used, and vhost_info asked, by any.
 */
struct vhost {
	int fd;
	struct rings_fds fds[VHOST_RINGS];
	struct backend_claim claim; /* of the TAP queue that VHOST_RX takes from */
	bool is_bound;
	uint32_t poll_us;
	atomic_bool is_running[VHOST_RINGS]; /* read by any thread, for reports */
	struct vhost_info info;		     /* the rest; as vhost_open made it */
};

int vhost_can(struct err *e)
{
	(void)e;
	return 0;
}

static void close_fd(int *fd)
{
	/* not repeated on EINTR: Linux has closed it all the same */
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int vhost_probe(struct err *e)
{
	uint64_t features;
	int fd = device_open(e), code;

	if (fd < 0)
		return fd;
	code = device_check(fd, false, &features, e);
	close_fd(&fd);
	return code;
}

static int make_eventfd(int *fd, struct err *e)
{
	*fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (*fd >= 0)
		return 0;
	return err_set(
		e, -errno,
		"cannot make an eventfd for vhost-net: %s (raise the limit of open "
		"files with `ulimit -n`, or LimitNOFILE= in the unit)",
		strerror(errno));
}

static int make_eventfds(struct vhost *v, struct err *e)
{
	int code = 0;

	for (int i = 0; i < VHOST_RINGS && !code; i++) {
		code = make_eventfd(&v->fds[i].kick, e);
		if (!code)
			code = make_eventfd(&v->fds[i].call, e);
		if (!code)
			code = make_eventfd(&v->fds[i].err, e);
	}
	return code;
}

static struct vhost *make(int fd)
{
	struct vhost *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->fd = fd;
	for (int i = 0; i < VHOST_RINGS; i++)
		v->fds[i] = (struct rings_fds){-1, -1, -1};
	v->claim.tap_fd = -1;
	return v;
}

int vhost_open(struct vhost **out, const struct vhost_conf *conf, struct err *e)
{
	struct vhost *v = make(conf->fd);
	int given = conf->fd, code;

	*out = NULL;
	if (!v) {
		close_fd(&given);
		return err_set(e, -ENOMEM, "no memory for a vhost-net queue");
	}
	v->poll_us = conf->poll_us;
	v->info.is_given = conf->fd >= 0;
	if (conf->fd < 0)
		v->fd = device_open(e);
	code = v->fd < 0 ? v->fd : 0;
	if (!code)
		code = device_check(v->fd, v->info.is_given, &v->info.features, e);
	if (!code)
		code = make_eventfds(v, e);
	if (!code)
		code = device_own(v->fd, &v->info, e);
	if (!code)
		code = device_set_workers(v->fd, conf->workers, &v->info, e);
	if (code)
		vhost_close(&v);
	*out = v;
	return code;
}

void vhost_close(struct vhost **out)
{
	struct vhost *v = *out;

	*out = NULL;
	if (!v)
		return;
	/* what cannot be stopped ends with the fd: the kernel waits for its worker */
	for (int i = 0; i < VHOST_RINGS; i++)
		if (v->is_running[i])
			backend_set(v->fd, i, -1);
	close_fd(&v->fd);
	backend_release(&v->claim);
	for (int i = 0; i < VHOST_RINGS; i++) {
		close_fd(&v->fds[i].kick);
		close_fd(&v->fds[i].call);
		close_fd(&v->fds[i].err);
	}
	free(v);
}

static int refuse_running(const struct vhost *v, enum vhost_ring_idx ring, struct err *e)
{
	if (!v->is_running[ring])
		return 0;
	return err_set(e, -EBUSY, "the vhost-net %s ring is running; stop it first",
		       rings_name(ring));
}

int vhost_bind(struct vhost *v, const struct vhost_region *regions, unsigned n_regions,
	       const struct vhost_ring rings[VHOST_RINGS], struct err *e)
{
	int code = refuse_running(v, VHOST_RX, e);

	if (!code)
		code = refuse_running(v, VHOST_TX, e);
	if (!code)
		code = rings_check(regions, n_regions, rings, e);
	if (code)
		return code;
	v->is_bound = false;
	code = rings_bind(v->fd, regions, n_regions, rings, v->fds, v->poll_us, e);
	v->is_bound = code == 0;
	return code;
}

int vhost_rebase(struct vhost *v, enum vhost_ring_idx ring, uint16_t base, struct err *e)
{
	int code = refuse_running(v, ring, e);

	return code ? code : rings_set_base(v->fd, ring, base, e);
}

static int explain_start(int code, enum vhost_ring_idx ring, int tap_fd, struct err *e)
{
	const char *reason = strerror(-code);

	if (code == -EFAULT)
		reason = "its memory or ring is not there (was it unmapped?)";
	else if (code == -ENOTSOCK || code == -EINVAL)
		reason = "it is no queue of a TAP (any more)";
	else if (code == -EPERM)
		reason = "the vhost-net file descriptor belongs to another process";
	return err_set(e, code, "vhost-net does not start the %s ring on TAP fd %d: %s",
		       rings_name(ring), tap_fd, reason);
}

int vhost_start(struct vhost *v, enum vhost_ring_idx ring, int tap_fd, struct err *e)
{
	int code = refuse_running(v, ring, e);

	if (!code && !v->is_bound)
		code = err_set(e, -EINVAL, "vhost-net has no memory for its rings yet");
	if (!code)
		code = backend_check(tap_fd, e);
	if (!code && ring == VHOST_RX)
		code = backend_claim(&v->claim, tap_fd, e);
	if (code)
		return code;
	code = backend_set(v->fd, ring, tap_fd);
	if (code) {
		if (ring == VHOST_RX)
			backend_release(&v->claim);
		return explain_start(code, ring, tap_fd, e);
	}
	v->is_running[ring] = true;
	return 0;
}

int vhost_stop(struct vhost *v, enum vhost_ring_idx ring, uint16_t *base, struct err *e)
{
	struct vhost_vring_state s = {.index = ring};
	int code;

	if (v->is_running[ring]) {
		code = backend_set(v->fd, ring, -1);
		if (code)
			return err_set(e, code,
				       "vhost-net does not stop the %s ring: %s (it ends "
				       "when its file descriptor is closed)",
				       rings_name(ring), strerror(-code));
		v->is_running[ring] = false;
		if (ring == VHOST_RX)
			backend_release(&v->claim);
	}
	if (!base)
		return 0;
	code = device_call(v->fd, VHOST_GET_VRING_BASE, &s);
	if (code)
		return err_set(e, code,
			       "vhost-net does not tell how far the %s ring came: %s",
			       rings_name(ring), strerror(-code));
	*base = (uint16_t)s.num;
	return 0;
}

int vhost_flush(struct vhost *v, struct err *e)
{
	/* it changes nothing: no log is kept; but vhost-net flushes after it */
	int none = -1, code = device_call(v->fd, VHOST_SET_LOG_FD, &none);

	return code ? err_set(e, code, "vhost-net does not wait for its thread: %s",
			      strerror(-code))
		    : 0;
}

int vhost_kick_fd(const struct vhost *v, enum vhost_ring_idx ring)
{
	return v->fds[ring].kick;
}

int vhost_call_fd(const struct vhost *v, enum vhost_ring_idx ring)
{
	return v->fds[ring].call;
}

int vhost_err_fd(const struct vhost *v, enum vhost_ring_idx ring)
{
	return v->fds[ring].err;
}

void vhost_info(const struct vhost *v, struct vhost_info *info)
{
	*info = v->info;
	for (int i = 0; i < VHOST_RINGS; i++)
		info->is_running[i] = v->is_running[i];
}
