"""The one entry: text in, tasks and candidate edges out."""

from __future__ import annotations

from taskdist.engine.model import Finding, Severity
from taskdist.engine.text.content import object_phrase
from taskdist.engine.text.describe import describe, span
from taskdist.engine.text.edges import Orderer
from taskdist.engine.text.expand import expand
from taskdist.engine.text.model import Split, TextEdge, TextTask
from taskdist.engine.text.naming import name, unique
from taskdist.engine.text.outcome import trigger_rule
from taskdist.engine.text.reader import read
from taskdist.engine.text.settle import settle
from taskdist.engine.text.word import Word

PATH = "spec.description"
_MOST_HOPS = 20


def split(text: str, *, max_subtasks: int = 50) -> Split:
    """Find the work in ``text``.

    Deterministic: equal texts give equal splits. All candidate edges are returned with their confidence; who plans
    decides which to keep. A text in which no work is recognised becomes one task; one without any word gives none.
    """
    if not any(c.isalnum() for c in text):
        return Split(findings=(_no_work("the description has no words"),))
    root = read(text)
    settle(root)
    expand(root)
    orderer = Orderer(root)
    if not orderer.steps:
        return _one_task(text)
    found = orderer.run()
    ids = unique([name(step) for step in orderer.steps])
    tasks = tuple(
        TextTask(
            ids[k],
            describe(text, step, _meant(orderer, k)),
            span(step),
            trigger_rule(step.condition),
            step.condition.text if step.condition else "",
        )
        for k, step in enumerate(orderer.steps)
    )
    edges = tuple(sorted(TextEdge(ids[a], ids[b], cue, confidence) for (a, b), (cue, confidence) in found.items()))
    return Split(tasks, edges, _too_many(len(tasks), max_subtasks))


def _meant(orderer: Orderer, k: int) -> list[Word]:
    """What the pronoun of step ``k`` stands for: the thing that the step it points to works on."""
    hops = 0
    while k in orderer.meant and hops < _MOST_HOPS:
        k, hops = orderer.meant[k], hops + 1
        phrase = object_phrase(orderer.steps[k])
        if phrase and k not in orderer.meant:
            return phrase
    return []


def _one_task(text: str) -> Split:
    whole = " ".join(text.split())
    start = len(text) - len(text.lstrip())
    task = TextTask("task", whole, (start, start + len(text.strip())))
    return Split(
        (task,),
        (),
        (
            _no_work(
                "no piece of work was recognised in the description; all of it became one subtask", Severity.WARNING
            ),
        ),
    )


def _no_work(message: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(
        "NoWorkFound",
        severity,
        PATH,
        message,
        'say what is to be done with a verb ("Analyze the access logs"), or write explicit tasks',
    )


def _too_many(count: int, most: int) -> tuple[Finding, ...]:
    if count <= most:
        return ()
    return (
        Finding(
            "TooManySubTasks",
            Severity.ERROR,
            PATH,
            f"the description asks for {count:,} pieces of work; spec.splitter.maxSubTasks allows {most:,}",
            "raise spec.splitter.maxSubTasks, or split the description into several distributions",
        ),
    )
