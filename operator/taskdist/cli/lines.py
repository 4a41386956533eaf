"""Styled text in cells of a terminal: what every view is made of before it is printed, plain or in colour."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one style. Styles are the names in :data:`taskdist.cli.output.THEME`."""

    text: str
    style: str = ""


Line = tuple[Span, ...]


def line(*parts: Span | str) -> Line:
    """Return a line from pieces; bare text has no style."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts if part)


def plain(one: Line) -> str:
    """Return a line's text without its styles and without spaces at its end."""
    return "".join(span.text for span in one).rstrip()


_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(text: str) -> str:
    """Return text that can neither move the cursor nor turn the reading direction.

    Such characters become ``·``, breaks become spaces. Descriptions, results and log lines are other people's text; a
    terminal obeys what it is sent.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if c in "\n\r\t" else "·" if unicodedata.category(c) in _HIDDEN else c for c in text)


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1 for c in text
    )


def fit(text: str, width: int) -> str:
    """Shorten a text to ``width`` cells, with an ellipsis where something is missing."""
    if cells(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    kept, used = [], 0
    for character in text:
        used += cells(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text with spaces to ``width`` cells, on its left if it is to end at the ``right``."""
    space = " " * max(width - cells(text), 0)
    return space + text if right else text + space


def wrap(text: str, width: int) -> list[str]:
    """Break a text at spaces into lines of at most ``width`` cells; a longer word stands alone and is broken."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        candidate = f"{current} {word}" if current else word
        if cells(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        while cells(word) > width:
            head = fit(word, width + 1).removesuffix("…") or word[:1]
            lines.append(head)
            word = word[len(head) :]  # noqa: PLW2901 - the rest of the same word
        current = word
    return [*lines, current] if current else lines or [""]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, and whether its cells end at the right."""

    title: str
    right: bool = False


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[Span | str]], indent: str = "  ", gap: str = "  "
) -> list[Line]:
    """Lay rows out in columns as wide as their widest cell. The title line comes first, in style ``dim``."""
    body = [[cell if isinstance(cell, Span) else Span(cell) for cell in row] for row in rows]
    widths = [
        max([cells(column.title), *(cells(row[index].text) for row in body)]) for index, column in enumerate(columns)
    ]
    head = [Span(column.title, "dim") for column in columns]
    return [
        _row(row, columns, widths, indent, gap) for row in ([head, *body] if any(c.title for c in columns) else body)
    ]


def _row(row: Sequence[Span], columns: Sequence[Column], widths: Sequence[int], indent: str, gap: str) -> Line:
    parts = [Span(indent)]
    for index, (cell, column, width) in enumerate(zip(row, columns, widths, strict=True)):
        if index:
            parts.append(Span(gap))
        parts.append(Span(pad(cell.text, width, right=column.right), cell.style))
    return tuple(parts)


# --- amounts as people read them ---------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Write a duration with its two largest units: ``45s``, ``5m``, ``1h 30m``, ``2d 3h``."""
    whole = round(seconds)
    if whole < 0:
        return f"-{duration(-whole)}"
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    parts = []
    for name, size in units:
        if whole >= size:
            parts.append(f"{whole // size}{name}")
            whole %= size
    return " ".join(parts[:2]) if parts else "0s"


def about(seconds: float) -> str:
    """Write a duration as an estimate deserves it: ``~45s``, ``~15m``, ``~2h 10m``; no seconds beside minutes."""
    return f"~{duration(seconds if seconds < 90 else round(seconds / 60) * 60)}"


def money(amount: Decimal | str) -> str:
    """Write US dollars: cents from a cent on, four digits below (``$0.0042``)."""
    value = Decimal(amount)
    if value and abs(value) < Decimal("0.01"):
        return f"${value:.4f}"
    return f"${value:,.2f}"


def memory(amount: int) -> str:
    """Write bytes in the largest binary unit, with one decimal place where it is needed: ``1Gi``, ``1.5Gi``."""
    for suffix, unit in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if amount >= unit:
            value = amount / unit
            return f"{value:.0f}{suffix}" if value >= 100 or value == int(value) else f"{value:.1f}{suffix}"
    return str(amount)


def names(texts: Iterable[str], most: int = 8) -> str:
    """Join names by commas, ``b-2`` before ``b-10``; of many only the first are told, and how many more there are."""
    ordered = sorted(texts, key=_natural)
    if len(ordered) <= most + 1:
        return ", ".join(ordered)
    return f"{', '.join(ordered[:most])} and {len(ordered) - most:,} more"


def folded(texts: Iterable[str], least: int = 4) -> list[str]:
    """Sort names, and write those that only count on as one: ``part-0 … 9``, from ``least`` in a row on."""
    runs: list[list[tuple[str, str, int]]] = []
    for text in sorted(texts, key=_natural):
        stem, dash, number = text.rpartition("-")
        at = int(number) if dash and number.isdecimal() and number.isascii() and len(number) < 10 else -1
        if runs and at >= 0 and (stem, at - 1) == runs[-1][-1][1:]:
            runs[-1].append((text, stem, at))
        else:
            runs.append([(text, stem, at)])
    found: list[str] = []
    for run in runs:
        found += [f"{run[0][0]} … {run[-1][2]}"] if len(run) >= least else [text for text, _, _ in run]
    return found


def _natural(text: str) -> list[tuple[bool, int, str]]:
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", text)
    return [(part[0].isdecimal(), int(part) if part[0].isdecimal() else 0, part) for part in parts]


def count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: ``1 warning``, ``3 warnings``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
