/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_pcap: a dead capture of libpcap's that frames are dumped from. */
#include "bench/pktgen/gen_pcap.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPLEN = 262144 };

struct gen_pcap {
	pcap_t *dead;
	pcap_dumper_t *dumper;
	char path[512]; /* for sentences */
};

int gen_pcap_open(struct gen_pcap **to, const char *path, struct err *e)
{
	struct gen_pcap *p = calloc(1, sizeof(*p));

	*to = NULL;
	if (!p)
		return err_set(e, -ENOMEM, "%s: no memory for it", path);
	strncpy(p->path, path, sizeof(p->path) - 1);
	p->dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPLEN,
						       PCAP_TSTAMP_PRECISION_NANO);
	p->dumper = p->dead ? pcap_dump_open(p->dead, path) : NULL;
	if (!p->dumper) {
		int code = errno ? -errno : -EIO;

		err_set(e, code, "%s", p->dead ? pcap_geterr(p->dead) : "no memory");
		gen_pcap_close(p, NULL);
		return code;
	}
	*to = p;
	return 0;
}

void gen_pcap_write(struct gen_pcap *p, const uint8_t *frame, size_t len, uint64_t ns)
{
	struct pcap_pkthdr h = {
		.ts = {(time_t)(ns / 1000000000), (suseconds_t)(ns % 1000000000)},
		.caplen = (uint32_t)len,
		.len = (uint32_t)len,
	};

	pcap_dump((uint8_t *)p->dumper, &h, frame);
}

int gen_pcap_close(struct gen_pcap *p, struct err *e)
{
	int rc = 0;

	if (!p)
		return 0;
	if (p->dumper) {
		errno = 0;
		if (pcap_dump_flush(p->dumper) < 0 || ferror(pcap_dump_file(p->dumper)))
			rc = err_set(e, errno ? -errno : -EIO, "%s: %s", p->path,
				     errno ? strerror(errno) : "it took not all frames");
		pcap_dump_close(p->dumper);
	}
	if (p->dead)
		pcap_close(p->dead);
	free(p);
	return rc;
}
