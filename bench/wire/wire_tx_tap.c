/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames by writing to the user side of a TAP. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/wire/wire_tap.h"
#include "bench/wire/wire_tx_own.h"

struct user_side {
	struct wire_tap tap;
	size_t len[WIRE_BATCH];
};

static int user_open(struct wire_tx *t, struct err *e)
{
	struct user_side *u = t->own = calloc(1, sizeof(*u));
	int rc;

	if (!u)
		return err_set(e, -ENOMEM, "no memory for a sender");
	rc = wire_tap_open(&u->tap, t->wish.fd, t->ifname, t->wish.vnet, false, e);
	if (rc)
		return rc;
	memcpy(t->ifname, u->tap.ifname, sizeof(t->ifname));
	t->n_bufs = WIRE_BATCH;
	return wire_tx_memory(t, e);
}

static void user_close(struct wire_tx *t)
{
	struct user_side *u = t->own;

	if (u)
		wire_tap_close(&u->tap);
	free(u);
}

static void user_put(struct wire_tx *t, unsigned idx, size_t len)
{
	struct user_side *u = t->own;

	u->len[idx] = len;
}

/* The TAP's header may be longer or shorter than the frame's. */
static ssize_t write_one(const struct user_side *u, bool vnet, uint8_t *buf, size_t len)
{
	static const uint8_t zero[64];
	size_t have = vnet ? WIRE_VNET_LEN : 0, want = (size_t)u->tap.hdr_len;
	struct iovec iov[3] = {
		{buf, have < want ? have : want},
		{(void *)(uintptr_t)zero, have < want ? want - have : 0},
		{buf + have, len - have},
	};
	ssize_t rc;

	do {
		rc = have == want ? write(u->tap.fd, buf, len)
				  : writev(u->tap.fd, iov, 3);
	} while (rc < 0 && errno == EINTR);
	return rc;
}

static int user_flush(struct wire_tx *t, struct err *e)
{
	struct user_side *u = t->own;

	for (; t->n_put; t->n_put--) {
		t->count.calls++;
		if (write_one(u, t->wish.vnet, t->buf[t->first], u->len[t->first]) >= 0) {
			t->count.sent++;
		} else if (wire_tx_is_refusal(-errno)) {
			t->count.refused++;
		} else {
			int code = -errno;

			t->count.refused += t->n_put;
			t->n_put = 0;
			t->first = t->next;
			return wire_tx_failed(t, code, e);
		}
		t->first = (t->first + 1) % t->n_bufs;
	}
	return 0;
}

const struct wire_tx_ops wire_tx_tap_ops = {
	.open = user_open,
	.close = user_close,
	.put = user_put,
	.flush = user_flush,
};
