/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_spec: the words' keys, defaults, and what may not stand together. */
#include "bench/pktgen/gen_spec.h"

#include <stddef.h>
#include <string.h>

#include "bench/pktgen/gen_field.h"
#include "bench/pktgen/gen_frame.h"
#include "bench/pktgen/gen_sizes.h"
#include "bench/pktgen/gen_words.h"

enum { WORDS_MAX = 4096, GSO_MIN = 36, GSO_MAX = 65000 };

/* Index of text in the words of list (separated by '|'), or -1. */
static int one_of(const char *text, const char *list)
{
	size_t n = strlen(text);

	for (int i = 0;; i++) {
		size_t len = strcspn(list, "|");

		if (n == len && memcmp(text, list, n) == 0)
			return i;
		if (!list[len])
			return -1;
		list += len + 1;
	}
}

static int choose(int *to, const char *key, const char *text, const char *list,
		  struct err *e)
{
	*to = one_of(text, list);
	if (*to < 0)
		return err_usage(e, "%s=%.60s: it is one of %s", key, text, list);
	return 0;
}

static int number(uint64_t *to, const char *key, const char *text, uint64_t min,
		  uint64_t max, struct err *e)
{
	const char *p = text;

	if (!gen_words_number(&p, max, to) || *p || *to < min)
		return err_usage(e, "%s=%.60s: it is a number from %llu to %llu", key,
				 text, (unsigned long long)min, (unsigned long long)max);
	return 0;
}

static int set_pcap(struct gen_spec *s, const char *text, struct err *e)
{
	if (!*text || strlen(text) >= sizeof(s->pcap))
		return err_usage(e, "pcap: a file name of 1 to %zu bytes is wanted",
				 sizeof(s->pcap) - 1);
	strcpy(s->pcap, text);
	return 0;
}

enum key {
	KEY_FIELDS, /* the first are the fields, by enum gen_spec_field_id */
	KEY_PROTO = GEN_SPEC_N_FIELDS,
	KEY_SIZE,
	KEY_FLOWS,
	KEY_CSUM,
	KEY_VNET,
	KEY_GSO,
	KEY_SEED,
	KEY_RUN,
	KEY_MAC,
	KEY_PCAP,
	KEY_LOOPS,
};
static const char keys[] =
	"dmac|smac|vlan|qinq|sip|dip|sport|dport|proto|size|flows|csum|"
	"vnet|gso|seed|run|mac|pcap|loops";

static int set(struct gen_spec *s, enum key key, const char *text, struct err *e)
{
	uint64_t n = 0;
	int rc, i = 0;

	switch (key) {
	case KEY_PROTO:
		rc = choose(&i, "proto", text, "udp|tcp|udp6|tcp6|arp|eth", e);
		s->proto = (enum gen_spec_proto)i;
		return rc;
	case KEY_SIZE:
		return gen_sizes_parse(s, text, e);
	case KEY_FLOWS:
		rc = number(&n, "flows", text, 1, GEN_SPEC_FLOWS_MAX, e);
		s->n_flows = (uint32_t)n;
		return rc;
	case KEY_CSUM:
		rc = choose(&i, "csum", text, "full|partial|none", e);
		s->csum = (enum gen_spec_csum)i;
		return rc;
	case KEY_VNET:
		rc = choose(&i, "vnet", text, "no|yes", e);
		s->vnet = i == 1;
		return rc;
	case KEY_GSO:
		rc = number(&n, "gso", text, GSO_MIN, GSO_MAX, e);
		s->gso = (uint32_t)n;
		return rc;
	case KEY_SEED:
		return number(&s->seed, "seed", text, 0, UINT64_MAX, e);
	case KEY_RUN:
		rc = number(&n, "run", text, 0, UINT16_MAX, e);
		s->run = (uint16_t)n;
		return rc;
	case KEY_MAC:
		rc = choose(&i, "mac", text, "check|any", e);
		s->may_rewrite = i == 1;
		return rc;
	case KEY_PCAP:
		return set_pcap(s, text, e);
	case KEY_LOOPS:
		return number(&s->loops, "loops", text, 0, UINT32_MAX, e);
	default:
		return gen_field_parse(s, (enum gen_spec_field_id)key, text, e);
	}
}

static int set_word(struct gen_spec *s, char *word, uint32_t *seen, struct err *e)
{
	char *value = strchr(word, '=');
	int key;

	if (!value)
		return err_usage(e, "'%.60s' is no KEY=VALUE", word);
	*value++ = '\0';
	key = one_of(word, keys);
	if (key < 0)
		return err_usage(e, "'%.60s' is no key; there are %s", word, keys);
	if (*seen & 1U << key)
		return err_usage(e, "%s is given twice", word);
	*seen |= 1U << key;
	return set(s, (enum key)key, value, e);
}

static void set_defaults(struct gen_spec *s, uint32_t seen)
{
	static const char *const v4[] = {
		"02:52:57:00:00:02", "02:52:57:00:00:01", NULL,	  NULL, "198.18.0.1",
		"198.18.0.2",	     "10000+1%50000",	  "20000"};
	static const char *const v6[] = {
		[GEN_SPEC_SIP] = "2001:2::1", [GEN_SPEC_DIP] = "2001:2::2"};
	bool is_v6 = s->proto == GEN_SPEC_UDP6 || s->proto == GEN_SPEC_TCP6;

	for (unsigned id = 0; id < GEN_SPEC_N_FIELDS; id++) {
		const char *text = v4[id];

		if (is_v6 && (id == GEN_SPEC_SIP || id == GEN_SPEC_DIP))
			text = v6[id];
		if (s->proto == GEN_SPEC_ETH && id >= GEN_SPEC_SIP)
			continue;
		if (s->proto == GEN_SPEC_ARP && id >= GEN_SPEC_SPORT)
			continue;
		if (!s->field[id].is_set && text)
			gen_field_parse(s, (enum gen_spec_field_id)id, text, NULL);
	}
	if (!(seen & 1U << KEY_RUN))
		s->run = (uint16_t)(gen_frame_mix(s->seed) >> 48);
}

static int check(const struct gen_spec *s, uint32_t seen, struct err *e)
{
	bool has_l4 = gen_frame_proto_of(s)->ip_proto != 0;
	uint32_t replay =
		1U << KEY_PCAP | 1U << KEY_LOOPS | 1U << KEY_VNET | 1U << KEY_FLOWS;

	if (s->pcap[0] && (seen & ~replay || s->n_flows != 1))
		return err_usage(e,
				 "pcap: frames that are replayed are not made; beside it "
				 "only loops and vnet may stand");
	if (!s->pcap[0] && seen & 1U << KEY_LOOPS)
		return err_usage(e, "loops: only a pcap has them");
	if (s->field[GEN_SPEC_QINQ].is_set && !s->field[GEN_SPEC_VLAN].is_set)
		return err_usage(e, "qinq is the outer one of two tags; give vlan, too");
	if (s->csum == GEN_SPEC_CSUM_PARTIAL && (!s->vnet || !has_l4))
		return err_usage(e, "csum=partial needs vnet=yes, and UDP or TCP");
	if (s->csum == GEN_SPEC_CSUM_NONE && s->proto != GEN_SPEC_UDP)
		return err_usage(
			e, "csum=none: only UDP over IPv4 may be without (RFC 768)");
	if (s->gso && (!s->vnet || !has_l4))
		return err_usage(e, "gso needs vnet=yes, and UDP or TCP");
	if (s->gso && s->csum == GEN_SPEC_CSUM_NONE)
		return err_usage(e, "gso needs checksums, so csum=none cannot be");
	return 0;
}

int gen_spec_parse(struct gen_spec *s, const char *words, struct err *e)
{
	char copy[WORDS_MAX], *word = copy, *next;
	uint32_t seen = 0;
	int rc = 0;

	*s = (struct gen_spec){.n_flows = 1, .seed = 1, .loops = 1};
	gen_sizes_parse(s, "64", NULL);
	if (strlen(words) >= sizeof(copy))
		return err_usage(e, "the words for the frames are longer than %d bytes",
				 WORDS_MAX - 1);
	strcpy(copy, words);
	for (; word && *words && rc == 0; word = next) {
		next = strchr(word, ',');
		if (next)
			*next++ = '\0';
		rc = set_word(s, word, &seen, e);
	}
	if (rc == 0)
		rc = check(s, seen, e);
	if (rc < 0)
		return rc;
	set_defaults(s, seen);
	if (!(seen & 1U << KEY_SIZE))
		s->may_raise = true; /* 64 is a default, no wish */
	for (unsigned id = 0; id < GEN_SPEC_N_FIELDS && rc == 0; id++)
		rc = gen_field_check(s, (enum gen_spec_field_id)id, e);
	return rc < 0 ? rc : gen_sizes_check(s, e);
}

uint64_t gen_spec_value(const struct gen_spec *s, enum gen_spec_field_id id,
			uint32_t flow)
{
	const struct gen_spec_field *f = &s->field[id];
	uint64_t x;

	if (!f->is_random)
		return f->base + flow % f->n * f->step;
	x = gen_frame_mix(s->seed ^ gen_frame_mix((uint64_t)id << 32 | flow));
	return f->base + x % f->n;
}

unsigned gen_spec_header_len(const struct gen_spec *s)
{
	const struct gen_frame_proto *proto = gen_frame_proto_of(s);

	return GEN_FRAME_ETH_LEN + 4U * s->field[GEN_SPEC_VLAN].is_set +
	       4U * s->field[GEN_SPEC_QINQ].is_set + proto->l3_len + proto->l4_len;
}

unsigned gen_spec_min_size(const struct gen_spec *s)
{
	unsigned need = gen_spec_header_len(s) + GEN_FRAME_MARK_LEN + GEN_SPEC_FCS;

	return need > GEN_SPEC_SIZE_MIN ? need : GEN_SPEC_SIZE_MIN;
}
