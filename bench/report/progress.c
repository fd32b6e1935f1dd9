/* SPDX-License-Identifier: BSD-2-Clause */
/* progress: one line about long work: how far it is, and how long it will take. */
#include "bench/report/progress.h"

#define WIPE "\r\033[K" /* ECMA-48: erase the line */

void progress_init(struct progress *p, FILE *f, bool is_terminal, unsigned n_steps,
		   double planned, double now)
{
	*p = (struct progress){
		.f = f,
		.is_terminal = is_terminal,
		.n_steps = n_steps,
		.planned = planned,
		.began = now,
	};
}

double progress_left(const struct progress *p, double now)
{
	double left = p->planned > p->done ? p->planned - p->done : 0;

	return p->done > 0 ? left * (now - p->began) / p->done : left;
}

struct progress_time progress_time(double seconds)
{
	struct progress_time t;
	long s = seconds < 0 ? 0 : seconds > 1e9 ? 1000000000 : (long)(seconds + 0.5);
	long minutes = (s + 30) / 60;

	if (s < 100)
		snprintf(t.text, sizeof(t.text), "%ld s", s);
	else if (minutes < 100)
		snprintf(t.text, sizeof(t.text), "%ld min", minutes);
	else
		snprintf(t.text, sizeof(t.text), "%ld h %02ld min", minutes / 60,
			 minutes % 60);
	return t;
}

void progress_begin(struct progress *p, const char *what, double now)
{
	if (!p->is_terminal)
		return;
	fprintf(p->f, WIPE "[%u/%u, %s left] %s ...", p->n_done + 1, p->n_steps,
		progress_time(progress_left(p, now)).text, what);
	fflush(p->f);
}

void progress_end(struct progress *p, const char *what, const char *outcome,
		  double weight, double now)
{
	p->n_done++;
	p->done += weight;
	fprintf(p->f, "%s[%u/%u, %s left] %s: %s\n", p->is_terminal ? WIPE : "",
		p->n_done, p->n_steps, progress_time(progress_left(p, now)).text, what,
		outcome);
	fflush(p->f);
}

void progress_fini(struct progress *p)
{
	if (p->is_terminal)
		fputs(WIPE, p->f);
	fflush(p->f);
}
