/* SPDX-License-Identifier: BSD-2-Clause */
/* VLAN tags of a packet, and which VLANs a port of a bridge carries. */
#ifndef CORE_VLAN_H
#define CORE_VLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/drop.h"
#include "core/pkt.h"

/*
 * How it works: as the Linux bridge with vlan_filtering. A bridge has one kind of
 * tag, its protocol: 802.1Q (0x8100) or 802.1ad (0x88a8). A frame whose outermost tag
 * is of this kind is tagged; any other is untagged, whatever tags of the other kind
 * it has: these pass as they are (QinQ: customers' 802.1Q tags through a bridge of
 * 802.1ad, and back out of the port where the VLAN is untagged).
 *
 * Coming in, an untagged or priority-tagged frame (VLAN 0) belongs to the port's
 * native VLAN (PVID) and is dropped if there is none; a frame of a VLAN that the port
 * does not carry is dropped. Going out, the tag is taken off where the VLAN is
 * untagged there, else it is put on; the priority bits stay as long as the tag does.
 *
 * Beside the bytes, csum_start and hdr_len of the virtio-net header move with what
 * they point at.
 */
enum {
	VLAN_N = 4096,
	VLAN_VID_MAX = 4094,
	VLAN_TAG_LEN = 4,
	VLAN_8021Q = 0x8100,
	VLAN_8021AD = 0x88a8,
};

/* What vlan_add says of a VLAN. */
enum vlan_flag {
	VLAN_NATIVE = 1,   /* untagged frames that come in belong to it */
	VLAN_UNTAGGED = 2, /* its frames leave without tag */
};

/* A port's VLANs; all zeros: it carries none. */
struct vlan_port {
	uint16_t native; /* 0 = untagged frames are dropped */
	uint64_t member[VLAN_N / 64];
	uint64_t untagged[VLAN_N / 64]; /* of member */
};

/*
 * The port carries the VLAN (1 to VLAN_VID_MAX, else nothing is done): flags are set
 * and cleared as given, and a port has one native VLAN: the last one that was said.
 */
void vlan_add(struct vlan_port *v, uint16_t vid, unsigned flags);

/* The port no longer carries it. */
void vlan_del(struct vlan_port *v, uint16_t vid);

/* Access port: one VLAN, untagged. */
void vlan_set_access(struct vlan_port *v, uint16_t vid);

/*
 * Trunk: the VLANs first to last, tagged, further ones by vlan_add. native: one more,
 * untagged, 0 = none.
 */
void vlan_set_trunk(struct vlan_port *v, uint16_t native, uint16_t first, uint16_t last);

static inline bool vlan_is_member(const struct vlan_port *v, uint16_t vid)
{
	return v->member[vid / 64] >> vid % 64 & 1;
}

static inline bool vlan_is_untagged(const struct vlan_port *v, uint16_t vid)
{
	return v->untagged[vid / 64] >> vid % 64 & 1;
}

/* A frame's VLAN within the bridge. */
struct vlan_tag {
	uint16_t vid;	/* 0 = the bridge does not look at VLANs */
	uint16_t tci;	/* what a tag should say: priority and VLAN */
	bool is_tagged; /* the frame has a tag of the bridge's kind, whatever it says */
	bool is_exact;	/* and it says tci */
};

/*
 * The VLAN of a frame (an Ethernet header at least) that came in at a port: fills *tag
 * and returns DROP_none; rx_vlan: not a VLAN of the port; rx_vlan_cut: the frame ends
 * within its tag. proto: VLAN_8021Q or VLAN_8021AD. The frame stays as it is.
 */
enum drop vlan_ingress(const struct vlan_port *v, uint16_t proto, const struct pkt *p,
		       struct vlan_tag *tag);

/*
 * Make the frame what it must be to leave at a port that carries tag->vid. False if
 * that cannot be, see vlan_push and vlan_pop; the packet is whole, but not to be sent.
 */
bool vlan_egress(const struct vlan_port *v, uint16_t proto, const struct vlan_tag *tag,
		 struct pkt *p);

/*
 * Put a tag before the ethertype. False: no headroom, or csum_start would not fit its
 * 16 bits. Buffers that a packet no longer needs go back to their pool.
 */
bool vlan_push(struct pkt *p, uint16_t proto, uint16_t tci);

/*
 * Take the outermost tag off, whatever its kind. False: the frame ends before, or the
 * checksum was to begin within the tag.
 */
bool vlan_pop(struct pkt *p);

/* Let the outermost tag say tci. False: the frame ends before. */
bool vlan_rewrite(struct pkt *p, uint16_t tci);

#endif
