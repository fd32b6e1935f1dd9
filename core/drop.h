/* SPDX-License-Identifier: BSD-2-Clause */
/* The one list of reasons for which a frame is dropped. */
#ifndef CORE_DROP_H
#define CORE_DROP_H

/*
 * X(name, sentence). rx_ reasons are counted by the queue a frame came in at,
 * tx_ reasons by the queue it was to leave at. There is no "unknown" reason:
 * tx_error holds errnos that a TAP write is not known to give.
 */
#define DROP_LIST(X)                                                                     \
	X(rx_runt, "shorter than an Ethernet header (14 bytes)")                         \
	X(rx_giant, "longer than its buffer, or than 65,535 bytes behind its "           \
		    "Ethernet and VLAN headers")                                         \
	X(rx_vnet_flags, "virtio-net header: unknown flag bits")                         \
	X(rx_vnet_type, "virtio-net header: gso_type unknown or not what the frame is")  \
	X(rx_vnet_size, "virtio-net header: gso_size below the floor")                   \
	X(rx_vnet_segs, "virtio-net header: more segments than the cap")                 \
	X(rx_vnet_csum, "virtio-net header: checksum asked for outside the frame, or "   \
			"not asked for in a super-packet")                               \
	X(rx_vnet_hdr_len, "virtio-net header: hdr_len beyond the frame")                \
	X(rx_vnet_bufs, "virtio-net header: more buffers than the device has filled")    \
	X(rx_unconnected, "the port is connected to nothing")                            \
	X(rx_source, "bridge: its source address is a group's or zero")                  \
	X(rx_link_local, "bridge: PAUSE, LLDP or the like, for this link alone "         \
			 "(01-80-C2-00-00-0x)")                                          \
	X(rx_vlan, "bridge: its VLAN is none of the port's, or it has no tag and the "   \
		   "port no native VLAN")                                                \
	X(rx_vlan_cut, "bridge: the frame ends within its VLAN tag")                     \
	X(rx_storm_broadcast, "bridge: more broadcast frames than the port may bring")   \
	X(rx_storm_multicast, "bridge: more multicast frames than the port may bring")   \
	X(rx_storm_unicast, "bridge: more frames to unknown addresses than the port "    \
			    "may bring")                                                 \
	X(rx_same_port, "bridge: its destination is behind the port it came from")       \
	X(rx_barred, "bridge: isolation, a split-horizon group or the VLAN bars the "    \
		     "way to its destination's port")                                    \
	X(rx_no_output, "bridge: no other port takes it")                                \
	X(tx_link_down, "the output device is down (EIO)")                               \
	X(tx_gone, "the output device was deleted (EBADFD)")                             \
	X(tx_queue_off, "every queue of the output port is detached")                    \
	X(tx_offload, "a super-packet of a kind that the port does not take and that "   \
		      "cannot be segmented here (UFO, headers above 512 bytes)")         \
	X(tx_no_buffer, "no buffer for a segment of a super-packet")                     \
	X(tx_rejected, "the kernel refused the frame (EINVAL)")                          \
	X(tx_full, "the output device's send buffer is full (EAGAIN)")                   \
	X(tx_ring_full, "the ring to vhost-net is full: it takes frames slower than "    \
			"they come")                                                     \
	X(tx_ring_stuck, "vhost-net never finished with it, and its ring was set up "    \
			 "again")                                                        \
	X(tx_no_copy, "bridge: no buffer was free for the copy to be flooded")           \
	X(tx_vlan_tag, "bridge: the VLAN tag could not be put on or taken off without "  \
		       "spoiling the virtio-net header")                                 \
	X(tx_no_memory, "the kernel had no memory for the frame (ENOMEM, ENOBUFS)")      \
	X(tx_error, "the kernel gave another error for the write")

enum drop {
#define X(name, text) DROP_##name,
	DROP_LIST(X)
#undef X
		DROP_N,
	DROP_none = DROP_N, /* what a check returns when the frame is good */
};

/* "rx_runt"; drop < DROP_N. Static. */
const char *drop_name(enum drop drop);

/* The sentence for it; drop < DROP_N. Static. */
const char *drop_text(enum drop drop);

/* The reason for a negative errno of a TAP write. */
enum drop drop_of_write(int code);

#endif
