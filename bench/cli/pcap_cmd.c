/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap_cmd: writes the frames of a generator to a capture file, to look at them. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/pktgen/gen.h"
#include "bench/pktgen/gen_frame.h"
#include "bench/pktgen/gen_pcap.h"
#include "bench/pktgen/gen_words.h"

enum { COUNT_DEFAULT = 1000, RATE_DEFAULT = 1000000 };

struct wish {
	const char *spec, *file;
	uint64_t count, rate;
};

void pcap_cmd_help(FILE *f)
{
	fputs("SPEC is the frames in words, KEY=VALUE separated by commas (\"\" is "
	      "enough):\n"
	      "  proto=udp|tcp|udp6|tcp6|arp|eth  size=64 (with FCS; 64*7/594*4/1518, "
	      "64-1518,\n"
	      "  64-1518~, rfc2544, imix, genome:7a4d1g)  flows=N  dmac smac vlan qinq "
	      "sip dip\n"
	      "  sport dport=BASE[+STEP[%N]|~N]  csum=full|partial|none  vnet=yes  "
	      "gso=MSS\n"
	      "  seed=N  run=N  mac=any  pcap=FILE  loops=N\n"
	      "The file has them without virtio-net header; the same words and options "
	      "give the\n"
	      "same file.\n"
	      "  --count N  so many frames, 1000 by default (of a pcap: all)\n"
	      "  --rate N   so many in a second of the file's time, 1000000 by default\n"
	      "             (of a pcap: as recorded)\n",
	      f);
}

static int number(const char *key, const char *text, uint64_t max, uint64_t *n,
		  struct err *e)
{
	const char *p = text;

	if (!gen_words_number(&p, max, n) || *p || !*n)
		return err_usage(e, "--%s %.60s: it is a number from 1 to %" PRIu64, key,
				 text, max);
	return 0;
}

static int parse(struct wish *w, int argc, char **argv, struct err *e)
{
	static const struct option options[] = {
		{"count", 1, 0, 'n'}, {"rate", 1, 0, 'r'}, {0}};
	int opt, rc = 0;

	optind = 0;
	opterr = 0;
	while (rc == 0 && (opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (opt == 'n')
			rc = number("count", optarg, UINT32_MAX, &w->count, e);
		else if (opt == 'r')
			rc = number("rate", optarg, 1000000000, &w->rate, e);
		else
			rc = err_usage(e, "pcap: '%s' is no option, or lacks its number",
				       argv[optind - 1]);
	}
	if (rc < 0)
		return rc;
	if (argc - optind != 2)
		return err_usage(e, "pcap takes SPEC and FILE, not %d words",
				 argc - optind);
	w->spec = argv[optind];
	w->file = argv[optind + 1];
	return 0;
}

static void write_all(const struct wish *w, const struct gen_spec *s, struct gen *g,
		      struct gen_pcap *p, uint8_t *buf)
{
	size_t vnet_len = s->vnet ? GEN_FRAME_VNET_LEN : 0, len;
	uint64_t n = w->count, ns;

	if (!n)
		n = s->pcap[0] ? UINT64_MAX : COUNT_DEFAULT;
	for (uint64_t i = 0; i < n; i++) {
		ns = s->pcap[0] ? gen_next_due_ns(g) : i * 1000000000 / w->rate;
		len = gen_next(g, buf, gen_max_len(g), ns);
		if (!len)
			return;
		gen_pcap_write(p, buf + vnet_len, len - vnet_len, ns);
	}
}

static int write_file(const struct wish *w, const struct gen_spec *s, struct gen *g,
		      struct err *e)
{
	uint8_t *buf = malloc(gen_max_len(g));
	struct gen_pcap *p = NULL;
	int rc;

	if (!buf)
		return err_set(e, -ENOMEM, "no memory for a frame");
	rc = gen_pcap_open(&p, w->file, e);
	if (rc == 0) {
		write_all(w, s, g, p, buf);
		rc = gen_pcap_close(p, e);
	}
	free(buf);
	return rc;
}

int pcap_cmd(int argc, char **argv, struct err *e)
{
	struct wish w = {.rate = RATE_DEFAULT};
	struct gen_spec s;
	struct gen *g = NULL;
	int rc = parse(&w, argc, argv, e);

	if (rc == 0)
		rc = gen_spec_parse(&s, w.spec, e);
	if (rc == 0 && s.pcap[0] && !s.loops && !w.count)
		rc = err_usage(e, "loops=0 never ends; say how many frames with --count");
	if (rc == 0)
		rc = gen_open(&g, &s, e);
	if (rc == 0)
		rc = write_file(&w, &s, g, e);
	gen_close(g);
	return rc;
}
