/* SPDX-License-Identifier: BSD-2-Clause */
/* The TAP queue behind a ring: is it fit, and does another take its packets? */
#include "vhost/backend.h"

#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdatomic.h>
#include <string.h>

#include "vhost/compat.h"
#include "vhost/device.h"

/*
 * How it works: vhost-net lets two of its fds take packets from one TAP queue,
 * and each would get some. All claims of this process are in one list. It is
 * walked at set-up only, so a flag that is waited for guards it.
 */
static atomic_flag is_walked = ATOMIC_FLAG_INIT;
static struct backend_claim *claims;

static void lock(void)
{
	/* pairs with the release in unlock() */
	while (atomic_flag_test_and_set_explicit(&is_walked, memory_order_acquire))
		;
}

static void unlock(void)
{
	atomic_flag_clear_explicit(&is_walked, memory_order_release);
}

int backend_claim(struct backend_claim *c, int tap_fd, struct err *e)
{
	struct backend_claim *other;

	lock();
	for (other = claims; other && other->tap_fd != tap_fd; other = other->next)
		;
	if (!other) {
		c->tap_fd = tap_fd;
		c->next = claims;
		claims = c;
	}
	unlock();
	if (other)
		return err_set(e, -EBUSY,
			       "another vhost-net ring takes the packets of TAP fd %d "
			       "already; each queue has one reader",
			       tap_fd);
	return 0;
}

void backend_release(struct backend_claim *c)
{
	struct backend_claim **at;

	if (c->tap_fd < 0)
		return;
	lock();
	for (at = &claims; *at && *at != c; at = &(*at)->next)
		;
	if (*at)
		*at = c->next;
	unlock();
	c->tap_fd = -1;
}

int backend_check(int tap_fd, struct err *e)
{
	const int want = sizeof(struct virtio_net_hdr_mrg_rxbuf);
	struct ifreq ifr;
	int code, len = 0;

	memset(&ifr, 0, sizeof(ifr));
	code = device_call(tap_fd, TUNGETIFF, &ifr);
	if (code == -EBADFD)
		return err_set(e, code,
			       "fd %d is of no TAP device (any more): was it deleted?",
			       tap_fd);
	if (code)
		return err_set(e, code, "fd %d is no TAP queue for vhost-net: %s", tap_fd,
			       strerror(-code));
	ifr.ifr_name[IFNAMSIZ - 1] = '\0';
	if (!(ifr.ifr_flags & IFF_TAP))
		return err_set(e, -EINVAL,
			       "fd %d is of %s, a TUN (layer 3); vhost-net needs a TAP",
			       tap_fd, ifr.ifr_name);
	if (!(ifr.ifr_flags & IFF_VNET_HDR))
		return err_set(e, -EINVAL,
			       "%s has no virtio-net header, which vhost-net needs "
			       "(vnet_hdr=on)",
			       ifr.ifr_name);
	code = device_call(tap_fd, TUNGETVNETHDRSZ, &len);
	if (code || len != want)
		return err_set(
			e, code ? code : -EINVAL,
			"%s: its virtio-net header has %d bytes, not %d as vhost-net "
			"needs (does another process change it?)",
			ifr.ifr_name, len, want);
	return 0;
}

int backend_set(int fd, enum vhost_ring_idx ring, int tap_fd)
{
	struct vhost_vring_file f = {.index = ring, .fd = tap_fd};

	return device_call(fd, VHOST_NET_SET_BACKEND, &f);
}
