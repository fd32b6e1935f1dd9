/* SPDX-License-Identifier: BSD-2-Clause */
/* For the tests of bench/pktgen: generators from words, and a slow reading of frames that
 * shares no code with it. */
#ifndef TESTS_UNIT_GEN_LAB_H
#define TESTS_UNIT_GEN_LAB_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bench/pktgen/gen.h"
#include "bench/pktgen/gen_check.h"

enum { LAB_MAX = 70000, LAB_VNET = 12 };

static inline void lab_spec(struct gen_spec *s, const char *words)
{
	struct err e = {0};

	if (gen_spec_parse(s, words, &e) < 0)
		fail_msg("%s: %s", words, e.text);
}

static inline struct gen *lab_open(struct gen_spec *s, const char *words)
{
	struct err e = {0};
	struct gen *g;

	lab_spec(s, words);
	if (gen_open(&g, s, &e) < 0)
		fail_msg("%s: %s", words, e.text);
	return g;
}

static inline uint32_t lab_be(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static inline void lab_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* RFC 1071, a byte at a time */
static inline uint32_t lab_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* A frame taken apart by what it says about itself. */
struct lab_read {
	unsigned n_tags, l3, l4, payload; /* offsets; l4 = 0: not IP */
	uint16_t tpid[2], vid[2], ethertype;
	uint8_t proto;
	uint32_t end; /* of the IP packet */
	uint32_t sport, dport;
	const uint8_t *frame;
};

static inline void lab_take_apart(struct lab_read *r, const uint8_t *f, size_t len)
{
	unsigned at = 12;

	*r = (struct lab_read){.frame = f};
	assert_true(len >= 60);
	while (lab_be(f + at, 2) == 0x8100 || lab_be(f + at, 2) == 0x88a8) {
		assert_true(r->n_tags < 2);
		r->tpid[r->n_tags] = (uint16_t)lab_be(f + at, 2);
		r->vid[r->n_tags++] = (uint16_t)lab_be(f + at + 2, 2);
		at += 4;
	}
	r->ethertype = (uint16_t)lab_be(f + at, 2);
	r->l3 = at + 2;
	r->payload = r->l3;
	r->end = (uint32_t)len;
	if (r->ethertype == 0x0806) {
		r->payload = r->l3 + 28;
		return;
	}
	if (r->ethertype != 0x0800 && r->ethertype != 0x86dd)
		return;
	if (r->ethertype == 0x0800) {
		assert_int_equal(f[r->l3], 0x45);
		r->proto = f[r->l3 + 9];
		r->l4 = r->l3 + 20;
		r->end = r->l3 + lab_be(f + r->l3 + 2, 2);
	} else {
		assert_int_equal(f[r->l3] >> 4, 6);
		r->proto = f[r->l3 + 6];
		r->l4 = r->l3 + 40;
		r->end = r->l4 + lab_be(f + r->l3 + 4, 2);
	}
	assert_int_equal(r->end, len); /* no padding is ever made */
	r->sport = lab_be(f + r->l4, 2);
	r->dport = lab_be(f + r->l4 + 2, 2);
	if (r->proto == 17)
		assert_int_equal(lab_be(f + r->l4 + 4, 2), r->end - r->l4);
	r->payload = r->l4 + (r->proto == 17 ? 8 : 20);
}

/* Of the pseudo header (RFC 768, RFC 9293, RFC 8200 8.1). */
static inline uint32_t lab_pseudo(const struct lab_read *r)
{
	uint8_t tail[4] = {0, r->proto};
	bool is_v4 = r->ethertype == 0x0800;
	uint32_t sum;

	lab_put16(tail + 2, r->end - r->l4);
	sum = lab_sum(0, r->frame + r->l3 + (is_v4 ? 12 : 8), is_v4 ? 8 : 32);
	return lab_sum(sum, tail, 4);
}

static inline unsigned lab_csum_at(const struct lab_read *r)
{
	return r->l4 + (r->proto == 17 ? 6 : 16);
}

static inline void lab_assert_csums(const struct lab_read *r)
{
	if (r->ethertype == 0x0800)
		assert_int_equal(lab_sum(0, r->frame + r->l3, 20), 0xffff);
	if (r->proto == 17) /* 0 would say that there is none (RFC 768) */
		assert_int_not_equal(lab_be(r->frame + lab_csum_at(r), 2), 0);
	if (r->proto == 6) /* is what 0 is sent as, in UDP alone */
		assert_int_not_equal(lab_be(r->frame + lab_csum_at(r), 2), 0xffff);
	if (r->l4)
		assert_int_equal(lab_sum(lab_pseudo(r), r->frame + r->l4, r->end - r->l4),
				 0xffff);
}

/* As a kernel completes a partial one. */
static inline void lab_complete_csum(const struct lab_read *r, uint8_t *frame)
{
	uint32_t sum;

	lab_put16(frame + lab_csum_at(r), 0);
	sum = lab_sum(lab_pseudo(r), frame + r->l4, r->end - r->l4);
	lab_put16(frame + lab_csum_at(r), sum == 0xffff && r->proto == 17 ? sum : ~sum);
}

static inline struct gen_check *lab_check(const struct gen_spec *s, bool vnet)
{
	struct gen_check_config cf = {.spec = s, .vnet = vnet, .verify_csum = true};
	struct err e = {0};
	struct gen_check *c;

	if (gen_check_init(&c, &cf, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

/* From memory that ends where the frame ends. */
static inline enum gen_check_kind lab_take(struct gen_check *c, const uint8_t *frame,
					   size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	enum gen_check_kind kind;

	memcpy(exact, frame, len);
	kind = gen_check_frame(c, exact, len, 0);
	free(exact);
	return kind;
}

#endif
