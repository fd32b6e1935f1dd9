/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that can be shared with other processes. */
#include "io/loop/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *mem_open(const char *name, size_t len, struct err *e)
{
	int fd = memfd_create(name, MFD_CLOEXEC), flags = MAP_SHARED | MAP_NORESERVE;
	void *mem;

	if (fd >= 0 && ftruncate(fd, (off_t)len) == 0)
		mem = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);
	else
		mem = mmap(NULL, len, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1,
			   0);
	if (mem == MAP_FAILED)
		err_set(e, -errno, "no memory for %s (%zu %s): %s", name,
			len >> 20 ? len >> 20 : len >> 10, len >> 20 ? "MiB" : "KiB",
			strerror(errno));
	if (fd >= 0)
		close(fd);
	return mem == MAP_FAILED ? NULL : mem;
}
