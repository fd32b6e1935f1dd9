/* SPDX-License-Identifier: BSD-2-Clause */
/* search_print: the results of the searches, as text for a person and as JSON. */
#ifndef BENCH_SEARCH_SEARCH_PRINT_H
#define BENCH_SEARCH_SEARCH_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/search/search.h"

/*
 * Text: a few lines with the figures, their units and how the search ended; irregular
 * results say so. JSON: an object of the caller (json_decref), with every trial; what has
 * no figure is null; NULL when memory is short. The names of the goals and the limits
 * come from the configuration the search was made with.
 */
void search_print_throughput(FILE *f, const struct search_throughput_result *r);
void search_print_mlr(FILE *f, const struct search_mlr *s,
		      const struct search_mlr_result *r);
void search_print_loss(FILE *f, const struct search_loss_result *r);
void search_print_burst(FILE *f, const struct search_burst_result *r);
void search_print_blocked(FILE *f, const struct search_blocked_result *r);
void search_print_soak(FILE *f, const struct search_soak_result *r);

json_t *search_print_json_throughput(const struct search_throughput_result *r);
json_t *search_print_json_mlr(const struct search_mlr *s,
			      const struct search_mlr_result *r);
json_t *search_print_json_loss(const struct search_loss_result *r);
json_t *search_print_json_burst(const struct search_burst_result *r);
json_t *search_print_json_blocked(const struct search_blocked_result *r);
json_t *search_print_json_soak(const struct search_soak_result *r);

#endif
