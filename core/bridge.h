/* SPDX-License-Identifier: BSD-2-Clause */
/* Learning bridge: what comes in at one of its ports leaves at one or several others. */
#ifndef CORE_BRIDGE_H
#define CORE_BRIDGE_H

#include "core/fdb.h"
#include "core/queue.h"
#include "core/storm.h"
#include "core/vlan.h"

/*
 * How it works: bridge_send decides the way of each packet of a burst first, then goes
 * from output to output: each gets one burst of what is for it, in the order in which it
 * came, flooded or not. So the frames of a flow keep their order even when its
 * destination becomes known within a burst.
 *
 * A packet has one owner and may leave in different forms (VLAN tag, offloads), so
 * flooding copies it for each output into the worker's own buffers; the last output
 * gets the packet itself. Where no buffer is left, and none can be reclaimed from what
 * was sent before, the output's drop is counted
 * (tx_no_copy), and the frame still leaves at the last one. Received + copies = sent +
 * drops; counters.copies counts also those that could not be made.
 *
 * Who may touch what: the bridge and its ports are the same for all workers and are
 * read only while they run, but for the table (see core/fdb.h) and the token buckets;
 * a changed bridge is another one, with the same table, that the workers take up
 * between two turns. A struct bridge_worker is one worker's own.
 *
 * As in the Linux bridge with STP off: a frame from a group's address or zero is
 * dropped; learning comes after the VLAN was allowed and also from what is not passed
 * on; BPDUs (01-80-C2-00-00-00) are flooded, so that loops stay visible, PAUSE (-01) is
 * dropped, the others of the range are dropped unless group_fwd_mask has their bit.
 */
enum bridge_flag {
	BRIDGE_LEARNING = 1,
	BRIDGE_FLOOD_UNICAST = 2, /* gets frames to unknown addresses */
	BRIDGE_FLOOD_MULTICAST = 4,
	BRIDGE_FLOOD_BROADCAST = 8,
	BRIDGE_ISOLATED = 16, /* sends to no other isolated port */
	BRIDGE_FLAGS = 15,    /* the usual ones */
};

/* Kinds of what is flooded. */
enum bridge_kind { BRIDGE_BROADCAST, BRIDGE_MULTICAST, BRIDGE_UNICAST, BRIDGE_KINDS };

struct bridge_port {
	unsigned flags; /* enum bridge_flag */
	uint16_t
		group; /* split horizon: none to a port of the same group; 0 = no group */
	struct vlan_port vlan;		  /* with vlan_filtering */
	struct storm storm[BRIDGE_KINDS]; /* all zeros: no limit */
};

struct bridge {
	struct fdb *fdb;
	struct bridge_port *ports;
	unsigned n_ports;	 /* at most FDB_PORTS_MAX, and as many as the table has */
	bool vlan_filtering;	 /* else tags are not looked at: one VLAN, number 0 */
	uint16_t vlan_proto;	 /* VLAN_8021Q or VLAN_8021AD */
	uint16_t group_fwd_mask; /* bit n: 01-80-C2-00-00-0n is passed on; never bit 1 */
};

/* A worker's views of a port's queues; n = 0: the port is not there. */
struct bridge_out {
	struct queue *const *queues;
	unsigned n;
};

struct bridge_worker {
	struct bridge *bridge;
	const struct bridge_out *outs; /* one per port of the bridge */
	struct pool *pool;	       /* copies are made in its buffers */
	uint64_t flow_seed;	       /* each flow keeps to one queue of a port */
};

/* The worker's clock, read once per turn. */
struct bridge_time {
	uint32_t tick; /* fdb_tick */
	uint64_t ns;   /* monotonic */
};

/* What a clock says, CLOCK_MONOTONIC in nanoseconds. */
static inline struct bridge_time bridge_time_of(const struct bridge *br, uint64_t ns)
{
	return (struct bridge_time){.tick = fdb_tick(br->fdb, ns / 1000000), .ns = ns};
}

/* A packet's way. */
struct bridge_way {
	int port;	       /* the output, or -1: flooded to all that may get it */
	enum bridge_kind kind; /* if flooded */
	struct vlan_tag tag;
};

/*
 * Where a packet that came in at the port goes, learning from it: DROP_none and *way, or
 * the reason why it goes nowhere. Does not look at which ports are there.
 */
enum drop bridge_decide(struct bridge *br, unsigned port, const struct pkt *p,
			struct bridge_time now, struct bridge_way *way);

/* May a packet with this way, come in at the port from, leave at the port to? */
bool bridge_may_pass(const struct bridge *br, unsigned from, unsigned to,
		     const struct bridge_way *way);

/*
 * Send a burst that came in at the port's queue in; takes every packet. Never back to
 * the port it came from.
 */
void bridge_send(struct bridge_worker *w, unsigned port, struct queue *in,
		 struct burst *b, struct bridge_time now);

#endif
