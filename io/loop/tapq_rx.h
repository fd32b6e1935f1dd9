/* SPDX-License-Identifier: BSD-2-Clause */
/* Receiving from a TAP queue, in each form. */
#ifndef IO_LOOP_TAPQ_RX_H
#define IO_LOOP_TAPQ_RX_H

#include "io/loop/tapq.h"

/* Make what the view's kind needs: a provided-buffer ring, a place in the epoll set. */
int tapq_rx_open(struct tapq *t, struct err *e);

/* Publish buffers, and queue the read or poll that is missing. */
void tapq_rx_arm(struct tapq *t);

/* A completion of one of the view's reads or polls. */
void tapq_rx_cqe(struct tapq *t, const struct io_uring_cqe *cqe);

/* The epoll set says there is something. */
void tapq_rx_event(struct tapq *t);

/* Begin to leave the TAP fd unread; what was read already still comes. */
void tapq_rx_pause(struct tapq *t);

/* Read it again, in the way the view is served now. */
void tapq_rx_resume(struct tapq *t);

/* Queue the cancellation of what is armed; its completion comes by tapq_rx_cqe. */
void tapq_rx_cancel(struct tapq *t);

/* Is a read or poll still in the kernel? */
bool tapq_rx_is_pending(const struct tapq *t);

/* Nothing is pending: free the rings; from here on the view receives by read(). */
void tapq_rx_close(struct tapq *t);

/* queue_ops.rx: by read(), until there is no more or the burst is full. */
void tapq_rx_read(struct queue *q, struct burst *b);

/* queue_ops.rx: what completed since the last turn. */
void tapq_rx_taken(struct queue *q, struct burst *b);

#endif
