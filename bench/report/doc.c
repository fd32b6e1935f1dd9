/* SPDX-License-Identifier: BSD-2-Clause */
/* doc: the result document: made, filled, saved and loaded (doc_check.c checks it). */
#include "bench/report/doc.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "no memory for the result document");
}

json_t *doc_new(const char *title, int argc, char **argv, unsigned rounds,
		json_t *machine, json_t *versions)
{
	json_t *words = json_array();
	time_t now = time(NULL);
	char date[64];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S%z", &tm);
	for (int i = 0; i < argc; i++)
		json_array_append_new(words, doc_text(argv[i]));
	return json_pack("{ss ss ss so so so si so so so}", "format", DOC_FORMAT, "title",
			 title, "date", date, "argv", words, "machine", machine,
			 "versions", versions, "rounds", (int)rounds, "baselines",
			 json_array(), "cases", json_object(), "jobs", json_array());
}

int doc_add_baseline(json_t *doc, const char *name, struct err *e)
{
	json_t *all = json_object_get(doc, "baselines");

	return json_array_append_new(all, json_string(name)) ? no_memory(e) : 0;
}

int doc_add_case(json_t *doc, const char *name, const char *title, const char *words,
		 const char *start, struct err *e)
{
	json_t *o = json_pack("{so}", "title", doc_text(title));

	if (words)
		json_object_set_new(o, "words", doc_text(words));
	if (start)
		json_object_set_new(o, "start", json_string(start));
	return json_object_set_new(json_object_get(doc, "cases"), name, o) ? no_memory(e)
									   : 0;
}

json_t *doc_text(const char *text)
{
	char copy[1024];
	json_t *v;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *p = copy; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = ' ';
	v = json_string(copy);
	return v ? v : json_string("(no UTF-8)");
}

static json_t *pack_metric(const struct doc_metric *m)
{
	static const char *const better[] = {"more", "less"};
	json_t *o = json_pack("{ss ss ss}", "name", m->name, "title", m->title, "unit",
			      m->unit);
	json_t *notes = m->is_leading ? json_array() : NULL;

	if (m->better != DOC_BETTER_NONE)
		json_object_set_new(o, "better", json_string(better[m->better]));
	for (unsigned i = 0; notes && i < DOC_MAX_NOTES && m->notes[i]; i++)
		json_array_append_new(notes, json_string(m->notes[i]));
	if (notes)
		json_object_set_new(o, "notes", notes);
	return o;
}

int doc_add_job(json_t *doc, const struct doc_job *job, struct err *e)
{
	json_t *metrics = json_array(), *o;

	for (const struct doc_metric *m = job->metrics; m->name; m++)
		json_array_append_new(metrics, pack_metric(m));
	o = json_pack("{ss ss ss so so}", "job", job->name, "title", job->title, "unit",
		      job->metrics[0].unit, "metrics", metrics, "samples", json_object());
	if (o && job->axis)
		json_object_set_new(
			o, "x", json_pack("{ss sf}", "axis", job->axis, "value", job->x));
	return json_array_append_new(json_object_get(doc, "jobs"), o) ? no_memory(e) : 0;
}

int doc_add_sample(json_t *doc, const char *job, const char *name, json_t *sample,
		   struct err *e)
{
	json_t *all = json_object_get(doc_job_lookup(doc, job), "samples");
	json_t *list = json_object_get(all, name);

	if (!list && json_object_set_new(all, name, json_array()) == 0)
		list = json_object_get(all, name);
	return json_array_append_new(list, sample) ? no_memory(e) : 0;
}

json_t *doc_job_lookup(const json_t *doc, const char *job)
{
	json_t *all = json_object_get(doc, "jobs"), *o;
	size_t i;

	json_array_foreach(all, i, o)
	{
		const char *name = json_string_value(json_object_get(o, "job"));

		if (name && strcmp(name, job) == 0)
			return o;
	}
	return NULL;
}

const json_t *doc_metric_lookup(const json_t *job, const char *metric)
{
	json_t *all = json_object_get(job, "metrics"), *o;
	size_t i;

	json_array_foreach(all, i, o)
	{
		const char *name = json_string_value(json_object_get(o, "name"));

		if (name && strcmp(name, metric) == 0)
			return o;
	}
	return NULL;
}

bool doc_is_leading(const json_t *metric)
{
	return json_is_array(json_object_get(metric, "notes"));
}

unsigned doc_n_failed(const json_t *doc)
{
	json_t *jobs = json_object_get(doc, "jobs"), *job, *list, *s;
	unsigned n = 0;
	const char *name;
	size_t i, j;

	json_array_foreach(jobs, i, job)
	{
		json_object_foreach(json_object_get(job, "samples"), name, list)
		{
			json_array_foreach(list, j, s)
			{
				n += json_object_get(s, "error") != NULL;
			}
		}
	}
	return n;
}

json_t *doc_load(const char *path, struct err *e)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	json_error_t why;
	json_t *doc;

	if (!f) {
		err_set(e, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	doc = json_loadf(f, JSON_REJECT_DUPLICATES, &why);
	if (!is_stdin)
		fclose(f);
	if (!doc) {
		err_set(e, -EINVAL, "%s: no JSON at line %d, column %d: %s", path,
			why.line, why.column, why.text);
		return NULL;
	}
	if (doc_check(doc, e)) {
		err_prefix(e, "%s: ", path);
		json_decref(doc);
		return NULL;
	}
	return doc;
}

static int write_doc(const json_t *doc, FILE *f)
{
	if (json_dumpf(doc, f, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) ||
	    fputc('\n', f) == EOF || fflush(f) || ferror(f))
		return errno ? -errno : -EIO;
	return 0;
}

bool doc_is_replaceable(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || S_ISREG(st.st_mode);
}

/* To a pipe or a device. */
static int save_into(const json_t *doc, const char *path, struct err *e)
{
	FILE *f = fopen(path, "we");
	int rc = f ? write_doc(doc, f) : -errno;

	if (f && fclose(f) && !rc)
		rc = -errno;
	return rc ? err_set(e, rc, "%s: %s", path, strerror(-rc)) : 0;
}

int doc_save(const json_t *doc, const char *path, struct err *e)
{
	char *beside = NULL;
	int fd = -1, rc;
	FILE *f = NULL;

	errno = 0;
	if (strcmp(path, "-") == 0) {
		rc = write_doc(doc, stdout);
		return rc ? err_set(e, rc, "standard output: %s", strerror(-rc)) : 0;
	}
	if (!doc_is_replaceable(path))
		return save_into(doc, path, e);
	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return no_memory(e);
	fd = mkstemp(beside);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	rc = f ? write_doc(doc, f) : -errno;
	if (!rc && fchmod(fd, 0644))
		rc = -errno;
	if (f && fclose(f) && !rc)
		rc = -errno;
	else if (!f && fd >= 0)
		close(fd);
	if (!rc && rename(beside, path))
		rc = -errno;
	if (rc && fd >= 0)
		unlink(beside);
	free(beside);
	return rc ? err_set(e, rc, "%s: %s", path, strerror(-rc)) : 0;
}
