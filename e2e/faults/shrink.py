"""The smallest set of faults that still breaks it: what a person wants to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def minimal(failing: Sequence[T], fails: Callable[[list[T]], bool], *, tries: int = 30) -> list[T]:
    """Take parts away as long as the rest still fails (Zeller's ddmin, complements only), at most `tries` runs."""
    kept = list(failing)
    parts = 2
    while len(kept) > 1 and tries > 0:
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            rest = kept[:start] + kept[start + size :]
            tries -= 1
            if rest and fails(rest):
                kept, parts = rest, max(parts - 1, 2)
                break
            if tries <= 0:
                break
        else:
            if size == 1:
                break
            parts = min(parts * 2, len(kept))
    return kept
