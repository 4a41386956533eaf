"""Names of locks: ``NAME`` is held by one subtask at a time, ``NAME=N`` is a semaphore that N may hold together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def lock_of(name: str) -> tuple[str, int]:
    """Return the thing that a lock is named for, and how many may hold it at a time."""
    stem, equals, number = name.rpartition("=")
    if equals and stem and number.isdecimal() and number.isascii() and int(number[:9]) > 0:
        return stem, int(number[:9])
    return name, 1


def exclusive(names: Iterable[str]) -> frozenset[str]:
    """Return the things that only one may hold, of the locks ``names``."""
    return frozenset(stem for stem, room in map(lock_of, names) if room == 1)
