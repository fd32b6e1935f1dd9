/* SPDX-License-Identifier: BSD-2-Clause */
/* gen: what flows and sizes have in common is prepared once; a frame is stamped from it.
 */
#include "bench/pktgen/gen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "bench/pktgen/gen_frame.h"
#include "bench/pktgen/gen_replay.h"
#include "bench/pktgen/gen_shape.h"
#include "bench/pktgen/gen_sizes.h"

/*
 * Invariant: pattern holds the filler of the longest frame at its place, with a
 * virtio-net header's room before it. Filler depends on the place behind the last mark
 * alone, so it is the same in all frames of a gen, whatever their flow and size.
 */

enum { HEAD_CHUNK = 16 };

/* headers are copied in whole chunks; what is too much falls into the mark */
_Static_assert(HEAD_CHUNK - 1 <= GEN_FRAME_MARK_LEN, "no filler is overwritten");

struct flow {
	uint64_t hash, seq;
	uint32_t ip_sum;     /* of the IPv4 header, without length */
	uint32_t pseudo_sum; /* without length */
	uint32_t l4_sum;     /* of pseudo header and header, without lengths */
	uint8_t head[(GEN_FRAME_HEADER_MAX + HEAD_CHUNK - 1) / HEAD_CHUNK * HEAD_CHUNK];
};

struct gen {
	struct gen_spec spec;
	const struct gen_frame_proto *proto;
	struct gen_replay *replay; /* NULL = frames are made; all below is for these */

	struct flow *flows;
	struct gen_shape *shapes;
	uint32_t *cycle; /* shapes in the order of the sizes; not with random ones */
	uint32_t n_shapes, n_cycle;
	bool is_random;
	uint8_t *pattern;
	uint32_t vnet_len, head_len, l3_off, l4_off, max_len;

	uint32_t flow;	      /* of the next frame */
	uint64_t visit;	      /* how many frames that flow had */
	uint32_t base, place; /* in the cycle: visit, and visit + flow, modulo n_cycle */
	struct gen_taken taken;
};

static void prepare_flow(const struct gen *g, uint32_t i)
{
	const struct gen_frame_proto *p = g->proto;
	struct flow *f = &g->flows[i];
	const uint8_t *l3 = f->head + g->l3_off;

	gen_frame_headers(&g->spec, i, f->head);
	f->hash = gen_frame_head_hash(&g->spec, f->head, l3);
	if (!p->ip_proto)
		return;
	f->ip_sum = gen_frame_fold(gen_frame_sum(l3, p->l3_len));
	f->pseudo_sum = gen_frame_fold(gen_frame_pseudo_sum(&g->spec, l3));
	f->l4_sum =
		f->pseudo_sum + gen_frame_fold(gen_frame_sum(l3 + p->l3_len, p->l4_len));
}

static uint32_t largest_size(const struct gen_spec *s)
{
	uint32_t max = 0;

	for (unsigned i = 0; i < s->n_sizes; i++)
		if (s->size[i].to > max)
			max = s->size[i].to;
	return max;
}

static int prepare(struct gen *g, struct err *e)
{
	const struct gen_spec *s = &g->spec;
	uint32_t i, place = 0, n = gen_sizes_cycle(s);
	uint8_t *payload;
	bool is_range = s->size[0].from != s->size[0].to;

	g->proto = gen_frame_proto_of(s);
	g->head_len = gen_spec_header_len(s);
	g->l4_off = g->head_len - g->proto->l4_len;
	g->l3_off = g->l4_off - g->proto->l3_len;
	g->is_random = is_range && !s->size[0].step;
	g->n_cycle = n;
	g->n_shapes = is_range ? n : s->n_sizes;
	g->max_len = g->vnet_len + largest_size(s) - GEN_SPEC_FCS;
	g->flows = calloc(s->n_flows, sizeof(*g->flows));
	g->shapes = calloc(g->n_shapes, sizeof(*g->shapes));
	g->cycle = calloc(n, sizeof(*g->cycle));
	g->pattern = calloc(1, g->max_len);
	if (!g->flows || !g->shapes || !g->cycle || !g->pattern)
		return err_set(e, -ENOMEM, "no memory to prepare frames");
	payload = g->pattern + g->vnet_len + g->head_len;
	gen_shape_filler(s, payload, g->max_len - g->vnet_len - g->head_len);
	for (i = 0; i < s->n_flows; i++)
		prepare_flow(g, i);
	for (i = 0; i < g->n_shapes; i++) {
		uint32_t weight = is_range ? 1 : s->size[i].weight;

		gen_shape_init(&g->shapes[i], s, gen_sizes_at(s, place), payload);
		while (weight--)
			g->cycle[place++] = i;
	}
	return 0;
}

int gen_open(struct gen **to, const struct gen_spec *s, struct err *e)
{
	struct gen *g = calloc(1, sizeof(*g));
	int rc;

	*to = NULL;
	if (!g)
		return err_set(e, -ENOMEM, "no memory to prepare frames");
	g->spec = *s;
	g->vnet_len = s->vnet ? GEN_FRAME_VNET_LEN : 0;
	if (s->pcap[0])
		rc = gen_replay_open(&g->replay, s->pcap, s->loops, e);
	else
		rc = prepare(g, e);
	if (rc < 0)
		gen_close(g);
	else
		*to = g;
	return rc;
}

void gen_close(struct gen *g)
{
	if (!g)
		return;
	gen_replay_close(g->replay);
	free(g->flows);
	free(g->shapes);
	free(g->cycle);
	free(g->pattern);
	free(g);
}

static const struct gen_shape *next_shape(const struct gen *g)
{
	uint64_t x;

	if (!g->is_random)
		return &g->shapes[g->cycle[g->place]];
	x = gen_frame_mix(g->spec.seed ^ gen_frame_mix(g->taken.frames));
	return &g->shapes[(unsigned __int128)x * g->n_shapes >> 64];
}

static void advance(struct gen *g)
{
	if (++g->place == g->n_cycle)
		g->place = 0;
	if (++g->flow < g->spec.n_flows)
		return;
	g->flow = 0;
	g->visit++;
	if (++g->base == g->n_cycle)
		g->base = 0;
	g->place = g->base;
}

/* The mark's own 18 bytes; returns their sum. */
static inline uint64_t put_mark(uint8_t *at, uint32_t run_flow, uint32_t seq,
				uint64_t now_ns, uint64_t head_hash,
				uint64_t payload_hash)
{
	uint64_t first = htobe64((uint64_t)run_flow << 32 | seq);
	uint64_t time = htobe64(now_ns << 16);
	uint32_t hash;

	memcpy(at, &first, 8);
	memcpy(at + 8, &time, 8); /* two bytes too many, the hash's */
	hash = htobe32(gen_frame_words_hash(first, time, head_hash, payload_hash));
	memcpy(at + 14, &hash, 4);
	return (first & 0xffffffff) + (first >> 32) + (time & 0xffffffff) + (time >> 32) +
	       hash;
}

/* Lengths, and the checksum of IPv4's header from what was summed beforehand. */
static inline void put_lengths(const struct gen *g, const struct flow *f,
			       const struct gen_shape *s, uint8_t *frame)
{
	uint16_t l4_len = htobe16((uint16_t)(s->len - g->l4_off)), v;
	uint8_t *l3 = frame + g->l3_off;

	if (g->proto->l3_len == 40) {
		memcpy(l3 + 4, &l4_len, 2);
	} else {
		v = htobe16((uint16_t)(s->len - g->l3_off));
		memcpy(l3 + 2, &v, 2);
		v = (uint16_t)~gen_frame_fold((uint64_t)f->ip_sum + v);
		memcpy(l3 + 10, &v, 2);
	}
	if (g->proto->ip_proto == IPPROTO_UDP)
		memcpy(frame + g->l4_off + 4, &l4_len, 2);
}

/* UDP's or TCP's checksum, the same way: the mark alone is new. */
static inline void put_csum(const struct gen *g, const struct flow *f,
			    const struct gen_shape *s, uint8_t *frame, uint64_t mark_sum)
{
	uint16_t l4_len = htobe16((uint16_t)(s->len - g->l4_off)), v = 0;
	bool is_udp = g->proto->ip_proto == IPPROTO_UDP;

	if (s->is_partial) {
		v = gen_frame_fold((uint64_t)f->pseudo_sum + l4_len);
	} else if (g->spec.csum != GEN_SPEC_CSUM_NONE) {
		v = (uint16_t)~gen_frame_fold(
			f->l4_sum + (uint64_t)l4_len * (1U + is_udp) + s->sum + mark_sum);
		if (is_udp && v == 0)
			v = 0xffff; /* RFC 768 */
	}
	memcpy(frame + g->l4_off + g->proto->csum_off, &v, 2);
}

static inline void put_headers(const struct gen *g, const struct flow *f,
			       const struct gen_shape *s, uint8_t *buf)
{
	uint8_t *frame = buf + g->vnet_len;

	if (g->vnet_len)
		memcpy(buf, s->vnet, GEN_FRAME_VNET_LEN);
	for (uint32_t i = 0; i < g->head_len; i += HEAD_CHUNK)
		memcpy(frame + i, f->head + i, HEAD_CHUNK);
	if (g->proto->ip_proto)
		put_lengths(g, f, s, frame);
}

/* The next frame into buf, where the filler stands already; has_headers: they, too. */
static void put(struct gen *g, const struct gen_shape *s, bool has_headers, uint8_t *buf,
		uint64_t now_ns)
{
	struct flow *f = &g->flows[g->flow];
	uint8_t *frame = buf + g->vnet_len, *at = frame + g->head_len;
	uint32_t run_flow = (uint32_t)g->spec.run << 16 | g->flow;
	uint64_t sum = 0;

	if (!has_headers)
		put_headers(g, f, s, buf);
	for (uint32_t i = 1; i < s->units; i++, at += g->spec.gso)
		put_mark(at, run_flow, (uint32_t)f->seq++, now_ns, f->hash, s->full_hash);
	sum = put_mark(at, run_flow, (uint32_t)f->seq++, now_ns, f->hash, s->last_hash);
	if (g->proto->ip_proto)
		put_csum(g, f, s, frame, sum);
	g->taken.frames++;
	g->taken.units += s->units;
	g->taken.bytes += s->len;
	advance(g);
}

static size_t replay(struct gen *g, uint8_t *buf, size_t cap)
{
	size_t len = 0;
	const uint8_t *frame = gen_replay_frame(g->replay, &len);

	if (!frame || cap < g->vnet_len + len)
		return 0;
	memset(buf, 0, g->vnet_len);
	memcpy(buf + g->vnet_len, frame, len);
	g->taken.frames++;
	g->taken.units++;
	g->taken.bytes += len;
	gen_replay_step(g->replay);
	return g->vnet_len + len;
}

size_t gen_next(struct gen *g, uint8_t *buf, size_t cap, uint64_t now_ns)
{
	struct gen_slot slot = {0};

	if (g->replay)
		return replay(g, buf, cap);
	if (cap < gen_next_len(g))
		return 0;
	return gen_stamp(g, &slot, buf, now_ns);
}

size_t gen_stamp(struct gen *g, struct gen_slot *slot, uint8_t *buf, uint64_t now_ns)
{
	const struct gen_shape *s;
	struct gen_slot after;
	uint32_t len, from;

	if (g->replay)
		return replay(g, buf, gen_max_len(g));
	s = next_shape(g);
	len = g->vnet_len + s->len;
	after = (struct gen_slot){slot->filled, g->flow + 1,
				  (uint32_t)(s - g->shapes) + 1};
	if (slot->filled < len) {
		from = slot->filled ? slot->filled : g->vnet_len + g->head_len;
		memcpy(buf + from, g->pattern + from, len - from);
		after.filled = len;
	}
	put(g, s, slot->flow == after.flow && slot->shape == after.shape, buf, now_ns);
	*slot = after;
	return len;
}

size_t gen_max_len(const struct gen *g)
{
	return g->replay ? g->vnet_len + gen_replay_max_len(g->replay) : g->max_len;
}

double gen_mean_len(const struct gen *g)
{
	double sum = 0;

	if (g->replay)
		return g->vnet_len + gen_replay_mean_len(g->replay);
	for (uint32_t i = 0; i < g->n_cycle; i++)
		sum += g->shapes[g->cycle[i]].len;
	return g->vnet_len + sum / g->n_cycle;
}

size_t gen_next_len(const struct gen *g)
{
	size_t len = 0;

	if (!g->replay)
		return g->vnet_len + next_shape(g)->len;
	return gen_replay_frame(g->replay, &len) ? g->vnet_len + len : 0;
}

uint64_t gen_next_due_ns(const struct gen *g)
{
	return g->replay ? gen_replay_due_ns(g->replay) : 0;
}

void gen_untake(struct gen *g)
{
	const struct gen_shape *s;
	size_t len;

	if (!g->taken.frames)
		return;
	g->taken.frames--;
	if (g->replay) {
		gen_replay_back(g->replay);
		gen_replay_frame(g->replay, &len);
		g->taken.units--;
		g->taken.bytes -= len;
		return;
	}
	if (g->flow-- == 0) {
		g->flow = g->spec.n_flows - 1;
		g->visit--;
	}
	g->base = (uint32_t)(g->visit % g->n_cycle);
	g->place = (uint32_t)((g->visit + g->flow) % g->n_cycle);
	s = next_shape(g);
	g->flows[g->flow].seq -= s->units;
	g->taken.units -= s->units;
	g->taken.bytes -= s->len;
}

struct gen_taken gen_taken_of(const struct gen *g)
{
	return g->taken;
}

uint64_t gen_taken_flow(const struct gen *g, uint32_t flow)
{
	return g->replay || flow >= g->spec.n_flows ? 0 : g->flows[flow].seq;
}
