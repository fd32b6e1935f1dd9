/* SPDX-License-Identifier: BSD-2-Clause */
/* ringway-bench report: a result document as tables, Markdown, CSV and pictures. */
#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/bench_option.h"
#include "bench/report/doc.h"
#include "bench/report/plot.h"
#include "bench/report/tables.h"

struct wish {
	bool is_markdown, is_csv;
	const char *plots;
	json_t *baselines;
};

static int take_baseline(void *to, const char *value, struct err *e)
{
	struct wish *w = to;

	return json_array_append_new(w->baselines, json_string(value))
		       ? err_usage(e, "--baseline: no name of a case, which is UTF-8")
		       : 0;
}

static const struct bench_option options[] = {
	{"markdown", NULL, "print a page in Markdown, as bench/RESULTS.md is",
	 BENCH_OPTION_TO(flag, struct wish, is_markdown)},
	{"csv", NULL, "print every figure of every sample as CSV",
	 BENCH_OPTION_TO(flag, struct wish, is_csv)},
	{"plots", "DIR", "draw pictures into DIR, as SVG and PNG (needs gnuplot)",
	 BENCH_OPTION_TO(text, struct wish, plots)},
	{"baseline", "CASE", "take ratios to CASE instead of the document's; repeatable",
	 .kind = BENCH_OPTION_own, .take = take_baseline},
	{.name = NULL},
};

static int check_baselines(const json_t *doc, const json_t *baselines, struct err *e)
{
	const json_t *cases = json_object_get(doc, "cases");
	json_t *b;
	size_t i;

	json_array_foreach(baselines, i, b)
	{
		const char *name = json_string_value(b);

		if (!name || !json_object_get(cases, name))
			return err_usage(e,
					 "--baseline %s: the document has no such case",
					 name ? name : "");
	}
	return 0;
}

static int draw(const json_t *doc, const char *path, const char *out, struct err *e)
{
	char *copy = strdup(path);
	int n = copy ? plot_all(doc, dirname(copy), out, e)
		     : err_set(e, -ENOMEM, "no memory");

	free(copy);
	if (n >= 0)
		fprintf(stderr, "%d pictures in %s, each as .svg and .png\n", n, out);
	return n < 0 ? n : 0;
}

/* What run and search print is JSON as well, and not what is wanted here. */
static int refuse(struct err *e)
{
	char why[sizeof(e->text)];

	memcpy(why, e->text, sizeof(why));
	if (strstr(why, DOC_FORMAT))
		return err_config(e,
				  "%s; 'peers --json FILE' and 'compare --json FILE' "
				  "save one, what run and search print has no tables",
				  why);
	if (e->code == -EINVAL && e->exit_status == EX_OSERR) /* it is no JSON at all */
		e->exit_status = EX_DATAERR;
	return e->code ? e->code : -EINVAL;
}

static int show(const struct wish *w, const char *path, struct err *e)
{
	json_t *doc = doc_load(path, e);
	int rc;

	if (!doc)
		return refuse(e);
	rc = check_baselines(doc, w->baselines, e);
	if (!rc && json_array_size(w->baselines))
		json_object_set(doc, "baselines", w->baselines);
	if (!rc && w->plots)
		rc = draw(doc, path, w->plots, e);
	if (!rc && w->is_csv)
		tables_print_csv(doc, stdout);
	else if (!rc && w->is_markdown)
		tables_print_markdown(doc, stdout);
	else if (!rc)
		tables_print_text(doc, stdout);
	json_decref(doc);
	return rc;
}

int report_cmd(int argc, char **argv, struct err *e)
{
	struct wish w = {.baselines = json_array()};
	int rc = bench_option_parse(options, argc, argv, &w, e);

	if (rc >= 0 && argc - rc != 1)
		rc = err_usage(e, "report takes one result document, not %d words",
			       argc - rc);
	else if (rc >= 0 && w.is_csv && w.is_markdown)
		rc = err_usage(e, "--csv and --markdown: one of them at a time");
	else if (rc >= 0)
		rc = show(&w, argv[rc], e);
	json_decref(w.baselines);
	return rc;
}

void report_cmd_help(FILE *f)
{
	bench_option_help(options, f);
	fputs("\nFILE is what peers, compare and the like save with --json; '-' is "
	      "standard input.\n",
	      f);
}
