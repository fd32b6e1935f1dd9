/* SPDX-License-Identifier: BSD-2-Clause */
/* search: what all searches share: loss ratios and the words for their ends. */
#include "bench/search/search.h"

const char *search_end_text(enum search_end end)
{
	switch (end) {
	case SEARCH_END_found:
		return "found";
	case SEARCH_END_max:
		return "passed at the highest load";
	case SEARCH_END_min:
		return "failed at the lowest load";
	case SEARCH_END_unusable:
		return "no good trial above";
	case SEARCH_END_time:
		return "time limit";
	case SEARCH_END_undefined:
		break;
	}
	return "not ended";
}

double search_loss_ratio(const struct search_trial *t)
{
	if (!t->offered || t->received >= t->offered)
		return 0.0;
	return (double)(t->offered - t->received) / (double)t->offered;
}
