/* SPDX-License-Identifier: BSD-2-Clause */
/* struct port_spec: the wish for a port, plain data, nothing opened. */
#ifndef IO_PORT_PORT_SPEC_H
#define IO_PORT_PORT_SPEC_H

#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"
#include "io/port/port_bridge.h"
#include "vhost/vhost.h"

enum {
	PORT_QUEUES_MAX = 256, /* the kernel's limit: the 257th TUNSETIFF is E2BIG */
	PORT_ID_MAX = 31,      /* bytes of a port's id */
	PORT_ADDRS_MAX = 16,
	PORT_VALUE_MAX = 4095, /* bytes of one option's value */
	/* the kernel's limit for a TAP's ring: 4 MiB of pointers */
	PORT_TXQUEUELEN_MAX = 524288,
};

enum tristate { TRI_unset = -1, TRI_off = 0, TRI_on = 1, TRI_auto = 2 };

enum port_io { PORT_IO_auto, PORT_IO_uring, PORT_IO_epoll };

enum port_source { PORT_SOURCE_name, PORT_SOURCE_fds, PORT_SOURCE_helper };

/* An IPv4 or IPv6 prefix for the kernel side. */
struct port_addr {
	int family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
	uint8_t prefix_len;
};

struct port_spec {
	char id[PORT_ID_MAX + 1];

	/* QEMU's options of -netdev tap. has_x = the option was written. */
	char ifname[IFNAMSIZ]; /* "" = the kernel chooses tapN */
	int fds[PORT_QUEUES_MAX];
	unsigned n_fds; /* fd= is fds= with one element */
	bool has_fd, has_fds;
	char script[PATH_MAX], downscript[PATH_MAX]; /* "" = none; "no" is stored as "" */
	bool has_script, has_downscript, has_ifname, has_vnet_hdr, has_queues, has_br;
	char helper[PORT_VALUE_MAX + 1]; /* "" = unset */
	char br[IFNAMSIZ];		 /* default br0 */
	int sndbuf;			 /* bytes; INT_MAX = unlimited (unset or 0) */
	bool has_sndbuf;		 /* set to something else than 0 */
	enum tristate vnet_hdr;		 /* unset, on, off */
	unsigned n_queues;		 /* 1 unless queues= or fds= say more */
	enum tristate vhost;		 /* unset, on, off, auto */
	enum tristate vhostforce;	 /* unset, on, off */
	int vhostfds[PORT_QUEUES_MAX];
	unsigned n_vhostfds;
	bool has_vhostfd, has_vhostfds;
	uint32_t poll_us;
	bool has_poll_us;

	/* ringway's own */
	char netns[PATH_MAX]; /* "" = ours; a name under /run/netns, or a path with a '/'
			       */
	uint8_t mac[6];
	bool has_mac;
	uint32_t mtu;	     /* 0 = leave */
	uint32_t txqueuelen; /* frames, see has_txqueuelen */
	bool has_txqueuelen;
	char master[IFNAMSIZ]; /* "" = none */
	enum tristate up;      /* unset: by-name ports come up, others are left */
	struct port_addr addrs[PORT_ADDRS_MAX];
	unsigned n_addrs;
	uid_t user;
	gid_t group;
	bool has_user, has_group;
	enum tristate persist; /* unset, on, off */
	enum port_io io;
	enum vhost_workers vhost_workers; /* kernel threads of vhost-net */
	cpu_set_t vhost_cpus;		  /* theirs, see has_vhost_cpus */
	bool has_vhost_workers, has_vhost_cpus;
	struct port_bridge bridge; /* for a port of a bridge */

	/*
	 * No option: CPUs this process may use beyond those of its workers, for
	 * vhost=auto; set by whoever opens the port.
	 */
	int spare_cpus;

	uint64_t given; /* which keys were written; port_spec.c's own */
};

/* The empty wish: every option unset. */
void port_spec_init(struct port_spec *s);

/*
 * Take one option, as "key" and "value", from the command line or a file.
 * value may be NULL (a bare key: an error for all of them). An unknown key, a
 * key given twice (addr= excepted) and a value that does not fit are errors
 * that name key, value and what would fit. No fd is touched.
 */
int port_spec_set(struct port_spec *s, const char *key, const char *value, struct err *e);

/*
 * Parse QEMU's form "tap,id=a,key=value,..."; ",," is a comma within a value
 * as in QEMU. s is initialised here. Does not call port_spec_check. After an
 * error s holds what was read before it (the id, for messages).
 */
int port_spec_parse(struct port_spec *s, const char *text, struct err *e);

/*
 * Every contradiction, in one place, before any opening (the rules 1 to 5 of
 * QEMU's tap options and our own): 0, or an error naming the options at fault.
 * Without side effect; touches no fd and asks the kernel nothing.
 */
int port_spec_check(const struct port_spec *s, struct err *e);

/* Is it fit to be the id of a port or the name of a bridge? */
bool port_spec_is_id(const char *text);

/* Was this key written? */
bool port_spec_has(const struct port_spec *s, const char *key);

/* Where the fds of a checked spec come from. */
enum port_source port_spec_source(const struct port_spec *s);

/*
 * What vhost, vhostforce and vhostfd(s) amount to, as in QEMU: TRI_on, TRI_off,
 * or TRI_auto, which is also what nothing written means.
 */
enum tristate port_spec_vhost(const struct port_spec *s);

#endif
