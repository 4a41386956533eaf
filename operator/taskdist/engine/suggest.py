"""What someone may have meant who wrote a name that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST: Final = 63
_MOST: Final = 2000
"""Names compared at most; the search stays bounded whatever the request holds."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` for the known name that is nearest to ``wrong``, or nothing if none is near.

    Near means at most one edit per three letters (an edit inserts, deletes or replaces a letter, or swaps two neighbours).
    """
    if not wrong or len(wrong) > _LONGEST:
        return ""
    allowed = max(1, (len(wrong) + 1) // 3)
    best: tuple[int, str] | None = None
    for name in sorted(name for name in known if name and abs(len(name) - len(wrong)) <= allowed)[:_MOST]:
        distance = _edits(wrong.lower(), name.lower(), allowed)
        if distance <= allowed and (best is None or distance < best[0]):
            best = (distance, name)
    return f'; did you mean "{best[1]}"?' if best else ""


def _edits(a: str, b: str, bound: int) -> int:
    """Optimal string alignment distance, or more than ``bound`` as soon as it must be."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > bound:
            return bound + 1
    return row[-1]
