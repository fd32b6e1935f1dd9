/* SPDX-License-Identifier: BSD-2-Clause */
/* The choice between blocking, spinning and batching. */
#include "core/wait.h"

enum {
	SCORE_MAX = 32,
	SCORE_SPIN = 8,	  /* a dialogue from here on */
	SCORE_MISS = 4,	  /* what a turn that does not fit costs */
	TURN_SMALL = 4,	  /* packets of a turn that may be a request */
	LEN_SMALL = 2048, /* bytes; larger ones are bulk */
	RATE_BATCH_KPPS = 15,
};
#define WINDOW_NS 1000000u

void wait_init(struct wait *w, int busy_poll, uint64_t now)
{
	*w = (struct wait){.busy_poll = busy_poll, .window_start = now};
}

static void note_turn_taking(struct wait *w, const struct forward_turn *turn)
{
	bool taken = turn->only && w->last && turn->only != w->last &&
		     turn->packets <= TURN_SMALL &&
		     turn->bytes <= (uint64_t)turn->packets * LEN_SMALL;

	if (taken)
		w->score += w->score < SCORE_MAX;
	else
		w->score -= w->score < SCORE_MISS ? w->score : SCORE_MISS;
	w->last = turn->only;
}

void wait_note(struct wait *w, const struct forward_turn *turn, uint64_t now)
{
	uint64_t ns = now - w->window_start;

	note_turn_taking(w, turn);
	w->window_packets += turn->packets;
	w->window_bytes += turn->bytes;
	if (ns < WINDOW_NS)
		return;
	w->rate_kpps = (uint32_t)(w->window_packets * 1000000u / ns);
	w->mean_len = (uint32_t)(w->window_bytes / w->window_packets);
	w->window_packets = w->window_bytes = 0;
	w->window_start = now;
}

void wait_spun_out(struct wait *w)
{
	w->score -= w->score < SCORE_SPIN ? w->score : SCORE_SPIN;
}

enum wait_mode wait_mode(const struct wait *w)
{
	if (w->busy_poll > 0)
		return WAIT_spin;
	if (w->score >= SCORE_SPIN)
		return w->busy_poll ? WAIT_spin : WAIT_block;
	if (w->rate_kpps >= RATE_BATCH_KPPS && w->mean_len <= LEN_SMALL)
		return WAIT_batch;
	return WAIT_block;
}

uint64_t wait_spin_ns(const struct wait *w)
{
	return (w->busy_poll > 0 ? (uint64_t)w->busy_poll : WAIT_AUTO_SPIN_US) * 1000u;
}
