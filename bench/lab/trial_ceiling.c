/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sender of a trial could do if there were no forwarder. */
#include <math.h>
#include <string.h>

#include "bench/lab/trial_inside.h"
#include "bench/wire/disturb.h"
#include "bench/wire/wire_ceiling.h"

/*
 * How it works: it is measured once in a process for each kind of frames and link, and
 * kept, unless others used the machine meanwhile: a ceiling too low by that would cast
 * doubt on every trial to come.
 */
struct kept {
	struct gen_spec spec;
	enum wire_ceiling_link link;
	int cpu;
	double pps;
};

static uint64_t known_ns(struct lab *l)
{
	struct lab_usage u;

	(void)lab_usage(l, &u, NULL);
	return u.cpu_ns;
}

double trial_ceiling(struct lab *l, const struct gen_spec *spec, int cpu)
{
	static struct kept kept = {.pps = NAN};
	struct wire_ceiling_wish w = {
		.spec = spec,
		.kind = WIRE_TX_sendmmsg,
		/* to a TAP a sender gives its frames away, of a veth it does the rest */
		.link = lab_has_veth(l) ? WIRE_CEILING_veth : WIRE_CEILING_dummy,
		.cpu = cpu,
	};
	struct wire_ceiling_result r;
	struct gen_spec now = *spec;
	char why[TRIAL_WORDS_MAX];
	struct disturb d;

	/* what differs from pair to pair and from run to run costs nothing */
	memset(now.field, 0, sizeof(now.field));
	now.run = 0;
	if (memcmp(&now, &kept.spec, sizeof(now)) == 0 && kept.link == w.link &&
	    kept.cpu == cpu && !isnan(kept.pps))
		return kept.pps;
	disturb_begin(&d, known_ns(l));
	if (wire_ceiling(&w, &r, NULL) < 0 || r.pps <= 0)
		return NAN;
	if (!disturb_end(&d, known_ns(l), why, sizeof(why)))
		kept = (struct kept){now, w.link, cpu, r.pps};
	return r.pps;
}
