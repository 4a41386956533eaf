"""What an attempt used: CPU time and peak memory, from the kernel's own counters."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Final, NamedTuple

_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUP: Final = Path("/proc/self/cgroup")
_OWN_STATUS: Final = Path("/proc/self/status")
_UNLIMITED: Final = 2**60
"""Limits from here on mean none (cgroup v1 says 2**63 rounded down to a page)."""
_UNRECLAIMABLE: Final = {
    # https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
    2: frozenset({b"anon", b"shmem", b"kernel_stack", b"pagetables", b"slab_unreclaimable", b"sock"}),
    # https://docs.kernel.org/admin-guide/cgroup-v1/memory.html, section 5.2: rss is anonymous memory
    1: frozenset({b"total_rss", b"total_shmem"}),
}


class Usage(NamedTuple):
    """CPU seconds of the work and the agent, and the most memory that they needed at one time, in bytes."""

    cpu_seconds: float
    peak_memory_bytes: int


class MemoryCgroup(NamedTuple):
    """The memory controller of this container."""

    folder: Path
    version: int
    limit_bytes: int

    def unreclaimable_bytes(self) -> int:
        """Memory that cannot be taken away without a kill: all but the page cache; 0 where it cannot be read.

        The kernel's own high-water mark (``memory.peak``) is of no use for sizing: it counts the page cache, with which any
        program that reads enough files fills whatever limit it is given.
        """
        try:
            lines = (self.folder / "memory.stat").read_bytes().splitlines()
        except OSError:
            return 0
        wanted = _UNRECLAIMABLE[self.version]
        return sum(int(value) for name, _, value in (line.partition(b" ") for line in lines) if name in wanted)

    def oom_kills(self) -> int:
        """How many processes of this container the kernel killed for want of memory; 0 where it cannot be read."""
        try:
            lines = (
                (self.folder / ("memory.events" if self.version == 2 else "memory.oom_control"))
                .read_bytes()
                .splitlines()
            )
        except OSError:
            return 0
        return sum(int(value) for name, _, value in (line.partition(b" ") for line in lines) if name == b"oom_kill")


def memory_cgroup(mount: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> MemoryCgroup | None:
    """The memory controller of this container, ``None`` where there is none that is its own.

    A cgroup without a memory limit is taken for the whole machine's and not used: every pod that the operator makes has a
    limit.
    """
    try:
        lines = own.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            version, top, limit = 2, mount, "memory.max"
        elif "memory" in controllers.split(","):
            version, top, limit = 1, mount / "memory", "memory.limit_in_bytes"
        else:
            continue
        # Inside a container the path may be the host's while the mount shows the container's own cgroup at its top.
        for folder in (top / path.lstrip("/"), top):
            limit_bytes = _limit(folder / limit)
            if limit_bytes < _UNLIMITED:
                return MemoryCgroup(folder, version, limit_bytes)
    return None


def measured(sampled_bytes: int = 0, limit_bytes: int = _UNLIMITED) -> Usage:
    """Usage of this process and of all its children that ended, with the largest sample of the cgroup's memory and its limit.

    The agent lives beside the work, so its memory adds to the largest process of the work; the sum, or the sample where
    that is more (several processes at once), is what the container must be given.
    """
    own = resource.getrusage(resource.RUSAGE_SELF)
    work = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_seconds = own.ru_utime + own.ru_stime + work.ru_utime + work.ru_stime
    largest = (_own_peak_kib(own.ru_maxrss) + work.ru_maxrss) * 1024
    # Resident memory counts files that several processes share once for each; together they had no more than the limit.
    return Usage(cpu_seconds, min(max(sampled_bytes, largest), limit_bytes))


def _own_peak_kib(otherwise: int) -> int:
    """Peak of this program alone; ``ru_maxrss`` keeps that of whatever the process was before it."""
    try:
        lines = _OWN_STATUS.read_bytes().splitlines()
    except OSError:
        return otherwise
    return next((int(line.split()[1]) for line in lines if line.startswith(b"VmHWM:")), otherwise)


def _limit(path: Path) -> int:
    try:
        return int(path.read_bytes())
    except (OSError, ValueError):
        return _UNLIMITED
