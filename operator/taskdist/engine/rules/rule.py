"""The form of a validation rule, and how findings come out of the table: bounded, escaped, each once, in one order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from taskdist.engine.facts import Facts

_SHOWN: Final = 3
_LONGEST_TEXT: Final = 1500
_LONGEST_PATH: Final = 500
_RANK: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that a rule found. What is left out is taken from the rule's row."""

    message: str
    path: str = ""
    recommendation: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: its words for the documentation, and the check that speaks for a request.

    ``needs_plan`` says that the check reads ``facts.plan``; it is left out while the request cannot be planned.
    """

    code: str
    severity: Severity
    path: str
    meaning: str
    recommendation: str
    check: Callable[[Facts], Iterable[Hit]]
    needs_plan: bool = False

    def findings(self, facts: Facts) -> list[Finding]:
        """Every finding of this rule."""
        if self.needs_plan and facts.plan is None:
            return []
        return [
            Finding(
                self.code,
                hit.severity or self.severity,
                _bounded(hit.path or self.path, _LONGEST_PATH),
                _bounded(hit.message, _LONGEST_TEXT),
                _bounded(hit.recommendation or self.recommendation, _LONGEST_TEXT),
            )
            for hit in self.check(facts)
        ]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once: errors first, then by path (tasks[2] before tasks[10]), then by code."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda f: (_RANK[f.severity], natural(f.path), f.code, f.message)))


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key in which numbers inside of a text count as numbers."""
    return tuple((1, int(part)) if part.isdecimal() else (0, part) for part in re.split(r"([0-9]{1,9})", text) if part)


def names(items: Sequence[str], shown: int = _SHOWN) -> str:
    """Write the first few names and how many more there are: ``a, b, c and 7 more``."""
    listed = ", ".join(items[:shown])
    return f"{listed} and {len(items) - shown} more" if len(items) > shown else listed


def quoted(text: str) -> str:
    """Put a user's word in quotes, shortened."""
    return f'"{text[:60]}…"' if len(text) > 61 else f'"{text}"'


def counted(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun: ``1 subtask``, ``3 subtasks``."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {many or one + 's'}"


def seconds(value: int) -> str:
    """Write a duration as people read it: ``45 s``, ``12 min``, ``3 h 20 min``."""
    if value < 120:
        return f"{value} s"
    minutes = round(value / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours / 24:.1f} days"


def _bounded(text: str, longest: int) -> str:
    """Shorten a text, and show what does not print (control and direction marks, half characters) as an escape."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
