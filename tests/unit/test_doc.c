/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/report/doc: what is a result document, and what a stranger's file may not be. */
#include "tests/unit/result_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static json_t *whole(void)
{
	json_t *doc = sample_doc(2);

	sample_add(doc, "rwloop", 400, 3);
	sample_add(doc, "ringway", 700, 1.5);
	sample_add(doc, "rwloop", 410, 3);
	sample_add_error(doc, "ringway", "it did not start");
	return doc;
}

static void test_made_is_good(void **state)
{
	struct err e = {0};
	json_t *doc = whole(), *job = doc_job_lookup(doc, "pps64");

	(void)state;
	assert_int_equal(doc_check(doc, &e), 0);
	assert_int_equal(doc_n_failed(doc), 1);
	assert_non_null(job);
	assert_null(doc_job_lookup(doc, "tcp1"));
	assert_true(doc_is_leading(doc_metric_lookup(job, "cpu_us")));
	assert_false(doc_is_leading(doc_metric_lookup(job, "loss_percent")));
	assert_null(doc_metric_lookup(job, "gbit"));
	json_decref(doc);
}

static void test_save_and_load(void **state)
{
	char dir[] = "/tmp/ringway-doc.XXXXXX", path[64];
	struct err e = {0};
	json_t *doc = whole(), *again;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.json", dir);
	assert_int_equal(doc_save(doc, path, &e), 0);
	assert_int_equal(doc_save(doc, path, &e), 0); /* over the first one */
	again = doc_load(path, &e);
	assert_non_null(again);
	assert_true(json_equal(doc, again));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0); /* nothing was left beside it */
	assert_int_equal(doc_save(doc, path, &e), -ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_null(doc_load(path, &e));
	json_decref(doc);
	json_decref(again);
}

/* One member of a good document replaced; where: keys and indices with '/' between. */
static void refuses(const char *where, json_t *value, const char *says)
{
	char words[200], *save = NULL, *word, *next;
	json_t *doc = whole(), *at = doc;
	struct err e = {0};

	snprintf(words, sizeof(words), "%s", where);
	word = strtok_r(words, "/", &save);
	for (; (next = strtok_r(NULL, "/", &save)); word = next)
		at = json_is_array(at) ? json_array_get(at, (size_t)atoi(word))
				       : json_object_get(at, word);
	if (json_is_array(at))
		json_array_set_new(at, (size_t)atoi(word), value);
	else
		json_object_set_new(at, word, value);
	assert_int_equal(doc_check(doc, &e), -EINVAL);
	assert_int_equal(e.exit_status, EX_CONFIG);
	if (!strstr(e.text, says))
		fail_msg("%s: '%s' has no '%s'", where, e.text, says);
	json_decref(doc);
}

/* A file in the place of /dev/null would be the end of the machine's peace. */
static void test_what_is_no_file_stays(void **state)
{
	char dir[] = "/tmp/ringway-doc.XXXXXX", path[64];
	json_t *doc = whole(), *again;
	struct err e = {0};
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(doc_save(doc, path, &e), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	again = json_loadfd(fd, JSON_DISABLE_EOF_CHECK, NULL);
	assert_true(json_equal(doc, again));
	json_decref(again);
	json_decref(doc);
	close(fd);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* nothing beside it either */
}

static void test_heads_refused(void **state)
{
	(void)state;
	refuses("format", json_string("ringway-bench/2"), "ringway-bench/1");
	refuses("format", json_null(), "no result document");
	refuses("title", json_integer(3), "\"title\"");
	refuses("title", json_string("two\nlines"), "one line");
	refuses("date", json_null(), "\"date\"");
	refuses("machine", json_array(), "machine");
	refuses("versions", json_null(), "versions");
	refuses("cases", json_null(), "cases");
	refuses("cases/rwloop", json_object(), "title");
	refuses("cases/rwloop/title", json_string("a\tb"), "title");
	refuses("argv", json_string("x"), "argv");
	refuses("argv/0", json_integer(1), "words");
	refuses("baselines/0", json_integer(1), "baselines");
	refuses("rounds", json_integer(0), "rounds");
	refuses("rounds", json_integer(1000000), "rounds");
	refuses("rounds", json_string("3"), "rounds");
	refuses("jobs", json_object(), "jobs");
	refuses("jobs/0", json_null(), "proper name");
}

static void test_jobs_refused(void **state)
{
	(void)state;
	refuses("jobs/0/job", json_string("../etc"), "proper name");
	refuses("jobs/0/job", json_string(""), "proper name");
	refuses("jobs/0/job", json_string("-rf"), "proper name");
	refuses("jobs/0/job", json_string("a.name.of.more.than.thirty.two.bytes"),
		"proper name");
	refuses("jobs/0/title", json_string("x\x1b[2J"), "\"title\"");
	refuses("jobs/0/x", json_pack("{ss}", "axis", "size"), "\"x\"");
	refuses("jobs/0/metrics", json_array(), "\"metrics\"");
	refuses("jobs/0/metrics/0/name", json_string("a b"), "proper name");
	refuses("jobs/0/metrics/1/name", json_string("kpps"), "two metrics");
	refuses("jobs/0/metrics/0/better", json_string("most"), "better");
	refuses("jobs/0/metrics/0/notes", json_pack("[s]", "gbit"), "notes");
	refuses("jobs/0/metrics/0/notes", json_string("kpps"), "metrics");
	refuses("jobs/0/metrics/2/unit", json_null(), "unit");
}

static void test_samples_refused(void **state)
{
	(void)state;
	refuses("jobs/0/samples", json_array(), "samples");
	refuses("jobs/0/samples/rwloop", json_object(), "rwloop");
	refuses("jobs/0/samples/rwloop", json_pack("[{}{}{}]"), "2 rounds");
	refuses("jobs/0/samples/rwloop/0", json_real(3), "object");
	refuses("jobs/0/samples/rwloop/1/kpps", json_string("many"), "round 2");
	refuses("jobs/0/samples/rwloop/1/hgrm", json_string("/etc/passwd"), "hgrm");
	refuses("jobs/0/samples/rwloop/1/error", json_true(), "error");
	refuses("jobs/0/samples/rwloop/1/error", json_string("\x1b[2J"), "error");
	refuses("jobs/0/samples/a\x1b[0m", json_array(), "case without");
}

static void test_no_json(void **state)
{
	static const char *const texts[] = {"",
					    "{",
					    "[]",
					    "null",
					    "{\"a\":1,\"a\":2}",
					    "\xff\xfe",
					    "{\"format\": 1e999}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char path[] = "/tmp/ringway-doc.XXXXXX";
		int fd = mkstemp(path);
		struct err e = {0};

		assert_true(fd >= 0);
		assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
		close(fd);
		assert_null(doc_load(path, &e));
		assert_int_equal(e.code, -EINVAL);
		assert_non_null(strstr(e.text, path));
		assert_null(strchr(e.text, '\n'));
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_is_good),
		cmocka_unit_test(test_save_and_load),
		cmocka_unit_test(test_what_is_no_file_stays),
		cmocka_unit_test(test_heads_refused),
		cmocka_unit_test(test_jobs_refused),
		cmocka_unit_test(test_samples_refused),
		cmocka_unit_test(test_no_json),
	};

	return cmocka_run_group_tests_name("doc", tests, NULL, NULL);
}
