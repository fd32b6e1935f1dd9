/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames by sendmmsg() on an AF_PACKET socket. */
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bench/wire/wire_tx_own.h"

enum { HDR_LEN = sizeof(struct virtio_net_hdr) }; /* 10: what AF_PACKET takes */

struct mmsg {
	struct iovec iov[WIRE_BATCH][2];
	struct mmsghdr msg[WIRE_BATCH];
};

static int mmsg_open(struct wire_tx *t, struct err *e)
{
	struct mmsg *m = t->own = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return err_set(e, -ENOMEM, "no memory for a sender");
	t->n_bufs = WIRE_BATCH;
	rc = wire_tx_socket(t, e);
	if (!rc)
		rc = wire_tx_memory(t, e);
	if (rc)
		return rc;
	for (unsigned i = 0; i < WIRE_BATCH; i++) {
		m->iov[i][0].iov_base = t->buf[i];
		m->iov[i][0].iov_len = HDR_LEN;
		m->iov[i][1].iov_base = t->buf[i] + WIRE_VNET_LEN;
		m->msg[i].msg_hdr.msg_iov = m->iov[i];
		m->msg[i].msg_hdr.msg_iovlen = t->wish.vnet ? 2 : 1;
	}
	return 0;
}

static void mmsg_close(struct wire_tx *t)
{
	free(t->own);
}

static void mmsg_put(struct wire_tx *t, unsigned idx, size_t len)
{
	struct mmsg *m = t->own;

	if (t->wish.vnet)
		m->iov[idx][1].iov_len = len - WIRE_VNET_LEN;
	else
		m->iov[idx][0].iov_len = len;
}

/* The first n frames from t->first on, which lie in one piece. */
static int send_run(struct wire_tx *t, unsigned n, struct err *e)
{
	struct mmsg *m = t->own;
	unsigned done = 0;
	int rc;

	while (done < n) {
		rc = sendmmsg(t->fd, m->msg + t->first + done, n - done, 0);
		t->count.calls++;
		if (rc < 0 && errno == EINTR)
			continue;
		if (rc < 0 && !wire_tx_is_refusal(-errno)) {
			t->count.refused += n - done;
			return wire_tx_failed(t, -errno, e);
		}
		if (rc > 0) {
			t->count.sent += (unsigned)rc;
			done += (unsigned)rc;
		}
		/* ended early: the next one was refused */
		if (done < n) {
			t->count.refused++;
			done++;
		}
	}
	return 0;
}

static int mmsg_flush(struct wire_tx *t, struct err *e)
{
	int rc = 0;

	while (t->n_put && !rc) {
		unsigned run = t->n_bufs - t->first;

		if (run > t->n_put)
			run = t->n_put;
		rc = send_run(t, run, e);
		t->first = (t->first + run) % t->n_bufs;
		t->n_put -= run;
	}
	t->count.refused += t->n_put;
	t->n_put = 0;
	t->first = t->next;
	return rc;
}

const struct wire_tx_ops wire_tx_mmsg_ops = {
	.open = mmsg_open,
	.close = mmsg_close,
	.put = mmsg_put,
	.flush = mmsg_flush,
};
