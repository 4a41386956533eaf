"""Runs the work as a process group of its own: passes signals on, keeps to the deadline, reaps what is left.

One thread and one ``select``: signals wake it through a pipe (``signal.set_wakeup_fd``), so there is no race between
a signal and the wait. The agent may be process 1 of its container, which the kernel gives no default reaction to
SIGTERM and whatever orphans the work leaves.
"""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from taskdist.agent import usage
from taskdist.agent.contract import EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, EXIT_SIGNAL

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_SAMPLE_SECONDS: Final = 0.25
_LAST_WORDS_SECONDS: Final = 2.0
"""How long orphans may hold standard error open, or take to be reaped, after they were killed."""
_UNKILLABLE_SECONDS: Final = 5.0
"""How long a killed process may stay in the kernel before it is left behind."""
_CHUNK: Final = 4096
"""No more is written at once than ``select`` promises will not block (PIPE_BUF)."""
_TAIL_BYTES: Final = 2048
_STDERR: Final = 2


class Ended(NamedTuple):
    """How the work ended."""

    exit_code: int
    """The work's own, or 128 + the signal that ended it."""
    timed_out: bool
    """The deadline came first."""
    silent: bool
    """It did not touch its progress file for too long."""
    signal: int
    """Signal that the agent itself was sent, 0 if none."""
    out_of_memory: bool
    """The kernel killed one of its processes for want of memory."""
    stderr_tail: bytes
    """The last it wrote to standard error."""
    usage: usage.Usage


class Heartbeat(NamedTuple):
    """The work must change ``file`` at least every ``seconds``."""

    file: Path
    seconds: float


class StartError(Exception):
    """The program cannot be started; ``exit_code`` is what a shell would answer (126 or 127)."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Doorbell:
    """Signals as bytes in a pipe. Made first of all, since what arrives before it is lost or deadly."""

    def __init__(self) -> None:
        self.read_fd, write_fd = os.pipe()
        os.set_blocking(self.read_fd, False)
        os.set_blocking(write_fd, False)
        signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
        for number in (*ENDING_SIGNALS, signal.SIGCHLD):
            signal.signal(number, lambda _number, _frame: None)

    def take(self) -> list[int]:
        """The signals since the last call."""
        try:
            return list(os.read(self.read_fd, 512))
        except BlockingIOError:
            return []


def supervise(
    argv: list[str],
    env: Mapping[str, str],
    folder: Path,
    *,
    doorbell: Doorbell,
    end_at: float | None = None,
    heartbeat: Heartbeat | None = None,
    grace_seconds: float,
) -> Ended:
    """Run ``argv`` in ``folder`` until it ends, or must: by ``end_at`` (of ``time.monotonic``), silence, or a signal.

    If it must, its process group gets SIGTERM, and SIGKILL when ``grace_seconds`` are over. Whatever of the group is left when
    its first process has ended is killed: a container has no background. Silence is a ``heartbeat`` that stops.

    Raises:
        StartError: the program is not there or cannot be run.
    """
    program = find_program(argv[0], env)
    # A process has one working folder and posix_spawn(3) cannot set another; the agent itself needs none.
    os.chdir(folder)
    read_fd, write_fd = os.pipe()
    os.set_blocking(read_fd, False)
    cgroup = usage.memory_cgroup()
    kills_before = cgroup.oom_kills() if cgroup else 0
    try:
        pid = os.posix_spawn(
            program,
            argv,
            env,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, write_fd, _STDERR),
            ],
            setpgroup=0,
            # Python ignores these two, and what is ignored stays ignored in the child.
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
        )
    except OSError as e:
        os.close(read_fd)
        raise StartError(f"{argv[0]}: {e.strerror}", EXIT_NOT_EXECUTABLE) from e
    finally:
        os.close(write_fd)
    run = _Run(pid, read_fd, doorbell, cgroup, end_at, heartbeat, grace_seconds)
    try:
        status = run.watch()
    finally:
        os.close(read_fd)
    code = os.waitstatus_to_exitcode(status)
    return Ended(
        exit_code=code if code >= 0 else EXIT_SIGNAL - code,
        timed_out=run.timed_out,
        silent=run.silent,
        signal=run.signal,
        out_of_memory=cgroup is not None and cgroup.oom_kills() > kills_before,
        stderr_tail=run.tail,
        usage=usage.measured(run.peak_bytes, cgroup.limit_bytes) if cgroup else usage.measured(),
    )


def find_program(name: str, env: Mapping[str, str]) -> str:
    """Path of a program, looked for in the work's own ``PATH`` as execvp(3) does.

    Raises:
        StartError: there is none of that name, or it may not be run.
    """
    if "/" in name:
        candidates = [Path(name)]
    else:
        candidates = [Path(folder or ".") / name for folder in env.get("PATH", os.defpath).split(os.pathsep)]
    found = [path for path in candidates if path.is_file()]
    for path in found:
        if os.access(path, os.X_OK):
            return str(path.absolute())
    if found:
        raise StartError(f"{name}: not executable", EXIT_NOT_EXECUTABLE)
    raise StartError(f"{name}: not found" if "/" in name else f"{name}: not found in PATH", EXIT_NOT_FOUND)


class _Run:
    """The life of one process group."""

    def __init__(
        self,
        pid: int,
        stderr_fd: int,
        doorbell: Doorbell,
        cgroup: usage.MemoryCgroup | None,
        end_at: float | None,
        heartbeat: Heartbeat | None,
        grace_seconds: float,
    ) -> None:
        self.timed_out = False
        self.silent = False
        self.signal = 0
        self.tail = b""
        self.peak_bytes = 0
        self._pid = pid
        self._stderr_fd: int | None = stderr_fd
        self._doorbell = doorbell
        self._cgroup = cgroup
        self._end_at = end_at
        self._heartbeat = heartbeat
        self._beat = 0
        self._silent_at = time.monotonic() + (heartbeat.seconds if heartbeat else 0.0)
        self._grace_seconds = grace_seconds
        self._kill_at: float | None = None
        self._give_up_at: float | None = None
        self._unwritten = b""

    def watch(self) -> int:
        """Wait for the first process's end, then clear up; its wait status."""
        while not self._has_ended():
            now = time.monotonic()
            if self._cgroup:
                self.peak_bytes = max(self.peak_bytes, self._cgroup.unreclaimable_bytes())
            if self._give_up_at is not None and now >= self._give_up_at:
                return signal.SIGKILL
            if self._kill_at is not None and now >= self._kill_at and self._give_up_at is None:
                self._send(signal.SIGKILL)
                self._give_up_at = now + _UNKILLABLE_SECONDS
            if self._end_at is not None and now >= self._end_at and self._kill_at is None:
                self.timed_out = True
                self._ask_to_end(signal.SIGTERM, now)
            if self._heartbeat is not None and self._kill_at is None and self._is_silent(self._heartbeat, now):
                self.silent = True
                self._ask_to_end(signal.SIGTERM, now)
            self._wait(self._next_wake(now) - now)
        # Only now, while the ended process still holds the group's number, is it sure to be the right group.
        self._send(signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        self._clear_up()
        return status

    def _is_silent(self, heartbeat: Heartbeat, now: float) -> bool:
        """True if the file has not changed for too long. Only that it changed counts, not when: clocks may jump."""
        try:
            changed = heartbeat.file.stat().st_mtime_ns
        except OSError:
            changed = 0
        if changed != self._beat:
            self._beat = changed
            self._silent_at = now + heartbeat.seconds
        return now >= self._silent_at

    def _has_ended(self) -> bool:
        ended = os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        self._reap_orphans()
        return ended is not None

    def _reap_orphans(self) -> None:
        """Reap children that are not ours by birth but because this is process 1."""
        while True:
            try:
                child = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if child is None or child.si_pid in (0, self._pid):
                return
            os.waitpid(child.si_pid, 0)

    def _next_wake(self, now: float) -> float:
        wakes = [at for at in (self._end_at, self._kill_at, self._give_up_at) if at is not None and at > now]
        if self._heartbeat is not None and self._kill_at is None:
            wakes.append(now + self._heartbeat.seconds / 4)
        return min([*wakes, now + (_SAMPLE_SECONDS if self._cgroup else 60.0)])

    def _wait(self, seconds: float) -> None:
        reads = [self._doorbell.read_fd]
        if self._stderr_fd is not None and not self._unwritten:
            reads.append(self._stderr_fd)
        readable, writable, _ = select.select(reads, [_STDERR] if self._unwritten else [], [], max(seconds, 0))
        if writable:
            self._pass_on()
        if self._stderr_fd in readable:
            self._listen()
        if self._doorbell.read_fd in readable:
            for number in self._doorbell.take():
                if number in ENDING_SIGNALS:
                    self.signal = self.signal or number
                    self._ask_to_end(number, time.monotonic())

    def _ask_to_end(self, number: int, now: float) -> None:
        self._send(number)
        self._send(signal.SIGCONT)
        if self._kill_at is None:
            self._kill_at = now + self._grace_seconds

    def _send(self, number: int) -> None:
        try:
            os.killpg(self._pid, number)
        except (ProcessLookupError, PermissionError):
            # Gone, or all that is left changed its user: neither can be helped.
            return

    def _listen(self) -> None:
        assert self._stderr_fd is not None  # noqa: S101 - for the type checker; it is in the select list
        try:
            data = os.read(self._stderr_fd, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._stderr_fd = None
        self._unwritten = data
        self.tail = (self.tail + data)[-_TAIL_BYTES:]

    def _pass_on(self) -> None:
        try:
            self._unwritten = self._unwritten[os.write(_STDERR, self._unwritten) :]
        except OSError:
            # Nobody reads the log any more; the work goes on.
            self._unwritten = b""

    def _clear_up(self) -> None:
        """Pass the last words on and reap what the kill left, within a bound."""
        until = time.monotonic() + _LAST_WORDS_SECONDS
        while (self._stderr_fd is not None or self._unwritten) and (left := until - time.monotonic()) > 0:
            self._wait(left)
            self._reap_orphans()
        while time.monotonic() < until:
            self._reap_orphans()
            try:
                alive = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
            except ChildProcessError:
                return
            if alive:
                self._wait(0.05)
