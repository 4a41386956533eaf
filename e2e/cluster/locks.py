"""Advisory locks between processes; the kernel drops them when their holder dies."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from e2e.cluster.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def exclusive(path: Path, *, folder: bool = False) -> Iterator[None]:
    """Hold an exclusive lock on `path`, made when missing (a file, or a folder with `folder=True`).

    When the path was removed while this call waited (another process took the cluster down), the lock is taken on what
    is there now, so that two holders never sit on two different inodes of one name.
    """
    while True:
        descriptor = _open(path, folder=folder)
        try:
            _wait(descriptor, path)
            if _still_at(path, descriptor):
                yield
                return
        finally:
            os.close(descriptor)


def _open(path: Path, *, folder: bool) -> int:
    if folder:
        path.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDONLY)
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _wait(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"waiting for another process that holds {path}")
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _still_at(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    held = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
