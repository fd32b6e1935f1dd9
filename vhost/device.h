/* SPDX-License-Identifier: BSD-2-Clause */
/* The vhost-net fd itself: opening it, knowing it, owning it, its workers. */
#ifndef VHOST_DEVICE_H
#define VHOST_DEVICE_H

#include "vhost/vhost.h"

#define DEVICE_PATH "/dev/vhost-net"

/* ioctl(2), repeated when a signal interrupts it; 0 or a negative errno. */
int device_call(int fd, unsigned long request, void *arg);

/* Open the node: an fd, or a negative errno with reason and remedy. */
int device_open(struct err *e);

/*
 * Is fd a vhost-net fd (not vhost-vsock, vhost-scsi, vDPA, or anything else), and
 * does it offer what is needed? *features = all that it offers. Changes nothing.
 */
int device_check(int fd, bool is_given, uint64_t *features, struct err *e);

/*
 * Become the owner of fd and agree features, out of what is offered in
 * info->features, which then holds the agreed ones.
 */
int device_own(int fd, struct vhost_info *info, struct err *e);

/*
 * Have wanted threads serve the rings; info->workers tells which came of it, as
 * vhost-net of 6.1 and 6.12 knows shared only (vhost-scsi has had more since 6.5).
 */
int device_set_workers(int fd, enum vhost_workers wanted, struct vhost_info *info,
		       struct err *e);

#endif
