/* SPDX-License-Identifier: BSD-2-Clause */
/* machine: what of a machine decides its speed, as a part of a result document. */
#include "bench/report/machine.h"

#include <ctype.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif
#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define VULNERABILITIES "/sys/devices/system/cpu/vulnerabilities"

enum { LINE_MAX_LEN = 4096 };

static FILE *open_under(const char *root, const char *path)
{
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return NULL;
	return fopen(full, "re");
}

/* The first line without its end, or null. */
static json_t *line_of(const char *root, const char *path)
{
	char line[LINE_MAX_LEN];
	FILE *f = open_under(root, path);
	json_t *v = NULL;

	if (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		v = json_string(line);
	}
	if (f)
		fclose(f);
	return v ? v : json_null();
}

/* What stands behind "key...:" in a file of such lines; false: no such line. */
static bool has_value(const char *root, const char *path, const char *key, char *out,
		      size_t size)
{
	char line[LINE_MAX_LEN];
	FILE *f = open_under(root, path);
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, strlen(key)) != 0)
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(out, size, "%s", colon);
		found = true;
	}
	if (f)
		fclose(f);
	return found;
}

static json_t *cpu_model(const char *root)
{
	static const char *const keys[] = {"model name", "Model", "cpu model",
					   "Processor"};
	char text[LINE_MAX_LEN];

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (has_value(root, "/proc/cpuinfo", keys[i], text, sizeof(text)))
			return json_string(text);
	return json_null();
}

/* What the hypervisor under us calls itself; null where it does not, or none is there. */
static json_t *signature(void)
{
#if defined(__x86_64__) || defined(__i386__)
	uint32_t v[4];
	char text[13];

	__cpuid(0x40000000, v[0], v[1], v[2], v[3]);
	memcpy(text, &v[1], 12);
	text[12] = '\0';
	for (char *p = text; *p; p++)
		if (!isgraph((unsigned char)*p))
			return json_null();
	return *text ? json_string(text) : json_null();
#else
	return json_null();
#endif
}

static json_t *hypervisor(const char *root)
{
	static const char *const files[] = {
		"/sys/hypervisor/type",
		"/sys/class/dmi/id/product_name",
	};
	char text[LINE_MAX_LEN];
	bool is_guest = has_value(root, "/proc/cpuinfo", "flags", text, sizeof(text)) &&
			strstr(text, " hypervisor");

	for (unsigned i = 0; i < 3; i++) {
		json_t *v = json_null();

		if (i < 2 && (i == 0 || is_guest))
			v = line_of(root, files[i]);
		else if (i == 2 && is_guest && !*root)
			v = signature();

		if (json_is_string(v))
			return v;
		json_decref(v);
	}
	return json_string(is_guest ? "one that does not tell its name" : "none");
}

static json_t *mitigations(const char *root)
{
	char full[PATH_MAX];
	json_t *all = json_object();
	struct dirent *d;
	DIR *dir;

	snprintf(full, sizeof(full), "%s%s", root, VULNERABILITIES);
	dir = opendir(full);
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(full, sizeof(full), VULNERABILITIES "/%s", d->d_name);
		json_object_set_new(all, d->d_name, line_of(root, full));
	}
	if (dir)
		closedir(dir);
	return all;
}

static json_t *memory_mib(const char *root)
{
	char text[LINE_MAX_LEN];

	if (!has_value(root, "/proc/meminfo", "MemTotal", text, sizeof(text)))
		return json_null();
	return json_integer(strtoll(text, NULL, 10) / 1024);
}

static json_t *load(const char *root)
{
	double v[3];
	FILE *f = open_under(root, "/proc/loadavg");
	bool is_read = f && fscanf(f, "%lf %lf %lf", &v[0], &v[1], &v[2]) == 3;

	if (f)
		fclose(f);
	return is_read ? json_pack("[fff]", v[0], v[1], v[2]) : json_null();
}

static json_t *n_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return json_null();
	return json_integer(CPU_COUNT(&set));
}

json_t *machine_describe(const char *root)
{
	struct utsname u = {0};

	uname(&u);
	return json_pack(
		"{so so ss ss ss so so so so so so}", "cpu", cpu_model(root), "cpus",
		n_cpus(), "kernel", u.release, "kernel_build", u.version, "architecture",
		u.machine, "hypervisor", hypervisor(root), "mitigations",
		mitigations(root), "clocksource",
		line_of(root, "/sys/devices/system/clocksource/clocksource0/"
			      "current_clocksource"),
		"governor",
		line_of(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
		"memory_mib", memory_mib(root), "load", load(root));
}

static const char *word(const json_t *machine, const char *key)
{
	const char *text = json_string_value(json_object_get(machine, key));

	return text ? text : "unknown";
}

char *machine_sentence(const json_t *machine)
{
	const json_t *at = json_array_get(json_object_get(machine, "load"), 0);
	long long cpus = json_integer_value(json_object_get(machine, "cpus"));
	char *text = NULL;

	if (asprintf(&text, "%lld x %s, Linux %s, hypervisor: %s, load before %.1f", cpus,
		     word(machine, "cpu"), word(machine, "kernel"),
		     word(machine, "hypervisor"), json_number_value(at)) < 0)
		return NULL;
	return text;
}
