"""Rules about what runs under a condition: branches that nothing keeps apart, and work that only a failure would start."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Severity, TriggerRule
from taskdist.engine.rules.rule import Hit, Rule, counted, names, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskdist.engine.drafts import Draft
    from taskdist.engine.facts import Facts

_OUTCOME: Final = re.compile(
    r"\b(?:pass(?:es|ed)?|succe(?:ss|ssful|eds?|eded)|green|work(?:s|ed)|ok(?:ay)?|unsuccessful|fail(?:s|ed|ing|ure)?|red|"
    r"break(?:s|ing)?|broke|crash(?:es|ed)?)\b",
    re.IGNORECASE,
)
"""Words that speak of how a step ended: that is what a trigger rule can tell."""
_COUNTERPART: Final = re.compile(r"\b(?:otherwise|else|or|if (?:not|so)|in that case)\b", re.IGNORECASE)


def _unkept(facts: Facts) -> Iterator[Hit]:
    """Branches that run whatever the condition says, because it is not about success or failure."""
    drafts = facts.outline.drafts.items
    after_failure = {d.name for one in drafts if one.trigger_rule is TriggerRule.ANY_FAILED for d in one.dependencies}
    open_ones = [one for one in drafts if one.condition and not _is_kept(one, after_failure)]
    if open_ones:
        few = names([f"{one.id}: {quoted(one.condition)}" for one in open_ones])
        are = "runs" if len(open_ones) == 1 else "run"
        yield Hit(
            f"{counted(len(open_ones), 'subtask')} {are} whether the condition holds or not ({few}): only success and failure "
            "of a subtask can be told apart"
        )


def _is_kept(one: Draft, after_failure: set[str]) -> bool:
    if one.trigger_rule is not TriggerRule.ALL_SUCCEEDED or (one.dependencies and _OUTCOME.search(one.condition)):
        return True
    # The counterpart of a branch for failures is that for success, which is what AllSucceeded says.
    waits = {d.name for d in one.dependencies}
    return bool(_COUNTERPART.search(one.condition) and waits & after_failure)


def _only_after_failure(facts: Facts) -> Iterator[Hit]:
    """What waits for the success of a subtask that runs only after a failure: when all goes well, it is skipped too."""
    outline = facts.outline
    items = outline.drafts.items
    idle = {i for i in outline.order if items[i].trigger_rule is TriggerRule.ANY_FAILED and outline.graph.before[i]}
    handlers = frozenset(idle)
    found: list[str] = []
    for i in outline.order:
        before = outline.graph.before[i]
        if i not in idle and items[i].trigger_rule is TriggerRule.ALL_SUCCEEDED and any(b in idle for b in before):
            idle.add(i)
            # Waiting for the handler alone is what a chain of clean-up does; with others beside, it is mostly a slip.
            if not all(b in idle for b in before):
                found.append(items[i].id)
    if found:
        who = names([items[i].id for i in sorted(handlers)])
        are = "waits" if len(found) == 1 else "wait"
        yield Hit(
            f"{counted(len(found), 'subtask')} ({names(found)}) {are} for the success of what runs only after a failure ({who}): "
            "skipped when all goes well",
            next(one.path for one in items if one.id == found[0]),
        )


W = Severity.WARNING

RULES: Final = (
    Rule(
        "ConditionNotKept",
        W,
        "spec.description",
        "The text makes subtasks depend on something that is neither success nor failure of another one, so that all branches "
        "run.",
        "let one subtask check it and fail (exit code 65), and write explicit tasks with triggerRule AllSucceeded and AnyFailed; "
        "taskdist plan -o yaml prints them",
        _unkept,
    ),
    Rule(
        "RunsOnlyAfterFailure",
        W,
        "spec.tasks[].triggerRule",
        "A subtask waits for the success of one that runs only after a failure, and of others: when all goes well it is skipped.",
        "give it triggerRule AllFinished or AnySucceeded, or remove the dependency",
        _only_after_failure,
    ),
)
