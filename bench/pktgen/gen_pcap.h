/* SPDX-License-Identifier: BSD-2-Clause */
/* gen_pcap: writes frames to a capture file. */
#ifndef BENCH_PKTGEN_GEN_PCAP_H
#define BENCH_PKTGEN_GEN_PCAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct gen_pcap;

/* path is made new, or emptied. 0, or a negative errno with a sentence. */
int gen_pcap_open(struct gen_pcap **p, const char *path, struct err *e);

/* One frame, without virtio-net header, stamped with ns since 1970. */
void gen_pcap_write(struct gen_pcap *p, const uint8_t *frame, size_t len, uint64_t ns);

/* 0, or a negative errno with a sentence if the file took not all. NULL is fine. */
int gen_pcap_close(struct gen_pcap *p, struct err *e);

#endif
