/* SPDX-License-Identifier: BSD-2-Clause */
/* Binding of a busy worker to its CPU, and letting go. */
#include "io/loop/stay.h"

void stay_init(struct stay *s, bool is_pinned)
{
	*s = (struct stay){0};
	s->is_active = !is_pinned && !sched_getaffinity(0, sizeof(s->home), &s->home) &&
		       CPU_COUNT(&s->home) > 1;
}

static void bind_here(struct stay *s)
{
	int cpu = sched_getcpu();
	cpu_set_t here;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	s->is_bound = !sched_setaffinity(0, sizeof(here), &here);
	s->n_windows = 0;
}

static void let_go(struct stay *s)
{
	s->is_bound = sched_setaffinity(0, sizeof(s->home), &s->home) != 0;
}

void stay_window(struct stay *s, uint32_t rate)
{
	bool is_busy = rate >= STAY_RATE;

	if (!s->is_active)
		return;
	if (!s->is_bound && is_busy)
		bind_here(s);
	else if (s->is_bound && (!is_busy || ++s->n_windows >= STAY_WINDOWS))
		let_go(s);
}
