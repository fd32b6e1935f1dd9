/* SPDX-License-Identifier: BSD-2-Clause */
/* suite_out: the folder of results that a suite leaves. */
#include "bench/report/suite_out.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/report/doc.h"
#include "bench/report/plot.h"
#include "bench/report/tables.h"

int suite_out_prepare(const char *folder, struct err *e)
{
	if (mkdir(folder, 0755) && errno != EEXIST)
		return err_set(e, -errno, "%s: %s", folder, strerror(errno));
	if (access(folder, W_OK | X_OK))
		return err_set(e, -errno, "%s: no folder that can be written to: %s",
			       folder, strerror(errno));
	return 0;
}

typedef void print_doc(const json_t *doc, FILE *f);

static int write_file(const json_t *doc, print_doc *print, const char *path,
		      struct err *e)
{
	char beside[PATH_MAX];
	bool is_replaced = doc_is_replaceable(path);
	FILE *f;
	int rc = 0;

	if (snprintf(beside, sizeof(beside), "%s%s", path, is_replaced ? ".new" : "") >=
	    (int)sizeof(beside))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", path);
	f = fopen(beside, "we");
	if (!f)
		return err_set(e, -errno, "%s: %s", beside, strerror(errno));
	print(doc, f);
	if (ferror(f))
		rc = -EIO;
	if ((fclose(f) || (!rc && is_replaced && rename(beside, path))) && !rc)
		rc = -errno;
	if (rc && is_replaced)
		unlink(beside);
	return rc ? err_set(e, rc, "%s: %s", path, strerror(-rc)) : 0;
}

int suite_out_markdown(const json_t *doc, const char *path, struct err *e)
{
	return write_file(doc, tables_print_markdown, path, e);
}

int suite_out_write(const json_t *doc, const char *folder, struct err *e)
{
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/results.json", folder);
	rc = doc_save(doc, path, e);
	snprintf(path, sizeof(path), "%s/results.csv", folder);
	rc = rc ? rc : write_file(doc, tables_print_csv, path, e);
	snprintf(path, sizeof(path), "%s/RESULTS.md", folder);
	rc = rc ? rc : suite_out_markdown(doc, path, e);
	rc = rc ? rc : plot_all(doc, folder, folder, e);
	if (rc == -ENOENT) {
		fprintf(stderr, "%s\n", e->text);
		*e = (struct err){0};
	}
	return rc < 0 && rc != -ENOENT ? rc : 0;
}
