/* SPDX-License-Identifier: BSD-2-Clause */
/* Options, signals, progress and results of the commands that send and receive. */
#include "bench/cli/wire_opt.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_bool stop;
static atomic_bool asked;

int wire_opt_number(const char *opt, const char *text, double min, double max, double *n,
		    struct err *e)
{
	size_t len = strspn(text, "0123456789.");
	char *end = NULL;
	double v = len && !text[len] && len < 40 ? strtod(text, &end) : NAN;

	if (!end || *end || !(v >= min && v <= max))
		return err_usage(e, "--%s %.40s: it is a number from %g to %.15g", opt,
				 text, min, max);
	*n = v;
	return 0;
}

int wire_opt_count(const char *opt, const char *text, uint64_t min, uint64_t max,
		   uint64_t *n, struct err *e)
{
	size_t len = strspn(text, "0123456789");
	unsigned long long v = 0;

	errno = 0;
	if (len && !text[len])
		v = strtoull(text, NULL, 10);
	if (!len || text[len] || errno || v < min || v > max)
		return err_usage(e, "--%s %.40s: it is a whole number from %llu to %llu",
				 opt, text, (unsigned long long)min,
				 (unsigned long long)max);
	*n = v;
	return 0;
}

int wire_opt_unknown(int argc, char **argv, int opt, struct err *e)
{
	const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";

	return err_usage(e,
			 opt == ':' ? "%s: '%.40s' lacks its value"
				    : "%s: there is no option '%.40s'",
			 argv[0], word);
}

int wire_opt_word(int argc, char **argv, const char *what, const char **word,
		  struct err *e)
{
	if (argc - optind != 1)
		return err_usage(e,
				 "%s takes %s, not %d words; see 'ringway-bench help %s'",
				 argv[0], what, argc - optind, argv[0]);
	*word = argv[optind];
	return 0;
}

int wire_opt_fd(const char *word, int *fd, struct err *e)
{
	uint64_t n;
	int rc;

	*fd = -1;
	if (strncmp(word, "fd:", 3))
		return 0;
	rc = wire_opt_count("io tap fd:N", word + 3, 0, 1 << 20, &n, e);
	if (!rc)
		*fd = (int)n;
	return rc;
}

int wire_opt_pin(int cpu, struct err *e)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return err_set(e, -errno, "--cpu %d: %s%s", cpu, strerror(errno),
			       errno == EINVAL ? " (there is no such CPU here: see nproc)"
					       : "");
	return 0;
}

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		atomic_store(&asked, true);
	else
		atomic_store(&stop, true);
}

const atomic_bool *wire_opt_stop(void)
{
	/* no SA_RESTART: who waits is to look */
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	return &stop;
}

bool wire_opt_is_asked(void)
{
	return atomic_exchange(&asked, false);
}

void wire_opt_progress(const char *fmt, ...)
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

const char *wire_opt_pps(double pps)
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

json_t *wire_opt_hist_json(const struct hist *h)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "min", us(hist_min(h)),
			 "p50", us(hist_percentile(h, 50)), "p90",
			 us(hist_percentile(h, 90)), "p99", us(hist_percentile(h, 99)),
			 "p99.9", us(hist_percentile(h, 99.9)), "max", us(hist_max(h)),
			 "mean", hist_mean(h) / 1e3);
}

void wire_opt_hist_print(FILE *f, const char *what, const struct hist *h)
{
	fprintf(f,
		"%s: min %.1f, p50 %.1f, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f us\n",
		what, us(hist_min(h)), us(hist_percentile(h, 50)),
		us(hist_percentile(h, 90)), us(hist_percentile(h, 99)),
		us(hist_percentile(h, 99.9)), us(hist_max(h)));
}

int wire_opt_hgrm(const struct hist *h, const char *path, struct err *e)
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

int wire_opt_print(json_t *o, struct err *e)
{
	if (!o)
		return err_set(e, -ENOMEM, "no memory for the result");
	json_dumpf(o, stdout, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12));
	putchar('\n');
	json_decref(o);
	return 0;
}
