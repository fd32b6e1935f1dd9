/* SPDX-License-Identifier: BSD-2-Clause */
/* A BPF program at a link's tc ingress that counts our test frames and drops them there.
 */
#ifndef BENCH_BPF_COUNT_H
#define BENCH_BPF_COUNT_H

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/bench_frame.h"
#include "core/err.h"

/* What the program writes, one for each possible CPU. */
struct bpf_count_value {
	uint64_t packets, bytes;
};

enum { BPF_COUNT_CPUS_MAX = 1024, BPF_COUNT_PRIO = 0x5257 };

struct bpf_count {
	int map, prog; /* fds, -1 = none */
	int ifindex;
	int n_cpus;	    /* possible ones: the length of a map read */
	struct nl_sock *nl; /* NULL = none */
	bool own_qdisc, attached;
};

static inline int bpf_count_sys(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* eBPF by hand: r7, r8 = the frame's begin and end, r6 = the skb. */
#define I(op, dst, src, o, i)                                                            \
	{                                                                                \
		.code = (op), .dst_reg = (dst), .src_reg = (src), .off = (o), .imm = (i) \
	}
#define MOV(dst, src)	      I(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define MOVI(dst, i)	      I(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, i)
#define ADD(dst, src)	      I(BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0)
#define ADDI(dst, i)	      I(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, i)
#define LD(size, dst, src, o) I(BPF_LDX | BPF_MEM | (size), dst, src, o, 0)
#define ST(size, dst, o, src) I(BPF_STX | BPF_MEM | (size), dst, src, o, 0)
#define CALL(f)		      I(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()		      I(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* a jump at index `at` to index `to` */
#define JMP(op, dst, src, at, to) I(BPF_JMP | (op) | BPF_X, dst, src, (to) - (at)-1, 0)
#define JMPI(op, dst, i, at, to)  I(BPF_JMP | (op) | BPF_K, dst, 0, (to) - (at)-1, i)

static inline int bpf_count_load(struct bpf_count *c, struct err *e)
{
	enum { SEEN = BENCH_FRAME_MAGIC_AT + 4, parse = 14, pass = 36 };
	const struct bpf_insn insns[] = {
		[0] = MOV(6, 1),
		[1] = LD(BPF_W, 7, 6, offsetof(struct __sk_buff, data)),
		[2] = LD(BPF_W, 8, 6, offsetof(struct __sk_buff, data_end)),
		[3] = MOV(2, 7),
		[4] = ADDI(2, SEEN),
		[5] = JMP(BPF_JLE, 2, 8, 5, parse),
		/* a long frame may have only its Ethernet header in the linear part */
		[6] = MOV(1, 6),
		[7] = MOVI(2, SEEN),
		[8] = CALL(BPF_FUNC_skb_pull_data),
		[9] = LD(BPF_W, 7, 6, offsetof(struct __sk_buff, data)),
		[10] = LD(BPF_W, 8, 6, offsetof(struct __sk_buff, data_end)),
		[11] = MOV(2, 7),
		[12] = ADDI(2, SEEN),
		[13] = JMP(BPF_JGT, 2, 8, 13, pass),
		[parse] = LD(BPF_H, 1, 7, offsetof(struct ethhdr, h_proto)),
		[15] = JMPI(BPF_JNE, 1, htons(ETH_P_IP), 15, pass),
		[16] = LD(BPF_B, 1, 7, ETH_HLEN + offsetof(struct iphdr, protocol)),
		[17] = JMPI(BPF_JNE, 1, IPPROTO_UDP, 17, pass),
		[18] = LD(BPF_W, 1, 7, BENCH_FRAME_MAGIC_AT),
		[19] = JMPI(BPF_JNE, 1, (int)htonl(BENCH_FRAME_MAGIC), 19, pass),
		[20] = I(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0), /* the key: 0 */
		[21] = MOV(2, 10),
		[22] = ADDI(2, -4),
		[23] = I(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, c->map),
		[24] = I(0, 0, 0, 0, 0), /* its second half */
		[25] = CALL(BPF_FUNC_map_lookup_elem),
		[26] = JMPI(BPF_JEQ, 0, 0, 26, pass),
		[27] = LD(BPF_DW, 1, 0, offsetof(struct bpf_count_value, packets)),
		[28] = ADDI(1, 1),
		[29] = ST(BPF_DW, 0, offsetof(struct bpf_count_value, packets), 1),
		[30] = LD(BPF_DW, 1, 0, offsetof(struct bpf_count_value, bytes)),
		[31] = LD(BPF_W, 2, 6, offsetof(struct __sk_buff, len)),
		[32] = ADD(1, 2),
		[33] = ST(BPF_DW, 0, offsetof(struct bpf_count_value, bytes), 1),
		[34] = MOVI(0, TC_ACT_SHOT),
		[35] = EXIT(),
		[pass] = MOVI(0, TC_ACT_UNSPEC),
		[37] = EXIT(),
	};
	union bpf_attr attr = {0};

	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = sizeof(insns) / sizeof(insns[0]);
	attr.license = (uintptr_t) "BSD";
	c->prog = bpf_count_sys(BPF_PROG_LOAD, &attr);
	if (c->prog < 0)
		return err_set(e, -errno, "BPF_PROG_LOAD: %s", strerror(errno));
	return 0;
}

#undef I
#undef MOV
#undef MOVI
#undef ADD
#undef ADDI
#undef LD
#undef ST
#undef CALL
#undef EXIT
#undef JMP
#undef JMPI

static inline int bpf_count_map(struct bpf_count *c, struct err *e)
{
	union bpf_attr attr = {0};
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	int last = 0;

	/* "0-3": the list ends with the highest one */
	if (f && fscanf(f, "%*d-%d", &last) != 1)
		last = 0;
	if (f)
		fclose(f);
	c->n_cpus = last + 1;
	attr.map_type = BPF_MAP_TYPE_PERCPU_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(struct bpf_count_value);
	attr.max_entries = 1;
	c->map = bpf_count_sys(BPF_MAP_CREATE, &attr);
	if (c->map < 0 || c->n_cpus > BPF_COUNT_CPUS_MAX)
		return err_set(e, c->map < 0 ? -errno : -E2BIG, "BPF_MAP_CREATE: %s",
			       strerror(c->map < 0 ? errno : E2BIG));
	return 0;
}

/* One tc request; prog < 0: about the clsact qdisc, else about our filter. */
static inline int bpf_count_tc(struct bpf_count *c, int type, int flags, int prog)
{
	struct tcmsg t = {.tcm_family = AF_UNSPEC, .tcm_ifindex = c->ifindex};
	struct nl_msg *m = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK | flags);
	struct nlattr *nest;
	int rc;

	if (!m)
		return -NLE_NOMEM;
	t.tcm_parent = prog < 0 ? TC_H_CLSACT : TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	t.tcm_handle = prog < 0 ? TC_H_MAKE(TC_H_CLSACT, 0) : 1;
	if (prog >= 0)
		t.tcm_info = TC_H_MAKE((uint32_t)BPF_COUNT_PRIO << 16, htons(ETH_P_ALL));
	nlmsg_append(m, &t, sizeof(t), NLMSG_ALIGNTO);
	nla_put_string(m, TCA_KIND, prog < 0 ? "clsact" : "bpf");
	if (prog >= 0) {
		nest = nla_nest_start(m, TCA_OPTIONS);
		nla_put_u32(m, TCA_BPF_FD, (uint32_t)prog);
		nla_put_string(m, TCA_BPF_NAME, "pktsink");
		nla_put_u32(m, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
		nla_nest_end(m, nest);
	}
	rc = nl_send_auto(c->nl, m);
	nlmsg_free(m);
	return rc < 0 ? rc : nl_wait_for_ack(c->nl);
}

static inline int bpf_count_attach(struct bpf_count *c, struct err *e)
{
	int rc = -NLE_NOMEM;

	c->nl = nl_socket_alloc();
	if (c->nl)
		rc = nl_connect(c->nl, NETLINK_ROUTE);
	if (!rc)
		rc = bpf_count_tc(c, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, -1);
	if (!rc)
		c->own_qdisc = true;
	if (!rc || rc == -NLE_EXIST)
		rc = bpf_count_tc(c, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, c->prog);
	if (rc)
		return err_set(e, -EOPNOTSUPP, "clsact with a bpf filter: %s",
			       nl_geterror(rc));
	c->attached = true;
	return 0;
}

static inline void bpf_count_init(struct bpf_count *c)
{
	*c = (struct bpf_count){.map = -1, .prog = -1};
}

/* Take the program off the link again; for every half-open state, any number of times. */
static inline void bpf_count_close(struct bpf_count *c)
{
	if (c->attached)
		(void)bpf_count_tc(c, RTM_DELTFILTER, 0, c->prog);
	if (c->own_qdisc)
		(void)bpf_count_tc(c, RTM_DELQDISC, 0, -1);
	if (c->nl)
		nl_socket_free(c->nl);
	if (c->prog >= 0)
		close(c->prog);
	if (c->map >= 0)
		close(c->map);
	bpf_count_init(c);
}

/* Load and attach to a link of this namespace; a failure leaves nothing. */
static inline int bpf_count_open(struct bpf_count *c, int ifindex, struct err *e)
{
	int rc;

	bpf_count_init(c);
	c->ifindex = ifindex;
	rc = bpf_count_map(c, e);
	if (!rc)
		rc = bpf_count_load(c, e);
	if (!rc)
		rc = bpf_count_attach(c, e);
	if (rc)
		bpf_count_close(c);
	return rc;
}

/* The sum over all CPUs so far. */
static inline struct bpf_count_value bpf_count_read(const struct bpf_count *c)
{
	static struct bpf_count_value v[BPF_COUNT_CPUS_MAX];
	struct bpf_count_value sum = {0};
	union bpf_attr attr = {0};
	uint32_t key = 0;
	int i;

	attr.map_fd = (uint32_t)c->map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)v;
	if (bpf_count_sys(BPF_MAP_LOOKUP_ELEM, &attr) < 0)
		return sum;
	for (i = 0; i < c->n_cpus; i++) {
		sum.packets += v[i].packets;
		sum.bytes += v[i].bytes;
	}
	return sum;
}

#endif
