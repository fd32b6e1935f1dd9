/* SPDX-License-Identifier: BSD-2-Clause */
/* Where case files and the programs that they name are. */
#include "bench/lab/case_find.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that this program is in, or "". */
static void own_folder(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* false, too, if it does not fit. */
static bool join(char to[PATH_MAX], const char *folder, const char *name)
{
	return snprintf(to, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

int case_find_folder(char path[PATH_MAX], struct err *e)
{
	/* from build/, build/san/ or build/unit/ */
	static const char *const from_here[] = {"../bench/cases", "../../bench/cases",
						"../../../bench/cases",
						"../share/ringway/cases"};
	const char *own = getenv("RINGWAY_CASES");
	char here[PATH_MAX];

	if (own && *own) {
		snprintf(path, PATH_MAX, "%s", own);
		if (is_folder(path))
			return 0;
		return err_set(e, -ENOENT, "RINGWAY_CASES=%s: there is no such folder",
			       own);
	}
	own_folder(here);
	for (size_t i = 0; i < sizeof(from_here) / sizeof(from_here[0]); i++)
		if (join(path, here, from_here[i]) && is_folder(path))
			return 0;
	return err_set(e, -ENOENT,
		       "no folder of case files beside %s; name it by RINGWAY_CASES",
		       here);
}

static int find_own(const char *name, char path[PATH_MAX])
{
	static const char *const from_here[] = {".",  "bench",	  "../sbin",
						"..", "../bench", "../libexec/ringway"};
	char here[PATH_MAX], folder[PATH_MAX];
	const char *wish = strcmp(name, "ringway") == 0 ? getenv("RINGWAY") : NULL;

	if (wish && *wish) {
		snprintf(path, PATH_MAX, "%s", wish);
		return is_program(path) ? 0 : -ENOENT;
	}
	own_folder(here);
	for (size_t i = 0; i < sizeof(from_here) / sizeof(from_here[0]); i++)
		if (join(folder, here, from_here[i]) && join(path, folder, name) &&
		    is_program(path))
			return 0;
	return -EAGAIN;
}

static int find_in_path(const char *name, char path[PATH_MAX])
{
	const char *all = getenv("PATH"), *p;
	char folders[PATH_MAX * 2];
	size_t len;

	snprintf(folders, sizeof(folders), "%s:/usr/sbin:/sbin:/usr/bin:/bin",
		 all ? all : "");
	for (p = folders; *p; p += len + (p[len] == ':')) {
		len = strcspn(p, ":");
		if (len && len < PATH_MAX &&
		    snprintf(path, PATH_MAX, "%.*s/%s", (int)len, p, name) < PATH_MAX &&
		    is_program(path))
			return 0;
	}
	return -ENOENT;
}

int case_find_program(const char *name, char path[PATH_MAX])
{
	int rc;

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		rc = is_program(path) ? 0 : -ENOENT;
	} else {
		rc = find_own(name, path);
		if (rc == -EAGAIN)
			rc = find_in_path(name, path);
	}
	if (rc)
		path[0] = '\0';
	return rc;
}
