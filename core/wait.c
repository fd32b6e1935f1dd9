/* SPDX-License-Identifier: BSD-2-Clause */
/* The choice between blocking, spinning and batching. */
#include "core/wait.h"

enum {
	SCORE_MAX = 32,
	SCORE_SPIN = 8,	  /* a dialogue from here on */
	SCORE_MISS = 4,	  /* what a turn that does not fit costs */
	TURN_SMALL = 4,	  /* packets of a turn that may be a request */
	LEN_SMALL = 2048, /* bytes; larger ones are bulk */
	STREAM_KPPS = 15,
	TRIAL_WINDOWS = 64, /* how often all times get a window */
};
#define WINDOW_NS 8000000u

void wait_init(struct wait *w, int busy_poll, bool can_batch)
{
	*w = (struct wait){.busy_poll = busy_poll,
			   .can_batch = can_batch,
			   .since_trial = TRIAL_WINDOWS};
}

void wait_note(struct wait *w, const struct forward_turn *turn)
{
	bool taken = turn->only && w->last && turn->only != w->last &&
		     turn->packets <= TURN_SMALL &&
		     turn->bytes <= (uint64_t)turn->packets * LEN_SMALL;

	if (taken)
		w->score += w->score < SCORE_MAX;
	else
		w->score -= w->score < SCORE_MISS ? w->score : SCORE_MISS;
	w->last = turn->only;
	w->window_packets += turn->packets;
	w->window_bytes += turn->bytes;
}

bool wait_is_due(const struct wait *w, uint64_t now)
{
	return now - w->window_start >= WINDOW_NS;
}

static bool is_dialogue(const struct wait *w)
{
	return w->score >= SCORE_SPIN;
}

/* Does the rate keep up with that of blocking, within a tenth? */
static bool keeps_rate(const struct wait *w, unsigned time)
{
	return (uint64_t)w->rate_at[time] * 10 >= (uint64_t)w->rate_at[0] * 9;
}

/* The shortest time that saves a quarter, else the best one that saves a tenth. */
static unsigned best_time(const struct wait *w)
{
	uint64_t block = w->cost[0];
	unsigned best = 0;

	for (unsigned i = 1; i < WAIT_TIMES; i++) {
		if (!keeps_rate(w, i))
			continue;
		if ((uint64_t)w->cost[i] * 4 <= block * 3)
			return i;
		if (w->cost[i] < w->cost[best])
			best = i;
	}
	return (uint64_t)w->cost[best] * 10 <= block * 9 ? best : 0;
}

/* A trial measures the times from the last to the first, one window each. */
static void choose_time(struct wait *w, uint32_t cost)
{
	w->cost[w->time] = cost;
	w->rate_at[w->time] = w->rate;
	if (w->n_untried && --w->n_untried == 0)
		w->since_trial = 0;
	else if (!w->n_untried && ++w->since_trial >= TRIAL_WINDOWS)
		w->n_untried = WAIT_TIMES;
	w->time = w->n_untried ? w->n_untried - 1 : best_time(w);
}

void wait_measure(struct wait *w, uint64_t now, uint64_t cpu)
{
	uint64_t ns = now - w->window_start, packets = w->window_packets;
	bool was_stream = w->is_stream;

	w->is_stream = packets * 1000000u >= ns * STREAM_KPPS &&
		       w->window_bytes <= packets * LEN_SMALL;
	w->rate = ns ? (uint32_t)(packets * 1000000000u / ns) : 0;
	/* a window that began as something else says nothing of the time */
	if (w->can_batch && was_stream && w->is_stream && !is_dialogue(w))
		choose_time(w, (uint32_t)((cpu - w->window_cpu) / packets));
	w->window_start = now;
	w->window_cpu = cpu;
	w->window_packets = w->window_bytes = 0;
}

void wait_spun_out(struct wait *w)
{
	w->score -= w->score < SCORE_SPIN ? w->score : SCORE_SPIN;
}

enum wait_mode wait_mode(const struct wait *w)
{
	if (w->busy_poll > 0)
		return WAIT_spin;
	if (is_dialogue(w))
		return w->busy_poll ? WAIT_spin : WAIT_block;
	return w->can_batch && w->is_stream && w->time ? WAIT_batch : WAIT_block;
}

uint64_t wait_ns(const struct wait *w, enum wait_mode mode)
{
	static const unsigned times[WAIT_TIMES] = {0, 50, 100, 200};
	uint64_t us = times[w->time];

	if (mode == WAIT_spin)
		return (w->busy_poll > 0 ? (uint64_t)w->busy_poll : WAIT_AUTO_SPIN_US) *
		       1000u;
	if (us * w->rate > WAIT_BATCH_MAX * 1000000u)
		us = WAIT_BATCH_MAX * 1000000u / w->rate;
	return us * 1000u;
}
