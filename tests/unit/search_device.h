/* SPDX-License-Identifier: BSD-2-Clause */
/* search_device: simulated devices under test, for the searches to be tried on. */
#ifndef TESTS_UNIT_SEARCH_DEVICE_H
#define TESTS_UNIT_SEARCH_DEVICE_H

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/search/search.h"
#include "tests/unit/frame_make.h"

struct device {
	double capacity; /* frames per second that it forwards */
	double noise;	 /* capacity is off by up to this share, each trial anew */
	double drift;	 /* each trial makes capacity this much larger (relative) */
	double dip_from, dip_to;   /* between these it loses a tenth, too */
	double floor_loss;	   /* always lost, whatever the load */
	double sender_max;	   /* 0: the sender reaches any rate */
	unsigned disturbed_of_100; /* trials that are bad, and wrong */
	unsigned fail_at;	   /* the call that ends with -EIO; 0: none */
	double event_seconds;	   /* blocked in a trial with event */
	uint64_t seed;
	/* what happened */
	unsigned calls;
	double lowest, highest;
};

static inline double device_unit(struct device *d)
{
	return (double)make_below(&d->seed, 1000001) / 1e6;
}

static inline uint64_t device_forwards(struct device *d, double rate, double seconds,
				       uint64_t offered)
{
	double can =
		d->capacity * (1.0 + d->noise * (2.0 * device_unit(d) - 1.0)) * seconds;
	double got = fmin((double)offered, can);

	if (rate > d->dip_from && rate < d->dip_to)
		got *= 0.9;
	got = fmin(got, (double)offered * (1.0 - d->floor_loss));
	d->capacity *= 1.0 + d->drift;
	return (uint64_t)got;
}

static inline int device_measure(void *arg, double rate, double seconds,
				 struct search_trial *out, struct err *e)
{
	struct device *d = arg;

	d->calls++;
	d->lowest = d->calls == 1 || rate < d->lowest ? rate : d->lowest;
	d->highest = fmax(d->highest, rate);
	if (d->calls == d->fail_at)
		return err_set(e, -EIO, "the cable was pulled");
	assert_true(out->rate_pps == rate && out->seconds == seconds);
	out->offered = (uint64_t)(rate * seconds);
	if (d->sender_max > 0.0 && rate > d->sender_max) {
		out->offered = (uint64_t)(d->sender_max * seconds);
		out->is_bad = true;
	}
	out->received = device_forwards(d, rate, seconds, out->offered);
	if (d->disturbed_of_100 && make_below(&d->seed, 100) < d->disturbed_of_100) {
		/* would mislead whoever believed it */
		out->received = make_below(&d->seed, 2) ? out->offered : out->offered / 2;
		out->is_bad = true;
	}
	return 0;
}

/* With an event that blocks. */
static inline int device_measure_event(void *arg, double rate, double seconds,
				       struct search_trial *out, struct err *e)
{
	struct device *d = arg;
	int rc = device_measure(arg, rate, seconds, out, e);
	uint64_t lost = (uint64_t)(rate * d->event_seconds);

	if (!rc)
		out->received -= lost < out->received ? lost : out->received;
	return rc;
}

/* min * (max / min)^u: each magnitude as likely */
static inline double device_log_uniform(uint64_t *seed, double min, double max)
{
	return min * pow(max / min, (double)make_below(seed, 1000001) / 1e6);
}

static inline void log_is_sane(const struct search_log *log, const struct device *d)
{
	unsigned bad = 0;
	double seconds = 0;

	assert_int_equal(log->n, d->calls - (d->fail_at && d->calls >= d->fail_at));
	for (unsigned i = 0; i < log->n; i++) {
		bad += log->trial[i].is_bad;
		seconds += log->trial[i].seconds;
	}
	assert_int_equal(log->n_bad, bad);
	assert_true(log->seconds >= seconds * 0.999999);
}

static inline void is_refused(int rc, const struct err *e, const char *word)
{
	assert_int_equal(rc, -EINVAL);
	if (!strstr(e->text, word))
		fail_msg("'%s' does not speak of '%s'", e->text, word);
}

#endif
