/* SPDX-License-Identifier: BSD-2-Clause */
/* core/vnet, core/offload, core/queue: any frame and header towards any output. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/offload.h"
#include "core/queue.h"
#include "core/vnet.h"

/*
 * How it works: three bytes choose what the output takes, how many buffers are there,
 * and how the packet is cut into buffers; then come 10 bytes of virtio-net header,
 * the number of bytes that are added to the frame, and the frame. The buffers end
 * where their memory ends. What vnet_check lets in is sent; the output looks at each
 * packet and holds it, until it is asked to bring buffers home, or not even then.
 */
enum { PARTS = 4, BUFS = PARTS + 6, SEGS_MAX = VNET_TCP_SEGS_MAX };

static struct {
	struct queue q; /* first */
	struct pool pool;
	void *mem;
	struct pkt *held[BUFS];
	unsigned n_held;
	uint64_t n_sent, bytes;
} out;

static void hold(struct queue *q, const struct burst *b)
{
	FUZZ_ASSERT(b->n >= 1 && b->n <= BURST_MAX);
	for (unsigned i = 0; i < b->n; i++) {
		const struct pkt *p = b->pkts[i];

		FUZZ_ASSERT(offload_fit(p, q->caps) == OFFLOAD_FIT_pass);
		FUZZ_ASSERT(vnet_check(p) == DROP_none);
		out.n_sent++;
		out.bytes += pkt_frame_len(p);
		out.held[out.n_held++] = b->pkts[i];
	}
}

static void reclaim(struct queue *q)
{
	(void)q;
	while (out.n_held)
		pool_put(out.held[--out.n_held]);
}

static const struct queue_ops stingy = {.tx = hold};
static const struct queue_ops generous = {.tx = hold, .reclaim = reclaim};

static void start(unsigned caps, unsigned n_bufs, bool can_reclaim)
{
	if (!out.mem)
		out.mem = aligned_alloc(64, (pool_mem_len(BUFS) + 63) / 64 * 64);
	FUZZ_ASSERT(out.mem);
	pool_init(&out.pool, out.mem, n_bufs);
	out.n_held = 0;
	out.n_sent = out.bytes = 0;
	memset(&out.q, 0, sizeof(out.q));
	out.q.ops = can_reclaim ? &generous : &stingy;
	out.q.caps = caps & OFFLOAD_ALL;
}

/* n bytes behind the packet, in a buffer of exactly this length. */
static void append(struct pkt **head, const uint8_t *bytes, uint32_t n, uint8_t **mem)
{
	struct pkt *p = pool_get(&out.pool);

	*mem = malloc(n ? n : 1);
	FUZZ_ASSERT(p && *mem);
	memcpy(*mem, bytes, n);
	pkt_reset(p, n);
	p->data = *mem;
	if (*head)
		pkt_chain(*head, p);
	else
		*head = p;
}

/* Header and frame in up to PARTS buffers, the header whole. */
static struct pkt *packet(const uint8_t *all, uint32_t len, unsigned how, uint8_t **mem)
{
	uint32_t at = 0, step = 1u + (how >> 2) * 7u;
	struct pkt *head = NULL;
	unsigned n = how % PARTS;

	for (unsigned i = 0; i <= n; i++) {
		uint32_t some = step + (i ? 0 : PKT_VNET_LEN);

		if (i == n || some > len - at)
			some = len - at;
		append(&head, all + at, some, &mem[i]);
		at += some;
	}
	return head;
}

static void run(struct pkt *p)
{
	struct burst b = {.n = 1, .pkts = {p}};
	uint64_t len = pkt_frame_len(p);
	const struct counters *c = &out.q.count;
	bool is_gso = pkt_is_gso(p);

	if (vnet_check(p) != DROP_none) {
		pool_put(p);
		return;
	}
	queue_tx(&out.q, &b);
	FUZZ_ASSERT(out.n_sent == c->tx_packets && out.bytes == c->tx_bytes);
	FUZZ_ASSERT(1 + c->tx_made_packets == c->tx_packets + counters_drops(c));
	FUZZ_ASSERT(c->tx_made_packets < SEGS_MAX);
	FUZZ_ASSERT(is_gso || (out.n_sent == 1 && out.bytes == len));
	if (!counters_drops(c))
		FUZZ_ASSERT(len + c->tx_made_bytes == out.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t all[PKT_VNET_LEN + PKT_FRAME_MAX + 1];
	struct fuzz_in in = {data, len};
	unsigned caps = fuzz_u8(&in), bufs = fuzz_u8(&in), how = fuzz_u8(&in);
	uint8_t *mem[PARTS] = {NULL};
	uint32_t n = PKT_VNET_LEN, more;

	memset(all, 0, PKT_VNET_LEN);
	for (unsigned i = 0; i < 10; i++)
		all[i] = fuzz_u8(&in);
	more = fuzz_u16(&in);
	while (in.left && n < sizeof(all))
		all[n++] = fuzz_u8(&in);
	for (; more && n < sizeof(all); more--, n++)
		all[n] = (uint8_t)(n * 7);
	start(caps, PARTS + bufs % (BUFS - PARTS + 1), bufs & 0x80);
	run(packet(all, n, how, mem));
	reclaim(&out.q);
	FUZZ_ASSERT(out.pool.n_free == out.pool.n);
	for (unsigned i = 0; i < PARTS; i++)
		free(mem[i]);
	return 0;
}
