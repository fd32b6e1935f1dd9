/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and rings as vhost-net takes them, and what it should not have taken. */
#include "vhost/rings.h"

#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#include "vhost/compat.h"
#include "vhost/device.h"

enum { NUM_MAX = 32768 };

const char *rings_name(enum vhost_ring_idx ring)
{
	return ring == VHOST_RX ? "receive" : "transmit";
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* --- what is checked before the kernel is asked ---------------------------------- */

static int check_region(const struct vhost_region *regions, unsigned i, struct err *e)
{
	const struct vhost_region *r = &regions[i];

	if (!r->mem || r->len == 0 || r->addr + (r->len - 1) < r->addr ||
	    address(r->mem) + (r->len - 1) < address(r->mem))
		return err_set(e, -EINVAL,
			       "vhost memory region %u (%llu bytes of %p as 0x%llx) is "
			       "empty or goes round the end of the address space",
			       i, (unsigned long long)r->len, r->mem,
			       (unsigned long long)r->addr);
	for (unsigned j = 0; j < i; j++)
		if (r->addr <= regions[j].addr + (regions[j].len - 1) &&
		    regions[j].addr <= r->addr + (r->len - 1))
			return err_set(e, -EINVAL,
				       "vhost memory regions %u and %u overlap at 0x%llx",
				       j, i, (unsigned long long)r->addr);
	return 0;
}

static bool is_within(const struct vhost_region *r, uint64_t at, uint64_t len)
{
	uint64_t from = address(r->mem);

	return at >= from && len <= r->len && at - from <= r->len - len;
}

/* One part of a ring: in place, and in one piece of memory? */
static int check_part(const char *ring, const char *part, const void *mem, uint64_t len,
		      uint64_t align, const struct vhost_region *regions,
		      unsigned n_regions, struct err *e)
{
	if (address(mem) % align)
		return err_set(e, -EINVAL,
			       "vhost %s ring: its %s at %p is not aligned to %llu bytes",
			       ring, part, mem, (unsigned long long)align);
	for (unsigned i = 0; i < n_regions; i++)
		if (is_within(&regions[i], address(mem), len))
			return 0;
	return err_set(e, -EINVAL,
		       "vhost %s ring: its %s at %p, %llu bytes, does not lie within one "
		       "memory region",
		       ring, part, mem, (unsigned long long)len);
}

static int check_ring(const char *name, const struct vhost_ring *r,
		      const struct vhost_region *regions, unsigned n_regions,
		      struct err *e)
{
	uint64_t num = r->num;
	int code;

	if (num == 0 || num > NUM_MAX || num & (num - 1))
		return err_set(e, -EINVAL,
			       "vhost %s ring: %u entries; it must be a power of two, at "
			       "most %d",
			       name, r->num, NUM_MAX);
	/* virtio 1.2, 2.7: sizes and alignments; the event indices count */
	code = check_part(name, "descriptor table", r->desc,
			  num * sizeof(struct vring_desc), VRING_DESC_ALIGN_SIZE, regions,
			  n_regions, e);
	if (!code)
		code = check_part(name, "available ring", r->avail,
				  (3 + num) * sizeof(uint16_t), VRING_AVAIL_ALIGN_SIZE,
				  regions, n_regions, e);
	if (!code)
		code = check_part(name, "used ring", r->used,
				  3 * sizeof(uint16_t) +
					  num * sizeof(struct vring_used_elem),
				  VRING_USED_ALIGN_SIZE, regions, n_regions, e);
	return code;
}

int rings_check(const struct vhost_region *regions, unsigned n_regions,
		const struct vhost_ring rings[VHOST_RINGS], struct err *e)
{
	int code = 0;

	if (n_regions == 0 || n_regions > RINGS_REGIONS_MAX)
		return err_set(e, n_regions ? -E2BIG : -EINVAL,
			       "vhost-net takes 1 to %d memory regions, not %u",
			       RINGS_REGIONS_MAX, n_regions);
	for (unsigned i = 0; i < n_regions && !code; i++)
		code = check_region(regions, i, e);
	for (int i = 0; i < VHOST_RINGS && !code; i++)
		code = check_ring(rings_name(i), &rings[i], regions, n_regions, e);
	return code;
}

/* --- what the kernel is told ------------------------------------------------------ */

static const char *reason(int code)
{
	switch (-code) {
	case EPERM:
		return "the vhost-net file descriptor belongs to another process";
	case EBUSY:
		return "the ring is running; stop it first";
	case E2BIG:
		return "too many (raise max_mem_regions of the module vhost)";
	default:
		return strerror(-code);
	}
}

static int set_memory(int fd, const struct vhost_region *regions, unsigned n_regions,
		      struct err *e)
{
	struct vhost_memory *table =
		calloc(1, sizeof(*table) + n_regions * sizeof(table->regions[0]));
	int code;

	if (!table)
		return err_set(e, -ENOMEM, "no memory for a table of %u regions",
			       n_regions);
	table->nregions = n_regions;
	for (unsigned i = 0; i < n_regions; i++)
		table->regions[i] = (struct vhost_memory_region){
			.guest_phys_addr = regions[i].addr,
			.memory_size = regions[i].len,
			.userspace_addr = address(regions[i].mem),
		};
	code = device_call(fd, VHOST_SET_MEM_TABLE, table);
	free(table);
	if (code)
		return err_set(e, code,
			       "vhost-net refuses a table of %u memory regions: %s",
			       n_regions, reason(code));
	return 0;
}

/* One setting of one ring that failed. */
static int explain(int code, enum vhost_ring_idx ring, const char *what,
		   unsigned long long value, struct err *e)
{
	return err_set(e, code, "vhost-net %s ring: cannot set its %s to %llu: %s",
		       rings_name(ring), what, value, reason(code));
}

static int set_state(int fd, enum vhost_ring_idx ring, unsigned long request,
		     const char *what, unsigned value, struct err *e)
{
	struct vhost_vring_state s = {.index = ring, .num = value};
	int code = device_call(fd, request, &s);

	return code ? explain(code, ring, what, value, e) : 0;
}

static int set_eventfd(int fd, enum vhost_ring_idx ring, unsigned long request,
		       const char *what, int eventfd, struct err *e)
{
	struct vhost_vring_file f = {.index = ring, .fd = eventfd};
	int code = device_call(fd, request, &f);

	return code ? explain(code, ring, what, (unsigned)eventfd, e) : 0;
}

int rings_set_base(int fd, enum vhost_ring_idx ring, uint16_t base, struct err *e)
{
	return set_state(fd, ring, VHOST_SET_VRING_BASE, "base", base, e);
}

static int bind_ring(int fd, enum vhost_ring_idx ring, const struct vhost_ring *r,
		     const struct rings_fds *fds, struct err *e)
{
	struct vhost_vring_addr addr = {
		.index = ring,
		.desc_user_addr = address(r->desc),
		.avail_user_addr = address(r->avail),
		.used_user_addr = address(r->used),
	};
	int code = set_state(fd, ring, VHOST_SET_VRING_NUM, "entries", r->num, e);

	if (!code)
		code = rings_set_base(fd, ring, r->base, e);
	if (code)
		return code;
	code = device_call(fd, VHOST_SET_VRING_ADDR, &addr);
	if (code)
		return explain(code, ring, "descriptor address", addr.desc_user_addr, e);
	code = set_eventfd(fd, ring, VHOST_SET_VRING_KICK, "kick eventfd", fds->kick, e);
	if (!code)
		code = set_eventfd(fd, ring, VHOST_SET_VRING_CALL, "call eventfd",
				   fds->call, e);
	if (!code)
		code = set_eventfd(fd, ring, VHOST_SET_VRING_ERR, "error eventfd",
				   fds->err, e);
	return code;
}

int rings_bind(int fd, const struct vhost_region *regions, unsigned n_regions,
	       const struct vhost_ring rings[VHOST_RINGS],
	       const struct rings_fds fds[VHOST_RINGS], uint32_t poll_us, struct err *e)
{
	int code = set_memory(fd, regions, n_regions, e);

	for (int i = 0; i < VHOST_RINGS && !code; i++) {
		code = bind_ring(fd, i, &rings[i], &fds[i], e);
		if (!code && poll_us)
			code = set_state(fd, i, VHOST_SET_VRING_BUSYLOOP_TIMEOUT,
					 "busy-loop timeout in microseconds", poll_us, e);
	}
	return code;
}
