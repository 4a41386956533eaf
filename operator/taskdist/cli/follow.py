"""Following a distribution: its object and its subtasks, as they change, until the caller has seen enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskdist.api import SubTask, TaskDistribution
from taskdist.api.names import Annotation, ConditionStatus, ConditionType, Label, Phase
from taskdist.cli.output import fail
from taskdist.cluster import paths
from taskdist.cluster.errors import ApiError, ClusterUnreachableError

if TYPE_CHECKING:
    from taskdist.cli.online import Session

_QUIET = 0.15
"""Seconds to gather changes before they are shown together: one end of a subtask changes several objects."""
_AGAIN = 1.0
"""Seconds before a broken watch is begun anew."""
_PATIENCE = 30
"""Broken watches in a row after which the cluster counts as unreachable."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A distribution and its subtasks at one moment; ``root`` is None once it is deleted."""

    root: TaskDistribution | None
    subtasks: tuple[SubTask, ...] = ()

    def condition(self, kind: str) -> tuple[ConditionStatus, str]:
        """Return the status and message of a condition, if it is about the object as it is now; else Unknown."""
        if self.root is not None and self._heard:
            current = self.root.metadata.generation
            for one in self.root.status.conditions:
                if one.type == kind and (one.observed_generation or 0) >= current:
                    return one.status, one.message
        return ConditionStatus.UNKNOWN, ""

    @property
    def _heard(self) -> bool:
        """True if the operator has seen the last call to run again: until then the status speaks of the time before."""
        if self.root is None:
            return False
        asked, status = self.root.metadata.annotations, self.root.status
        return (asked.get(Annotation.RETRY, ""), asked.get(Annotation.RESUBMIT, "")) == (
            status.observed_retry,
            status.observed_resubmit,
        )

    def holds(self, kind: str) -> bool:
        """True if a condition is True for the object as it is now."""
        return self.condition(kind)[0] is ConditionStatus.TRUE

    @property
    def over(self) -> bool:
        """True if nothing happens any more until somebody changes the object: it ended, or it cannot go on."""
        return (
            self.root is None
            or self.holds(ConditionType.FINISHED)
            or self.holds(ConditionType.STALLED)
            or self.only_planned
        )

    @property
    def only_planned(self) -> bool:
        """True if the plan is there and nothing more was asked for (planning mode PlanOnly)."""
        root = self.root
        return (
            root is not None
            and root.spec.planning.mode.value == "PlanOnly"
            and root.status.phase is Phase.PLANNED
            and self.holds(ConditionType.PLANNED)
        )


@dataclass(slots=True)
class _State:
    root: dict[str, Any] | None = None
    subtasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None


async def follow(session: Session, name: str, *, subtasks: bool = True) -> AsyncGenerator[Seen]:
    """Yield what is there, and then each change, gathered over a moment. Ends after the object was deleted.

    A watch that breaks off is begun anew. One that cannot be begun raises what the API server said.
    """
    state = _State()
    kinds = ["TaskDistribution", "SubTask"] if subtasks else ["TaskDistribution"]
    watches = [asyncio.create_task(_keep_watching(session, kind, name, state)) for kind in kinds]
    try:
        while True:
            await state.changed.wait()
            state.changed.clear()
            if state.error is not None:
                raise state.error
            if len(state.listed) < len(kinds):
                continue
            seen = _seen(state)
            yield seen
            if seen.root is None:
                return
            await asyncio.sleep(_QUIET)
    finally:
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)


def _seen(state: _State) -> Seen:
    root = TaskDistribution.model_validate(state.root) if state.root is not None else None
    subtasks = [SubTask.model_validate(raw) for raw in state.subtasks.values()]
    return Seen(
        root, tuple(sorted(subtasks, key=lambda subtask: (subtask.spec.start, subtask.spec.finish, subtask.spec.id)))
    )


async def _keep_watching(session: Session, kind: str, name: str, state: _State) -> None:
    path = paths.collection(kind, session.namespace)
    if kind == "TaskDistribution":
        params = {"fieldSelector": f"metadata.name={name}"}
    else:
        params = {"labelSelector": f"{Label.DISTRIBUTION}={name}"}
    failures = 0
    while True:
        try:
            listed = await session.client.list(path, params)
            _take_list(state, kind, listed["items"])
            version = listed["metadata"]["resourceVersion"]
            async for event in session.client.watch(path, {**params, "resourceVersion": version}):
                failures = 0
                if event["type"] == "ERROR":  # most often: too old a version, which a new list mends
                    break
                _take_event(state, kind, event)
        except ApiError as error:
            failures += 1
            if not (error.transient or error.gone) or failures > _PATIENCE:
                return _broken(state, error)
        except ClusterUnreachableError as error:
            failures += 1
            if failures > _PATIENCE or not state.listed:
                return _broken(state, error)
        if failures:
            await asyncio.sleep(_AGAIN)


def _broken(state: _State, error: Exception) -> None:
    state.error = error
    state.changed.set()


def _take_list(state: _State, kind: str, items: list[dict[str, Any]]) -> None:
    if kind == "SubTask":
        state.subtasks = {one["metadata"]["name"]: one for one in items}
    else:
        state.root = items[0] if items else None
    state.listed.add(kind)
    state.changed.set()


def _take_event(state: _State, kind: str, event: dict[str, Any]) -> None:
    there = event["type"] != "DELETED"
    one = event["object"]
    if kind == "SubTask":
        if there:
            state.subtasks[one["metadata"]["name"]] = one
        else:
            state.subtasks.pop(one["metadata"]["name"], None)
    else:
        state.root = one if there else None
    state.changed.set()


def deleted(name: str) -> None:
    """End the call: the distribution that was followed is gone."""
    fail(f'TaskDistribution "{name}" was deleted')
