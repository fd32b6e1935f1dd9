/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending to a TAP queue, in each form. */
#ifndef IO_LOOP_TAPQ_TX_H
#define IO_LOOP_TAPQ_TX_H

#include "io/loop/tapq.h"

/* queue_ops.tx of each enum tapq_tx */
void tapq_tx_skip(struct queue *q, const struct burst *b);
void tapq_tx_cqe(struct queue *q, const struct burst *b);
void tapq_tx_write(struct queue *q, const struct burst *b);
void tapq_tx_off(struct queue *q, const struct burst *b);

/* One packet by one write(2), whose result it returns. The packet stays the caller's. */
ssize_t tapq_tx_once(const struct tapq *t, const struct pkt *p);

/* queue_ops.reclaim: the worker's SQEs are handed over, and what skip holds is free. */
void tapq_tx_reclaim(struct queue *q);

#endif
