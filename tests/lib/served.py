# SPDX-License-Identifier: BSD-2-Clause
"""By whom the queues of a port are served: vhost-net or the TAP fd."""
import os

TAP_FD = {"mshot", "batch", "poll", "epoll"}


def served(report, port):
    """The ways of serving of a port's queues."""
    return {f.io for q, f in report.queues.items() if q.rsplit("/", 1)[0] == port}


def by_vhost(report, *ports):
    """True: every queue of the ports is served by vhost-net, False: by its fd; None: some of both."""
    ways = set().union(*(served(report, p) for p in ports))
    assert ways and ways <= TAP_FD | {"vhost"}, f"io= is none of those known: {ways}\n{report}"
    return True if ways == {"vhost"} else None if "vhost" in ways else False


def spare_cpus(workers=1):
    """CPUs beside those of the workers: with two, vhost=auto uses vhost-net."""
    return len(os.sched_getaffinity(0)) - workers


def chosen(mode, workers=1):
    """Whether vhost=mode comes to vhost-net where it may be used."""
    return mode == "on" or mode == "auto" and spare_cpus(workers) >= 2


def words_on_vhost(r):
    """What a ringway has said of vhost."""
    return [x for x in r.p.err if "vhost" in x and not x.startswith("ringway: ready")]


def check_choice(r, mode, *ports, workers=1):
    """The ports are served as asked for, and a fallback of auto is explained once."""
    is_vhost = chosen(mode, workers)
    assert by_vhost(r.report(), *ports) is is_vhost, f"vhost={mode}\n{r.report()}\n{r.p}"
    said = words_on_vhost(r)
    if mode == "auto" and not is_vhost:
        assert len(said) == 1 and "CPU" in said[0], f"one line that says why not: {said}\n{r.p}"
