"""What goes into the image: the files that `.dockerignore` lets through, and a key over their content."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from e2e.cluster import places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPOSITORY = "taskdist.dev/taskdist"


def version() -> str:
    """The project's version, as its package has it."""
    package = places.CHECKOUT / "operator" / "taskdist" / "__init__.py"
    found = re.search(r'^__version__\s*(?::[^=]+)?=\s*"([^"]+)"', package.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{package}: no __version__")
    return found[1]


def key(*more: str) -> str:
    """A hash over the Dockerfile, every file of the build context, and `more`; equal keys give equal images."""
    digest = hashlib.sha256()
    for path in (places.CHECKOUT / "Dockerfile", *files(places.CHECKOUT)):
        digest.update(f"{path.relative_to(places.CHECKOUT)}\0{path.stat().st_mode & 0o111}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for text in more:
        digest.update(f"\0{text}".encode())
    return digest.hexdigest()[:16]


def files(checkout: Path) -> Iterator[Path]:
    """The files of the build context, sorted.

    Reads the project's own .dockerignore, whose form is: exclude all, then `!` lines for files and folders (`folder/**`), then
    `**/name` lines for what is never wanted.
    """
    lines = [line.strip() for line in (checkout / ".dockerignore").read_text().splitlines()]
    wanted = [line[1:] for line in lines if line.startswith("!")]
    unwanted = [_pattern(line) for line in lines if line.startswith("**/")]
    for name in sorted(wanted):
        place = checkout / name.removesuffix("/**")
        candidates = [place] if place.is_file() else sorted(_below(place))
        for path in candidates:
            relative = path.relative_to(checkout).as_posix()
            if not any(pattern.search(relative) for pattern in unwanted):
                yield path


def _pattern(line: str) -> re.Pattern[str]:
    name = re.escape(line.removeprefix("**/")).replace(r"\*", "[^/]*")
    return re.compile(rf"(^|/){name}(/|$)")


def _below(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        yield from (folder.__class__(root) / name for name in names)
