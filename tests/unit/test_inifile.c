/* SPDX-License-Identifier: BSD-2-Clause */
/* inifile and config_load: files as they should be, the traps of inih, drop-in folders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "io/control/config.h"
#include "io/control/inifile.h"

static struct config c;
static struct err e;
static char dir[64], path[128];

static int begin(void **state)
{
	(void)state;
	config_init(&c);
	memset(&e, 0, sizeof(e));
	strcpy(dir, "/tmp/ringway-unit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/r.conf", dir);
	return 0;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	config_fini(&c);
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

/* A file under dir. */
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

static int load_bytes(const char *text, size_t len)
{
	config_fini(&c);
	memset(&e, 0, sizeof(e));
	put("r.conf", text, len);
	return config_load(&c, path, &e);
}

static int load(const char *text)
{
	return load_bytes(text, strlen(text));
}

static void good(const char *text)
{
	if (load(text) != 0)
		fail_msg("%s", e.text);
}

static void says(int code, int status, const char *words)
{
	char list[256], *word, *rest = list;

	assert_true(code < 0);
	snprintf(list, sizeof(list), "%s", words);
	while ((word = strsep(&rest, "|")))
		if (!strstr(e.text, word))
			fail_msg("no '%s' in: %s", word, e.text);
	assert_int_equal(e.exit_status, status);
}

static void bad(const char *text, const char *words)
{
	says(load(text), EX_CONFIG, words);
}

static void test_whole(void **state)
{
	(void)state;
	good("\xef\xbb\xbf# a comment\r\n"
	     "; another\r\n\r\n"
	     "[ringway]\nworkers = 2\ncpus=0-1\nbusy-poll : off\nuring-form = E\npidfile "
	     "= /run/r\n"
	     "[port a]\ntype = tap\nifname = t0\naddr = 10.0.0.1/24\naddr = "
	     "fe80::1/64\nscript =\n"
	     "   # an indented comment\n"
	     "[port b]\n\n[ port\tc ]\nhelper = /bin/h -x;y#z\t\n"
	     "[connect]\npair = a:b\n[connect]\npair = c:d");
	assert_int_equal(c.n_workers, 2);
	assert_int_equal(c.n_cpus, 2);
	assert_int_equal(c.busy_poll, BUSY_POLL_off);
	assert_int_equal(c.form, LOOP_FORM_E);
	assert_string_equal(c.pidfile, "/run/r");
	assert_int_equal(c.n_ports, 3);
	assert_string_equal(c.ports[0].id, "a");
	assert_int_equal(c.ports[0].n_addrs, 2);
	assert_int_equal(c.ports[0].addrs[1].family, AF_INET6);
	assert_true(c.ports[0].has_script);
	assert_string_equal(c.ports[1].id, "b");
	assert_string_equal(c.ports[2].id, "c");
	assert_string_equal(c.ports[2].helper, "/bin/h -x;y#z");
	assert_int_equal(c.n_connects, 2);
	assert_string_equal(c.connects[1].b, "d");
	assert_int_equal(c.connects[1].where.line, 24);
	says(config_check(&c, &e), EX_CONFIG, "r.conf:24: connection c:d|no port 'd'");
	good("");
	good("\n\n");
	assert_int_equal(c.n_ports, 0);
}

static void test_content(void **state)
{
	(void)state;
	bad("[port a]\nmtu = 5\n", "r.conf:2: mtu=5|68 to 65521");
	bad("[port a]\ncolour = red\n", "r.conf:2: colour: no such option");
	bad("[port a]\nid = a\n", "r.conf:2: id=a|section's name");
	bad("[port a]\nmtu = 99\nmtu = 99\n", "r.conf:3: mtu=99|twice");
	bad("[port a]\n[port b]\n[port a]\n",
	    "r.conf:3: port 'a' is there already|r.conf:1");
	bad("[port]\n", "r.conf:1: id=");
	bad("[port a b]\n", "r.conf:1: id=a b");
	bad("[porta]\n", "r.conf:1: [porta]: no such section");
	bad("[]\n", "r.conf:1: []: no such section");
	bad("[Ringway]\n", "no such section");
	bad("[ringway]\nspeed = 9\n", "r.conf:2: speed: no such setting");
	bad("[ringway]\nworkers = 0\n", "r.conf:2: workers=0");
	bad("[ringway]\nworkers = 1\n[ringway]\nworkers = 1\n",
	    "r.conf:4: workers is given twice");
	bad("[connect]\na = b\n", "r.conf:2: a|pair = A:B");
	bad("[connect]\npair = a\n", "r.conf:2: pair=a|as in a:b");
	bad("workers = 1\n", "r.conf:1: a key before the first [section]");
}

/* A pair of quotes around a value is not part of it; any other quote is. */
static void test_quotes(void **state)
{
	(void)state;
	good("[ringway]\nworkers = \"3\"\npidfile = '/run/r r'\n"
	     "[port a]\nifname = \"t0\"\nscript = \"\"\ndownscript = \"it's\"\n"
	     "[port b]\nhelper = \"/bin/h\" -x \"y\"\nscript = \"s\ndownscript = 's\"\n"
	     "[port c]\nscript = \"\ndownscript = x \"y\"\n"
	     "[connect]\npair = \"a:b\" \n");
	assert_int_equal(c.n_workers, 3);
	assert_string_equal(c.pidfile, "/run/r r");
	assert_string_equal(c.ports[0].ifname, "t0");
	assert_string_equal(c.ports[0].script, "");
	assert_true(c.ports[0].has_script);
	assert_string_equal(c.ports[0].downscript, "it's");
	assert_string_equal(c.ports[1].helper, "\"/bin/h\" -x \"y\"");
	assert_string_equal(c.ports[1].script, "\"s");
	assert_string_equal(c.ports[1].downscript, "'s\"");
	assert_string_equal(c.ports[2].script, "\"");
	assert_string_equal(c.ports[2].downscript, "x \"y\"");
	assert_string_equal(c.connects[0].a, "a");
	assert_string_equal(c.connects[0].b, "b");
	bad("[port a]\nmtu = \"5\"\n", "r.conf:2: mtu=5|68 to 65521");
	bad("[port a]\nmtu = \"99\"x\n", "r.conf:2: mtu=\"99\"x");
	bad("[port a]\nscript = \"a ;b\"\n", "r.conf:2: a blank and ';' or '#'");
}

static void test_form(void **state)
{
	char line[512];

	(void)state;
	bad("[port a]\nifname\n", "r.conf:2: neither [section] nor key = value");
	bad("[port a\nifname = x\n", "r.conf:1: a section must look like [name]");
	bad("[port a] x\n", "r.conf:1: a section must look like [name]");
	bad("[port a]]\n", "r.conf:1: a section must look like [name]");
	bad("[\n", "r.conf:1: a section must look like [name]");
	bad("[port a]\n= x\n", "r.conf:2: no key");
	bad("[port a]\nifname = t0\n  more\n", "r.conf:3: the line begins with a blank");
	bad(" [port a]\n", "r.conf:1: the line begins with a blank");
	bad("[port a]\nifname = t0 ; mine\n", "r.conf:2: a blank and ';' or '#'");
	bad("[port a]\nifname = t0\t# mine\n", "r.conf:2: a blank and ';' or '#'");
	bad("[port a] ; mine\n", "r.conf:1: a blank and ';' or '#'");
	bad("[port a]\nifname = t0\rmtu = 99\n", "r.conf:2: a control character");
	bad("\x1b[port a]\n", "r.conf:1: a control character");
	says(load_bytes("[port a]\nifname = t\0", 20), EX_CONFIG, "r.conf:2: a NUL byte");
	says(load_bytes("\0\0\0", 3), EX_CONFIG, "r.conf:1: a NUL byte");
	/* 198 bytes are taken whole; with one more inih would cut */
	strcpy(line, "[port a]\nscript = ");
	memset(line + 18, 'x', 189);
	strcpy(line + 18 + 189, "\n");
	good(line);
	assert_int_equal(strlen(c.ports[0].script), 189);
	strcpy(line + 18 + 189, "\r\n[port b]\n");
	good(line);
	assert_int_equal(c.n_ports, 2);
	strcpy(line + 18 + 189, "y\n");
	bad(line, "r.conf:2: the line is longer than 198 bytes");
	line[9] = '#';
	bad(line, "r.conf:2: the line is longer than 198 bytes");
	strcpy(line, "[port ");
	memset(line + 6, 'x', 44);
	strcpy(line + 50, "]\n");
	bad(line, "r.conf:1: id=xxxxx");
	strcpy(line + 50, "x]\n");
	bad(line, "r.conf:1: the name of the section is longer than 49 bytes");
}

static void test_big(void **state)
{
	size_t size = 1 << 20, len = 0;
	char *text = malloc(INIFILE_SIZE_MAX + 2);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', INIFILE_SIZE_MAX + 2);
	says(load_bytes(text, size), EX_CONFIG, "r.conf:1: the line is longer than 198");
	says(load_bytes(text, INIFILE_SIZE_MAX + 1), EX_CONFIG, "longer than 16 MiB");
	memset(text, '\n', INIFILE_SIZE_MAX);
	assert_int_equal(load_bytes(text, INIFILE_SIZE_MAX), 0);
	/* 10,000 ports: the limit is named at the line where it is passed */
	for (int i = 0; i < 10000; i++)
		len += (size_t)sprintf(text + len, "[port p%d]\nifname = t%d\n", i, i);
	says(load_bytes(text, len), EX_CONFIG, "r.conf:2049: more than 1024 ports");
	assert_int_equal(c.n_ports, CONFIG_PORTS_MAX);
	free(text);
}

/* Nothing but comments: the file is named, and its drop-in folder is looked at. */
static void test_empty(void **state)
{
	static const char *const texts[] = {"", "# nothing\n\n; yet\n", "[connect]\n",
					    "[ringway]\nworkers = 2\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(load(texts[i]), 0);
		says(config_check(&c, &e), EX_CONFIG, "r.conf: no [port ID]|r.conf.d/");
	}
}

static void test_unreadable(void **state)
{
	char sub[160];

	(void)state;
	says(config_load(&c, path, &e), EX_NOINPUT,
	     "r.conf|No such file|ringway.conf(5)");
	says(config_load(&c, dir, &e), EX_NOINPUT, "Is a directory|path of a file");
	assert_true(config_load(&c, "/dev/zero", &e) < 0);
	assert_int_equal(config_load(&c, "/dev/null", &e), 0);
	assert_int_equal(config_load(&c, path, NULL), -ENOENT);
	put("r.conf", "", 0);
	snprintf(sub, sizeof(sub), "%s.d", path);
	put("r.conf.d", "", 0);
	says(config_load(&c, path, &e), EX_NOINPUT, "r.conf.d|drop-in folder");
	assert_int_equal(unlink(sub), 0);
}

static void test_folder(void **state)
{
	char sub[160], link[192];

	(void)state;
	snprintf(sub, sizeof(sub), "%s.d", path);
	assert_int_equal(mkdir(sub, 0755), 0);
	put("r.conf.d/20-b.conf", "[port b]\n[ringway]\nworkers = 3\n", 31);
	put("r.conf.d/10-c.conf", "[port c]\n[ringway]\nworkers = 2\n", 31);
	put("r.conf.d/A.conf", "[port d]\n", 9);
	put("r.conf.d/.hidden.conf", "junk", 4);
	put("r.conf.d/readme", "junk", 4);
	put("r.conf.d/.conf", "junk", 4);
	put("r.conf.d/old.conf~", "junk", 4);
	snprintf(link, sizeof(link), "%s/folder.conf", sub);
	assert_int_equal(mkdir(link, 0755), 0);
	good("[port a]\n[ringway]\nworkers = 1\n");
	assert_int_equal(c.n_ports, 4);
	assert_string_equal(c.ports[0].id, "a");
	assert_string_equal(c.ports[1].id, "c");
	assert_string_equal(c.ports[2].id, "b");
	assert_string_equal(c.ports[3].id, "d");
	assert_int_equal(c.n_workers, 3);
	put("r.conf.d/30.conf", "\n[port a]\nmtu = 99\n", 18);
	bad("[port a]\n", "r.conf.d/30.conf:2: port 'a' is there already|r.conf:1");
	put("r.conf.d/30.conf", "x", 1);
	bad("[port a]\n", "r.conf.d/30.conf:1: ");
	snprintf(link, sizeof(link), "%s/30.conf", sub);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("/no/such/file", link), 0);
	says(load("[port a]\n"), EX_NOINPUT, "30.conf|No such file");
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_whole),  UNIT(test_content), UNIT(test_form),
		UNIT(test_big),	   UNIT(test_empty),   UNIT(test_unreadable),
		UNIT(test_folder), UNIT(test_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
