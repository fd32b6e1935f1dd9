/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sink has seen, for programs and for people. */
#include "bench/cli/sink_result.h"

#include "bench/cli/told.h"

static double pps_of(const struct sink_result *s)
{
	double active = (double)(s->last_ns - s->first_ns) / 1e9;
	uint64_t since = s->before_first;

	if (s->check && s->received)
		since = 1; /* the first one begins the time, and is not in it */
	return active > 0 ? (double)(s->received - since) / active : 0;
}

/* Missing of those expected. Counters cannot tell a duplicate from another frame. */
static struct gen_check_lost lost_of(const struct sink_result *s)
{
	uint64_t n;

	if (s->check)
		return gen_check_lost_of(s->check, s->expected);
	n = s->expected > s->received ? s->expected - s->received : 0;
	return (struct gen_check_lost){n, n};
}

static void set(json_t *j, const char *key, uint64_t n)
{
	json_object_set_new(j, key, json_integer((json_int_t)n));
}

static void add_check(json_t *j, const struct sink_result *s)
{
	const struct gen_check_counts *c = gen_check_counts_of(s->check);

	set(j, "unique", c->unique);
	set(j, "duplicates", c->duplicates);
	set(j, "reordered", c->reordered);
	set(j, "max_distance", c->max_distance);
	set(j, "late", c->late);
	set(j, "corrupted", c->corrupted);
	set(j, "bad_csum", c->bad_csum);
	set(j, "foreign", c->foreign);
	set(j, "other_runs", c->other_runs);
	set(j, "negative", c->negative);
	json_object_set_new(j, "latency_us",
			    hist_count(s->latency) ? told_hist_json(s->latency)
						   : json_null());
}

json_t *sink_result_json(const struct sink_result *s)
{
	struct gen_check_lost lost = lost_of(s);
	json_t *j = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:f}", "ifname",
			      s->ifname, "io", s->io, "received", (json_int_t)s->received,
			      "frames", (json_int_t)s->count.frames, "bytes",
			      (json_int_t)s->count.bytes, "ring_lost",
			      (json_int_t)s->count.lost, "seconds",
			      (double)(s->end_ns - s->start_ns) / 1e9, "pps", pps_of(s));

	if (!j)
		return NULL;
	if (s->check || s->expected) {
		set(j, "lost", lost.low);
		set(j, "lost_max", lost.high);
	}
	json_object_set_new(j, "expected",
			    s->expected ? json_integer((json_int_t)s->expected)
					: json_null());
	if (s->check)
		add_check(j, s);
	return j;
}

static void print_check(FILE *f, const struct sink_result *s)
{
	const struct gen_check_counts *c = gen_check_counts_of(s->check);

	fprintf(f,
		"duplicated %llu, reordered %llu (by at most %llu), corrupted %llu, "
		"wrong "
		"checksum %llu, foreign %llu, of other runs %llu\n",
		(unsigned long long)c->duplicates, (unsigned long long)c->reordered,
		(unsigned long long)c->max_distance, (unsigned long long)c->corrupted,
		(unsigned long long)c->bad_csum, (unsigned long long)c->foreign,
		(unsigned long long)c->other_runs);
	if (c->late)
		fprintf(f, "%llu came too late to tell duplicates from reordered ones\n",
			(unsigned long long)c->late);
	if (hist_count(s->latency))
		told_hist_print(f, "latency", s->latency);
}

void sink_result_print(FILE *f, const struct sink_result *s)
{
	struct gen_check_lost lost = lost_of(s);

	fprintf(f, "%s: received %llu in %.3f s by %s: %s", s->ifname,
		(unsigned long long)s->received, (double)(s->end_ns - s->start_ns) / 1e9,
		s->io, told_pps(pps_of(s)));
	if (s->count.frames != s->received)
		fprintf(f, "; %llu frames in all", (unsigned long long)s->count.frames);
	fputc('\n', f);
	if (s->expected)
		fprintf(f, "lost %llu of %llu (%.4f %%)\n", (unsigned long long)lost.low,
			(unsigned long long)s->expected,
			100 * (double)lost.low / (double)s->expected);
	else if (s->check)
		fprintf(f, "lost at least %llu\n", (unsigned long long)lost.low);
	if (s->count.lost)
		fprintf(f,
			"our own ring had no room for %llu: the sink is too slow for "
			"this\n",
			(unsigned long long)s->count.lost);
	if (s->check)
		print_check(f, s);
}
