/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel headers (6.1) and liburing (2.3) of Debian 12 lack for io. */
#ifndef IO_COMPAT_H
#define IO_COMPAT_H

#include <linux/if_tun.h>
#include <stdint.h>

/* <linux/if_tun.h> has them from 6.2 on */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* liburing has the opcode (as an enum value) from 2.6 on */
enum { COMPAT_OP_READ_MULTISHOT = 49 };

/* liburing has these from 2.8 on (kernel 6.12) */
#define COMPAT_FEAT_MIN_TIMEOUT (1U << 15)

struct compat_getevents_arg {
	uint64_t sigmask;
	uint32_t sigmask_sz;
	uint32_t min_wait_usec; /* "pad" before 6.12 */
	uint64_t ts;
};

#endif
