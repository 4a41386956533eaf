"""What a split text is: tasks, candidate edges, findings."""

from __future__ import annotations

from dataclasses import dataclass

from taskdist.engine.model import Finding, TriggerRule


@dataclass(frozen=True, slots=True)
class TextTask:
    """One piece of work found in a text.

    ``id`` is a DNS label, unique in the split; ``span`` the offsets of its words in the text; ``condition`` the words
    of the condition under which it runs ("" if none), for which ``trigger_rule`` says which end of its dependencies
    lets it start.
    """

    id: str
    description: str
    span: tuple[int, int]
    trigger_rule: TriggerRule = TriggerRule.ALL_SUCCEEDED
    condition: str = ""


@dataclass(frozen=True, slots=True, order=True)
class TextEdge:
    """``after`` waits for ``before``; ``cue`` holds the words that say so, ``confidence`` in [0, 1] how sure they are."""

    before: str
    after: str
    cue: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Split:
    """The tasks of a text in reading order, every candidate edge between them, and what the user should know."""

    tasks: tuple[TextTask, ...] = ()
    edges: tuple[TextEdge, ...] = ()
    findings: tuple[Finding, ...] = ()
