/* SPDX-License-Identifier: BSD-2-Clause */
/* Failing the k-th system call of a stretch of code, by ptrace. */
#ifndef TESTS_FAULT_INJECT_H
#define TESTS_FAULT_INJECT_H

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * How it works: inject_run() forks. The child does the tests; around the
 * stretch it calls inject_begin() and inject_end(), whose break points stop it for
 * the parent. Outside it runs freely, unless a stand-in wants to see every call: a
 * stop costs more than most calls. Inside, the parent lets every system call pass
 * but the one that struct inject (shared memory) asks for: that one
 * is not done, and reports the errno instead; only close() and munmap() are
 * done all the same, as Linux does them even when it reports an error. Only
 * the thread itself is traced, not the programs it starts. A close() that
 * really gives EBADF is counted: nobody closes twice. A call that is not failed
 * may be answered by a stand-in for a device that this machine lacks.
 */
struct inject {
	long at;  /* which call to fail, from 1 on; 0 = none */
	int pass; /* which of its errnos, from 0 on */
	/* the answer */
	long n_calls;
	long nr;	/* the call that was failed; -1 = none: at or pass is beyond */
	int err;	/* with which errno */
	bool more;	/* there are further errnos for it */
	bool inside;	/* between inject_begin() and inject_end() */
	int bad_closes; /* close() calls that gave EBADF */
};

enum { INJECT_ERRNOS = 4 };

struct inject_rule {
	long nr;
	int errnos[INJECT_ERRNOS]; /* 0 ends them */
};

/*
 * The stand-in: both run in the parent, for every call of the child. entry: true =
 * answered, with *result; it may change the registers. leave: of calls that the
 * kernel has done.
 */
struct inject_fake {
	bool (*entry)(pid_t pid, long nr, const unsigned long args[3], long *result);
	void (*leave)(long nr, const unsigned long args[3], long result);
};
static const struct inject_fake *inject_fake; /* for the next inject_run(); NULL = none */

/* What each call can give; the last line is for all others. */
static const struct inject_rule inject_rules[] = {
	{SYS_openat, {EMFILE, EACCES, EINTR}},
	{SYS_close, {EIO, EINTR}},
	{SYS_munmap, {ENOMEM, EINVAL}},
	{SYS_mmap, {ENOMEM, EAGAIN}},
	{SYS_brk, {ENOMEM}},
	{SYS_ioctl, {ENOMEM, EPERM, EINTR}},
	{SYS_fcntl, {EPERM, ENOMEM}},
	{SYS_socket, {EMFILE, ENOBUFS}},
	{SYS_socketpair, {EMFILE, ENOMEM}},
	{SYS_setsockopt, {ENOPROTOOPT, ENOMEM}},
	{SYS_sendto, {ENOBUFS, EPERM, EINTR}},
	{SYS_recvfrom, {ENOBUFS, ENOMEM, EINTR}},
	{SYS_recvmsg, {ENOMEM, ECONNRESET, EINTR}},
	{SYS_setns, {EPERM, ENOMEM}},
	{SYS_kcmp, {EPERM, ENOSYS}},
	{SYS_clone, {EAGAIN, ENOMEM}},
	{SYS_clone3, {EAGAIN, ENOMEM}},
	{SYS_wait4, {ECHILD, EINTR}},
	{SYS_pidfd_open, {EMFILE, ENODEV}},
	{SYS_poll, {ENOMEM, EINVAL, EINTR}},
	{SYS_kill, {EPERM, ESRCH}},
	{SYS_eventfd2, {EMFILE, ENOMEM}},
	{-1, {EIO, ENOMEM}},
};

static inline const struct inject_rule *inject_rule(long nr)
{
	const struct inject_rule *r = inject_rules;

	while (r->nr != nr && r->nr != -1)
		r++;
	return r;
}

/* the sanitizers do not outlive a failing mmap() */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
enum { INJECT_CAN = 1 };

/* Stops the child (SIGTRAP) without a system call. */
static inline void inject_stop(void)
{
	__asm__ volatile("int3" ::: "memory");
}

static inline void inject_skip_call(pid_t pid, long nr)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	if (nr == SYS_brk)
		regs.rdi = 0; /* a brk() that fails returns the end as it is */
	else
		regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static inline long inject_result(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	return (long)regs.rax;
}

static inline long inject_number(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	return (long)regs.orig_rax;
}

static inline void inject_args(pid_t pid, unsigned long args[3])
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	args[0] = regs.rdi;
	args[1] = regs.rsi;
	args[2] = regs.rdx;
}

/* Before the call is done: another second argument, a path for instance. */
static inline void inject_set_arg1(pid_t pid, unsigned long value)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	regs.rsi = value;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static inline void inject_set_result(pid_t pid, long value)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	regs.rax = (unsigned long long)value;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}
#else
enum { INJECT_CAN = 0 };
static inline void inject_stop(void)
{
}
static inline void inject_skip_call(pid_t pid, long nr)
{
	(void)pid, (void)nr;
}
static inline long inject_result(pid_t pid)
{
	return pid;
}
static inline long inject_number(pid_t pid)
{
	return pid;
}
static inline void inject_set_result(pid_t pid, long value)
{
	(void)pid, (void)value;
}
static inline void inject_args(pid_t pid, unsigned long args[3])
{
	(void)pid, (void)args;
}
static inline void inject_set_arg1(pid_t pid, unsigned long value)
{
	(void)pid, (void)value;
}
#endif

static inline void inject_begin(struct inject *in)
{
	in->n_calls = 0;
	in->nr = -1;
	in->err = 0;
	in->more = false;
	in->bad_closes = 0;
	in->inside = true;
	inject_stop();
}

static inline void inject_end(struct inject *in)
{
	in->inside = false;
	inject_stop();
}

/* At the entry of a call between the markers: fail it? */
static inline bool inject_entry(struct inject *in, pid_t pid, long nr)
{
	const struct inject_rule *r = inject_rule(nr);
	int i = in->pass;

	if (++in->n_calls != in->at || !r->errnos[i])
		return false;
	in->nr = nr;
	in->err = r->errnos[i];
	in->more = i + 1 < INJECT_ERRNOS && r->errnos[i + 1];
	if (nr != SYS_close && nr != SYS_munmap)
		inject_skip_call(pid, nr);
	return true;
}

static inline void inject_exit(struct inject *in, pid_t pid, long nr, bool failed)
{
	if (failed && nr != SYS_brk)
		inject_set_result(pid, -in->err);
	else if (nr == SYS_close && inject_result(pid) == -EBADF)
		in->bad_closes++;
}

/* One call of the child, from its entry to its end. */
struct inject_call {
	long nr, result;
	unsigned long args[3];
	bool failed, answered;
};

static inline void inject_call_enter(struct inject *in, pid_t pid, bool inside,
				     struct inject_call *c)
{
	c->nr = inject_number(pid);
	c->failed = inside && inject_entry(in, pid, c->nr);
	c->answered = false;
	if (!inject_fake)
		return;
	inject_args(pid, c->args);
	if (c->failed)
		return;
	c->answered = inject_fake->entry(pid, c->nr, c->args, &c->result);
	if (c->answered)
		inject_skip_call(pid, -1);
}

static inline void inject_call_leave(struct inject *in, pid_t pid, bool inside,
				     struct inject_call *c)
{
	if (c->answered)
		inject_set_result(pid, c->result);
	else if (inject_fake && (!c->failed || c->nr == SYS_close))
		inject_fake->leave(c->nr, c->args, inject_result(pid));
	if (inside)
		inject_exit(in, pid, c->nr, c->failed);
}

/* A stop at the entry of a call, or at its end. */
static inline void inject_at_call(struct inject *in, pid_t pid, struct inject_call *c,
				  bool *entering)
{
	if (*entering)
		inject_call_enter(in, pid, in->inside, c);
	else
		inject_call_leave(in, pid, in->inside, c);
	*entering = !*entering;
}

/* The parent: until the child ends. Its exit status, or 128 + signal. */
static inline int inject_trace(struct inject *in, pid_t pid)
{
	struct inject_call call = {.nr = -1};
	bool entering = true;
	int status, sig;

	for (;;) {
		if (waitpid(pid, &status, 0) < 0)
			return 127;
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80)) {
			inject_at_call(in, pid, &call, &entering);
			sig = 0;
		} else if (sig == SIGTRAP || sig == SIGSTOP) {
			sig = 0;
		}
		ptrace(in->inside || inject_fake ? PTRACE_SYSCALL : PTRACE_CONT, pid,
		       NULL, (void *)(long)sig);
	}
}

/* Run child(in, arg) traced in a process of its own; returns its exit status. */
static inline int inject_run(int (*child)(struct inject *in, void *arg), void *arg)
{
	struct inject *in = mmap(NULL, sizeof(*in), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, ret;
	pid_t pid;

	if (in == MAP_FAILED)
		return 127;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(126);
		raise(SIGSTOP);
		ret = child(in, arg);
		exit(ret); /* not _exit: coverage is written here */
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
		munmap(in, sizeof(*in));
		return 126;
	}
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	ptrace(inject_fake ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, NULL);
	ret = inject_trace(in, pid);
	munmap(in, sizeof(*in));
	return ret;
}

#endif
