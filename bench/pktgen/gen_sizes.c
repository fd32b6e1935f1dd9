/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_sizes: lists, ranges and the standards' names. */
#include "bench/pktgen/gen_sizes.h"

#include <string.h>

#include "bench/pktgen/gen_words.h"

/* RFC 6985, 4: the letters of an IMIX Genome; 'z' (the MTU) is left to lists */
static const uint32_t genome[] = {64, 128, 256, 512, 1024, 1280, 1518, 2112, 9000, 16000};
enum { GENOME_LETTERS = sizeof(genome) / sizeof(genome[0]) };

static int add(struct gen_spec *s, uint64_t size, uint64_t weight, struct err *e)
{
	if (s->n_sizes == GEN_SPEC_SIZES_MAX)
		return err_usage(e, "size: more than %d entries", GEN_SPEC_SIZES_MAX);
	s->size[s->n_sizes++] = (struct gen_spec_size){
		.from = (uint32_t)size,
		.to = (uint32_t)size,
		.step = 1,
		.weight = (uint32_t)weight,
	};
	return 0;
}

static int parse_list(struct gen_spec *s, const char *text, struct err *e)
{
	uint64_t size, weight;
	const char *p = text;
	int rc;

	for (;;) {
		weight = 1;
		if (!gen_words_number(&p, GEN_SPEC_SIZE_MAX, &size) ||
		    (*p == '*' &&
		     (p++, !gen_words_number(&p, GEN_SPEC_CYCLE_MAX, &weight))) ||
		    !weight || (*p && *p != '/'))
			return err_usage(
				e,
				"size=%.60s: at '%.20s' a size up to %d is wanted, "
				"as in 64, 64*7/594*4/1518, 64-1518, imix",
				text, p, GEN_SPEC_SIZE_MAX);
		rc = add(s, size, weight, e);
		if (rc < 0 || !*p)
			return rc;
		p++;
	}
}

static int parse_range(struct gen_spec *s, const char *text, struct err *e)
{
	uint64_t from, to, step = 1;
	const char *p = text;

	if (!gen_words_number(&p, GEN_SPEC_SIZE_MAX, &from) || *p++ != '-' ||
	    !gen_words_number(&p, GEN_SPEC_SIZE_MAX, &to) || from > to)
		goto bad;
	if (*p == '~') {
		step = 0;
		p++;
	} else if (*p == '+') {
		p++;
		if (!gen_words_number(&p, GEN_SPEC_SIZE_MAX, &step) || !step)
			goto bad;
	}
	if (*p)
		goto bad;
	if (from == to) /* no range of one: its weight is what counts */
		return add(s, from, 1, e);
	s->size[0] =
		(struct gen_spec_size){(uint32_t)from, (uint32_t)to, (uint32_t)step, 1};
	s->n_sizes = 1;
	return 0;
bad:
	return err_usage(
		e, "size=%.60s: a range is A-B, A-B+STEP or A-B~, with A <= B <= %d",
		text, GEN_SPEC_SIZE_MAX);
}

static int parse_genome(struct gen_spec *s, const char *text, struct err *e)
{
	uint64_t n;
	int rc;

	for (const char *p = text; *p; p++) {
		n = 1;
		if (*p >= '0' && *p <= '9' &&
		    !gen_words_number(&p, GEN_SPEC_CYCLE_MAX, &n))
			n = 0;
		if (!n || *p < 'a' || *p >= 'a' + GENOME_LETTERS)
			return err_usage(
				e,
				"size=genome:%.60s: at '%.20s' one of the letters a "
				"to j is wanted, or a number before one",
				text, p);
		rc = add(s, genome[*p - 'a'], n, e);
		if (rc < 0)
			return rc;
	}
	if (!*text)
		return err_usage(e, "size=genome: no letters");
	return 0;
}

int gen_sizes_parse(struct gen_spec *s, const char *text, struct err *e)
{
	s->n_sizes = 0;
	s->may_raise = true;
	if (strcmp(text, "rfc2544") == 0)
		return parse_genome(s, "abcdefg", e);
	if (strcmp(text, "imix") == 0)
		return parse_list(s, "64*7/594*4/1518", e);
	if (strncmp(text, "genome:", 7) == 0)
		return parse_genome(s, text + 7, e);
	s->may_raise = false;
	return strchr(text, '-') ? parse_range(s, text, e) : parse_list(s, text, e);
}

static int check_one(const struct gen_spec *s, struct gen_spec_size *z, struct err *e)
{
	uint32_t tags = s->field[GEN_SPEC_VLAN].is_set + s->field[GEN_SPEC_QINQ].is_set;
	uint32_t min = gen_spec_min_size(s), max = 65535 + 14 + 4 * tags + GEN_SPEC_FCS;

	if (z->from < min && s->may_raise) {
		z->from = min;
		if (z->to < min)
			z->to = min;
	}
	if (z->from < min)
		return err_usage(
			e,
			"size=%u is too small: these headers, a mark of 18 bytes and "
			"the FCS need %u",
			z->from, min);
	if (z->to > max)
		return err_usage(e, "size=%u is too large: an IP packet ends at %u",
				 z->to, max);
	return 0;
}

int gen_sizes_check(struct gen_spec *s, struct err *e)
{
	uint64_t cycle = 0;
	uint32_t largest = 0, payload;
	int rc;

	for (unsigned i = 0; i < s->n_sizes; i++) {
		rc = check_one(s, &s->size[i], e);
		if (rc < 0)
			return rc;
		cycle += s->size[i].weight;
		if (s->size[i].to > largest)
			largest = s->size[i].to;
	}
	if (cycle > GEN_SPEC_CYCLE_MAX)
		return err_usage(e, "size: the weights add up to more than %d",
				 GEN_SPEC_CYCLE_MAX);
	payload = largest - GEN_SPEC_FCS - gen_spec_header_len(s);
	if (s->gso && (s->proto == GEN_SPEC_UDP || s->proto == GEN_SPEC_UDP6) &&
	    (payload + s->gso - 1) / s->gso > GEN_SPEC_SEGS_MAX)
		return err_usage(
			e,
			"gso=%u cuts %u bytes into more than %d segments, and UDP "
			"takes no more",
			s->gso, payload, GEN_SPEC_SEGS_MAX);
	return 0;
}

uint32_t gen_sizes_cycle(const struct gen_spec *s)
{
	const struct gen_spec_size *z = s->size;
	uint32_t n = 0;

	if (z->from != z->to)
		return (z->to - z->from) / (z->step ? z->step : 1) + 1;
	for (unsigned i = 0; i < s->n_sizes; i++)
		n += z[i].weight;
	return n;
}

uint32_t gen_sizes_at(const struct gen_spec *s, uint32_t i)
{
	const struct gen_spec_size *z = s->size;

	if (z->from != z->to)
		return z->from + i * (z->step ? z->step : 1);
	while (i >= z->weight)
		i -= z++->weight;
	return z->from;
}
