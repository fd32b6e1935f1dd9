/* SPDX-License-Identifier: BSD-2-Clause */
/* case: the words a case is asked for by, its file's keys, hostile files, and the cases
 * that there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "bench/lab/case.h"
#include "bench/lab/case_find.h"

static struct case_spec c;
static struct err e;
static char dir[64], path[128];

static int begin(void **state)
{
	(void)state;
	case_init(&c);
	memset(&e, 0, sizeof(e));
	strcpy(dir, "/tmp/ringway-unit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.case", dir);
	assert_int_equal(setenv("RINGWAY_CASES", dir, 1), 0);
	return 0;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	case_fini(&c);
	unsetenv("RINGWAY_CASES");
	unsetenv("RINGWAY");
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

static void put(const char *name, const char *text, size_t len)
{
	char file[256];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static int read_text(const char *text)
{
	put_text("x.case", text);
	case_fini(&c);
	memset(&e, 0, sizeof(e));
	return case_read(&c, "x", &e);
}

static void assert_said(const char *part)
{
	if (!strstr(e.text, part))
		fail_msg("'%s' is not in '%s'", part, e.text);
	assert_null(strchr(e.text, '\n'));
}

/* Refused, with a sentence that has this in it, and nothing left. */
static void refused(const char *text, const char *part)
{
	assert_true(read_text(text) < 0);
	assert_said(part);
	assert_null(c.start);
	assert_null(c.words);
}

#define MINIMAL "[case]\nlinks = tap\nstart = true\n"

static void test_minimal_and_defaults(void **state)
{
	(void)state;
	assert_int_equal(read_text(MINIMAL), 0);
	assert_string_equal(c.name, "x");
	assert_string_equal(c.words, "x");
	assert_string_equal(c.start, "true\n");
	assert_string_equal(c.ready, "");
	assert_string_equal(c.bin, "");
	assert_string_equal(c.options, "");
	assert_int_equal(c.links, CASE_LINKS_tap);
	assert_int_equal(c.max_ports, 2);
	assert_int_equal(c.max_queues, 1);
	assert_int_equal(c.patience, 30);
	assert_false(c.poll || c.vnet || c.pins);
}

static void test_all_keys(void **state)
{
	(void)state;
	assert_int_equal(
		read_text("[case]\ntitle = A b\nneeds = sh awk\nfiles = /dev/null\n"
			  "package = p\nbin = sh\nlinks = move\npoll = yes\n"
			  "pins = yes\nvnet = yes\nmax-ports = 64\nmax-queues = 64\n"
			  "patience = 7\nstart = a\nstart =   b\nready = r\nstop = s\n"
			  "calls = echo 1\n"),
		0);
	assert_string_equal(c.title, "A b");
	assert_string_equal(c.start, "a\nb\n");
	assert_string_equal(c.calls, "echo 1\n");
	assert_int_equal(c.links, CASE_LINKS_move);
	assert_true(c.poll && c.vnet && c.pins);
	assert_int_equal(c.max_ports, 64);
	assert_int_equal(c.patience, 7);
	assert_int_equal(*c.bin, '/'); /* found */
	assert_int_equal(case_check(&c, &e), 0);
}

static void test_words(void **state)
{
	char text[300];

	(void)state;
	put_text("x.case", "[case]\nbin = sh\nlinks = tap\nstart = true\n");
	assert_int_equal(case_read(&c, "  x  --one 'two  three' ", &e), 0);
	assert_string_equal(c.options, "--one 'two  three' ");
	case_fini(&c);
	assert_int_equal(case_read(&c, "x:BIN=/bin/true -v", &e), 0);
	assert_non_null(strstr(c.bin, "true"));
	assert_string_equal(c.words, "x:BIN=/bin/true -v");
	assert_string_equal(c.name, "x");
	case_fini(&c);
	/* a file elsewhere, and another ringway */
	snprintf(text, sizeof(text), "%s opt", path);
	assert_int_equal(case_read(&c, text, &e), 0);
	assert_string_equal(c.name, "x");
	assert_string_equal(c.options, "opt");
	case_fini(&c);
	put_text("ringway.case", "[case]\nbin = ringway\nlinks = tap\nstart = true\n");
	assert_int_equal(case_read(&c, "/bin/true --busy-poll off", &e), 0);
	assert_string_equal(c.name, "ringway");
	assert_string_equal(c.options, "--busy-poll off");
	assert_non_null(strstr(c.bin, "true"));
}

static void test_words_refused(void **state)
{
	static const char *const bad[] = {
		"",   " ",	 "nosuch", "../x",   "x/../x.case",
		"-x", ".hidden", "X",	   "x:BIN=", "x;true"};
	char *text = malloc(PATH_MAX + 2);

	(void)state;
	assert_int_equal(read_text(MINIMAL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		case_fini(&c);
		memset(&e, 0, sizeof(e));
		if (case_read(&c, bad[i], &e) >= 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_true(*e.text);
		assert_null(c.words);
	}
	assert_true(case_read(&c, "x:BIN=/bin/true", &e) < 0); /* it has none */
	assert_said("BIN=");
	memset(text, 'a', PATH_MAX + 1);
	text[PATH_MAX + 1] = '\0';
	assert_true(case_read(&c, text, &e) < 0);
	assert_said("too long");
	text[200] = '\0';
	assert_true(case_read(&c, text, &e) < 0);
	free(text);
}

static void test_files_refused(void **state)
{
	(void)state;
	refused("", "no 'start'");
	refused("[case]\nlinks = tap\n", "no 'start'");
	refused("[case]\nstart = true\n", "no 'links'");
	refused("links = tap\n", "before the first [section]");
	refused("[cases]\n", "[cases]");
	refused("[case]\n[case]\n", ":2:");
	refused(MINIMAL "nosuch = 1\n", "x.case:4: there is no key 'nosuch'");
	refused(MINIMAL "links = wire\n", "none of tap, move and veth");
	refused(MINIMAL "poll = maybe\n", "neither yes nor no");
	refused(MINIMAL "max-ports = 65\n", "1 to 64");
	refused(MINIMAL "max-ports = 0\n", "1 to 64");
	refused(MINIMAL "max-ports = -2\n", "1 to 64");
	refused(MINIMAL "max-ports = 2x\n", "1 to 64");
	refused(MINIMAL "max-ports = 99999999999999999999\n", "1 to 64");
	refused(MINIMAL "max-ports =\n", "1 to 64");
	refused(MINIMAL "title = a\ntitle = b\n", "a second time");
	refused(MINIMAL "title\n", "key = value");
	refused(MINIMAL "  start = x\n", "blank");
}

static void test_hostile_bytes(void **state)
{
	char *big;
	size_t n = 0, room = 1 << 20;

	(void)state;
	put("x.case", "[case]\nstart = a\0b\n", 19);
	assert_true(case_read(&c, "x", &e) < 0);
	assert_said("NUL");
	big = malloc(room);
	assert_non_null(big);
	n = (size_t)sprintf(big, "%s", MINIMAL);
	while (n + 101 < room)
		n += (size_t)sprintf(big + n, "start = %090d\n", 0);
	put("x.case", big, n);
	assert_true(case_read(&c, "x", &e) < 0);
	assert_said("bytes of commands");
	/* one line without an end */
	memset(big, 'x', room);
	put("x.case", big, room);
	assert_true(case_read(&c, "x", &e) < 0);
	free(big);
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(case_read(&c, "x", &e) < 0);
	assert_null(c.words);
}

static void test_what_is_missing(void **state)
{
	(void)state;
	assert_int_equal(read_text(MINIMAL "needs = sh no-such-prog\npackage = p-k\n"),
			 0);
	assert_int_equal(case_check(&c, &e), -ENOENT);
	assert_said("no-such-prog");
	assert_said("p-k");
	assert_int_equal(read_text(MINIMAL "bin = no-such-prog\n"), 0);
	assert_int_equal(case_check(&c, &e), -ENOENT);
	assert_int_equal(read_text(MINIMAL "files = /dev/null /no/such/file\n"), 0);
	assert_int_equal(case_check(&c, &e), -ENOENT);
	assert_said("/no/such/file");
	assert_int_equal(read_text(MINIMAL "bin = sh\n"), 0);
	case_fini(&c);
	assert_int_equal(case_read(&c, "x:BIN=/no/such/sh", &e), 0);
	assert_int_equal(case_check(&c, &e), -ENOENT);
	assert_said("/no/such/sh");
	/* a folder and a file that may not be run are no programs */
	assert_int_equal(setenv("RINGWAY", "/tmp", 1), 0);
	assert_int_equal(read_text(MINIMAL "bin = ringway\n"), 0);
	assert_int_equal(case_check(&c, &e), -ENOENT);
}

static void test_names(void **state)
{
	char **names;

	(void)state;
	put("b.case", "", 0);
	put("a.case", "", 0);
	put("c.other", "", 0);
	put(".case", "", 0);
	names = case_names(&e);
	assert_non_null(names);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "b");
	assert_null(names[2]);
	free(names);
	setenv("RINGWAY_CASES", "/no/such/folder", 1);
	assert_null(case_names(&e));
	assert_said("/no/such/folder");
	assert_true(case_read(&c, "a", &e) < 0);
	assert_null(c.words);
}

/* Those of the project: each can be read, and says what it needs. */
static void test_the_cases_there_are(void **state)
{
	char **names;
	unsigned n = 0;

	(void)state;
	unsetenv("RINGWAY_CASES");
	names = case_names(&e);
	assert_non_null(names);
	for (char **p = names; *p; p++, n++) {
		if (case_read(&c, *p, &e) < 0)
			fail_msg("%s", e.text);
		assert_true(*c.title && *c.start);
		assert_true(*c.bin || *c.needs);
		case_fini(&c);
	}
	assert_true(n >= 10);
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_minimal_and_defaults, begin, end),
		cmocka_unit_test_setup_teardown(test_all_keys, begin, end),
		cmocka_unit_test_setup_teardown(test_words, begin, end),
		cmocka_unit_test_setup_teardown(test_words_refused, begin, end),
		cmocka_unit_test_setup_teardown(test_files_refused, begin, end),
		cmocka_unit_test_setup_teardown(test_hostile_bytes, begin, end),
		cmocka_unit_test_setup_teardown(test_what_is_missing, begin, end),
		cmocka_unit_test_setup_teardown(test_names, begin, end),
		cmocka_unit_test_setup_teardown(test_the_cases_there_are, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
