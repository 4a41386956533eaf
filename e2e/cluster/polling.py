from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from e2e.cluster.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def holds(condition: Callable[[], bool], seconds: float, *, every: float = 0.05) -> bool:
    """Poll until the condition holds; False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def until(what: str, probe: Callable[[], T | None], seconds: float = 60.0, *, every: float = 0.1) -> T:
    """Poll until `probe` returns something true, and return it.

    Raises:
        ClusterError: the time is over; the text names `what` and the last value.
    """
    last: list[T | None] = [None]

    def found() -> bool:
        last[0] = probe()
        return bool(last[0])

    if holds(found, seconds, every=every) and last[0] is not None:
        return last[0]
    raise ClusterError(f"{what}: not within {seconds:g} s (last seen: {last[0]!r})")
