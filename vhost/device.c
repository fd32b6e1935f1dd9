/* SPDX-License-Identifier: BSD-2-Clause */
/* The vhost-net fd itself: opening it, knowing it, owning it, its workers. */
#include "vhost/device.h"

#include <fcntl.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vhost/compat.h"

#define BIT(n) (UINT64_C(1) << (n))

/*
 * How it works: a fd is looked at before it is changed. VIRTIO_F_ACCESS_PLATFORM
 * is never acknowledged: kernels up to 6.12 keep its address translation for the
 * life of the fd. VHOST_NET_F_VIRTIO_NET_HDR neither: the TAP has the header.
 */
static const uint64_t must = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_NET_F_MRG_RXBUF);

static const uint64_t wished = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_NET_F_MRG_RXBUF) |
			       BIT(VIRTIO_RING_F_EVENT_IDX) |
			       BIT(VIRTIO_RING_F_INDIRECT_DESC) |
			       BIT(VIRTIO_F_RING_RESET) | BIT(VIRTIO_F_IN_ORDER);

int device_call(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

static int explain_open(int code, struct err *e)
{
	switch (-code) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return err_set(
			e, code,
			"%s: %s: vhost-net is not there (run `modprobe vhost_net`; "
			"in a container pass the device, --device %s)",
			DEVICE_PATH, strerror(-code), DEVICE_PATH);
	case EPERM:
	case EACCES:
		return err_set(
			e, code,
			"%s: %s: the node may not be opened (run as root or in its "
			"group, often kvm, or `chmod 0666 %s`; in a container "
			"--device %s)",
			DEVICE_PATH, strerror(-code), DEVICE_PATH, DEVICE_PATH);
	case EMFILE:
		return err_set(
			e, code,
			"cannot open %s: the limit of open files is reached (raise "
			"it with `ulimit -n`, or LimitNOFILE= in the unit)",
			DEVICE_PATH);
	case ENFILE:
		return err_set(e, code,
			       "cannot open %s: the system's table of open files is full "
			       "(raise sysctl fs.file-max)",
			       DEVICE_PATH);
	default:
		return err_set(e, code, "cannot open %s: %s", DEVICE_PATH,
			       strerror(-code));
	}
}

int device_open(struct err *e)
{
	int fd;

	do {
		fd = open(DEVICE_PATH, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? explain_open(-errno, e) : fd;
}

static int not_vhost_net(int code, int fd, bool is_given, const char *what, struct err *e)
{
	if (is_given)
		return err_set(e, code, "file descriptor %d is %s; give an open %s", fd,
			       what, DEVICE_PATH);
	return err_set(e, code,
		       "%s is %s (is the node another device's? load vhost_net and make "
		       "it again: `mknod %s c 10 238`)",
		       DEVICE_PATH, what, DEVICE_PATH);
}

int device_check(int fd, bool is_given, uint64_t *features, struct err *e)
{
	uint32_t id;
	int code;

	*features = 0;
	code = device_call(fd, VHOST_GET_FEATURES, features);
	if (code == -EBADF)
		return err_set(e, code, "file descriptor %d is not open; give an open %s",
			       fd, DEVICE_PATH);
	if (code)
		return not_vhost_net(code, fd, is_given, "no vhost device", e);
	/* vhost-vsock and vhost-scsi have no receive buffers to merge, vDPA has an id */
	if (!(*features & BIT(VIRTIO_NET_F_MRG_RXBUF)) ||
	    !(*features & BIT(VHOST_NET_F_VIRTIO_NET_HDR)) ||
	    device_call(fd, VHOST_VDPA_GET_DEVICE_ID, &id) == 0)
		return not_vhost_net(-EINVAL, fd, is_given,
				     "a vhost device of another kind than vhost-net", e);
	if ((*features & must) != must)
		return err_set(
			e, -EOPNOTSUPP,
			"the vhost-net of this kernel offers features 0x%llx, which "
			"lack VIRTIO_F_VERSION_1 (bit 32): it needs Linux 4.0 or "
			"later",
			(unsigned long long)*features);
	return 0;
}

static int explain_own(int code, int fd, struct err *e)
{
	switch (-code) {
	case EBUSY:
		return err_set(
			e, code,
			"vhost file descriptor %d has an owner already: each queue "
			"needs an open %s that no process has set up yet",
			fd, DEVICE_PATH);
	case EPERM:
		return err_set(e, code,
			       "vhost file descriptor %d is owned by another process; "
			       "give an open %s that no process has set up yet",
			       fd, DEVICE_PATH);
	case ENOMEM:
	case EAGAIN:
		return err_set(
			e, code,
			"vhost-net cannot make its kernel thread: %s (free memory, "
			"or raise the limit of threads, `ulimit -u` or TasksMax= in "
			"the unit)",
			strerror(-code));
	default:
		return err_set(e, code, "vhost-net: cannot become its owner: %s",
			       strerror(-code));
	}
}

/* Threads of ours can be placed, counted and limited as our own are. */
static void choose_fork_mode(int fd, struct vhost_info *info)
{
	uint8_t mode = VHOST_FORK_OWNER_TASK;

	/* kernels that do not know it answer EPERM, as the fd has no owner yet */
	info->has_fork_mode = device_call(fd, VHOST_SET_FORK_FROM_OWNER, &mode) == 0;
}

static int agree(int fd, struct vhost_info *info, struct err *e)
{
	uint64_t features = info->features & wished, backend = 0;
	int code = device_call(fd, VHOST_SET_FEATURES, &features);

	if (code)
		return err_set(e, code, "vhost-net refuses its own features 0x%llx: %s",
			       (unsigned long long)features, strerror(-code));
	info->features = features;
	/* of the backend's none is of use here: all are about ACCESS_PLATFORM */
	code = device_call(fd, VHOST_SET_BACKEND_FEATURES, &backend);
	if (code && code != -ENOTTY && code != -EINVAL) /* older than 4.20 */
		return err_set(e, code,
			       "vhost-net refuses to go without its backend "
			       "features: %s",
			       strerror(-code));
	info->backend_features = backend;
	return 0;
}

int device_own(int fd, struct vhost_info *info, struct err *e)
{
	uint8_t mode = 0;
	int code;

	choose_fork_mode(fd, info);
	code = device_call(fd, VHOST_SET_OWNER, NULL);
	if (code)
		return explain_own(code, fd, e);
	if (info->has_fork_mode)
		info->is_forked =
			device_call(fd, VHOST_GET_FORK_FROM_OWNER, &mode) == 0 &&
			mode == VHOST_FORK_OWNER_TASK;
	return agree(fd, info, e);
}

int device_set_workers(int fd, enum vhost_workers wanted, struct vhost_info *info,
		       struct err *e)
{
	struct vhost_vring_worker ring = {.index = VHOST_TX};
	struct vhost_worker_state made = {0};
	int code;

	/* asking changes nothing; kernels before 6.5 do not know the question */
	info->workers = VHOST_WORKERS_shared;
	info->has_workers = device_call(fd, VHOST_GET_VRING_WORKER, &ring) == 0;
	if (info->has_workers && !info->has_fork_mode)
		info->is_forked = true;
	if (wanted == VHOST_WORKERS_shared || !info->has_workers)
		return 0;
	code = device_call(fd, VHOST_NEW_WORKER, &made);
	if (code)
		return err_set(
			e, code,
			"vhost-net cannot make a second worker: %s (raise the limit "
			"of threads, `ulimit -u` or TasksMax= in the unit, or use "
			"vhost-workers=shared)",
			strerror(-code));
	ring.index = VHOST_TX;
	ring.worker_id = made.worker_id;
	code = device_call(fd, VHOST_ATTACH_VRING_WORKER, &ring);
	if (code)
		return err_set(
			e, code,
			"vhost-net does not give its transmit ring to worker %u: %s "
			"(use vhost-workers=shared)",
			made.worker_id, strerror(-code));
	info->workers = VHOST_WORKERS_per_queue;
	return 0;
}
