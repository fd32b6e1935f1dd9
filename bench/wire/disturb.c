/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU time of the machine, of ourselves, and what is left of the difference. */
#include "bench/wire/disturb.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench_clock.h"

/* columns of the line "cpu" of /proc/stat, proc(5) */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, N_COLUMNS };

static uint64_t tick_ns(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return (uint64_t)BENCH_CLOCK_S / (uint64_t)(hz > 0 ? hz : 100);
}

static bool read_machine(struct disturb *d)
{
	unsigned long long v[N_COLUMNS] = {0};
	FILE *f = fopen("/proc/stat", "re");
	int n, i;

	if (!f)
		return false;
	n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[USER], &v[NICE],
		   &v[SYSTEM], &v[IDLE], &v[IOWAIT], &v[IRQ], &v[SOFTIRQ], &v[STEAL]);
	fclose(f);
	if (n != N_COLUMNS)
		return false;
	for (i = 0; i < N_COLUMNS; i++)
		d->total_ns += v[i] * tick_ns();
	d->steal_ns = v[STEAL] * tick_ns();
	d->busy_ns = d->total_ns - (v[IDLE] + v[IOWAIT] + v[STEAL]) * tick_ns();
	return true;
}

/* CPU time of a kernel thread that runs soft interrupts; 0 for every other process. */
static uint64_t softirqd_ns(const char *pid)
{
	unsigned long long user, system;
	char path[300], line[512] = "";
	const char *behind;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	behind = strrchr(line, ')');
	if (!strstr(line, "(ksoftirqd/") || !behind ||
	    sscanf(behind, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
		   &user, &system) != 2)
		return 0;
	return (user + system) * tick_ns();
}

static uint64_t all_softirqd_ns(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t sum = 0;

	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) && strlen(entry->d_name) < 6)
			sum += softirqd_ns(entry->d_name);
	if (dir)
		closedir(dir);
	return sum;
}

void disturb_begin(struct disturb *d, uint64_t known_ns)
{
	struct timespec own = {0};

	memset(d, 0, sizeof(*d));
	d->known_ns =
		known_ns == DISTURB_ALL ? DISTURB_ALL : known_ns + all_softirqd_ns();
	d->is_known = read_machine(d);
	d->at_ns = bench_clock_ns();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	d->own_ns = (uint64_t)own.tv_sec * BENCH_CLOCK_S + (uint64_t)own.tv_nsec;
}

static double minus(uint64_t a, uint64_t b)
{
	return (double)a - (double)b;
}

struct disturb_share disturb_between(const struct disturb *from, const struct disturb *to)
{
	struct disturb_share s = {0};
	double total = minus(to->total_ns, from->total_ns);
	double elapsed = minus(to->at_ns, from->at_ns);
	double others = minus(to->busy_ns, from->busy_ns) -
			minus(to->own_ns, from->own_ns) -
			minus(to->known_ns, from->known_ns);

	if (!from->is_known || !to->is_known)
		return s;
	if (total > 0)
		s.steal_percent = 100 * minus(to->steal_ns, from->steal_ns) / total;
	/* some ticks of the two clocks are no evidence */
	if (to->known_ns != DISTURB_ALL && elapsed > 0 && others > 4 * (double)tick_ns())
		s.others_percent = 100 * others / elapsed;
	return s;
}

bool disturb_end(const struct disturb *d, uint64_t known_ns, char *text, size_t len)
{
	struct disturb_share s;
	struct disturb now;
	bool stolen, shared;

	disturb_begin(&now, known_ns);
	s = disturb_between(d, &now);
	stolen = s.steal_percent > DISTURB_STEAL_PERCENT;
	shared = s.others_percent > DISTURB_OTHERS_PERCENT;
	text[0] = '\0';
	if (stolen && shared)
		snprintf(text, len,
			 "the hypervisor took %.1f %% of the machine's time and other "
			 "programs "
			 "%.0f %% of one CPU",
			 s.steal_percent, s.others_percent);
	else if (stolen)
		snprintf(text, len, "the hypervisor took %.1f %% of the machine's time",
			 s.steal_percent);
	else if (shared)
		snprintf(text, len, "other programs used %.0f %% of one CPU",
			 s.others_percent);
	return stolen || shared;
}
