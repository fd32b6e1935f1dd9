/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/report/machine, versions, capture: what is known of a machine and its programs.
 */
#include "tests/unit/frame_make.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/report/capture.h"
#include "bench/report/machine.h"
#include "bench/report/versions.h"

/* A file of another machine, with the folders above it. */
static void put(const char *root, const char *path, const char *text)
{
	char full[300];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(full, 0755);
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void expect_text(const json_t *m, const char *key, const char *text)
{
	const char *got = json_string_value(json_object_get(m, key));

	assert_non_null(got);
	assert_string_equal(got, text);
}

static void remove_tree(const char *root)
{
	char *argv[] = {(char *)"rm", (char *)"-r", (char *)root, NULL};
	struct capture_wish w = {.argv = argv, .ns_fd = -1, .timeout_ms = 30000};
	struct capture c;

	assert_int_equal(capture_good(&c, &w, NULL), 0);
	capture_fini(&c);
}

static void test_another_machine(void **state)
{
	char root[] = "/tmp/ringway-machine.XXXXXX";
	json_t *m;
	char *text;

	(void)state;
	assert_non_null(mkdtemp(root));
	put(root, "/proc/cpuinfo",
	    "processor\t: 0\nmodel name\t: EPYC 1\nflags\t\t: fpu hypervisor sse\n");
	put(root, "/proc/meminfo", "MemTotal:       24689012 kB\nMemFree: 1 kB\n");
	put(root, "/proc/loadavg", "0.31 0.20 0.10 1/100 4242\n");
	put(root, "/sys/class/dmi/id/product_name", "KVM\n");
	put(root, "/sys/devices/system/cpu/vulnerabilities/retbleed", "Not affected\n");
	put(root, "/sys/devices/system/cpu/vulnerabilities/spectre_v2",
	    "Mitigation: IBRS\n");
	put(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
	    "performance\n");
	put(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
	    "tsc\n");
	m = machine_describe(root);
	assert_non_null(m);
	expect_text(m, "cpu", "EPYC 1");
	expect_text(m, "hypervisor", "KVM");
	expect_text(m, "governor", "performance");
	expect_text(m, "clocksource", "tsc");
	expect_text(json_object_get(m, "mitigations"), "spectre_v2", "Mitigation: IBRS");
	assert_int_equal(json_object_size(json_object_get(m, "mitigations")), 2);
	assert_int_equal(json_integer_value(json_object_get(m, "memory_mib")), 24110);
	text = machine_sentence(m);
	assert_non_null(strstr(text, "EPYC 1"));
	assert_non_null(strstr(text, "load before 0.3"));
	free(text);
	json_decref(m);
	remove_tree(root);
}

/* What is not told is null, not invented. */
static void test_a_machine_that_tells_nothing(void **state)
{
	json_t *m = machine_describe("/nonexistent");
	char *text;

	(void)state;
	assert_true(json_is_null(json_object_get(m, "cpu")));
	assert_true(json_is_null(json_object_get(m, "governor")));
	assert_true(json_is_null(json_object_get(m, "memory_mib")));
	assert_true(json_is_null(json_object_get(m, "load")));
	assert_int_equal(json_object_size(json_object_get(m, "mitigations")), 0);
	text = machine_sentence(m);
	assert_non_null(text);
	free(text);
	text = machine_sentence(json_null());
	assert_non_null(text);
	free(text);
	json_decref(m);
}

static int run(struct capture *c, const char *script, const char *input, int timeout_ms,
	       struct err *e)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
	struct capture_wish w = {
		.argv = argv, .input = input, .ns_fd = -1, .timeout_ms = timeout_ms};

	return capture_good(c, &w, e);
}

static void test_capture(void **state)
{
	struct capture c;
	struct err e = {0};

	(void)state;
	assert_int_equal(run(&c, "cat; echo more >&2", "some ", 30000, &e), 0);
	assert_string_equal(c.text, "some more\n");
	capture_fini(&c);
	assert_int_equal(run(&c, "head -c 3000000 /dev/zero", NULL, 30000, &e), 0);
	assert_int_equal(c.len, 3000000);
	capture_fini(&c);
	assert_int_equal(run(&c, "echo one; echo two; exit 3", NULL, 30000, &e), -EIO);
	assert_string_equal(e.text, "sh ended with status 3: two");
	capture_fini(&c);
	assert_int_equal(run(&c, "kill -9 $$", NULL, 30000, &e), -EIO);
	assert_non_null(strstr(e.text, "signal 9"));
	capture_fini(&c);
	capture_fini(&c);
}

/* With its children, also when it has closed what it prints to. */
static void test_capture_ends(void **state)
{
	struct capture c;
	struct err e = {0};

	(void)state;
	assert_int_equal(run(&c, "sleep 1000 & echo $!; wait", NULL, 200, &e),
			 -ETIMEDOUT);
	assert_non_null(c.text);
	/* killed with the group; its parent is gone, so init reaps it some time */
	for (int pid = atoi(c.text); kill(pid, 0) == 0;) {
		char path[64], line[200] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "r");
		if (!f)
			break;
		if (fgets(line, sizeof(line), f) && strstr(line, ") Z")) {
			fclose(f);
			break;
		}
		fclose(f);
	}
	capture_fini(&c);
	assert_int_equal(run(&c, "exec >&- 2>&-; sleep 1000", NULL, 200, &e), -ETIMEDOUT);
	capture_fini(&c);
}

static void test_no_program(void **state)
{
	char *argv[] = {(char *)"/nonexistent/program", NULL};
	struct capture_wish w = {.argv = argv, .ns_fd = -1, .timeout_ms = 30000};
	struct capture c;
	struct err e = {0};
	json_t *v;

	(void)state;
	assert_int_equal(capture_run(&c, &w, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/program"));
	capture_fini(&c);
	v = versions_collect("/nonexistent/program");
	assert_true(json_is_null(json_object_get(v, "ringway")));
	assert_true(json_is_string(json_object_get(v, "ringway-bench")));
	json_decref(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_another_machine),
		cmocka_unit_test(test_a_machine_that_tells_nothing),
		cmocka_unit_test(test_capture),
		cmocka_unit_test(test_capture_ends),
		cmocka_unit_test(test_no_program),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
