/* SPDX-License-Identifier: BSD-2-Clause */
/* A small result document for the tests of bench/report. */
#ifndef TESTS_UNIT_RESULT_SAMPLE_H
#define TESTS_UNIT_RESULT_SAMPLE_H

#include <stdlib.h>

#include "bench/report/doc.h"
#include "tests/unit/frame_make.h"

static const struct doc_metric sample_metrics[] = {
	{.name = "kpps",
	 .title = "delivered",
	 .unit = "kpps",
	 .better = DOC_BETTER_MORE,
	 .is_leading = true,
	 .notes = {"loss_percent"}},
	{.name = "cpu_us",
	 .title = "CPU",
	 .unit = "us/packet",
	 .better = DOC_BETTER_LESS,
	 .is_leading = true},
	{.name = "loss_percent", .title = "loss", .unit = "%", .better = DOC_BETTER_NONE},
	{.name = NULL},
};

/* rounds: those it announces; no sample is in it yet */
static inline json_t *sample_doc(unsigned rounds)
{
	static const struct doc_job job = {
		.name = "pps64",
		.title = "64-byte frames",
		.axis = "frame size, bytes",
		.x = 64,
		.metrics = sample_metrics,
	};
	char *argv[] = {(char *)"ringway-bench", (char *)"peers", (char *)"--jobs",
			(char *)"pps 64"};
	struct err e = {0};
	json_t *machine = json_pack(
		"{ss si ss ss s{ss} ss so ss si s[fff]}", "cpu", "A CPU", "cpus", 2,
		"kernel", "6.1.0", "hypervisor", "none", "mitigations", "spectre_v2",
		"Mitigation: a|b", "clocksource", "tsc", "governor", json_null(),
		"architecture", "x86_64", "memory_mib", 1024, "load", 0.5, 0.25, 0.1);
	json_t *doc = doc_new("Peers", 4, argv, rounds, machine,
			      json_pack("{ss}", "ringway-bench", "0.1.0"));

	assert_non_null(doc);
	assert_int_equal(doc_add_case(doc, "rwloop", "read and write", NULL, NULL, &e),
			 0);
	assert_int_equal(
		doc_add_case(doc, "ringway", "ringway", "ringway --x", "exec it\n", &e),
		0);
	assert_int_equal(doc_add_baseline(doc, "rwloop", &e), 0);
	assert_int_equal(doc_add_job(doc, &job, &e), 0);
	return doc;
}

static inline void sample_add(json_t *doc, const char *name, double kpps, double cpu_us)
{
	struct err e = {0};

	assert_int_equal(doc_add_sample(doc, "pps64", name,
					json_pack("{sf sf sf}", "kpps", kpps, "cpu_us",
						  cpu_us, "loss_percent", 1.0),
					&e),
			 0);
}

static inline void sample_add_error(json_t *doc, const char *name, const char *text)
{
	struct err e = {0};

	assert_int_equal(
		doc_add_sample(doc, "pps64", name, json_pack("{ss}", "error", text), &e),
		0);
}

#endif
