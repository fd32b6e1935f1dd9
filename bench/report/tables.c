/* SPDX-License-Identifier: BSD-2-Clause */
/* tables: a result document as tables on a terminal, as Markdown (RESULTS.md), as CSV. */
#include "bench/report/tables.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/cells.h"
#include "bench/report/doc.h"
#include "bench/report/machine.h"
#include "bench/report/summary.h"

static const char LEGEND[] =
	"median [lowest..highest] of the rounds; ratios are taken within each round";
static const char DOUBT[] =
	"the spreads of the two share a point (or there was one round "
	"only): this difference is not shown to be real";

static const char *text_at(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void add_spread(struct cells *c, const struct spread *s, const char *mark)
{
	if (!s->n)
		cells_add(c, "%s", "");
	else if (s->n == 1)
		cells_add(c, "%s%s", cells_number(s->median).text, mark);
	else
		cells_add(c, "%s [%s..%s]%s", cells_number(s->median).text,
			  cells_number(s->min).text, cells_number(s->max).text, mark);
}

static void add_ratio(struct cells *c, const struct summary_ratio *ratio, bool *doubts)
{
	const struct spread *s = &ratio->r;
	const char *mark = ratio->is_doubtful ? " ~" : "";

	if (!s->n) {
		cells_add(c, "%s", "");
		return;
	}
	*doubts |= ratio->is_doubtful;
	if (s->n == 1)
		cells_add(c, "%.2f%s", s->median, mark);
	else
		cells_add(c, "%.2f [%.2f..%.2f]%s", s->median, s->min, s->max, mark);
}

/* The medians that stand beside, then, in a job's first table, what went wrong. */
static void add_notes(struct cells *c, const json_t *job, const json_t *metric,
		      const struct summary_row *row)
{
	bool is_first = metric == json_array_get(json_object_get(job, "metrics"), 0);
	json_t *notes = json_object_get(metric, "notes"), *n;
	const char *comma = "";
	char *text = NULL;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	if (!f) {
		cells_add(c, "%s", "");
		return;
	}
	json_array_foreach(notes, i, n)
	{
		const char *name = json_string_value(n);
		const json_t *m = doc_metric_lookup(job, name);
		struct spread s = summary_spread(job, name, row->name);

		if (!s.n)
			continue;
		fprintf(f, "%s%s %s%s%s", comma, text_at(m, "title"),
			cells_number(s.median).text, *text_at(m, "unit") ? " " : "",
			text_at(m, "unit"));
		comma = ", ";
	}
	if (row->n_warned && is_first)
		fprintf(f, "%sin %u round%s: %.200s", comma, row->n_warned,
			row->n_warned > 1 ? "s" : "", row->warned);
	comma = row->n_warned ? ", " : comma;
	if (row->n_failed && is_first)
		fprintf(f, "%sFAILED %ux: %.200s", comma, row->n_failed, row->failed);
	fclose(f);
	cells_add(c, "%s", text);
	free(text);
}

/* A figure, or, in the first table, words that say why there is none. */
static bool has_something(const json_t *job, const char *metric, bool is_first)
{
	const char *name;
	json_t *list, *s;
	size_t i;

	json_object_foreach(json_object_get(job, "samples"), name, list)
	{
		if (summary_spread(job, metric, name).n)
			return true;
		json_array_foreach(list, i, s)
		{
			if (is_first && (json_object_get(s, "error") ||
					 json_object_get(s, "warning")))
				return true;
		}
	}
	return false;
}

/* One leading metric of a job; *doubts is set where a ratio is marked. */
static void fill(struct cells *c, const json_t *doc, const json_t *job,
		 const json_t *metric, bool *doubts)
{
	const char *bases[SUMMARY_MAX_BASES], *name, *what = text_at(metric, "name");
	unsigned n_bases = summary_bases(doc, job, what, bases);
	json_t *list;

	cells_init(c, 3 + n_bases);
	cells_add(c, "%s", "");
	cells_add(c, "%s", text_at(metric, "unit"));
	for (unsigned i = 0; i < n_bases; i++)
		cells_add(c, "x %s", bases[i]);
	cells_add(c, "%s", "");
	json_object_foreach(json_object_get(job, "samples"), name, list)
	{
		struct summary_row row = summary_of(job, what, name, bases, n_bases);

		cells_add(c, "%s", name);
		if (row.values.n)
			add_spread(c, &row.values, "");
		else
			cells_add(c, "%s", "-");
		for (unsigned i = 0; i < n_bases; i++)
			add_ratio(c, &row.ratio[i], doubts);
		add_notes(c, job, metric, &row);
	}
}

typedef void print_cells(const struct cells *c, FILE *f);

static void print_text(const struct cells *c, FILE *f)
{
	cells_print_text(c, f, 2);
}

/* Every table; whether a ratio was marked. */
static bool print_all(const json_t *doc, FILE *f, bool is_markdown)
{
	json_t *jobs = json_object_get(doc, "jobs"), *job, *metric;
	print_cells *print = is_markdown ? cells_print_markdown : print_text;
	bool doubts = false;
	size_t i, j;

	json_array_foreach(jobs, i, job)
	{
		json_array_foreach(json_object_get(job, "metrics"), j, metric)
		{
			struct cells c;

			if (!doc_is_leading(metric) ||
			    !has_something(job, text_at(metric, "name"), j == 0))
				continue;
			fputs(is_markdown ? "\n### " : "\n", f);
			fprintf(f, "%s: %s, %s", text_at(job, "title"),
				text_at(metric, "title"), text_at(metric, "unit"));
			if (*text_at(metric, "better"))
				fprintf(f, " (%s is better)", text_at(metric, "better"));
			fputs(is_markdown ? "\n\n" : "\n", f);
			fill(&c, doc, job, metric, &doubts);
			print(&c, f);
			cells_fini(&c);
		}
	}
	return doubts;
}

void tables_print_text(const json_t *doc, FILE *f)
{
	char *machine = machine_sentence(json_object_get(doc, "machine"));

	fprintf(f, "%s, %s\n%s\n%s\n", text_at(doc, "title"), text_at(doc, "date"),
		machine ? machine : "", LEGEND);
	free(machine);
	if (print_all(doc, f, false))
		fprintf(f, "\n~ %s\n", DOUBT);
}

/* One word of a command line as a shell takes it. */
static void print_word(const char *w, FILE *f)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+=./,:@%";

	if (*w && !w[strspn(w, plain)]) {
		fputs(w, f);
		return;
	}
	fputc('\'', f);
	for (; *w; w++) {
		if (*w == '\'')
			fputs("'\\''", f);
		else
			fputc(*w == '\n' ? ' ' : *w, f);
	}
	fputc('\'', f);
}

static void print_pairs(const json_t *o, FILE *f)
{
	struct cells c;
	const char *key;
	json_t *v;

	cells_init(&c, 2);
	cells_add(&c, "%s", "");
	cells_add(&c, "%s", "");
	json_object_foreach((json_t *)o, key, v)
	{
		char *other =
			json_is_string(v) || json_is_object(v)
				? NULL
				: json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));

		if (!json_is_object(v)) {
			cells_add(&c, "%s", key);
			cells_add(&c, "%s",
				  json_is_null(v) ? "not told"
				  : other	  ? other
						  : json_string_value(v));
		}
		free(other);
	}
	cells_print_markdown(&c, f);
	cells_fini(&c);
}

static void print_head(const json_t *doc, FILE *f)
{
	json_t *machine = json_object_get(doc, "machine"), *w;
	char *sentence = machine_sentence(machine);
	size_t i;

	fputs("# ", f);
	cells_markdown_text(f, text_at(doc, "title"));
	fprintf(f,
		"\n\nGenerated by `ringway-bench report FILE --markdown` from the "
		"samples "
		"of %s; not written by hand.\n\n",
		text_at(doc, "date"));
	cells_markdown_text(f, sentence ? sentence : "");
	free(sentence);
	fputs(".\n\nThe command:\n\n    ", f);
	json_array_foreach(json_object_get(doc, "argv"), i, w)
	{
		fputs(i ? " " : "", f);
		print_word(json_string_value(w), f);
	}
	fprintf(f,
		"\n\nIn the tables: %s. %lld round%s. ~ after a ratio: %s.\n\n## "
		"Results\n",
		LEGEND, json_integer_value(json_object_get(doc, "rounds")),
		json_integer_value(json_object_get(doc, "rounds")) > 1 ? "s" : "", DOUBT);
}

static void print_cases(const json_t *doc, FILE *f)
{
	struct cells c;
	const char *name;
	json_t *o;

	cells_init(&c, 2);
	cells_add(&c, "case");
	cells_add(&c, "what it is");
	json_object_foreach(json_object_get(doc, "cases"), name, o)
	{
		cells_add(&c, "%s", name);
		cells_add(&c, "%s", text_at(o, "title"));
	}
	fputs("\n## Cases\n\n", f);
	cells_print_markdown(&c, f);
	cells_fini(&c);
}

void tables_print_markdown(const json_t *doc, FILE *f)
{
	const json_t *machine = json_object_get(doc, "machine");

	print_head(doc, f);
	print_all(doc, f, true);
	print_cases(doc, f);
	fputs("\n## Machine\n\n", f);
	print_pairs(machine, f);
	fputs("\nMitigations:\n\n", f);
	print_pairs(json_object_get(machine, "mitigations"), f);
	fputs("\nVersions:\n\n", f);
	print_pairs(json_object_get(doc, "versions"), f);
}

static void csv_sample(const json_t *job, const char *name, size_t round,
		       const json_t *sample, FILE *f)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)sample, key, v)
	{
		const json_t *m = doc_metric_lookup(job, key);

		if (json_is_null(v))
			continue;
		cells_csv_field(f, text_at(job, "job"));
		fputc(',', f);
		cells_csv_field(f, name);
		fprintf(f, ",%zu,", round + 1);
		cells_csv_field(f, key);
		fputc(',', f);
		cells_csv_field(f, m ? text_at(m, "unit") : "");
		fputc(',', f);
		if (json_is_number(v))
			fprintf(f, "%.9g", json_number_value(v));
		else
			cells_csv_field(f, json_string_value(v));
		fputc('\n', f);
	}
}

void tables_print_csv(const json_t *doc, FILE *f)
{
	json_t *jobs = json_object_get(doc, "jobs"), *job, *list, *s;
	const char *name;
	size_t i, j;

	fputs("job,case,round,metric,unit,value\n", f);
	json_array_foreach(jobs, i, job)
	{
		json_object_foreach(json_object_get(job, "samples"), name, list)
		{
			json_array_foreach(list, j, s)
			{
				csv_sample(job, name, j, s, f);
			}
		}
	}
}
