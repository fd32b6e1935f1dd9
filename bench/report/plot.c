/* SPDX-License-Identifier: BSD-2-Clause */
/* plot: the gnuplot scripts of a result document's pictures (plot_all.c draws them). */
#include "bench/report/plot.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/report/doc.h"
#include "bench/report/summary.h"

/* In single quotes gnuplot knows only '' (a quote); there is no other escape. */
static void quote(FILE *f, const char *text)
{
	fputc('\'', f);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', f);
		fputc(*text, f);
	}
	fputc('\'', f);
}

/* A field of a data block: in double quotes, where a quote cannot be had. */
static void field(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++)
		fputc(*text == '"' || *text == '\\' ? '\'' : *text, f);
	fputc('"', f);
}

static const char *text_at(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void head(FILE *f, const char *title, const char *x, const char *y)
{
	fputs("set encoding utf8\nset grid ytics\nset border 3\nset tics nomirror\n"
	      "set yrange [0:*]\nset key outside right top vertical noenhanced\nset "
	      "pointintervalbox 0\n"
	      "set title ",
	      f);
	quote(f, title);
	fputs(" noenhanced\nset xlabel ", f);
	quote(f, x);
	fputs(" noenhanced\nset ylabel ", f);
	quote(f, y);
	fputs(" noenhanced\n", f);
}

/* Draw what `plot` holds, twice. */
static void draw(FILE *f, const char *path, const char *plot)
{
	static const char *const terminals[][2] = {
		{"svg size 900,540 dynamic background 'white'", ".svg"},
		{"pngcairo size 900,540", ".png"},
	};

	for (unsigned i = 0; i < 2; i++) {
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s%s", path, terminals[i][1]);
		fprintf(f, "set terminal %s noenhanced\nset output ", terminals[i][0]);
		quote(f, file);
		fprintf(f, "\n%s\nunset output\n", plot);
	}
}

void plot_bars(const json_t *job, const json_t *metric, const char *path, FILE *script)
{
	const char *what = text_at(metric, "name"), *name;
	char title[512];
	json_t *list;
	unsigned n = 0;

	snprintf(title, sizeof(title), "%s: %s", text_at(job, "title"),
		 text_at(metric, "title"));
	fputs("reset session\n$cases << RINGWAY_END\n", script);
	json_object_foreach(json_object_get(job, "samples"), name, list)
	{
		struct spread s = summary_spread(job, what, name);

		if (!s.n)
			continue;
		fprintf(script, "%u ", n++);
		field(script, name);
		fprintf(script, " %.9g %.9g %.9g\n", s.median, s.min, s.max);
	}
	fputs("RINGWAY_END\n", script);
	head(script, title, "", text_at(metric, "unit"));
	fprintf(script,
		"unset key\nset style fill solid 0.5\nset boxwidth 0.6\n"
		"set xtics rotate by -30 noenhanced\nset xrange [-0.6:%u.6]\n",
		n ? n - 1 : 0);
	draw(script, path,
	     "plot $cases using 1:3:4:5:(0.6):xtic(2) with boxerrorbars linecolor rgb "
	     "'#4c72b0'");
}

static bool is_on_axis(const json_t *job, const char *axis)
{
	const json_t *x = json_object_get(job, "x");

	return x && strcmp(text_at(x, "axis"), axis) == 0;
}

/* One case over all jobs of the axis, as a data block; how many points it has. */
static unsigned put_line(const json_t *doc, const char *axis, const char *what,
			 const char *name, unsigned block, FILE *script)
{
	json_t *job;
	unsigned n = 0;
	size_t i;

	fprintf(script, "$line%u << RINGWAY_END\n", block);
	json_array_foreach(json_object_get(doc, "jobs"), i, job)
	{
		struct spread s = summary_spread(job, what, name);

		if (!is_on_axis(job, axis) || !s.n)
			continue;
		fprintf(script, "%.9g %.9g %.9g %.9g\n",
			json_number_value(
				json_object_get(json_object_get(job, "x"), "value")),
			s.median, s.min, s.max);
		n++;
	}
	fputs("RINGWAY_END\n", script);
	return n;
}

void plot_series(const json_t *doc, const json_t *first, const json_t *metric,
		 const char *path, FILE *script)
{
	const char *axis = text_at(json_object_get(first, "x"), "axis"), *name;
	const char *what = text_at(metric, "name"), *comma = "plot ";
	char *plot = NULL, title[512];
	unsigned n = 0;
	json_t *list;
	size_t len;
	FILE *f = open_memstream(&plot, &len);

	if (!f)
		return;
	fputs("reset session\n", script);
	json_object_foreach(json_object_get(first, "samples"), name, list)
	{
		if (put_line(doc, axis, what, name, n, script)) {
			fprintf(f,
				"%s$line%u using 1:2:3:4 with yerrorlines linewidth 2 "
				"title ",
				comma, n);
			quote(f, name);
			comma = ", ";
		}
		n++;
	}
	fclose(f);
	snprintf(title, sizeof(title), "%s against %s", text_at(metric, "title"), axis);
	head(script, title, axis, text_at(metric, "unit"));
	if (len)
		draw(script, path, plot);
	free(plot);
}

unsigned plot_latency(const json_t *job, const char *folder, const char *path,
		      FILE *script)
{
	const char *name, *comma = "plot ";
	char *plot = NULL;
	unsigned n = 0;
	json_t *list;
	size_t len;
	FILE *f = open_memstream(&plot, &len);

	if (!f)
		return 0;
	json_object_foreach(json_object_get(job, "samples"), name, list)
	{
		const char *file = text_at(json_array_get(list, 0), "hgrm");
		char full[PATH_MAX];

		snprintf(full, sizeof(full), "%s/%s", folder, file);
		if (!*file || access(full, R_OK))
			continue;
		fputs(comma, f);
		quote(f, full);
		fputs(" using 4:1 with lines linewidth 2 title ", f);
		quote(f, name);
		comma = ", ";
		n++;
	}
	fclose(f);
	if (n) {
		fputs("reset session\n", script);
		head(script, text_at(job, "title"), "percentile", "us");
		fputs("set datafile commentschars '#'\nset logscale x\nset xrange [1:*]\n"
		      "set xtics ('0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000, "
		      "'99.99' 10000, '99.999' 100000, '99.9999' 1000000)\n",
		      script);
		draw(script, path, plot);
	}
	free(plot);
	return n;
}
