/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_field: MAC and IP addresses, tags and ports, and how they go on. */
#include "bench/pktgen/gen_field.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "bench/pktgen/gen_words.h"

enum { STEP_MAX = 1 << 30 };

static const struct {
	const char *key;
	uint64_t max; /* of an IPv6 address: of its lower half */
	const char *example;
} fields[] = {
	[GEN_SPEC_DMAC] = {"dmac", 0xffffffffffff, "02:52:57:00:00:02"},
	[GEN_SPEC_SMAC] = {"smac", 0xffffffffffff, "02:52:57:00:00:01"},
	[GEN_SPEC_VLAN] = {"vlan", 4094, "5"},
	[GEN_SPEC_QINQ] = {"qinq", 4094, "100"},
	[GEN_SPEC_SIP] = {"sip", 0xffffffff, "198.18.0.1"},
	[GEN_SPEC_DIP] = {"dip", 0xffffffff, "198.18.0.2"},
	[GEN_SPEC_SPORT] = {"sport", 65535, "10000"},
	[GEN_SPEC_DPORT] = {"dport", 65535, "20000"},
};

static bool parse_mac(const char *text, uint64_t *v)
{
	unsigned b[6];
	int end = 0;

	if (strspn(text, "0123456789abcdefABCDEF:") != strlen(text) ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4],
		   &b[5], &end) != 6 ||
	    text[end])
		return false;
	*v = 0;
	for (int i = 0; i < 6; i++)
		*v = *v << 8 | b[i];
	return true;
}

static bool parse_address(const char *text, struct gen_spec_field *f)
{
	uint8_t b[16] = {0};

	f->is_v6 = strchr(text, ':') != NULL;
	if (inet_pton(f->is_v6 ? AF_INET6 : AF_INET, text, b) != 1)
		return false;
	f->hi = f->base = 0;
	for (int i = 0; i < 8 && f->is_v6; i++) {
		f->hi = f->hi << 8 | b[i];
		f->base = f->base << 8 | b[8 + i];
	}
	for (int i = 0; i < 4 && !f->is_v6; i++)
		f->base = f->base << 8 | b[i];
	return true;
}

static bool parse_base(enum gen_spec_field_id id, const char *text,
		       struct gen_spec_field *f)
{
	if (id == GEN_SPEC_DMAC || id == GEN_SPEC_SMAC)
		return parse_mac(text, &f->base);
	if (id == GEN_SPEC_SIP || id == GEN_SPEC_DIP)
		return parse_address(text, f);
	return gen_words_number(&text, fields[id].max, &f->base) && !*text;
}

/* What is behind BASE; n = 0: the number of flows, not known yet. */
static bool parse_rest(const char *p, struct gen_spec_field *f)
{
	f->step = f->n = 0;
	if (*p == '~') {
		f->is_random = true;
		p++;
		return gen_words_number(&p, STEP_MAX, &f->n) && f->n && !*p;
	}
	if (*p == '+') {
		p++;
		if (!gen_words_number(&p, STEP_MAX, &f->step))
			return false;
		if (*p == '%') {
			p++;
			if (!gen_words_number(&p, STEP_MAX, &f->n) || !f->n)
				return false;
		}
	}
	return !*p;
}

int gen_field_parse(struct gen_spec *s, enum gen_spec_field_id id, const char *text,
		    struct err *e)
{
	struct gen_spec_field f = {.is_set = true};
	size_t n = strcspn(text, "+~");
	char base[64];

	if (n >= sizeof(base))
		n = sizeof(base) - 1;
	memcpy(base, text, n);
	base[n] = '\0';
	if (!parse_base(id, base, &f) || !parse_rest(text + n, &f))
		return err_usage(
			e,
			"%s=%.80s: wanted is a value as %s, alone or with +STEP, "
			"+STEP%%N or ~N behind it",
			fields[id].key, text, fields[id].example);
	s->field[id] = f;
	return 0;
}

static bool is_used(const struct gen_spec *s, enum gen_spec_field_id id)
{
	if (id == GEN_SPEC_SIP || id == GEN_SPEC_DIP)
		return s->proto != GEN_SPEC_ETH;
	if (id == GEN_SPEC_SPORT || id == GEN_SPEC_DPORT)
		return s->proto != GEN_SPEC_ETH && s->proto != GEN_SPEC_ARP;
	return true;
}

int gen_field_check(struct gen_spec *s, enum gen_spec_field_id id, struct err *e)
{
	struct gen_spec_field *f = &s->field[id];
	bool want_v6 = s->proto == GEN_SPEC_UDP6 || s->proto == GEN_SPEC_TCP6;
	uint64_t max = f->is_v6 ? UINT64_MAX : fields[id].max, n, span;

	if (!f->is_set)
		return 0;
	if (!is_used(s, id))
		return err_usage(e, "%s: this proto has no such field", fields[id].key);
	if ((id == GEN_SPEC_SIP || id == GEN_SPEC_DIP) && f->is_v6 != want_v6)
		return err_usage(e, "%s: this proto wants an IPv%d address",
				 fields[id].key, want_v6 ? 6 : 4);
	if (!f->n)
		f->n = s->n_flows;
	n = f->is_random || f->n < s->n_flows ? f->n : s->n_flows;
	span = (n - 1) * (f->is_random ? 1 : f->step);
	if (span > max - f->base)
		return err_usage(e,
				 "%s: %llu flows go past its largest value; %%N ends it",
				 fields[id].key, (unsigned long long)n);
	return 0;
}
