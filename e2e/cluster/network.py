"""Addresses for clusters with real containers, chosen so that several of them and the host do not meet.

They come from 198.18.0.0/15, which RFC 2544 sets aside for tests and no network routes. Cluster number i has a link between
the host (198.18.i.1) and its node (198.18.i.2), services in 198.18.i.128/25, and pods in 198.19.i.0/24.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.cluster.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LOCK = "\0taskdist-network"
_LOCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses of cluster number `index`, 0 to 255."""

    index: int

    @property
    def host(self) -> str:
        """The host's end of the link; the node's and the pods' way out."""
        return f"198.18.{self.index}.1"

    @property
    def node(self) -> str:
        """The node's end of the link; API server and kubelet listen there."""
        return f"198.18.{self.index}.2"

    @property
    def link_prefix(self) -> int:
        """The prefix length of the link."""
        return 30

    @property
    def services(self) -> str:
        """The range of ClusterIPs."""
        return f"198.18.{self.index}.128/25"

    @property
    def api_service(self) -> str:
        """The ClusterIP of `kubernetes`: the first address of the range, by Kubernetes' own rule."""
        return f"198.18.{self.index}.129"

    @property
    def dns(self) -> str:
        """The ClusterIP that pods are told for DNS."""
        return f"198.18.{self.index}.138"

    @property
    def pods(self) -> str:
        """The range of pod addresses."""
        return f"198.19.{self.index}.0/24"

    def overlaps(self, others: Iterable[ipaddress.IPv4Network]) -> bool:
        """Whether one of its ranges meets one of the others."""
        own = [ipaddress.ip_network(f"198.18.{self.index}.0/24"), ipaddress.ip_network(self.pods)]
        return any(mine.overlaps(other) for mine in own for other in others)


@contextmanager
def allocation() -> Iterator[None]:
    """Let one process on this host at a time choose a network. The lock is a socket name: it leaves nothing behind."""
    deadline = time.monotonic() + _LOCK_SECONDS
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lock:
        while True:
            try:
                lock.bind(_LOCK)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise ClusterError(f"another process has been choosing addresses for {_LOCK_SECONDS:g} s") from None
                time.sleep(0.1)
        yield


def choose(ip: Path) -> Network:
    """A network that no route or address of this host meets; call it under `allocation`."""
    used = list(_in_use(ip))
    for index in range(256):
        network = Network(index)
        if not network.overlaps(used):
            return network
    raise ClusterError("every network in 198.18.0.0/15 is taken: a VPN routes it, or 256 clusters run on this host")


def _in_use(ip: Path) -> Iterator[ipaddress.IPv4Network]:
    routes = _query(ip, "-4", "route", "show", "table", "all")
    for route in routes:
        if route["dst"] != "default" and "/0" not in str(route["dst"]):
            yield ipaddress.IPv4Network(str(route["dst"]), strict=False)


def _query(ip: Path, *arguments: str) -> list[dict[str, object]]:
    told = subprocess.run([ip, "-json", *arguments], capture_output=True, text=True, check=True).stdout
    decoded: list[dict[str, object]] = json.loads(told or "[]")
    return decoded
