/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic of rates. */
#include "bench/wire/wire_pace.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/wire/wire.h"

struct unit {
	const char *name;
	double factor;
	bool is_line;
};

static const struct unit units[] = {
	{"pps", 1, false},     {"kpps", 1e3, false}, {"Mpps", 1e6, false},
	{"", 1, false},	       {"k", 1e3, false},    {"M", 1e6, false},
	{"bit", 1, true},      {"kbit", 1e3, true},  {"Mbit", 1e6, true},
	{"Gbit", 1e9, true},   {"bit/s", 1, true},   {"Mbit/s", 1e6, true},
	{"Gbit/s", 1e9, true},
};
enum { N_UNITS = sizeof(units) / sizeof(units[0]) };

/* The number at the start of text, plain decimal: no sign, no "inf", no "0x". */
static const char *number(const char *text, double *n)
{
	size_t len = strspn(text, "0123456789.");
	char *end;

	if (!len || len > 30)
		return NULL;
	*n = strtod(text, &end);
	return end == text + len ? end : NULL;
}

static const struct unit *unit_of(const char *word)
{
	for (unsigned i = 0; i < N_UNITS; i++)
		if (!strcmp(units[i].name, word))
			return &units[i];
	return NULL;
}

static int refuse(const char *text, struct err *e)
{
	return err_usage(
		e,
		"--rate %.60s is no rate: write frames per second (50000, 50kpps, "
		"1.5Mpps), a line rate (1Gbit), a part of one (10%%@10Gbit), "
		"'max' or 'recorded'",
		text);
}

/* "10%@10Gbit", percent = 10 and rest = "@10Gbit". */
static int parse_percent(struct wire_pace_rate *r, const char *text, double percent,
			 const char *rest, struct err *e)
{
	const struct unit *u;
	double n;

	if (!*rest)
		return err_usage(e, "--rate %.60s: of what line? Write %g%%@10Gbit, say",
				 text, percent);
	rest = *rest == '@' ? number(rest + 1, &n) : NULL;
	u = rest ? unit_of(rest) : NULL;
	if (!u || !u->is_line)
		return refuse(text, e);
	if (!(percent > 0 && percent <= 100))
		return err_usage(
			e,
			"--rate %.60s: a line carries more than 0 %% and at most 100 %%",
			text);
	r->kind = WIRE_PACE_line;
	r->value = n * u->factor * percent / 100;
	return 0;
}

int wire_pace_parse(struct wire_pace_rate *r, const char *text, struct err *e)
{
	struct wire_pace_rate to = {0};
	const struct unit *u;
	const char *rest;
	double n = 0;
	int rc;

	if (!strcmp(text, "max") || !strcmp(text, "recorded")) {
		*r = (struct wire_pace_rate){.kind = *text == 'm' ? WIRE_PACE_max
								  : WIRE_PACE_recorded};
		return 0;
	}
	rest = number(text, &n);
	if (!rest)
		return refuse(text, e);
	if (*rest == '%') {
		rc = parse_percent(&to, text, n, rest + 1, e);
		if (rc)
			return rc;
	} else {
		u = unit_of(rest);
		if (!u)
			return refuse(text, e);
		to.kind = u->is_line ? WIRE_PACE_line : WIRE_PACE_pps;
		to.value = n * u->factor;
	}
	if (to.kind == WIRE_PACE_pps && !(to.value >= 0.001 && to.value <= 1e9))
		return err_usage(
			e, "--rate %.60s: from 0.001 to 1000 million frames per second",
			text);
	if (to.kind == WIRE_PACE_line && !(to.value >= 1 && to.value <= 1e13))
		return err_usage(
			e, "--rate %.60s: lines have 1 bit to 10000 Gbit per second",
			text);
	*r = to;
	return 0;
}

double wire_pace_pps(const struct wire_pace_rate *r, double mean_len)
{
	switch (r->kind) {
	case WIRE_PACE_pps:
		return r->value;
	case WIRE_PACE_line:
		return r->value / ((mean_len + WIRE_OVERHEAD) * 8);
	case WIRE_PACE_max:
	case WIRE_PACE_recorded:
		break;
	}
	return 0;
}

static unsigned burst_for(double pps)
{
	double n = ceil(pps * WIRE_PACE_STEP_NS / 1e9);

	if (pps <= 0 || n > WIRE_BATCH)
		return WIRE_BATCH;
	return n < 1 ? 1 : (unsigned)n;
}

void wire_pace_init(struct wire_pace *p, double pps, unsigned burst, uint64_t now_ns)
{
	*p = (struct wire_pace){.pps = pps, .base = now_ns};
	p->burst = burst ? burst : burst_for(pps);
}

uint64_t wire_pace_due(const struct wire_pace *p)
{
	if (p->pps <= 0)
		return 0;
	return p->base + (uint64_t)((double)p->step * p->burst * 1e9 / p->pps);
}

void wire_pace_step(struct wire_pace *p, uint64_t now_ns)
{
	uint64_t due = wire_pace_due(p);

	if (p->pps <= 0)
		return;
	if (now_ns > due && now_ns - due > WIRE_PACE_LATE_NS) {
		p->base = now_ns;
		p->step = 0;
		p->slipped++;
	} else if (now_ns > due && now_ns - due > p->late_max_ns) {
		p->late_max_ns = now_ns - due;
	}
	p->step++;
}
