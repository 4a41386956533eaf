"""Which actions become writes."""

from __future__ import annotations

from typing import cast

import pytest

from taskdist.api.names import SubTaskReason
from taskdist.cluster.apply import Applier
from taskdist.cluster.client import Client
from taskdist.cluster.store import Key, Store
from taskdist.cluster.writes import Priority, Write, WriteQueue
from taskdist.reconcile.actions import Action, CreateObject, CreatePod, CreateSubTask, DeletePod, PatchSubTaskStatus

KEY = Key("team", "release")


@pytest.mark.parametrize(
    ("action", "mark", "created"),
    [
        (CreatePod("a", 1, "release-a-1", {}), ("pod", "a"), True),
        (CreateSubTask("a", "release-a", {"spec": {}}), ("subtask", "a"), True),
        (CreateObject("ExecutionPlan", "release-1", {}), ("plan", "release-1"), True),
        (DeletePod("a", 1, "release-a-1", "u"), ("delete", "u"), False),
    ],
)
def test_nothing_is_created_in_a_namespace_that_ends(action: Action, mark: tuple[str, str], *, created: bool) -> None:
    store = Store(lambda _: None)
    writes = WriteQueue()
    applier = Applier(cast("Client", None), store, writes, lambda *_: None)
    pending = store.projection(KEY).pending
    pending.add(mark)
    applier.submit(KEY, action)
    assert (len(writes), mark in pending) == ((0, False) if created else (1, True))
    store.catalogue.namespaces[KEY.namespace] = {}
    applier.submit(KEY, action)
    assert len(writes) == (1 if created else 2)


@pytest.mark.parametrize(
    ("phase", "ended", "priority"),
    [
        ("Ready", None, Priority.ROOT),
        ("Running", None, Priority.ROOT),
        ("Retrying", SubTaskReason.EVICTED, Priority.RESULT),
        ("Succeeded", SubTaskReason.COMPLETED, Priority.RESULT),
        ("Skipped", None, Priority.RESULT),
    ],
)
def test_a_status_that_only_shows_goes_behind_results(
    phase: str, ended: SubTaskReason | None, priority: Priority
) -> None:
    put: list[Priority] = []

    class Writes(WriteQueue):
        def put(self, priority: Priority, write: Write, namespace: str = "") -> None:  # noqa: ARG002
            put.append(priority)

    applier = Applier(cast("Client", None), Store(lambda _: None), Writes(), lambda *_: None)
    applier.submit(KEY, PatchSubTaskStatus("a", "release-a", "1", {"phase": phase}, ended=ended))
    assert put == [priority]
