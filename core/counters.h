/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters with one writer each, read by others without locks. */
#ifndef CORE_COUNTERS_H
#define CORE_COUNTERS_H

#include <stdint.h>

#include "core/drop.h"

/*
 * How it works: each worker has its own struct counters for each queue it
 * touches, and is its only writer. A reader sums them with counters_add; each
 * value it sees is one the writer stored, the set of them is not a snapshot.
 * Stores are releases and loads acquires, for what is said about their order. Bytes are
 * those of the frame, without virtio-net header and FCS. tx_* counts what was handed to
 * the kernel; what the kernel then refused is in tx_failed_* too, and in drops: sent = tx
 * - tx_failed. A super-packet that was segmented here is one frame received and many to
 * be sent, and each of them is sent or dropped for itself: tx_made_packets counts those
 * beyond the first. So received + copies + made = sent + drops, of packets, always.
 */
struct counters {
	uint64_t rx_packets, rx_bytes;
	uint64_t rx_gso_packets; /* of rx_packets: super-packets */
	uint64_t rx_bursts;
	uint64_t copies; /* by a bridge, of frames that came in here, to flood them */
	uint64_t tx_made_packets, tx_made_bytes; /* by segmentation, beyond what came */
	uint64_t tx_sw_gso;			 /* super-packets segmented here */
	uint64_t tx_sw_csum; /* packets whose checksum was finished here */
	uint64_t tx_packets, tx_bytes;
	uint64_t tx_gso_packets;
	uint64_t tx_bursts;
	uint64_t tx_failed_packets, tx_failed_bytes;
	uint64_t rx_no_buffer; /* times reading paused for want of a buffer */
	uint64_t syscalls;     /* read/write calls made for this queue alone */
	uint64_t kicks, calls; /* we told vhost-net; vhost-net told us */
	uint64_t rebuilds;     /* times a ring of vhost-net was stuck and set up again */
	uint64_t fallbacks;    /* times vhost-net was given up for the TAP fd */
	uint64_t drops[DROP_N];
};

/* Add n to one value; its only writer calls this. */
static inline void counter_add(uint64_t *c, uint64_t n)
{
	__atomic_store_n(c, *c + n, __ATOMIC_RELEASE);
}

/* Read one value of another thread. */
static inline uint64_t counter_get(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_ACQUIRE);
}

/* sum += c, c being written by another thread meanwhile. */
void counters_add(struct counters *sum, const struct counters *c);

/* Packets and bytes that the kernel took for sending. */
uint64_t counters_sent_packets(const struct counters *c);
uint64_t counters_sent_bytes(const struct counters *c);

/* The sum of all drops. */
uint64_t counters_drops(const struct counters *c);

#endif
