/* SPDX-License-Identifier: BSD-2-Clause */
/* A stand-in for /dev/vhost-net and its kin, for machines that have none. */
#ifndef TESTS_FAULT_FAKE_VHOST_H
#define TESTS_FAULT_FAKE_VHOST_H

#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#include "tests/fault/inject.h"
#include "vhost/compat.h"

/*
 * How it works: runs in the parent of inject_run(). Opening a node of vhost opens
 * /dev/null in its place, and the vhost ioctls on such an fd are answered here as
 * the kernels were seen to answer. No packet moves, no thread is made.
 */
enum fake_vhost_kind { FAKE_none, FAKE_net, FAKE_vsock, FAKE_vdpa };

enum { FAKE_6_1, FAKE_6_5, FAKE_6_18, FAKE_OLD /* before VERSION_1 */ };

enum { FAKE_FDS = 1024 };

struct fake_vhost_fd {
	enum fake_vhost_kind kind;
	bool is_owned;
	uint8_t fork_mode;
	uint16_t base[2];
	bool is_running[2];
};

static struct {
	int kernel;
	enum fake_vhost_kind opening; /* the open that is under way */
	struct fake_vhost_fd fds[FAKE_FDS];
} fake_vhost;

static const char fake_vhost_stand_in[] = "/dev/null";

static inline enum fake_vhost_kind fake_vhost_path(const char *path)
{
	if (!strcmp(path, "/dev/vhost-net"))
		return FAKE_net;
	if (!strcmp(path, "/dev/vhost-vsock"))
		return FAKE_vsock;
	return strcmp(path, "/dev/vhost-vdpa-0") ? FAKE_none : FAKE_vdpa;
}

/* The child's memory; it is a fork, and stands still. */
static inline bool fake_vhost_copy(pid_t pid, unsigned long at, void *mem, size_t len,
				   bool to_child)
{
	struct iovec here = {mem, len}, there = {(void *)at, len};
	ssize_t n = to_child ? process_vm_writev(pid, &here, 1, &there, 1, 0)
			     : process_vm_readv(pid, &here, 1, &there, 1, 0);

	return n == (ssize_t)len;
}

static inline bool fake_vhost_open(pid_t pid, const unsigned long args[3])
{
	char path[20] = "";

	for (size_t i = 0; i < sizeof(path) - 1; i++)
		if (!fake_vhost_copy(pid, args[1] + i, &path[i], 1, false) || !path[i])
			break;
	fake_vhost.opening = fake_vhost_path(path);
	if (fake_vhost.opening != FAKE_none)
		inject_set_arg1(pid, (unsigned long)fake_vhost_stand_in);
	return false;
}

static inline uint64_t fake_vhost_features(const struct fake_vhost_fd *f)
{
	const uint64_t ring = 1ULL << VIRTIO_RING_F_INDIRECT_DESC |
			      1ULL << VIRTIO_RING_F_EVENT_IDX | 1ULL << 24 |
			      1ULL << VHOST_F_LOG_ALL | 1ULL << VIRTIO_F_VERSION_1 |
			      1ULL << VIRTIO_F_ACCESS_PLATFORM;
	const uint64_t net =
		1ULL << VIRTIO_NET_F_MRG_RXBUF | 1ULL << VHOST_NET_F_VIRTIO_NET_HDR;

	if (f->kind == FAKE_vsock)
		return ring;
	if (fake_vhost.kernel == FAKE_OLD)
		return (ring & 0xffffffff) | net;
	return ring | net |
	       (fake_vhost.kernel == FAKE_6_18 ? 1ULL << VIRTIO_F_RING_RESET : 0);
}

/* What any process may ask of a fd without owner. */
static inline bool fake_vhost_unowned(pid_t pid, struct fake_vhost_fd *f,
				      unsigned long request, unsigned long arg, long *ret)
{
	uint64_t features = fake_vhost_features(f), asked = 0;

	*ret = 0;
	switch (request) {
	case VHOST_GET_FEATURES:
		fake_vhost_copy(pid, arg, &features, sizeof(features), true);
		return true;
	case VHOST_SET_FEATURES:
		fake_vhost_copy(pid, arg, &asked, sizeof(asked), false);
		*ret = asked & ~features ? -EOPNOTSUPP : 0;
		return true;
	case VHOST_SET_BACKEND_FEATURES:
		return true;
	case VHOST_SET_OWNER:
		*ret = f->is_owned ? -EBUSY : 0;
		f->is_owned = true;
		return true;
	case VHOST_SET_FORK_FROM_OWNER:
		if (fake_vhost.kernel != FAKE_6_18 || f->is_owned)
			return false;
		fake_vhost_copy(pid, arg, &f->fork_mode, 1, false);
		return true;
	case VHOST_VDPA_GET_DEVICE_ID:
		return f->kind == FAKE_vdpa;
	}
	return false;
}

static inline long fake_vhost_ring(pid_t pid, struct fake_vhost_fd *f,
				   unsigned long request, unsigned long arg)
{
	struct vhost_vring_state s; /* or struct vhost_vring_file: as large */

	if (!fake_vhost_copy(pid, arg, &s, sizeof(s), false))
		return -EFAULT;
	if (s.index > 1)
		return -ENOBUFS;
	switch (request) {
	case VHOST_SET_VRING_NUM:
		return f->is_running[s.index] ? -EBUSY : 0;
	case VHOST_SET_VRING_BASE:
		if (f->is_running[s.index])
			return -EBUSY;
		f->base[s.index] = (uint16_t)s.num;
		return 0;
	case VHOST_GET_VRING_BASE:
		s.num = f->base[s.index];
		fake_vhost_copy(pid, arg, &s, sizeof(s), true);
		return 0;
	case VHOST_NET_SET_BACKEND:
		f->is_running[s.index] = (int)s.num != -1;
		return 0;
	case VHOST_SET_VRING_ADDR:
	case VHOST_SET_VRING_KICK:
	case VHOST_SET_VRING_CALL:
	case VHOST_SET_VRING_ERR:
	case VHOST_SET_VRING_BUSYLOOP_TIMEOUT:
		return 0;
	}
	return -ENOTTY;
}

static inline long fake_vhost_owned(pid_t pid, struct fake_vhost_fd *f,
				    unsigned long request, unsigned long arg)
{
	struct vhost_worker_state made = {1};

	if (!f->is_owned)
		return -EPERM;
	switch (request) {
	case VHOST_SET_MEM_TABLE:
		return 0;
	case VHOST_GET_FORK_FROM_OWNER:
		if (fake_vhost.kernel != FAKE_6_18)
			return -ENOTTY;
		fake_vhost_copy(pid, arg, &f->fork_mode, 1, true);
		return 0;
	case VHOST_NEW_WORKER:
		if (fake_vhost.kernel == FAKE_6_1)
			return -ENOTTY;
		fake_vhost_copy(pid, arg, &made, sizeof(made), true);
		return 0;
	case VHOST_ATTACH_VRING_WORKER:
	case VHOST_GET_VRING_WORKER:
		return fake_vhost.kernel == FAKE_6_1 ? -ENOTTY : 0;
	}
	return fake_vhost_ring(pid, f, request, arg);
}

static inline bool fake_vhost_entry(pid_t pid, long nr, const unsigned long args[3],
				    long *result)
{
	struct fake_vhost_fd *f;

	fake_vhost.opening = FAKE_none;
	if (nr == SYS_openat)
		return fake_vhost_open(pid, args);
	if (nr != SYS_ioctl || args[0] >= FAKE_FDS ||
	    (args[1] >> 8 & 0xff) != VHOST_VIRTIO)
		return false;
	f = &fake_vhost.fds[args[0]];
	if (f->kind == FAKE_none)
		return false;
	if (!fake_vhost_unowned(pid, f, args[1], args[2], result))
		*result = fake_vhost_owned(pid, f, args[1], args[2]);
	return true;
}

static inline void fake_vhost_leave(long nr, const unsigned long args[3], long result)
{
	if (nr == SYS_openat && result >= 0 && result < FAKE_FDS)
		fake_vhost.fds[result] =
			(struct fake_vhost_fd){.kind = fake_vhost.opening};
	else if (nr == SYS_close && args[0] < FAKE_FDS)
		fake_vhost.fds[args[0]].kind = FAKE_none;
}

/* For the next inject_run(): as on this kernel. */
static inline void fake_vhost_use(int kernel)
{
	static const struct inject_fake ops = {fake_vhost_entry, fake_vhost_leave};

	memset(&fake_vhost, 0, sizeof(fake_vhost));
	fake_vhost.kernel = kernel;
	inject_fake = &ops;
}

#endif
