"""Whether a condition asks for the success or for the failure of a step."""

from __future__ import annotations

from taskdist.engine.model import TriggerRule
from taskdist.engine.text.step import Condition
from taskdist.engine.text.words import function

_SUCCESS = frozenset(
    [
        "pass",
        "passes",
        "passed",
        "succeed",
        "succeeds",
        "succeeded",
        "success",
        "successful",
        "green",
        "works",
        "worked",
        "ok",
        "okay",
    ]
)
_FAILURE = frozenset(
    [
        "fail",
        "fails",
        "failed",
        "failing",
        "failure",
        "red",
        "breaks",
        "broke",
        "crash",
        "crashes",
        "crashed",
        "unsuccessful",
    ]
)


def fails(words: str) -> bool:
    """True if the words name a failure: "if they fail"."""
    return not _FAILURE.isdisjoint(words.lower().split())


def trigger_rule(condition: Condition | None) -> TriggerRule:
    """``AnyFailed`` for the branch that runs when the tested step fails, else ``AllSucceeded``.

    A condition on anything else than success or failure ("if the disk is full") cannot be told from how a step ended.
    """
    if condition is None:
        return TriggerRule.ALL_SUCCEEDED
    words = {w.lower for w in condition.clause.words} | set(condition.text.lower().split())
    failing = bool(words & _FAILURE)
    if not failing and not words & _SUCCESS:
        return TriggerRule.ALL_SUCCEEDED
    if words & (function.NEGATIONS | {"unless"}):
        failing = not failing
    return TriggerRule.ANY_FAILED if failing != condition.otherwise else TriggerRule.ALL_SUCCEEDED
