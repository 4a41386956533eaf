"""The fault table: one figure per row, printed when the tests end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Record = Callable[..., None]
"""`record(row, fault, figure, bar, ok=…)`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a test measured, and what the table demands."""

    row: int
    fault: str
    figure: str
    bar: str
    ok: bool


def table(figures: list[Figure]) -> list[str]:
    """The lines of the table, in the order of the rows."""
    head = Figure(0, "fault", "figure", "bar", ok=True)
    wide = max(len(f.fault) for f in [head, *figures]), max(len(f.figure) for f in [head, *figures])
    head_line = f"{'row':>3}  {'fault':<{wide[0]}}  {'figure':<{wide[1]}}  {'ok':<5}  bar"
    return [head_line, *(_line(f, *wide) for f in sorted(figures, key=lambda f: (f.row, f.fault)))]


def _line(f: Figure, fault_width: int, figure_width: int) -> str:
    verdict = "ok" if f.ok else "SHORT"
    return f"{f.row:>3}  {f.fault:<{fault_width}}  {f.figure:<{figure_width}}  {verdict:<5}  {f.bar}"
