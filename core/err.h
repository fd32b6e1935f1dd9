/* SPDX-License-Identifier: BSD-2-Clause */
/* struct err: what went wrong, once: a code, an exit status and one sentence. */
#ifndef CORE_ERR_H
#define CORE_ERR_H

/*
 * How it works: the place that detects a failure writes the sentence (value,
 * reason, remedy); callers hand it upward untouched; only the top prints it.
 */
struct err {
	int code;	 /* negative errno, 0 = no error */
	int exit_status; /* sysexits.h */
	char text[1024]; /* one sentence, no newline, always terminated */
};

/*
 * Fill *e and return code, so that "return err_set(...)" works.
 * code: negative errno; the exit status follows from it (EPERM and EACCES:
 * EX_NOPERM; ENOENT, ENODEV, ENXIO, EOPNOTSUPP: EX_UNAVAILABLE; EBUSY, EAGAIN,
 * ETIMEDOUT: EX_TEMPFAIL; others: EX_OSERR). e may be NULL.
 */
int err_set(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a mistake in what a person wrote: -EINVAL and EX_USAGE. */
int err_usage(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a mistake in a configuration file: -EINVAL and EX_CONFIG. */
int err_config(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "prefix: " before the sentence (a file and line, a port); cuts at the end. */
void err_prefix(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
