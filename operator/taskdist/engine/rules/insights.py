"""Rows for what would save money, time or room. The numbers are worked out in :mod:`taskdist.engine.insights`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Severity
from taskdist.engine.rules.rule import Hit, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskdist.engine.facts import Facts

_ROWS: Final = (
    ("CheaperProvider", "spec.placement.providers", "Another provider would be cheaper.", "allow it"),
    ("MoreParallel", "spec.limits.maxParallel", "maxParallel makes the plan longer.", "raise it"),
    (
        "FewerParallel",
        "spec.limits.maxParallel",
        "Fewer subtasks at a time take as long, and leave room for others.",
        "lower it",
    ),
    (
        "SmallerRequests",
        "spec.resourcePolicy.rightSizing",
        "Finished attempts used less than is requested.",
        "ask for less, or set rightSizing to Apply",
    ),
    ("ShorterChain", "spec", "One subtask of the critical path decides the duration.", "split it, or give it more CPU"),
)


def _check(code: str) -> Callable[[Facts], Iterator[Hit]]:
    def check(facts: Facts) -> Iterator[Hit]:
        if facts.plan is not None:
            yield from (Hit(i.message, i.path, i.recommendation) for i in facts.plan.insights if i.code == code)

    return check


RULES: Final = tuple(
    Rule(code, Severity.INFO, path, meaning, recommendation, _check(code), needs_plan=True)
    for code, path, meaning, recommendation in _ROWS
)
