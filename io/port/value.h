/* SPDX-License-Identifier: BSD-2-Clause */
/* Strict parsers for one option's value, shared by port specs and configuration. */
#ifndef IO_PORT_VALUE_H
#define IO_PORT_VALUE_H

#include <net/if.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"
#include "io/port/port_spec.h"

/*
 * Each parser takes the whole value or nothing: no sign, no blank, nothing
 * behind it. They return 0, or -EINVAL with a sentence that begins with
 * "KEY=VALUE" and says what would fit; *out is then as before.
 */

enum {
	VALUE_SHOWN = 60,
	VALUE_CPUS_MAX = 1024, /* CPU_SETSIZE */
};

/* A value as it is shown in a sentence: long ones are cut and end in "...". */
struct value_shown {
	char text[VALUE_SHOWN + 4];
};
struct value_shown value_show(const char *value);

/* A decimal number without a word about it: 0, or -EINVAL, -ERANGE above max. */
int value_digits(const char *text, size_t len, uint64_t max, uint64_t *out);

/* what: the subject of the sentence, "the number of queues". */
int value_number(const char *key, const char *value, const char *what, uint64_t min,
		 uint64_t max, uint64_t *out, struct err *e);

/* Bytes, with QEMU's suffixes k, M, G (powers of 1024) or B; 0..INT_MAX. */
int value_size(const char *key, const char *value, int *out, struct err *e);

/* on, off and their kin; with_auto: "auto" as well. */
int value_switch(const char *key, const char *value, bool with_auto, enum tristate *out,
		 struct err *e);

/* "5" or, with many, "5:6:7". */
int value_fds(const char *key, const char *value, bool many, int *fds, unsigned *n_fds,
	      struct err *e);

/* A name the kernel takes for an interface; with_template: one %d may be in it. */
int value_ifname(const char *key, const char *value, bool with_template,
		 char out[IFNAMSIZ], struct err *e);

/* Six hexadecimal bytes with ':' between them; unicast and not zero. */
int value_mac(const char *key, const char *value, uint8_t out[6], struct err *e);

/* ADDRESS or ADDRESS/LENGTH, IPv4 or IPv6, of one host. */
int value_addr(const char *key, const char *value, struct port_addr *out, struct err *e);

/*
 * CPU numbers as the kernel lists them, "0-3,5", in the order written and each
 * once; out has room for VALUE_CPUS_MAX.
 */
int value_cpus(const char *key, const char *value, int *out, unsigned *n, struct err *e);

/* A name of the user or group data base, or a number. */
int value_user(const char *key, const char *value, uid_t *out, struct err *e);
int value_group(const char *key, const char *value, gid_t *out, struct err *e);

#endif
