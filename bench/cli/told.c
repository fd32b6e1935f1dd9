/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress and results of the commands, for people and for programs. */
#include "bench/cli/told.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void told_progress(const char *fmt, ...)
{
	static bool is_shown;
	va_list ap;

	if (!isatty(STDERR_FILENO) || (!fmt && !is_shown))
		return;
	fputs("\r\033[K", stderr);
	is_shown = fmt;
	if (fmt) {
		va_start(ap, fmt);
		vfprintf(stderr, fmt, ap);
		va_end(ap);
	}
	fflush(stderr);
}

const char *told_pps(double pps)
{
	static char text[4][32];
	static unsigned turn;
	char *to = text[turn++ % 4];

	if (pps >= 1e6)
		snprintf(to, sizeof(text[0]), "%.3f Mpps", pps / 1e6);
	else if (pps >= 1e3)
		snprintf(to, sizeof(text[0]), "%.2f kpps", pps / 1e3);
	else
		snprintf(to, sizeof(text[0]), "%.4g pps", pps);
	return to;
}

static double us(uint64_t ns)
{
	return (double)ns / 1e3;
}

uint64_t told_percentile(const struct hist *h, double percent)
{
	uint64_t ns = hist_percentile(h, percent);

	return ns < hist_max(h) ? ns : hist_max(h);
}

json_t *told_hist_json(const struct hist *h)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "min", us(hist_min(h)),
			 "p50", us(told_percentile(h, 50)), "p90",
			 us(told_percentile(h, 90)), "p99", us(told_percentile(h, 99)),
			 "p99.9", us(told_percentile(h, 99.9)), "max", us(hist_max(h)),
			 "mean", hist_mean(h) / 1e3);
}

void told_hist_print(FILE *f, const char *what, const struct hist *h)
{
	fprintf(f,
		"%s: min %.1f, p50 %.1f, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f us\n",
		what, us(hist_min(h)), us(told_percentile(h, 50)),
		us(told_percentile(h, 90)), us(told_percentile(h, 99)),
		us(told_percentile(h, 99.9)), us(hist_max(h)));
}

int told_hgrm_check(const char *path, struct err *e)
{
	struct stat st;
	char *folder;
	int rc = 0;

	if (!path)
		return 0;
	if (stat(path, &st) == 0) {
		rc = S_ISDIR(st.st_mode) ? -EISDIR : access(path, W_OK) < 0 ? -errno : 0;
	} else if (errno == ENOENT) { /* then it is to be made */
		folder = strdup(path);
		if (!folder)
			return err_set(e, -ENOMEM, "no memory for a path");
		rc = access(dirname(folder), W_OK | X_OK) < 0 ? -errno : 0;
		free(folder);
	} else {
		rc = -errno;
	}
	return rc ? err_set(e, rc, "--hgrm %s: %s", path, strerror(-rc)) : 0;
}

int told_hgrm(const struct hist *h, const char *path, struct err *e)
{
	FILE *f = fopen(path, "we");
	int rc;

	if (!f)
		return err_set(e, -errno, "--hgrm %s: %s", path, strerror(errno));
	rc = hist_write_hgrm(h, f, 1000);
	if (fclose(f) && !rc)
		rc = -errno;
	return rc ? err_set(e, rc, "--hgrm %s: %s", path, strerror(-rc)) : 0;
}

int told_print(json_t *o, struct err *e)
{
	if (!o)
		return err_set(e, -ENOMEM, "no memory for the result");
	json_dumpf(o, stdout, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12));
	putchar('\n');
	json_decref(o);
	return 0;
}
