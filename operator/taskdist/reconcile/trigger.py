"""Whether a subtask's dependencies let it start, forbid it for good, or neither yet."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from taskdist.api.names import SubTaskPhase
from taskdist.engine.model import TriggerRule


class Verdict(Enum):
    """What the parents' phases say."""

    START = auto()
    WAIT = auto()
    NEVER = auto()


def verdict(rule: TriggerRule, parents: Sequence[SubTaskPhase]) -> Verdict:
    """Apply a trigger rule to the phases of all parents. Without parents every rule starts."""
    if not parents:
        return Verdict.START
    finished = all(p.terminal for p in parents)
    succeeded = sum(p is SubTaskPhase.SUCCEEDED for p in parents)
    match rule:
        case TriggerRule.ALL_SUCCEEDED:
            if succeeded == len(parents):
                return Verdict.START
            missed = any(p.terminal and p is not SubTaskPhase.SUCCEEDED for p in parents)
            return Verdict.NEVER if missed else Verdict.WAIT
        case TriggerRule.ALL_FINISHED:
            return Verdict.START if finished else Verdict.WAIT
        case TriggerRule.ANY_SUCCEEDED:
            hit = succeeded > 0
        case TriggerRule.ANY_FAILED:
            hit = any(p is SubTaskPhase.FAILED for p in parents)
    if hit:
        return Verdict.START
    return Verdict.NEVER if finished else Verdict.WAIT
