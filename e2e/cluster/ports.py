from __future__ import annotations

import random
import socket

from e2e.cluster.errors import ClusterError

# Below the range from which kernels take the ports of outgoing connections, so that none takes one in between.
_FIRST, _LAST = 20000, 32000


def free(count: int) -> list[int]:
    """Distinct TCP ports that nobody listens on now, on loopback."""
    found: list[int] = []
    for port in random.sample(range(_FIRST, _LAST), _LAST - _FIRST):
        if len(found) == count:
            return found
        if is_free(port):
            found.append(port)
    raise ClusterError(f"fewer than {count} free TCP ports between {_FIRST} and {_LAST}")


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Whether a server could listen on it now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True
