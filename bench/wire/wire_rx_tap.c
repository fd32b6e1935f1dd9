/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames read from the user side of a TAP. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench_clock.h"
#include "bench/wire/wire_rx_own.h"
#include "bench/wire/wire_tap.h"

enum { ROUND = 4096 /* frames per reap */, ROOM = WIRE_LEN_MAX + 64 + WIRE_VNET_LEN };

struct user_side {
	struct wire_tap tap;
	uint8_t buf[WIRE_VNET_LEN + ROOM]; /* read behind room for a longer header */
};

static int user_open(struct wire_rx *r, struct err *e)
{
	struct user_side *u = r->own = calloc(1, sizeof(*u));
	int rc;

	if (!u)
		return err_set(e, -ENOMEM, "no memory for a receiver");
	rc = wire_tap_open(&u->tap, r->wish.fd, r->ifname, r->wish.vnet, true, e);
	if (rc)
		return rc;
	memcpy(r->ifname, u->tap.ifname, sizeof(r->ifname));
	r->fd = u->tap.fd;
	return 0;
}

static void user_close(struct wire_rx *r)
{
	struct user_side *u = r->own;

	if (u)
		wire_tap_close(&u->tap);
	free(u);
}

static void take_frame(struct wire_rx *r, uint8_t *at, size_t hdr_len, size_t len)
{
	uint8_t *frame = at + hdr_len;

	len -= hdr_len;
	r->count.frames++;
	r->count.units++;
	r->count.bytes += len;
	if (!r->wish.take)
		return;
	if (r->wish.vnet) {
		if (hdr_len < WIRE_VNET_LEN) {
			memmove(frame - WIRE_VNET_LEN, at, hdr_len);
			memset(frame - WIRE_VNET_LEN + hdr_len, 0,
			       WIRE_VNET_LEN - hdr_len);
		} else if (hdr_len > WIRE_VNET_LEN) {
			memmove(frame - WIRE_VNET_LEN, at, WIRE_VNET_LEN);
		}
		frame -= WIRE_VNET_LEN;
		len += WIRE_VNET_LEN;
	}
	r->wish.take(r->wish.arg, frame, len, bench_clock_ns());
}

static int user_reap(struct wire_rx *r, struct err *e)
{
	struct user_side *u = r->own;
	size_t hdr_len = (size_t)u->tap.hdr_len;
	uint8_t *at = u->buf + WIRE_VNET_LEN;

	for (unsigned n = 0; n < ROUND; n++) {
		ssize_t len = read(u->tap.fd, at, ROOM);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN)
			return 0;
		if (len < 0)
			return err_set(e, errno == EBADFD ? -ENODEV : -errno,
				       "%s: receiving: %s", r->ifname,
				       errno == EBADFD ? "the interface was removed"
						       : strerror(errno));
		if ((size_t)len > hdr_len)
			take_frame(r, at, hdr_len, (size_t)len);
	}
	return 0;
}

static int user_drain(struct wire_rx *r, struct err *e)
{
	uint64_t before;
	int rc;

	do {
		before = r->count.frames;
		rc = user_reap(r, e);
	} while (!rc && r->count.frames - before >= ROUND);
	return rc;
}

const struct wire_rx_ops wire_rx_tap_ops = {
	.open = user_open,
	.close = user_close,
	.reap = user_reap,
	.drain = user_drain,
};
