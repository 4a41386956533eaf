"""Background processes of a cluster: started detached, remembered on disk, ended by identity and never by name.

A process is known by its pid *and* its start time, so that a recycled pid is never signalled, and it carries the
cluster's state folder in its environment, so that one whose record was never written (the starter was killed in
between) is found all the same.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.cluster.errors import ClusterError
from e2e.cluster.polling import holds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MARK = "TASKDIST_CLUSTER_STATE"


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for as long as it lives, even if it is not one of ours."""

    pid: int
    born: str

    @classmethod
    def own(cls) -> Identity:
        """This process."""
        return cls(os.getpid(), _born(os.getpid()) or "")

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return _born(self.pid) == self.born


@dataclass(frozen=True, slots=True)
class Command:
    """How a process is started and ended.

    Attributes:
        argv: the program, by its absolute path, and its arguments.
        env: variables beside those that are inherited.
        gentle: whether SIGTERM comes before SIGKILL.
        forks: what is remembered is the child of what is started: `nsenter` stays behind as the parent of what it
            starts in another process namespace, and passes no signal on.
    """

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    gentle: bool = True
    forks: bool = False


@dataclass(frozen=True, slots=True)
class Process:
    """One started process.

    `born` is the boot and the clock tick in which it started, which no later holder of the pid shares. `order` says after which
    others it was first started; a restart keeps it.
    """

    name: str
    pid: int
    born: str
    command: Command
    order: int

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs; a zombie does not."""
        _reap(self.pid)
        return _born(self.pid) == self.born

    def signal(self, number: int) -> None:
        """Send a signal to exactly this process; nothing happens when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(self.pid)
            try:
                # The descriptor pins the process; only now is it safe to compare and then to signal.
                if _born(self.pid) == self.born:
                    signal.pidfd_send_signal(handle, number)
            finally:
                os.close(handle)

    def end(self, *, grace_seconds: float = 15.0) -> None:
        """Ask it to end, insist after the grace period, and return when it is gone.

        A stopped process (SIGSTOP, as fault tests use it) is continued first: it could not hear SIGTERM.
        """
        if self.command.gentle:
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGCONT)
        if not self.command.gentle or not holds(lambda: not self.alive, grace_seconds):
            self.signal(signal.SIGKILL)
            if not holds(lambda: not self.alive, 15.0):
                raise ClusterError(f"{self.name} (pid {self.pid}) does not end on SIGKILL; it hangs in the kernel")


class Processes:
    """The processes of one cluster, kept in `<state>/processes`, their output in `<state>/logs`."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._records = state / "processes"
        self._logs = state / "logs"

    def log(self, name: str) -> Path:
        """The file that takes the process's output."""
        return self._logs / f"{name}.log"

    def get(self, name: str) -> Process | None:
        """The process of that name when it runs."""
        process = self._read(self._records / f"{name}.json")
        return process if process is not None and process.alive else None

    def all(self) -> list[Process]:
        """What runs, in order: the recorded ones, then those whose record was never written."""
        recorded = [process for process in self._recorded() if process.alive]
        known = {process.pid for process in recorded}
        return recorded + [stray for stray in _marked(self._state) if stray.pid not in known]

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        gentle: bool = True,
        forks: bool = False,
    ) -> Process:
        """Start it detached (own session, no terminal, output to its log) unless it runs already.

        See `Command` for the arguments.
        """
        arguments = tuple(str(argument) for argument in argv)
        return self._start(name, Command(arguments, tuple((env or {}).items()), gentle=gentle, forks=forks))

    def _start(self, name: str, command: Command) -> Process:
        running = self.get(name)
        if running is not None:
            return running
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **dict(command.env), MARK: str(self._state)}
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        pid = os.posix_spawn(
            command.argv[0],
            command.argv,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.log(name)), append, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigdef=(signal.SIGINT, signal.SIGPIPE, signal.SIGTERM),
        )
        order = next((known.order for known in self._recorded() if known.name == name), time.monotonic_ns())
        process = Process(name, pid, _born(pid) or "", command, order)
        if command.forks:
            process = self._forked(process)
        record = self._records / f"{name}.json"
        draft = record.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(process)))
        draft.replace(record)
        return process

    def stop(self, name: str, *, grace_seconds: float = 15.0) -> None:
        """End it; nothing happens when it does not run. `restart` brings it back."""
        process = self.get(name)
        if process is not None:
            process.end(grace_seconds=grace_seconds)

    def kill(self, name: str) -> None:
        """SIGKILL it and wait until it is gone: a crash, as fault tests want it."""
        process = self.get(name)
        if process is not None:
            process.signal(signal.SIGKILL)
            process.end()

    def restart(self, name: str, *, grace_seconds: float = 5.0) -> Process:
        """End it where it runs and start it again with the arguments that it had.

        The grace is short: an API server waits for its clients' watches, which nobody else ends.
        """
        record = self._read(self._records / f"{name}.json")
        if record is None:
            raise ClusterError(f"{name} was never started in {self._state}")
        self.stop(name, grace_seconds=grace_seconds)
        return self._start(name, record.command)

    def stop_all(self) -> None:
        """End everything, last started first: an API server whose etcd has gone before it does not end."""
        for process in reversed(self.all()):
            process.end()

    def wait(self, what: str, ready: Callable[[], bool], *, seconds: float = 60.0, needs: Sequence[str] = ()) -> None:
        """Poll `ready` until it holds.

        Raises:
            ClusterError: the time is over or one of the processes in `needs` ended; with the end of its log.
        """
        dead: list[str] = []

        def settled() -> bool:
            dead[:] = [name for name in needs if self.get(name) is None]
            return bool(dead) or ready()

        if not holds(settled, seconds):
            raise ClusterError(f"{what}: not within {seconds:g} s\n{self.tails(needs)}")
        if dead:
            raise ClusterError(f"{what}: {', '.join(dead)} ended\n{self.tails(dead)}")

    def tails(self, names: Sequence[str], lines: int = 12) -> str:
        """The ends of the named logs."""
        parts = []
        for name in names:
            log = self.log(name)
            text = log.read_text(errors="replace") if log.exists() else ""
            parts.append(f"the end of {log}:\n" + "\n".join(text.splitlines()[-lines:]))
        return "\n".join(parts)

    def _forked(self, parent: Process) -> Process:
        """The same with the child's identity; as it is when the parent ended without one."""
        children: list[int] = []

        def settled() -> bool:
            children[:] = [pid for pid in _pids() if _parent(pid) == parent.pid]
            return bool(children) or not parent.alive

        if not holds(settled, 10.0):
            raise ClusterError(f"{parent.name} starts no process\n{self.tails([parent.name])}")
        born = _born(children[0]) if children else None
        return parent if born is None else replace(parent, pid=children[0], born=born)

    def _recorded(self) -> list[Process]:
        found = [process for path in self._records.glob("*.json") if (process := self._read(path))]
        return sorted(found, key=lambda process: process.order)

    @staticmethod
    def _read(path: Path) -> Process | None:
        try:
            raw = json.loads(path.read_text())
            how = raw["command"]
            pairs = tuple((key, value) for key, value in how["env"])
            return Process(**{**raw, "command": Command(**{**how, "argv": tuple(how["argv"]), "env": pairs})})
        except (FileNotFoundError, KeyError, TypeError, ValueError):
            return None  # none, or another version's: such a process is found by its mark


def _born(pid: int) -> str | None:
    """In which boot and clock tick the process started; None when there is none or it is a zombie."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in {"Z", "X"} else f"{_boot()}-{fields[19]}"


@functools.cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().split("-")[0]


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return None if fields is None else int(fields[1])


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the third on."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in parentheses and may hold anything; the rest follows the last one.
    return stat.rpartition(")")[2].split()


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _reap(pid: int) -> None:
    """Collect it when it is a child of this process that has ended."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _marked(state: Path) -> list[Process]:
    """Processes that carry this state folder in their environment."""
    mark = f"{MARK}={state}".encode()
    found = []
    for pid in _pids():
        entry = Path(f"/proc/{pid}")
        try:
            environment = (entry / "environ").read_bytes()
            argv = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # gone meanwhile, or another user's
        born = _born(pid) if mark in environment.split(b"\0") else None
        if born is not None:
            order = int(born.partition("-")[2])
            found.append(Process(argv[0] or entry.name, pid, born, Command(tuple(argv)), order))
    return sorted(found, key=lambda process: process.order)
