/* SPDX-License-Identifier: BSD-2-Clause */
/* search_latency: the loads at which latency is measured, as a plan of trials. */
#include "bench/search/search_try.h"

int search_latency_plan(double pdr_pps, double idle_pps, double seconds,
			struct search_latency_step step[SEARCH_LATENCY_STEPS],
			struct err *e)
{
	static const double share[SEARCH_LATENCY_STEPS] = {0.0, 0.1, 0.5, 0.9};
	int rc = search_try_check("the PDR", pdr_pps, 1e-3, 1e12, e);

	if (!rc)
		rc = search_try_check("the idle rate", idle_pps, 1e-3, pdr_pps, e);
	if (!rc)
		rc = search_try_check("the duration of a trial", seconds, 1e-6, 1e6, e);
	if (!rc && idle_pps * seconds < 1.0)
		rc = err_usage(e, "the idle rate, %g, offers no frame in %g s", idle_pps,
			       seconds);
	if (rc)
		return rc;
	for (unsigned i = 0; i < SEARCH_LATENCY_STEPS; i++) {
		double rate = share[i] * pdr_pps;

		step[i] = (struct search_latency_step){
			share[i], rate > idle_pps ? rate : idle_pps, seconds};
	}
	return 0;
}
