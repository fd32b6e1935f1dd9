/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_check: windows of numbers, and the judgement over a frame. */
#include "bench/pktgen/gen_check.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>

#include "bench/pktgen/gen_frame.h"
#include "bench/pktgen/gen_parse.h"

/*
 * Invariants of a flow: numbers next and above never came; the bit number % window says
 * of each of [next - window, next) whether it came; unique is how many different ones
 * came, late not among them. arrival[number % window] of one that has not come is the
 * arrival that jumped over it: the first that had a higher number.
 */

enum { WINDOW_MIN = 64, WINDOW_DEFAULT = 4096, WINDOW_MAX = 1 << 20 };

struct flow {
	uint64_t next, unique, duplicates, reordered, late;
};

struct gen_check {
	struct gen_spec spec;
	struct gen_check_config cf;
	uint32_t head_len, window;
	struct flow *flows;
	uint64_t *bits;	   /* window / 64 words of each flow */
	uint32_t *arrival; /* window of each flow; NULL = extents are not wanted */
	struct gen_check_counts counts;
};

static int take_memory(struct gen_check *c, struct err *e)
{
	size_t n = c->spec.n_flows;

	c->flows = calloc(n, sizeof(*c->flows));
	c->bits = calloc(n, c->window / 8);
	if (c->cf.extents)
		c->arrival = calloc(n, c->window * sizeof(*c->arrival));
	if (!c->flows || !c->bits || (c->cf.extents && !c->arrival))
		return err_set(e, -ENOMEM,
			       "no memory for a window of %u numbers in %zu flows",
			       c->window, n);
	return 0;
}

int gen_check_init(struct gen_check **to, const struct gen_check_config *cf,
		   struct err *e)
{
	uint32_t window = cf->window ? cf->window : WINDOW_DEFAULT;
	struct gen_check *c;
	int rc;

	*to = NULL;
	if (window & (window - 1) || window < WINDOW_MIN || window > WINDOW_MAX)
		return err_usage(e, "window: %u is no power of 2 from %d to %d", window,
				 WINDOW_MIN, WINDOW_MAX);
	if (cf->spec->pcap[0])
		return err_usage(e,
				 "frames that are replayed bear no mark to be checked");
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, -ENOMEM, "no memory to check frames");
	c->spec = *cf->spec;
	c->cf = *cf;
	c->cf.spec = &c->spec;
	c->window = window;
	c->head_len = gen_spec_header_len(&c->spec);
	rc = take_memory(c, e);
	if (rc < 0)
		gen_check_fini(c);
	else
		*to = c;
	return rc;
}

void gen_check_fini(struct gen_check *c)
{
	if (!c)
		return;
	free(c->flows);
	free(c->bits);
	free(c->arrival);
	free(c);
}

/* The number whose lower 32 bits these are, nearest to what is expected. */
static uint64_t extend(uint64_t next, uint32_t low)
{
	int64_t ahead = (int32_t)(low - (uint32_t)next);

	return ahead < 0 && next < (uint64_t)-ahead ? low : next + (uint64_t)ahead;
}

/* seq >= next: it is the new highest one. */
static void move_on(struct gen_check *c, uint32_t i, uint64_t seq)
{
	struct flow *f = &c->flows[i];
	uint64_t *bits = c->bits + (size_t)i * (c->window / 64);
	uint64_t from = f->next;
	uint32_t mask = c->window - 1;

	if (seq - from >= c->window) {
		memset(bits, 0, c->window / 8);
		from = seq - c->window + 1;
	}
	for (uint64_t s = from; s < seq; s++) {
		bits[(s & mask) / 64] &= ~(1ULL << s % 64);
		if (c->arrival)
			c->arrival[(size_t)i * c->window + (s & mask)] =
				(uint32_t)(f->unique + f->late);
	}
	bits[(seq & mask) / 64] |= 1ULL << seq % 64;
	f->next = seq + 1;
}

static void note_reordered(struct gen_check *c, uint32_t i, uint64_t seq)
{
	struct flow *f = &c->flows[i];
	uint64_t distance = f->next - seq;
	uint32_t extent;

	f->reordered++;
	c->counts.reordered++;
	if (distance > c->counts.max_distance)
		c->counts.max_distance = distance;
	if (!c->arrival)
		return;
	extent = (uint32_t)(f->unique + f->late) -
		 c->arrival[(size_t)i * c->window + (seq & (c->window - 1))];
	c->counts.sum_extent += extent;
	if (extent > c->counts.max_extent)
		c->counts.max_extent = extent;
}

/* RFC 4737, 3.3, with a window */
static enum gen_check_kind note(struct gen_check *c, uint32_t i, uint32_t low)
{
	struct flow *f = &c->flows[i];
	uint64_t *bits = c->bits + (size_t)i * (c->window / 64);
	uint64_t seq = extend(f->next, low), *word, bit = 1ULL << seq % 64;
	enum gen_check_kind kind = GEN_CHECK_IN_ORDER;

	c->counts.units++;
	if (seq >= f->next) {
		move_on(c, i, seq);
	} else if (f->next - seq > c->window) {
		f->late++;
		c->counts.late++;
		return GEN_CHECK_LATE;
	} else {
		word = &bits[(seq & (c->window - 1)) / 64];
		if (*word & bit) {
			f->duplicates++;
			c->counts.duplicates++;
			return GEN_CHECK_DUPLICATE;
		}
		*word |= bit;
		note_reordered(c, i, seq);
		kind = GEN_CHECK_REORDERED;
	}
	f->unique++;
	c->counts.unique++;
	return kind;
}

static void note_latency(struct gen_check *c, const uint8_t *mark, uint64_t now_ns)
{
	uint64_t sent =
		(uint64_t)gen_frame_get16(mark + 8) << 32 | gen_frame_get32(mark + 10);
	uint64_t ns = (now_ns - sent) << 16 >> 16; /* the mark has 48 bits */

	if (ns >> 47)
		c->counts.negative++;
	else if (c->cf.latency)
		hist_add(c->cf.latency, ns);
}

/* A mark with a wrong hash: are these at least the headers of the flow it names? */
static bool has_own_headers(const struct gen_check *c, const struct gen_parse *p)
{
	uint32_t flow = gen_frame_get16(p->payload + 2);
	uint8_t head[GEN_FRAME_HEADER_MAX];
	const struct gen_frame_proto *proto = gen_frame_proto_of(&c->spec);

	if (flow >= c->spec.n_flows)
		return false;
	gen_frame_headers(&c->spec, flow, head);
	return gen_frame_head_hash(&c->spec, head,
				   head + c->head_len - proto->l3_len - proto->l4_len) ==
	       gen_frame_head_hash(&c->spec, p->frame, p->l3);
}

/* One mark and the payload up to the next; head: hash of the headers. */
static enum gen_check_kind check_unit(struct gen_check *c, const struct gen_parse *p,
				      const uint8_t *mark, uint32_t len, uint64_t head,
				      uint64_t now_ns)
{
	enum gen_check_kind kind;
	uint32_t flow, hash;
	bool is_own_run;

	if (len < GEN_FRAME_MARK_LEN)
		return GEN_CHECK_CORRUPTED;
	is_own_run = gen_frame_get16(mark) == c->spec.run;
	flow = gen_frame_get16(mark + 2);
	hash = gen_frame_mark_hash(mark, head,
				   gen_frame_payload_hash(mark + GEN_FRAME_MARK_LEN,
							  len - GEN_FRAME_MARK_LEN));
	if (hash != gen_frame_get32(mark + 14))
		return is_own_run || has_own_headers(c, p) ? GEN_CHECK_CORRUPTED
							   : GEN_CHECK_FOREIGN;
	if (!is_own_run)
		return GEN_CHECK_OTHER_RUN;
	if (flow >= c->spec.n_flows || !gen_parse_has_tags(&c->spec, p, flow))
		return GEN_CHECK_CORRUPTED;
	kind = note(c, flow, gen_frame_get32(mark + 4));
	if (kind == GEN_CHECK_IN_ORDER || kind == GEN_CHECK_REORDERED)
		note_latency(c, mark, now_ns);
	return kind;
}

/* Headers that are not those of the spec: is there a mark of this run all the same? */
static enum gen_check_kind check_odd(const struct gen_check *c, const uint8_t *frame,
				     size_t len)
{
	unsigned tags =
		c->spec.field[GEN_SPEC_VLAN].is_set + c->spec.field[GEN_SPEC_QINQ].is_set;

	for (unsigned i = 0; i <= tags; i++) {
		size_t at = c->head_len - 4U * i;

		if (len >= at + GEN_FRAME_MARK_LEN &&
		    gen_frame_get16(frame + at) == c->spec.run &&
		    gen_frame_get16(frame + at + 2) < c->spec.n_flows)
			return GEN_CHECK_CORRUPTED;
	}
	return GEN_CHECK_FOREIGN;
}

/* gso: of the virtio-net header, 0 = none; is_done: with all checksums computed. */
static enum gen_check_kind check(struct gen_check *c, const uint8_t *frame, size_t len,
				 uint32_t gso, bool is_done, uint64_t now_ns)
{
	enum gen_check_kind kind, worst = GEN_CHECK_IN_ORDER;
	uint32_t at, left, cut = c->spec.gso ? c->spec.gso : gso;
	struct gen_parse p;
	uint64_t head;

	if (!gen_parse_frame(&c->spec, frame, len, &p))
		return check_odd(c, frame, len);
	if (!p.is_whole)
		return gen_frame_get16(p.payload) == c->spec.run || has_own_headers(c, &p)
			       ? GEN_CHECK_CORRUPTED
			       : GEN_CHECK_FOREIGN;
	head = gen_frame_head_hash(&c->spec, frame, p.l3);
	for (at = 0; at < p.payload_len; at += left) {
		left = p.payload_len - at;
		if (cut && left > cut)
			left = cut;
		kind = check_unit(c, &p, p.payload + at, left, head, now_ns);
		if (kind > worst)
			worst = kind;
		if (kind >= GEN_CHECK_OTHER_RUN)
			break;
	}
	if (worst < GEN_CHECK_CORRUPTED &&
	    !gen_parse_has_csums(&c->spec, &p, c->cf.verify_csum && is_done))
		c->counts.bad_csum++;
	return worst;
}

enum gen_check_kind gen_check_frame(struct gen_check *c, const uint8_t *frame, size_t len,
				    uint64_t now_ns)
{
	enum gen_check_kind kind = GEN_CHECK_FOREIGN;
	struct virtio_net_hdr h = {0};
	size_t vnet_len = c->cf.vnet ? GEN_FRAME_VNET_LEN : 0;

	c->counts.frames++;
	if (len >= vnet_len) {
		if (vnet_len)
			memcpy(&h, frame, sizeof(h));
		c->counts.bytes += len - vnet_len;
		kind = check(c, frame + vnet_len, len - vnet_len,
			     h.gso_type ? le16toh(h.gso_size) : 0,
			     !(h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM), now_ns);
	}
	c->counts.foreign += kind == GEN_CHECK_FOREIGN;
	c->counts.other_runs += kind == GEN_CHECK_OTHER_RUN;
	c->counts.corrupted += kind == GEN_CHECK_CORRUPTED;
	return kind;
}

const struct gen_check_counts *gen_check_counts_of(const struct gen_check *c)
{
	return &c->counts;
}

/* How many of the missing ones its late ones may be: holes below its highest number. */
static uint64_t maybe(const struct flow *f)
{
	uint64_t holes = f->next - f->unique;

	return f->late < holes ? f->late : holes;
}

struct gen_check_lost gen_check_lost_of(const struct gen_check *c, uint64_t sent)
{
	uint64_t seen = 0, late = 0, high;

	for (uint32_t i = 0; i < c->spec.n_flows; i++) {
		seen += c->flows[i].next;
		late += maybe(&c->flows[i]);
	}
	high = (sent > seen ? sent : seen) - c->counts.unique;
	return (struct gen_check_lost){high - late, high};
}

struct gen_check_flow gen_check_flow_of(const struct gen_check *c, uint32_t flow,
					uint64_t sent)
{
	const struct flow *f = &c->flows[flow];
	uint64_t high = (sent > f->next ? sent : f->next) - f->unique;

	return (struct gen_check_flow){
		.next = f->next,
		.unique = f->unique,
		.duplicates = f->duplicates,
		.reordered = f->reordered,
		.late = f->late,
		.lost = {high - maybe(f), high},
	};
}
