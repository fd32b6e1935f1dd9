/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing of struct err. */
#include "core/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int exit_status_of(int code)
{
	switch (-code) {
	case EPERM:
	case EACCES:
		return EX_NOPERM;
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOSYS:
	case EOPNOTSUPP:
		return EX_UNAVAILABLE;
	case EBUSY:
	case EAGAIN:
	case ETIMEDOUT:
		return EX_TEMPFAIL;
	default:
		return EX_OSERR;
	}
}

static int fill(struct err *e, int code, int status, const char *fmt, va_list ap)
{
	if (!e)
		return code;
	e->code = code;
	e->exit_status = status;
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(e, code, exit_status_of(code), fmt, ap);
	va_end(ap);
	return code;
}

int err_usage(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(e, -EINVAL, EX_USAGE, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int err_config(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(e, -EINVAL, EX_CONFIG, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

void err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->text)], head[256];
	size_t len;
	va_list ap;

	if (!e)
		return;
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	len = strlen(head);
	memcpy(old, e->text, sizeof(old));
	snprintf(e->text, sizeof(e->text), "%s: %.*s", head,
		 (int)(sizeof(e->text) - len - 3), old);
}
