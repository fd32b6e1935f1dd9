/* SPDX-License-Identifier: BSD-2-Clause */
/* search_print: the results of the searches as lines of text. */
#include <math.h>

#include "bench/search/search_print.h"

static void print_log(FILE *f, const struct search_log *log)
{
	fprintf(f, "  %u trial%s, %.0f s", log->n, log->n == 1 ? "" : "s", log->seconds);
	if (log->n_bad)
		fprintf(f, "; %u of them disturbed or too slow, and not used",
			log->n_bad);
	fputc('\n', f);
}

/* A rate, or a dash where there is none. */
static void print_rate(FILE *f, double pps)
{
	if (pps > 0.0)
		fprintf(f, " %14.0f", pps);
	else
		fprintf(f, " %14s", "-");
}

static void print_seconds(FILE *f, const char *what, double seconds)
{
	if (isnan(seconds))
		fprintf(f, "  %-22s %14s\n", what, "-");
	else
		fprintf(f, "  %-22s %14.6f s\n", what, seconds);
}

/* Figures that are no regular result are marked. */
static const char *mark_of(enum search_end end)
{
	return end == SEARCH_END_found ? "" : " (irregular)";
}

void search_print_throughput(FILE *f, const struct search_throughput_result *r)
{
	fprintf(f, "throughput (RFC 2544 26.1), frames/s of one direction: %s%s\n",
		search_end_text(r->end), mark_of(r->end));
	fprintf(f, "  %-22s", "throughput");
	print_rate(f, r->pps);
	fprintf(f, "\n  %-22s", "lowest that failed");
	print_rate(f, r->upper_pps);
	fputc('\n', f);
	print_log(f, &r->log);
}

void search_print_mlr(FILE *f, const struct search_mlr *s,
		      const struct search_mlr_result *r)
{
	fprintf(f, "MLRsearch (RFC 9971), frames/s of one direction\n");
	fprintf(f, "  %-6s %8s %14s %14s %14s  %s\n", "goal", "loss", "lower bound",
		"upper bound", "conditional", "end");
	for (unsigned i = 0; i < r->n_goals; i++) {
		const struct search_goal_result *g = &r->goal[i];

		fprintf(f, "  %-6s %7.3f%%", s->goal[i].name ? s->goal[i].name : "",
			s->goal[i].loss_ratio * 100);
		print_rate(f, g->lower_pps);
		print_rate(f, g->upper_pps);
		print_rate(f, g->conditional_pps);
		fprintf(f, "  %s%s\n", search_end_text(g->end), mark_of(g->end));
	}
	print_log(f, &r->log);
}

void search_print_loss(FILE *f, const struct search_loss_result *r)
{
	fprintf(f, "frame loss rate (RFC 2544 26.3): %s\n",
		r->end == SEARCH_END_found ? "two rates in a row without loss"
					   : search_end_text(r->end));
	fprintf(f, "  %8s %14s %10s\n", "of max", "frames/s", "loss");
	for (unsigned i = 0; i < r->n_rows; i++) {
		const struct search_loss_row *row = &r->row[i];

		fprintf(f, "  %7.1f%%", row->share * 100);
		print_rate(f, r->log.trial[row->trial].rate_pps);
		if (isnan(row->loss_ratio))
			fprintf(f, " %10s\n", "-");
		else
			fprintf(f, " %9.4f%%\n", row->loss_ratio * 100);
	}
	print_log(f, &r->log);
}

void search_print_burst(FILE *f, const struct search_burst_result *r)
{
	fprintf(f, "back-to-back frames (RFC 2544 26.4, RFC 9004): %s%s\n",
		search_end_text(r->end), mark_of(r->end));
	if (r->n)
		fprintf(f,
			"  %-22s %14.1f frames (min %.0f, max %.0f, deviation %.1f; "
			"%u searches)\n",
			"longest burst", r->average, r->min, r->max, r->stddev, r->n);
	print_seconds(f, "implied buffer time", r->n ? r->implied_seconds : NAN);
	print_seconds(f, "corrected buffer time", r->corrected_seconds);
	print_log(f, &r->log);
}

void search_print_blocked(FILE *f, const struct search_blocked_result *r)
{
	fprintf(f, "blocked time (RFC 6201, frames lost / offered rate), %u events\n",
		r->n);
	print_seconds(f, "median", r->median);
	print_seconds(f, "min", r->min);
	print_seconds(f, "max", r->max);
	print_seconds(f, "without event", r->quiet_seconds);
	print_log(f, &r->log);
}

void search_print_soak(FILE *f, const struct search_soak_result *r)
{
	fprintf(f, "soak, %u good intervals, %u of them with loss\n", r->n, r->n_lossy);
	if (r->n)
		fprintf(f, "  %-22s %14.6f%% (%llu frames)\n  %-22s %14.6f%%\n", "loss",
			r->loss_ratio * 100, (unsigned long long)r->lost,
			"worst interval", r->worst_ratio * 100);
	if (r->n > 2)
		fprintf(f, "  %-22s %+14.6f%% an hour, error %.6f%%: %s\n", "drift",
			r->drift * 100, r->drift_error * 100,
			fabs(r->drift) > 2 * r->drift_error ? "real" : "not proven");
	print_log(f, &r->log);
}
