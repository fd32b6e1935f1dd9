/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and sentences of the drop reasons. */
#include "core/drop.h"

#include <errno.h>

static const struct {
	const char *name, *text;
} table[DROP_N] = {
#define X(name, text) {#name, text},
	DROP_LIST(X)
#undef X
};

const char *drop_name(enum drop drop)
{
	return table[drop].name;
}

const char *drop_text(enum drop drop)
{
	return table[drop].text;
}

enum drop drop_of_write(int code)
{
	switch (-code) {
	case EIO:
		return DROP_tx_link_down;
	case EBADFD:
		return DROP_tx_gone;
	case EINVAL:
		return DROP_tx_rejected;
	case EAGAIN:
		return DROP_tx_full;
	case ENOMEM:
	case ENOBUFS:
		return DROP_tx_no_memory;
	default:
		return DROP_tx_error;
	}
}
