"""The canonical end state of a distribution: what must be equal whatever happened on the way.

Names of namespaces, UIDs, times, revisions of etcd and usage (which follows from times) are left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from e2e.faults.api import Api
from e2e.faults.audit import OPERATOR, Event, counts


@dataclass(frozen=True, slots=True)
class EndState:
    """`children` counts creations and deletions by the audit log."""

    phase: str
    progress: str
    conditions: tuple[tuple[str, str, str], ...]
    counts: tuple[tuple[str, int], ...]
    plan: tuple[str, int]
    subtasks: tuple[tuple[Any, ...], ...]
    children: tuple[tuple[str, str, str, int], ...]

    def differences(self, other: EndState) -> list[str]:
        """Where two end states are not equal, in words."""
        return [
            f"{name}: {mine} against {theirs}"
            for name in self.__slots__
            if (mine := getattr(self, name)) != (theirs := getattr(other, name))
        ]


def end_state(api: Api, events: list[Event], namespace: str, name: str) -> EndState:
    """Read it from the API server and its audit log."""
    status = api.root(namespace, name).get("status", {})
    plan = status.get("plan", {})
    return EndState(
        status.get("phase", ""),
        status.get("progress", ""),
        tuple(sorted((c["type"], c["status"], c["reason"]) for c in status.get("conditions", ()))),
        tuple(sorted(status.get("counts", {}).items())),
        (plan.get("hash", ""), plan.get("revision", 0)),
        tuple(sorted(_subtask(subtask) for subtask in api.subtasks(namespace))),
        tuple(sorted(_children(events))),
    )


def _subtask(subtask: dict[str, Any]) -> tuple[Any, ...]:
    status = subtask.get("status", {})
    return (
        subtask["spec"]["id"],
        status.get("phase", ""),
        status.get("reason", ""),
        tuple((a["number"], a.get("reason", ""), a.get("exitCode", -1)) for a in status.get("attempts", ())),
        tuple(sorted(status.get("results", {}).items())),
    )


def _children(events: list[Event]) -> list[tuple[str, str, str, int]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for resource in ("pods", "subtasks", "executionplans"):
        for verb in ("create", "delete"):
            # kwok deletes a pod once more when its time has come: what counts is what the operator asked for.
            for name, times in counts(events, resource, verb, by=OPERATOR).items():
                found[resource, verb, name] += times
    return [(*key, times) for key, times in found.items()]
