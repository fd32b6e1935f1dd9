/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap_cmd: writes the frames of a generator to a capture file, to look at them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/bench_cmd.h"
#include "bench/cli/bench_option.h"
#include "bench/pktgen/gen.h"
#include "bench/pktgen/gen_frame.h"
#include "bench/pktgen/gen_pcap.h"

enum { COUNT_DEFAULT = 1000, RATE_DEFAULT = 1000000 };

struct wish {
	const char *spec, *file;
	uint64_t count, rate;
};

static const struct bench_option options[] = {
	{"count", "N", "so many frames (1000; of a pcap: all)",
	 BENCH_OPTION_IN(count, struct wish, count, 1, UINT32_MAX)},
	{"rate", "N",
	 "so many in a second of the file's time (1000000; of a pcap: as "
	 "recorded)",
	 BENCH_OPTION_IN(count, struct wish, rate, 1, 1e9)},
	{.name = NULL},
};

void pcap_cmd_help(FILE *f)
{
	bench_option_help(options, f);
	fputs("\nFILE is a new capture file; - is standard output.\nSPEC is the frames "
	      "in words, KEY=VALUE separated by commas (\"\" is "
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
	      "same file.\n",
	      f);
}

static int parse(struct wish *w, int argc, char **argv, struct err *e)
{
	int at = bench_option_parse(options, argc, argv, w, e);
	int rc = at < 0 ? at : bench_option_words(argc, argv, at, 2, "SPEC and FILE", e);

	if (rc)
		return rc;
	w->spec = argv[at];
	w->file = argv[at + 1];
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
