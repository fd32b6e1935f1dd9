/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading the counting program, attaching it, reading its counters. */
#include "bench/wire/wire_bpf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/wire/wire_bpf_code.h"

/*
 * How it works: the program hangs on the link by a bpf_link, whose fd takes it off when
 * it is closed, however the process ends. At tc ingress these are known since Linux 6.6;
 * before that a clsact qdisc with a filter is used, which stays behind when the process
 * is killed: the next one replaces it, known by its priority. That it is not a living
 * one's is known by a name in the namespace (an abstract unix socket) that each holds.
 */
enum { TCX_INGRESS = 46 /* Linux 6.6; Debian 12's headers are of 6.1 */, PRIO = 0x5257 };

static int bpf_sys(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

void wire_bpf_init(struct wire_bpf *b)
{
	memset(b, 0, sizeof(*b));
	b->map = b->prog = b->link = b->lock = -1;
	netlink_init(&b->nl);
}

/*
 * Possible CPUs: a read of a per-CPU map writes a value for each, so never too few. The
 * list, "0-3" or "0,2-5", ends with the highest one; without it, as many as any kernel
 * may be made for.
 */
int wire_bpf_cpus(const char *list)
{
	size_t n = strcspn(list, "\n");
	long last;

	while (n && list[n - 1] >= '0' && list[n - 1] <= '9')
		n--;
	last = strtol(list + n, NULL, 10);
	return list[n] >= '0' && list[n] <= '9' && last < WIRE_BPF_CPUS_MAX
		       ? (int)last + 1
		       : WIRE_BPF_CPUS_MAX;
}

static int possible_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	char list[4096] = "";

	if (f && !fgets(list, sizeof(list), f))
		list[0] = '\0';
	if (f)
		fclose(f);
	/* a list that is cut off does not end with the highest one */
	return wire_bpf_cpus(strchr(list, '\n') ? list : "");
}

static int make_map(struct wire_bpf *b, struct err *e)
{
	union bpf_attr attr = {0};

	b->n_cpus = possible_cpus();
	attr.map_type = BPF_MAP_TYPE_PERCPU_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(struct wire_bpf_code_value);
	attr.max_entries = 1;
	b->map = bpf_sys(BPF_MAP_CREATE, &attr);
	return b->map < 0 ? wire_refused(e, -errno, "eBPF map") : 0;
}

static int load(struct wire_bpf *b, enum wire_bpf_at at, const struct wire_match *m,
		struct err *e)
{
	struct wire_bpf_code code;
	union bpf_attr attr = {0};

	wire_bpf_code_make(&code, at, m, b->map);
	attr.prog_type = at == WIRE_BPF_tc ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)code.insn;
	attr.insn_cnt = code.n;
	attr.license = (uintptr_t) "BSD";
	if (at == WIRE_BPF_xdp) {
		attr.expected_attach_type = BPF_XDP;
		attr.prog_flags = BPF_F_XDP_HAS_FRAGS;
	}
	b->prog = bpf_sys(BPF_PROG_LOAD, &attr);
	return b->prog < 0 ? wire_refused(e, -errno, "eBPF program") : 0;
}

static int make_link(struct wire_bpf *b, unsigned type, unsigned flags, int ifindex)
{
	union bpf_attr attr = {0};

	attr.link_create.prog_fd = (unsigned)b->prog;
	attr.link_create.target_ifindex = (unsigned)ifindex;
	attr.link_create.attach_type = type;
	attr.link_create.flags = flags;
	b->link = bpf_sys(BPF_LINK_CREATE, &attr);
	return b->link < 0 ? -errno : 0;
}

/* One tc request; prog < 0: about the clsact qdisc, else about the filter. */
static int talk_tc(struct wire_bpf *b, int type, int flags, int ifindex, int prog)
{
	struct nl_msg *m = nlmsg_alloc_simple(type, flags);
	struct tcmsg t = {.tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex};
	struct nlattr *nest;

	if (!m)
		return -ENOMEM;
	t.tcm_parent = prog < 0 ? TC_H_CLSACT : TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	t.tcm_handle = prog < 0 ? TC_H_MAKE(TC_H_CLSACT, 0) : 1;
	if (prog >= 0)
		t.tcm_info = TC_H_MAKE((uint32_t)PRIO << 16, htons(ETH_P_ALL));
	nlmsg_append(m, &t, sizeof(t), NLMSG_ALIGNTO);
	nla_put_string(m, TCA_KIND, prog < 0 ? "clsact" : "bpf");
	if (prog >= 0) {
		nest = nla_nest_start(m, TCA_OPTIONS);
		nla_put_u32(m, TCA_BPF_FD, (uint32_t)prog);
		nla_put_string(m, TCA_BPF_NAME, "ringway-bench");
		nla_put_u32(m, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
		nla_nest_end(m, nest);
	}
	return netlink_talk(&b->nl, m, NULL);
}

/* -EADDRINUSE: another process has its filter at this link. */
static int take_lock(struct wire_bpf *b, int ifindex)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
			   "ringway-bench/tc/%d", ifindex);

	b->lock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (b->lock < 0 || bind(b->lock, (struct sockaddr *)&name,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					    (size_t)len)) < 0)
		return -errno;
	return 0;
}

static int attach_filter(struct wire_bpf *b, const char *ifname, int ifindex,
			 struct err *e)
{
	int rc = take_lock(b, ifindex);

	if (rc)
		return err_set(
			e, rc == -EADDRINUSE ? -EBUSY : rc,
			"%s: another ringway-bench counts there, and before Linux 6.6 "
			"only one can (use --io mmap)",
			ifname);
	rc = netlink_open(&b->nl, -1, e);
	if (rc)
		return rc;
	rc = talk_tc(b, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex, -1);
	if (!rc)
		b->own_qdisc = true;
	if (!rc || rc == -EEXIST) {
		b->ifindex = ifindex;
		/* no NLM_F_EXCL: one that was left behind is replaced */
		rc = talk_tc(b, RTM_NEWTFILTER, NLM_F_CREATE, ifindex, b->prog);
	}
	if (rc)
		return err_set(e, rc,
			       "%s: a filter at tc ingress: %s (--io mmap needs none)",
			       ifname, b->nl.reason);
	return 0;
}

static int attach(struct wire_bpf *b, enum wire_bpf_at at, const char *ifname,
		  int ifindex, struct err *e)
{
	int rc;

	if (at == WIRE_BPF_tc) {
		rc = make_link(b, TCX_INGRESS, 0, ifindex);
		return rc ? attach_filter(b, ifname, ifindex, e) : 0;
	}
	rc = make_link(b, BPF_XDP, XDP_FLAGS_DRV_MODE, ifindex);
	if (rc == -EOPNOTSUPP || rc == -EINVAL)
		return err_set(
			e, -EOPNOTSUPP,
			"%s: its driver has no XDP, or not with this MTU (use --io tc)",
			ifname);
	if (rc == -EBUSY || rc == -EEXIST)
		return err_set(e, -EBUSY,
			       "%s: there is an XDP program already (use --io tc)",
			       ifname);
	return rc ? wire_refused(e, rc, "XDP") : 0;
}

int wire_bpf_open(struct wire_bpf *b, enum wire_bpf_at at, const char *ifname,
		  int ifindex, const struct wire_match *m, struct err *e)
{
	int rc;

	wire_bpf_init(b);
	rc = make_map(b, e);
	if (!rc)
		rc = load(b, at, m, e);
	if (!rc)
		rc = attach(b, at, ifname, ifindex, e);
	if (rc)
		wire_bpf_close(b);
	return rc;
}

void wire_bpf_close(struct wire_bpf *b)
{
	if (b->ifindex)
		(void)talk_tc(b, RTM_DELTFILTER, 0, b->ifindex, b->prog);
	if (b->own_qdisc)
		(void)talk_tc(b, RTM_DELQDISC, 0, b->ifindex, -1);
	netlink_close(&b->nl);
	if (b->lock >= 0)
		close(b->lock);
	if (b->link >= 0)
		close(b->link);
	if (b->prog >= 0)
		close(b->prog);
	if (b->map >= 0)
		close(b->map);
	wire_bpf_init(b);
}

struct wire_count wire_bpf_read(const struct wire_bpf *b)
{
	struct wire_bpf_code_value *v;
	struct wire_count sum = {0};
	union bpf_attr attr = {0};
	uint32_t key = 0;

	v = calloc((size_t)b->n_cpus, sizeof(*v));
	attr.map_fd = (uint32_t)b->map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)v;
	if (v && bpf_sys(BPF_MAP_LOOKUP_ELEM, &attr) == 0)
		for (int i = 0; i < b->n_cpus; i++) {
			sum.frames += v[i].frames;
			sum.bytes += v[i].bytes;
			sum.units += v[i].units;
		}
	free(v);
	return sum;
}
