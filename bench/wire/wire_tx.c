/* SPDX-License-Identifier: BSD-2-Clause */
/* The front of all senders: opening, buffers, counts. */
#include "bench/wire/wire_tx.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/wire/wire_tx_own.h"
#include "io/port/netns.h"

static const struct {
	const char *name;
	const struct wire_tx_ops *ops;
} kinds[WIRE_TX_N_KINDS] = {
	[WIRE_TX_sendmmsg] = {"sendmmsg", &wire_tx_mmsg_ops},
	[WIRE_TX_txring] = {"txring", &wire_tx_ring_ops},
	[WIRE_TX_tap] = {"tap", &wire_tx_tap_ops},
};

const char *wire_tx_kind_name(enum wire_tx_kind kind)
{
	return kind < WIRE_TX_N_KINDS ? kinds[kind].name : NULL;
}

int wire_tx_kind_parse(const char *word, enum wire_tx_kind *kind, struct err *e)
{
	for (unsigned i = 0; i < WIRE_TX_N_KINDS; i++)
		if (!strcmp(word, kinds[i].name)) {
			*kind = i;
			return 0;
		}
	return err_usage(e, "--io %.40s: frames are sent by sendmmsg, txring or tap",
			 word);
}

/* Frames with a virtio-net header may be longer than the MTU: the kernel looks at them.
 */
static int find(struct wire_tx *t, struct err *e)
{
	const struct wire_tx_wish *w = &t->wish;

	if (w->kind == WIRE_TX_tap) /* is there perhaps not yet */
		return w->fd >= 0 ? 0 : wire_check_name(w->at.ifname, e);
	return wire_find(&w->at, w->vnet ? 0 : w->max_len, &t->info, e);
}

static int open_there(struct wire_tx *t, struct err *e)
{
	int back, rc, left;

	rc = netns_enter(t->wish.at.netns, &back, e);
	if (rc)
		return rc;
	rc = t->ops->open(t, e);
	left = netns_leave(&back, e);
	return left ? left : rc;
}

int wire_tx_open(struct wire_tx **to, const struct wire_tx_wish *w, struct err *e)
{
	struct wire_tx *t = calloc(1, sizeof(*t));
	size_t longest = WIRE_LEN_MAX + (w->vnet ? WIRE_VNET_LEN : 0);
	int rc;

	*to = NULL;
	if (!t)
		return err_set(e, -ENOMEM, "no memory for a sender");
	t->ops = kinds[w->kind].ops;
	t->wish = *w;
	t->fd = -1;
	if (w->at.ifname)
		strncpy(t->ifname, w->at.ifname, IFNAMSIZ - 1);
	if (!w->max_len)
		t->wish.max_len = longest;
	if (w->max_len > longest)
		rc = err_set(e, -EMSGSIZE,
			     "a frame of %zu bytes cannot be sent: %zu are possible",
			     w->max_len, longest);
	else
		rc = find(t, e);
	t->wish.at.ifname = t->ifname;
	if (!rc)
		rc = open_there(t, e);
	if (rc) {
		wire_tx_close(t);
		return rc;
	}
	*to = t;
	return 0;
}

void wire_tx_close(struct wire_tx *t)
{
	if (!t)
		return;
	t->ops->close(t);
	if (t->fd >= 0 && t->fd != t->wish.fd)
		close(t->fd);
	free(t->buf);
	free(t);
}

int wire_tx_socket(struct wire_tx *t, struct err *e)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_ifindex = t->info.ifindex};
	int one = 1;

	t->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* 0: receives nothing */
	if (t->fd < 0)
		return wire_refused(e, -errno, "AF_PACKET socket");
	if (bind(t->fd, (struct sockaddr *)&ll, sizeof(ll)) < 0 ||
	    setsockopt(t->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		return err_set(e, -errno, "%s: AF_PACKET: %s", t->ifname,
			       strerror(errno));
	if (t->wish.vnet &&
	    setsockopt(t->fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) < 0)
		return err_set(e, -errno, "%s: AF_PACKET with a virtio-net header: %s",
			       t->ifname, strerror(errno));
	return 0;
}

int wire_tx_memory(struct wire_tx *t, struct err *e)
{
	size_t each = (t->wish.max_len + 63) / 64 * 64;
	uint8_t *all;
	unsigned i;

	/* one allocation: the table and the buffers behind it */
	t->buf = aligned_alloc(64, (t->n_bufs * sizeof(*t->buf) + 63) / 64 * 64 +
					   t->n_bufs * each);
	if (!t->buf)
		return err_set(e, -ENOMEM, "no memory for the frames of a sender");
	all = (uint8_t *)t->buf + (t->n_bufs * sizeof(*t->buf) + 63) / 64 * 64;
	memset(all, 0, t->n_bufs * each);
	for (i = 0; i < t->n_bufs; i++)
		t->buf[i] = all + i * each;
	return 0;
}

bool wire_tx_is_refusal(int code)
{
	return code == -ENOBUFS || code == -EAGAIN || code == -ENOMEM;
}

int wire_tx_failed(struct wire_tx *t, int code, struct err *e)
{
	switch (-code) {
	case ENETDOWN:
	case EIO:
		return err_set(e, -ENETDOWN,
			       "%s: the interface was set down while frames were sent",
			       t->ifname);
	case ENXIO:
	case ENODEV:
	case EBADFD:
		return err_set(e, -ENODEV,
			       "%s: the interface was removed while frames were sent",
			       t->ifname);
	case EMSGSIZE:
		return wire_too_long(e, t->ifname, t->wish.max_len, t->info.mtu);
	case EINVAL:
		return err_set(e, code, "%s: the kernel takes no such frame%s", t->ifname,
			       t->wish.vnet ? " with this virtio-net header" : "");
	default:
		return err_set(e, code, "%s: sending: %s", t->ifname, strerror(-code));
	}
}

unsigned wire_tx_n_buffers(const struct wire_tx *t)
{
	return t->n_bufs;
}

uint8_t *wire_tx_buffer(struct wire_tx *t, unsigned *idx)
{
	if (t->n_put == t->n_bufs || (t->ops->is_free && !t->ops->is_free(t, t->next)))
		return NULL;
	*idx = t->next;
	return t->buf[t->next];
}

/* Is it an 802.1Q tag that brings the frame above the limit? The kernel lets it pass. */
static bool is_too_long(const struct wire_tx *t, const uint8_t *frame, size_t len)
{
	size_t limit = (size_t)t->info.mtu + ETH_HLEN;

	if (t->wish.vnet || t->wish.kind == WIRE_TX_tap || len <= limit)
		return false;
	return len > limit + 4 || frame[12] != ETH_P_8021Q >> 8 ||
	       frame[13] != (ETH_P_8021Q & 0xff);
}

void wire_tx_put(struct wire_tx *t, size_t len)
{
	t->count.put++;
	if (is_too_long(t, t->buf[t->next], len))
		t->too_long = len;
	t->ops->put(t, t->next, len);
	t->next = (t->next + 1) % t->n_bufs;
	t->n_put++;
}

int wire_tx_flush(struct wire_tx *t, struct err *e)
{
	if (t->too_long) {
		t->count.refused += t->n_put;
		t->n_put = 0;
		return wire_too_long(e, t->ifname, t->too_long, t->info.mtu);
	}
	return t->ops->flush(t, e);
}

struct wire_tx_count wire_tx_count_of(const struct wire_tx *t)
{
	return t->count;
}
