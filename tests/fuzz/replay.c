/* SPDX-License-Identifier: BSD-2-Clause */
/* replay FILE... - give each file to a fuzz target once, without libFuzzer; prints TAP.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { INPUT_MAX = 1 << 20 };

static int replay(const char *name, int n)
{
	FILE *f = fopen(name, "rb");
	uint8_t *data = malloc(INPUT_MAX), *exact = NULL;
	size_t len = 0;
	int ok = f && data;

	if (ok) {
		len = fread(data, 1, INPUT_MAX, f);
		ok = feof(f) && !ferror(f);
	}
	/* of exactly this size, so that a sanitizer sees one byte too far */
	exact = ok ? malloc(len ? len : 1) : NULL;
	if (exact) {
		memcpy(exact, data, len);
		LLVMFuzzerTestOneInput(exact, len); /* aborts, or all is well */
	}
	printf("%sok %d - %s\n", exact ? "" : "not ", n, name);
	fflush(stdout); /* so that the last line before an abort is seen */
	free(exact);
	free(data);
	if (f)
		fclose(f);
	return exact ? 0 : 1;
}

int main(int argc, char **argv)
{
	int bad = 0;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++)
		bad |= replay(argv[i], i);
	return bad;
}
