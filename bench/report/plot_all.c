/* SPDX-License-Identifier: BSD-2-Clause */
/* plot_all: all pictures of a result document, by one run of gnuplot. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/report/capture.h"
#include "bench/report/doc.h"
#include "bench/report/plot.h"
#include "bench/report/summary.h"

enum { GNUPLOT_MS = 120000 };

static const char *text_at(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static bool has_figures(const json_t *job, const char *metric)
{
	const char *name;
	json_t *list;

	json_object_foreach(json_object_get(job, "samples"), name, list)
	{
		if (summary_spread(job, metric, name).n)
			return true;
	}
	return false;
}

/* Is this the first of at least two jobs on its axis, all with this metric? */
static bool is_series_begin(const json_t *doc, const json_t *job, const char *metric)
{
	const char *axis = text_at(json_object_get(job, "x"), "axis");
	json_t *other;
	unsigned n = 0;
	size_t i;

	json_array_foreach(json_object_get(doc, "jobs"), i, other)
	{
		const char *its = text_at(json_object_get(other, "x"), "axis");

		if (!*axis || strcmp(axis, its) != 0 || !doc_metric_lookup(other, metric))
			continue;
		if (n++ == 0 && other != job)
			return false;
	}
	return n > 1;
}

static int add_job(const json_t *doc, const json_t *job, const char *from,
		   const char *out, FILE *script)
{
	const char *name = text_at(job, "job");
	char path[PATH_MAX - 8];
	json_t *metric;
	size_t i;
	int n = 0;

	json_array_foreach(json_object_get(job, "metrics"), i, metric)
	{
		const char *what = text_at(metric, "name");

		if (!doc_is_leading(metric) || !has_figures(job, what))
			continue;
		snprintf(path, sizeof(path), "%s/%s-%s", out, name, what);
		plot_bars(job, metric, path, script);
		n++;
		if (!is_series_begin(doc, job, what))
			continue;
		snprintf(path, sizeof(path), "%s/series-%s-%s", out, name, what);
		plot_series(doc, job, metric, path, script);
		n++;
	}
	snprintf(path, sizeof(path), "%s/%s-latency", out, name);
	return n + (plot_latency(job, from, path, script) ? 1 : 0);
}

static int run_gnuplot(const char *script, struct err *e)
{
	char *argv[] = {"gnuplot", "-", NULL};
	struct capture_wish w = {
		.argv = argv, .input = script, .ns_fd = -1, .timeout_ms = GNUPLOT_MS};
	struct capture c;
	int rc = capture_good(&c, &w, e);

	capture_fini(&c);
	if (rc == -ENOENT)
		return err_set(e, rc,
			       "pictures need gnuplot, which is not installed (Debian: "
			       "apt install gnuplot-nox)");
	return rc;
}

int plot_all(const json_t *doc, const char *from, const char *out, struct err *e)
{
	char *script = NULL;
	json_t *job;
	size_t len, i;
	int n = 0, rc;
	FILE *f;

	if (mkdir(out, 0755) && errno != EEXIST)
		return err_set(e, -errno, "%s: %s", out, strerror(errno));
	f = open_memstream(&script, &len);
	if (!f)
		return err_set(e, -ENOMEM, "no memory for a script of gnuplot");
	json_array_foreach(json_object_get(doc, "jobs"), i, job)
	{
		n += add_job(doc, job, from, out, f);
	}
	fclose(f);
	rc = n ? run_gnuplot(script, e) : 0;
	free(script);
	return rc ? rc : n;
}
