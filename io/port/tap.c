/* SPDX-License-Identifier: BSD-2-Clause */
/* Thin wrappers over the ioctls of a TAP fd. */
#include "io/port/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "io/port/tap_err.h"

enum { BUSY_TRIES = 50 }; /* of 20 ms */

static int call(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

/* The requests that take their value in the argument itself. */
static int call_value(int fd, unsigned long request, unsigned long value)
{
	return call(fd, request, (void *)value); /* NOLINT: the kernel's way */
}

static int wished_flags(int fd, const struct tap_wish *wish, struct err *e)
{
	int flags = IFF_TAP | (wish->has_pi ? 0 : IFF_NO_PI), code;
	unsigned features = 0;

	code = call(fd, TUNGETFEATURES, &features);
	if (code < 0)
		return err_set(e, code,
			       "/dev/net/tun does not tell its features: %s (is it the "
			       "TUN/TAP driver's node, c 10 200?)",
			       strerror(-code));
	if (wish->vnet_hdr == TRI_on && !(features & IFF_VNET_HDR))
		return err_set(
			e, -EOPNOTSUPP,
			"vnet_hdr=on: this kernel's TAP has no virtio-net header (leave "
			"vnet_hdr out, or say off)");
	if (wish->vnet_hdr != TRI_off && (features & IFF_VNET_HDR))
		flags |= IFF_VNET_HDR;
	if (wish->is_multi_queue && !(features & IFF_MULTI_QUEUE))
		return err_set(
			e, -EOPNOTSUPP,
			"queues=: this kernel's TAP has one queue only (say queues=1)");
	if (wish->is_multi_queue)
		flags |= IFF_MULTI_QUEUE;
	return flags;
}

/*
 * The kernel lets go of a TAP some time after the process that had reads
 * pending on it was killed; nothing tells when. Who is restarted at once would
 * find its own device busy.
 */
static int set_iff(int fd, struct ifreq *ifr)
{
	static const struct timespec pause = {.tv_nsec = 20 * 1000000};
	int code = call(fd, TUNSETIFF, ifr);

	for (int i = 0; code == -EBUSY && i < BUSY_TRIES; i++) {
		nanosleep(&pause, NULL);
		code = call(fd, TUNSETIFF, ifr);
	}
	return code;
}

int tap_open(struct tap_wish *wish, const struct link_info *before, struct err *e)
{
	struct ifreq ifr;
	int fd, flags, code;

	do {
		fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return tap_err_open(e, -errno);
	flags = wished_flags(fd, wish, e);
	if (flags < 0) {
		close(fd);
		return flags;
	}
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, wish->ifname, IFNAMSIZ);
	ifr.ifr_name[IFNAMSIZ - 1] = '\0';
	ifr.ifr_flags = (short)flags;
	code = set_iff(fd, &ifr);
	if (code < 0) {
		close(fd);
		return tap_err_setiff(e, code, wish, before);
	}
	memcpy(wish->ifname, ifr.ifr_name, IFNAMSIZ);
	wish->ifname[IFNAMSIZ - 1] = '\0';
	return fd;
}

int tap_probe(int fd, struct tap_state *st)
{
	struct ifreq ifr;
	int code, flags;

	memset(st, 0, sizeof(*st));
	memset(&ifr, 0, sizeof(ifr));
	code = call(fd, TUNGETIFF, &ifr);
	if (code < 0)
		return code;
	flags = (unsigned short)ifr.ifr_flags;
	memcpy(st->ifname, ifr.ifr_name, IFNAMSIZ);
	st->ifname[IFNAMSIZ - 1] = '\0';
	st->is_tap = flags & IFF_TAP;
	st->has_vnet_hdr = flags & IFF_VNET_HDR;
	st->is_multi_queue = flags & IFF_MULTI_QUEUE;
	st->is_persistent = flags & IFF_PERSIST;
	st->is_detached = flags & IFF_DETACH_QUEUE;
	return 0;
}

unsigned tap_clean_offloads(unsigned offloads)
{
	const unsigned uso = TUN_F_USO4 | TUN_F_USO6, tso = TUN_F_TSO4 | TUN_F_TSO6;

	if (!(offloads & TUN_F_CSUM))
		return 0;
	if ((offloads & uso) != uso)
		offloads &= ~uso;
	if (!(offloads & tso))
		offloads &= ~(unsigned)TUN_F_TSO_ECN;
	return offloads & TAP_OFFLOADS_ALL;
}

/* Try sets one after the other for as long as the kernel knows them not. */
static int try_offloads(int fd, const unsigned *sets, unsigned n)
{
	unsigned i;
	int code = 0;

	for (i = 0; i < n; i++) {
		code = call_value(fd, TUNSETOFFLOAD, sets[i]);
		if (code >= 0)
			return (int)sets[i];
		if (code != -EINVAL)
			break;
	}
	return code;
}

int tap_set_offloads(int fd, unsigned wanted, struct err *e)
{
	const unsigned no_uso = wanted & ~(unsigned)(TUN_F_USO4 | TUN_F_USO6);
	const unsigned sets[] = {wanted, no_uso, no_uso & ~(unsigned)TUN_F_UFO};
	int got = try_offloads(fd, sets, 3);

	if (got < 0)
		return err_set(e, got, "the kernel refuses the offloads 0x%x: %s", wanted,
			       strerror(-got));
	return got;
}

int tap_probe_offloads(int fd, struct err *e)
{
	const unsigned base = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	const unsigned sets[] = {
		TAP_OFFLOADS_ALL,
		base | TUN_F_TSO_ECN | TUN_F_USO4 |
			TUN_F_USO6, /* should UFO's bit go one day */
		base | TUN_F_TSO_ECN | TUN_F_UFO,
		base | TUN_F_TSO_ECN,
		base,
		TUN_F_CSUM,
		0,
	};
	int got = try_offloads(fd, sets, sizeof(sets) / sizeof(sets[0]));

	if (got < 0)
		return err_set(e, got, "the kernel does not tell its offloads: %s",
			       strerror(-got));
	return got;
}

int tap_get_hdr_len(int fd, int *bytes)
{
	return call(fd, TUNGETVNETHDRSZ, bytes);
}

int tap_set_hdr_len(int fd, int bytes)
{
	return call(fd, TUNSETVNETHDRSZ, &bytes);
}

int tap_get_sndbuf(int fd, int *bytes)
{
	return call(fd, TUNGETSNDBUF, bytes);
}

int tap_set_sndbuf(int fd, int bytes)
{
	return call(fd, TUNSETSNDBUF, &bytes);
}

int tap_get_mac(int fd, uint8_t mac[6])
{
	struct ifreq ifr;
	int code;

	memset(&ifr, 0, sizeof(ifr));
	code = call(fd, SIOCGIFHWADDR, &ifr);
	if (!code)
		memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	return code;
}

int tap_set_queue(int fd, bool attach)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = attach ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
	return call(fd, TUNSETQUEUE, &ifr);
}

int tap_set_persist(int fd, bool on)
{
	return call_value(fd, TUNSETPERSIST, on);
}

int tap_set_owner(int fd, uid_t uid)
{
	return call_value(fd, TUNSETOWNER, uid);
}

int tap_set_group(int fd, gid_t gid)
{
	return call_value(fd, TUNSETGROUP, gid);
}

int tap_get_netns(int fd)
{
	return call(fd, TUNGETDEVNETNS, NULL); /* the kernel makes it close-on-exec */
}
