/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doc_check: whether a result document is one, said with the place where it is not.
 *
 * How it works: a document may come from anyone, and what it names ends up in file names
 * and in gnuplot's input. So names of jobs and metrics are short words of harmless
 * letters, names of cases and texts have no control characters, and sizes are bounded.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "bench/report/doc.h"

enum { NAME_LEN = 32, TEXT_LEN = 1024, MAX_JOBS = 1000, MAX_CASES = 100 };

static int refuse(struct err *e, const char *where, const char *why)
{
	return err_config(e, "%s: %s", where, why);
}

static bool is_word(const char *s)
{
	if (!s || !isalnum((unsigned char)*s) || strlen(s) > NAME_LEN)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.-", *s))
			return false;
	return true;
}

static bool is_text(const char *s)
{
	if (!s || strlen(s) > TEXT_LEN)
		return false;
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return false;
	return true;
}

static const char *text_at(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int check_texts(const json_t *o, const char *where, const char *const *keys,
		       struct err *e)
{
	for (; *keys; keys++)
		if (!is_text(text_at(o, *keys)))
			return err_config(e,
					  "%s: \"%s\" has to be a text of one line of up "
					  "to %d bytes",
					  where, *keys, TEXT_LEN);
	return 0;
}

static int check_notes(const json_t *job, const json_t *metric, const char *where,
		       struct err *e)
{
	json_t *notes = json_object_get(metric, "notes"), *n;
	size_t i;

	if (!notes)
		return 0;
	if (!json_is_array(notes))
		return refuse(e, where, "\"notes\" has to be a list of metrics");
	json_array_foreach(notes, i, n)
	{
		const char *name = json_string_value(n);

		if (!name || !doc_metric_lookup(job, name))
			return refuse(e, where,
				      "\"notes\" names a metric that is not there");
	}
	return 0;
}

static int check_metrics(const json_t *job, const char *where, struct err *e)
{
	static const char *const keys[] = {"title", "unit", NULL};
	json_t *all = json_object_get(job, "metrics"), *m;
	size_t i;

	if (!json_array_size(all) || !doc_is_leading(json_array_get(all, 0)))
		return refuse(e, where,
			      "\"metrics\" has to be a list whose first one leads "
			      "(has \"notes\")");
	json_array_foreach(all, i, m)
	{
		const char *name = text_at(m, "name"), *better = text_at(m, "better");

		if (!is_word(name))
			return refuse(e, where, "a metric without a proper name");
		if (doc_metric_lookup(job, name) != m)
			return refuse(e, where, "two metrics of one name");
		if (better && strcmp(better, "more") != 0 && strcmp(better, "less") != 0)
			return refuse(e, where,
				      "\"better\" has to be \"more\" or \"less\"");
		if (check_texts(m, where, keys, e) || check_notes(job, m, where, e))
			return -EINVAL;
	}
	return 0;
}

/* A value of a sample: a number, null, or one of the known texts. */
static bool is_value(const char *key, const json_t *v)
{
	static const char *const texts[] = {"error", "warning", "hgrm"};
	const char *s = json_string_value(v);

	if (json_is_number(v))
		return isfinite(json_number_value(v));
	if (!s)
		return json_is_null(v);
	if (strcmp(key, "hgrm") == 0) /* beside the document, nowhere else */
		return is_text(s) && *s && !strchr(s, '/');
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i]) == 0)
			return is_text(s);
	return false;
}

static int check_samples(const json_t *job, unsigned rounds, const char *where,
			 struct err *e)
{
	json_t *all = json_object_get(job, "samples"), *list, *s, *v;
	const char *name, *key;
	size_t i;

	if (!json_is_object(all) || json_object_size(all) > MAX_CASES)
		return refuse(e, where, "\"samples\" has to be an object of cases");
	json_object_foreach(all, name, list)
	{
		if (!*name || !is_text(name))
			return refuse(e, where, "a case without a proper name");
		if (!json_is_array(list) || json_array_size(list) > rounds)
			return err_config(e,
					  "%s: the samples of %s have to be a list, one "
					  "of each of %u rounds",
					  where, name, rounds);
		json_array_foreach(list, i, s)
		{
			if (!json_is_object(s))
				return refuse(e, where, "a sample has to be an object");
			json_object_foreach(s, key, v)
			{
				if (!is_text(key) || !is_value(key, v))
					return err_config(
						e,
						"%s: %s of %s in round %zu has to be a "
						"number or null",
						where, key, name, i + 1);
			}
		}
	}
	return 0;
}

static int check_job(const json_t *doc, const json_t *job, unsigned rounds, struct err *e)
{
	static const char *const keys[] = {"title", "unit", NULL};
	const json_t *x = json_object_get(job, "x");
	const char *name = text_at(job, "job");
	char where[NAME_LEN + 8];

	if (!is_word(name))
		return refuse(e, "jobs", "a job without a proper name");
	if (doc_job_lookup(doc, name) != job)
		return refuse(e, "jobs", "two jobs of one name");
	snprintf(where, sizeof(where), "job %s", name);
	if (x && (!is_text(text_at(x, "axis")) ||
		  !json_is_number(json_object_get(x, "value"))))
		return refuse(e, where, "\"x\" has to have an axis and a value");
	if (check_texts(job, where, keys, e) || check_metrics(job, where, e))
		return -EINVAL;
	return check_samples(job, rounds, where, e);
}

static int check_cases(const json_t *doc, struct err *e)
{
	const char *name;
	json_t *c;

	json_object_foreach(json_object_get(doc, "cases"), name, c)
	{
		if (!*name || !is_text(name) || !is_text(text_at(c, "title")))
			return refuse(e, "cases", "each has to have a name and a title");
	}
	return 0;
}

static int check_head(const json_t *doc, struct err *e)
{
	static const char *const keys[] = {"title", "date", NULL};
	const char *format = text_at(doc, "format");
	json_t *list[] = {json_object_get(doc, "argv"),
			  json_object_get(doc, "baselines")};
	json_t *v;
	size_t i;

	if (!format || strcmp(format, DOC_FORMAT) != 0)
		return refuse(e, "format",
			      "this is no result document of ringway-bench (\"format\" "
			      "has to be \"" DOC_FORMAT "\")");
	if (!json_is_object(json_object_get(doc, "machine")) ||
	    !json_is_object(json_object_get(doc, "versions")) ||
	    !json_is_object(json_object_get(doc, "cases")))
		return refuse(e, "document",
			      "\"machine\", \"versions\" and \"cases\" have to be "
			      "objects");
	for (unsigned n = 0; n < 2; n++) {
		if (!json_is_array(list[n]))
			return refuse(e, n ? "baselines" : "argv",
				      "this has to be a list");
		json_array_foreach(list[n], i, v)
		{
			if (!json_is_string(v))
				return refuse(e, n ? "baselines" : "argv",
					      "this has to be a list of words");
		}
	}
	return check_texts(doc, "document", keys, e);
}

int doc_check(const json_t *doc, struct err *e)
{
	json_t *jobs = json_object_get(doc, "jobs"), *job;
	json_int_t rounds = json_integer_value(json_object_get(doc, "rounds"));
	size_t i;

	if (check_head(doc, e) || check_cases(doc, e))
		return -EINVAL;
	if (rounds < 1 || rounds > DOC_MAX_ROUNDS)
		return err_config(e, "rounds: this has to be a number from 1 to %d",
				  DOC_MAX_ROUNDS);
	if (!json_is_array(jobs) || json_array_size(jobs) > MAX_JOBS)
		return refuse(e, "jobs", "this has to be a list");
	json_array_foreach(jobs, i, job)
	{
		if (check_job(doc, job, (unsigned)rounds, e))
			return -EINVAL;
	}
	return 0;
}
