/* SPDX-License-Identifier: BSD-2-Clause */
/* The counting program, put together from a match. */
#include "bench/wire/wire_bpf_code.h"

#include <arpa/inet.h>
#include <linux/pkt_cls.h>
#include <string.h>

/*
 * How it works: bytes are read by helper (skb_load_bytes, xdp_load_bytes), which also
 * reaches what lies in fragments and refuses what is behind the end. r6 = the context,
 * r7 = the map's value, r8 = the length, r9 = where the match was.
 */
enum { KEY = -4, WORD = -8, JUMPS_MAX = 8 };

/* jumps whose target is not known yet */
struct jumps {
	unsigned at[JUMPS_MAX], n;
};

static void emit(struct wire_bpf_code *c, unsigned code, unsigned dst, unsigned src,
		 int off, int imm)
{
	c->insn[c->n++] = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = dst & 15,
		.src_reg = src & 15,
		.off = (int16_t)off,
		.imm = imm,
	};
}

static void mov(struct wire_bpf_code *c, unsigned dst, unsigned src)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void mov_imm(struct wire_bpf_code *c, unsigned dst, int imm)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

static void alu_imm(struct wire_bpf_code *c, unsigned op, unsigned dst, int imm)
{
	emit(c, BPF_ALU64 | op | BPF_K, dst, 0, 0, imm);
}

static void alu(struct wire_bpf_code *c, unsigned op, unsigned dst, unsigned src)
{
	emit(c, BPF_ALU64 | op | BPF_X, dst, src, 0, 0);
}

static void load(struct wire_bpf_code *c, unsigned size, unsigned dst, unsigned src,
		 size_t off)
{
	emit(c, BPF_LDX | BPF_MEM | size, dst, src, (int)off, 0);
}

static void call(struct wire_bpf_code *c, int helper)
{
	emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

/* 32-bit compare with a constant; the target comes later */
static void jump(struct wire_bpf_code *c, unsigned op, unsigned reg, uint32_t imm,
		 struct jumps *j)
{
	j->at[j->n++] = c->n;
	emit(c, (op == BPF_JA ? BPF_JMP : BPF_JMP32) | op | BPF_K, reg, 0, 0, (int)imm);
}

static void land(struct wire_bpf_code *c, struct jumps *j)
{
	for (unsigned i = 0; i < j->n; i++)
		c->insn[j->at[i]].off = (int16_t)(c->n - j->at[i] - 1);
	j->n = 0;
}

/* len bytes at an offset into r1; what has not so many goes to miss. */
static void look(struct wire_bpf_code *c, enum wire_bpf_at at, unsigned offset,
		 unsigned len, struct jumps *miss)
{
	mov(c, 1, 6);
	mov_imm(c, 2, (int)offset);
	mov(c, 3, 10);
	alu_imm(c, BPF_ADD, 3, WORD);
	mov_imm(c, 4, (int)len);
	call(c, at == WIRE_BPF_tc ? BPF_FUNC_skb_load_bytes : BPF_FUNC_xdp_load_bytes);
	jump(c, BPF_JNE, 0, 0, miss);
	load(c, len == 4 ? BPF_W : BPF_H, 1, 10, (size_t)(ptrdiff_t)WORD);
}

static void match(struct wire_bpf_code *c, enum wire_bpf_at at,
		  const struct wire_match *m, struct jumps *hit)
{
	struct jumps miss = {0};

	for (unsigned i = 0; i < m->n_at; i++) {
		look(c, at, m->at[i], 4, &miss);
		emit(c, BPF_ALU | BPF_AND | BPF_K, 1, 0, 0, (int)htonl(m->mask));
		jump(c, BPF_JNE, 1, htonl(m->value & m->mask), &miss);
		look(c, at, m->at[i] - m->back, 2, &miss);
		jump(c, BPF_JNE, 1, htons(m->ethertype), &miss);
		mov_imm(c, 9, m->at[i]);
		jump(c, BPF_JA, 0, 0, hit);
		land(c, &miss);
	}
}

/* r8 = length with the tag that the kernel keeps apart, r1 = segments of the frame. */
static void measure(struct wire_bpf_code *c, enum wire_bpf_at at, bool has_match)
{
	struct jumps plain = {0}, done = {0}, no_tag = {0};

	if (at == WIRE_BPF_xdp) {
		mov(c, 1, 6);
		call(c, BPF_FUNC_xdp_get_buff_len);
		mov(c, 8, 0);
		mov_imm(c, 1, 1);
		return;
	}
	load(c, BPF_W, 8, 6, offsetof(struct __sk_buff, len));
	load(c, BPF_W, 2, 6, offsetof(struct __sk_buff, gso_size));
	jump(c, BPF_JEQ, 2, 0, &plain);
	if (has_match) { /* gso_segs is not filled in when the frame came from a user */
		mov(c, 1, 8);
		alu(c, BPF_SUB, 1, 9);
		alu(c, BPF_ADD, 1, 2);
		alu_imm(c, BPF_SUB, 1, 1);
		alu(c, BPF_DIV, 1, 2);
	} else {
		load(c, BPF_W, 1, 6, offsetof(struct __sk_buff, gso_segs));
		jump(c, BPF_JEQ, 1, 0, &plain);
	}
	jump(c, BPF_JA, 0, 0, &done);
	land(c, &plain);
	mov_imm(c, 1, 1);
	land(c, &done);
	load(c, BPF_W, 2, 6, offsetof(struct __sk_buff, vlan_present));
	jump(c, BPF_JEQ, 2, 0, &no_tag);
	alu_imm(c, BPF_ADD, 8, 4);
	land(c, &no_tag);
}

static void add(struct wire_bpf_code *c, size_t field, unsigned reg)
{
	load(c, BPF_DW, 2, 7, field);
	alu(c, BPF_ADD, 2, reg);
	emit(c, BPF_STX | BPF_MEM | BPF_DW, 7, 2, (int)field, 0);
}

void wire_bpf_code_make(struct wire_bpf_code *c, enum wire_bpf_at at,
			const struct wire_match *m, int map)
{
	struct jumps hit = {0}, pass = {0};
	int pass_code = at == WIRE_BPF_tc ? TC_ACT_UNSPEC : XDP_PASS;

	memset(c, 0, sizeof(*c));
	mov(c, 6, 1);
	if (m->n_at) {
		match(c, at, m, &hit);
		mov_imm(c, 0, pass_code);
		emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
		land(c, &hit);
	}
	emit(c, BPF_ST | BPF_MEM | BPF_W, 10, 0, KEY, 0);
	mov(c, 2, 10);
	alu_imm(c, BPF_ADD, 2, KEY);
	emit(c, BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map);
	emit(c, 0, 0, 0, 0, 0); /* its second half */
	call(c, BPF_FUNC_map_lookup_elem);
	/* never NULL; the verifier does not know (64 bits: it is a pointer) */
	pass.at[pass.n++] = c->n;
	emit(c, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	mov(c, 7, 0);
	measure(c, at, m->n_at);
	add(c, offsetof(struct wire_bpf_code_value, units), 1);
	add(c, offsetof(struct wire_bpf_code_value, bytes), 8);
	mov_imm(c, 1, 1);
	add(c, offsetof(struct wire_bpf_code_value, frames), 1);
	mov_imm(c, 0, at == WIRE_BPF_tc ? TC_ACT_SHOT : XDP_DROP);
	emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	land(c, &pass);
	mov_imm(c, 0, pass_code);
	emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}
