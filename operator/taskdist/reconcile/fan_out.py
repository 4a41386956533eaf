"""Fan-out over a result: the subtasks that come into being when the list that they are made for is known.

The subtask with ``forEachResult`` never has a pod. Once the result is there it is fanned out into one member for each item, and
ends when they have all ended. Its members are computed anew from the result each time, so a restart in the midst loses nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from taskdist.api.names import SubTaskPhase, SubTaskReason
from taskdist.engine.model import PlannedSubTask
from taskdist.reconcile.outcome import UNSTORABLE
from taskdist.reconcile.views import SubTaskView

MOST_ITEMS = 500
"""A list longer than this fails the subtask: a result that an agent hands back must not fill the cluster."""
_LONGEST_ITEM = 1024
_LONGEST_ID = 63


def items(reference: str, subtasks: Mapping[str, SubTaskView]) -> tuple[tuple[str, ...], str]:
    """The items that ``TASK.KEY`` names, and what is wrong with them (empty if nothing).

    Text items are taken as they are, everything else as JSON.
    """
    task, _, key = reference.partition(".")
    parent = subtasks.get(task)
    text = dict(parent.results).get(key) if parent is not None else None
    if text is None:
        return (), f"subtask {task} handed back no result {key}"
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        return (), f"result {key} of subtask {task} is no JSON list"
    if not isinstance(listed, list):
        return (), f"result {key} of subtask {task} is no list"
    if len(listed) > MOST_ITEMS:
        return (), f"result {key} of subtask {task} has {len(listed)} items; at most {MOST_ITEMS} are fanned out"
    found = tuple(i if isinstance(i, str) else json.dumps(i, ensure_ascii=False, separators=(",", ":")) for i in listed)
    if any(len(item) > _LONGEST_ITEM for item in found):
        return (), f"result {key} of subtask {task} has an item of more than {_LONGEST_ITEM} characters"
    if any(UNSTORABLE.search(item) for item in found):
        return (), f"result {key} of subtask {task} has an item with a NUL character or half a surrogate pair"
    return found, ""


def member_ids(id_: str, count: int, taken: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Ids of the members, and what is wrong with them: ``<id>-<index>`` must fit and be free."""
    ids = tuple(f"{id_}-{index}" for index in range(count))
    if ids and len(ids[-1]) > _LONGEST_ID:
        return (), f"{ids[-1]} is longer than {_LONGEST_ID} characters; give the task a shorter name"
    if clash := sorted(set(ids) & set(taken)):
        return (), f"another task is already named {clash[0]}"
    return ids, ""


def member(planned: PlannedSubTask, id_: str, item: str) -> PlannedSubTask:
    """The subtask of one item. Its hash covers the item, so that an equal item is equal work."""
    digest = hashlib.sha256(f"{planned.definition_hash}\n{item}".encode()).hexdigest()
    return replace(planned, id=id_, item=item, for_each_result="", definition_hash=digest)


def end(members: Iterable[SubTaskView]) -> tuple[SubTaskPhase, SubTaskReason, str] | None:
    """How the fanned-out subtask ends, or ``None`` while a member has not ended."""
    phases = [m.phase for m in members]
    if any(p is None or not p.terminal for p in phases):
        return None
    good = sum(p is SubTaskPhase.SUCCEEDED for p in phases)
    message = f"{good} of {len(phases)} items succeeded"
    if good == len(phases):
        return SubTaskPhase.SUCCEEDED, SubTaskReason.COMPLETED, message
    if any(p is SubTaskPhase.FAILED for p in phases):
        return SubTaskPhase.FAILED, SubTaskReason.ITEMS_FAILED, message
    if any(p is SubTaskPhase.CANCELLED for p in phases):
        return SubTaskPhase.CANCELLED, SubTaskReason.CANCELLED, message
    return SubTaskPhase.SKIPPED, SubTaskReason.ITEMS_FAILED, message
