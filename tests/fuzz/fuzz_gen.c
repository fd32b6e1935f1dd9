/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/pktgen: any words for a spec, and any bytes that arrive as its frames. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "bench/pktgen/gen.h"
#include "bench/pktgen/gen_check.h"

/*
 * How it works: the words end with the first newline. Behind it come frames, each a byte
 * of what is done, two of a length, and bytes: taken as they are, or laid over a frame
 * that the generator made, so that a mutation needs no right hash to get far.
 */
enum { WORDS_MAX = 1000, COST_MAX = 3000 };

static bool is_cheap(const struct gen_spec *s)
{
	return !s->pcap[0] && s->n_flows <= 64 &&
	       s->size[0].to - s->size[0].from < COST_MAX;
}

static void one_frame(struct gen *g, struct gen_check *c, struct fuzz_in *in)
{
	unsigned what = fuzz_u8(in), n = fuzz_u16(in);
	size_t len = n, at = 0;
	uint8_t *frame;

	if (what & 1)
		len = gen_next_len(g);
	frame = malloc(len ? len : 1); /* exactly, for the sanitizer */
	FUZZ_ASSERT(frame);
	memset(frame, 0, len);
	if (what & 1) {
		FUZZ_ASSERT(gen_next(g, frame, len, n) == len);
		at = len ? n % len : 0;
		n = what >> 1 & 7;
		if (what & 0x80)
			len -= at;
	}
	for (; n > 0 && at < len && in->left > 0; n--)
		frame[at++] ^= fuzz_u8(in);
	gen_check_frame(c, frame, len, 0);
	free(frame);
}

static void conserve(const struct gen_check *c, const struct gen *g, uint64_t frames)
{
	const struct gen_check_counts *n = gen_check_counts_of(c);
	struct gen_check_lost lost = gen_check_lost_of(c, gen_taken_of(g).units);

	FUZZ_ASSERT(n->frames == frames);
	FUZZ_ASSERT(n->units == n->unique + n->duplicates + n->late);
	FUZZ_ASSERT(n->reordered <= n->unique);
	FUZZ_ASSERT(n->foreign + n->other_runs + n->corrupted <= frames);
	FUZZ_ASSERT(lost.low <= lost.high);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, '\n', len < WORDS_MAX ? len : WORDS_MAX);
	struct gen_check *c = NULL;
	struct gen *g = NULL;
	char words[WORDS_MAX + 1] = "";
	uint64_t frames = 0;
	struct gen_spec s;
	struct err e = {0};

	if (!end)
		return 0;
	memcpy(words, data, (size_t)(end - data));
	if (gen_spec_parse(&s, words, &e) < 0) {
		FUZZ_ASSERT(e.text[0] && !strchr(e.text, '\n'));
		return 0;
	}
	if (!is_cheap(&s))
		return 0;
	FUZZ_ASSERT(gen_open(&g, &s, &e) == 0);
	struct gen_check_config cf = {.spec = &s,
				      .vnet = s.vnet,
				      .verify_csum = true,
				      .extents = true,
				      .window = 64};
	struct fuzz_in in = {end + 1, len - (size_t)(end + 1 - data)};

	FUZZ_ASSERT(gen_check_init(&c, &cf, &e) == 0);
	for (; in.left > 0; frames++)
		one_frame(g, c, &in);
	conserve(c, g, frames);
	gen_check_fini(c);
	gen_close(g);
	return 0;
}
