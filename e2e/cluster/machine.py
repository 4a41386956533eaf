"""A node's machine made of Linux namespaces: what runs in it ends with it, and so do its mounts, devices and addresses.

Its first process is `catatonit`, which reaps orphans. Inside, `/run` and `/var` are its own, and the cluster's state
folder is at `/run/node`; everything else is the host's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING

from e2e.cluster import packages
from e2e.cluster.errors import ClusterError
from e2e.cluster.polling import holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.cluster.network import Network
    from e2e.cluster.processes import Processes

INIT = "machine"
STATE = "/run/node"
TOOLS = "/run/tools"

# Run by sh as process 1 of the new namespaces. $1 is the state folder, $2 the folder of the built programs, $3 the name.
_SETUP = """
set -eu
mount -n --make-rprivate /
mount -n -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/node /mnt/tools /mnt/lock
mount -n --bind "$1" /mnt/node
mount -n --bind "$2" /mnt/tools
mount -n --move /mnt /run
mount -n --bind /run/node/var /var
# An empty version 2 hierarchy beside version 1: crun refuses the mix. The host keeps its own.
if mountpoint -q /sys/fs/cgroup/unified; then umount -n /sys/fs/cgroup/unified; fi
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
hostname "$3"
exec catatonit -P
"""


class Machine:
    """The namespaces of one cluster's node."""

    def __init__(self, state: Path, name: str, processes: Processes) -> None:
        self._state = state
        self._name = name
        self._processes = processes
        # From the state folder, so that it is found again even if nothing was written down.
        self.device = "td" + hashlib.sha256(os.fsencode(state)).hexdigest()[:10]
        self.cgroup = f"taskdist-{hashlib.sha256(os.fsencode(state)).hexdigest()[:10]}"

    @property
    def init(self) -> int | None:
        """The pid of the first process, as the host sees it; None when the machine does not run."""
        process = self._processes.get(INIT)
        return process.pid if process is not None else None

    @property
    def running(self) -> bool:
        """Whether it has been set up and runs."""
        init = self.init
        return init is not None and _comm(init) == "catatonit"

    def start(self, tools: Path, path: str) -> None:
        """Start it unless it runs. `tools` is the folder of the built programs, `path` the PATH inside."""
        var = self._state / "var"
        for folder in ("lib", "log", "tmp", "cache"):
            (var / folder).mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (var / "run").symlink_to("/run")
        programs = packages.ensure(packages.NODE)
        namespaces = ("--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child=SIGKILL", "--mount-proc")
        command = ("/bin/sh", "-c", _SETUP, "sh", self._state, tools, self._name)
        # Process 1 is what is remembered and killed: when it is gone, so is everything in its namespaces.
        argv: list[str | Path] = [programs["unshare"], *namespaces, *command]
        self._processes.start(INIT, argv, env={"PATH": path}, gentle=False, forks=True)
        self._processes.wait("the node's namespaces", lambda: self.running, seconds=20, needs=[INIT])

    def connect(self, network: Network) -> None:
        """Give it its device, addresses and routes, and make the cgroup that its pods live in; what is there stays."""
        if not self.connected:
            peer = ("type", "veth", "peer", "name", "eth0", "netns", str(self.init))
            self._ip("link", "add", self.device, *peer)
        self._ip("address", "replace", f"{network.host}/{network.link_prefix}", "dev", self.device)
        self._ip("link", "set", self.device, "up")
        self._inside_ip("address", "replace", f"{network.node}/{network.link_prefix}", "dev", "eth0")
        # Without kube-proxy: the service address of the API server is an address of the machine it listens on. So is the one
        # for DNS, where nobody listens: a look-up is refused at once, where it would time out otherwise.
        for service in (network.api_service, network.dns):
            self._inside_ip("address", "replace", f"{service}/32", "dev", "lo")
        self._inside_ip("link", "set", "eth0", "up")
        self._inside_ip("route", "replace", "default", "via", network.host)
        # Nobody serves the other service addresses: say so at once, rather than send packets back and forth.
        self._inside_ip("route", "replace", "unreachable", network.services)
        for destination in (network.services, network.pods):
            self._ip("route", "replace", destination, "via", network.node, "dev", self.device)
        for hierarchy in _hierarchies():
            (hierarchy / self.cgroup).mkdir(exist_ok=True)

    @property
    def connected(self) -> bool:
        """Whether its device exists on the host."""
        return (Path("/sys/class/net") / self.device).exists()

    def enter(self, *, network_only: bool = False) -> list[str]:
        """The beginning of a command that runs inside: in all namespaces, or with the host's files and process ids."""
        init = self.init
        if init is None:
            raise ClusterError(f"the node of cluster {self._name!r} does not run; bring the cluster up")
        program = str(packages.ensure(packages.NODE)["nsenter"])
        kinds = ["--net"] if network_only else ["--mount", "--net", "--pid", "--uts", "--ipc"]
        return [program, f"--target={init}", *kinds, "--"]

    def succeeds(self, *command: str) -> bool:
        """Whether a command inside succeeds."""
        return not subprocess.run([*self.enter(), *command], capture_output=True, check=False).returncode

    def run(self, *command: str, stdin: IO[bytes] | None = None) -> str:
        """Run a command inside and return what it printed.

        Raises:
            ClusterError: it failed; with its error output.
        """
        done = subprocess.run([*self.enter(), *command], stdin=stdin, capture_output=True, check=False)
        if done.returncode:
            raise ClusterError(f"{' '.join(command)}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode(errors="replace")

    def clean(self) -> None:
        """Remove what does not end with the processes: cgroups, and the device until the kernel has done it."""
        ip = shutil.which("ip") or "/usr/sbin/ip"
        if self.connected:
            subprocess.run([ip, "link", "delete", self.device], capture_output=True, check=False)
        holds(lambda: not self.connected, 10.0)
        for hierarchy in _hierarchies():
            holds(lambda root=hierarchy / self.cgroup: _remove_cgroup(root), 10.0)  # type: ignore[misc]

    def _ip(self, *arguments: str) -> None:
        self._check([str(packages.ensure(packages.NODE)["ip"]), *arguments])

    def _inside_ip(self, *arguments: str) -> None:
        self._check([*self.enter(network_only=True), str(packages.ensure(packages.NODE)["ip"]), *arguments])

    @staticmethod
    def _check(command: list[str]) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ClusterError(f"{' '.join(command)}: {done.stderr.strip()}")


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _hierarchies() -> Sequence[Path]:
    """The mounted cgroup hierarchies that containers are put into."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return (root,)
    return tuple(
        entry for entry in sorted(root.iterdir()) if entry.name != "unified" and (entry / "cgroup.procs").exists()
    )


def _remove_cgroup(root: Path) -> bool:
    """Remove a cgroup and those in it; False while one still has a process."""
    if not root.exists():
        return True
    for folder, _, _ in os.walk(root, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return False
    return True
