/* SPDX-License-Identifier: BSD-2-Clause */
/* What every fuzz target is made of: one function, and a door to the bytes. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The name that libFuzzer calls; replay.c, too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What must hold whatever the bytes are. */
#define FUZZ_ASSERT(x)                                                                   \
	do {                                                                             \
		if (!(x)) {                                                              \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);  \
			abort();                                                         \
		}                                                                        \
	} while (0)

struct fuzz_in {
	const uint8_t *at;
	size_t left;
};

/* The next byte; 0 when they are used up. */
static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t fuzz_u16(struct fuzz_in *in)
{
	uint16_t lo = fuzz_u8(in);

	return (uint16_t)(lo | fuzz_u8(in) << 8);
}

#endif
