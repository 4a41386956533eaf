"""The fault table: one line per test, printed when the tests end.

With ``$FAULTS_FIGURES`` each line goes into that file too; ``python -m e2e.faults.figures FILE`` makes the table of
docs/faults.md of it, of the last run of each test.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

Record = Callable[..., None]
"""`record(row, fault, seen, expected, ok=…)`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a test measured, and what the table demands. ``test`` is its file and name."""

    row: int
    fault: str
    seen: str
    expected: str
    ok: bool
    test: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns, in order, but for the test."""
        return str(self.row), self.fault, self.expected, self.seen, "ok" if self.ok else "SHORT"


HEAD = ("row", "fault", "expected", "seen", "ok")


def ordered(figures: Iterable[Figure]) -> list[Figure]:
    """In the order of the rows; of what a test measured more than once, the last."""
    last = {(figure.row, figure.fault): figure for figure in figures}
    return [last[key] for key in sorted(last)]


def table(figures: Iterable[Figure]) -> list[str]:
    """The lines of the table for a terminal."""
    rows = [HEAD, *(figure.cells for figure in ordered(figures))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def markdown(figures: Iterable[Figure]) -> list[str]:
    """The lines of the table for docs/faults.md, with the names of the tests."""
    rows = [((*figure.cells, f"`{figure.test}`") if figure.test else figure.cells) for figure in ordered(figures)]
    lines = [[*HEAD, "test"], ["--:", *["---"] * len(HEAD)], *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]


def append(path: Path, figure: Figure) -> None:
    """Keep a figure in a file, a line each."""
    with path.open("a") as file:
        file.write(json.dumps(asdict(figure), ensure_ascii=False) + "\n")


def load(path: Path) -> list[Figure]:
    """What such a file holds."""
    return [Figure(**json.loads(line)) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    print(*markdown(figure for name in sys.argv[1:] for figure in load(Path(name))), sep="\n")
