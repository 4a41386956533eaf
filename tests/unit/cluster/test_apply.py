"""Which actions become writes."""

from __future__ import annotations

from typing import cast

import pytest

from taskdist.cluster.apply import Applier
from taskdist.cluster.client import Client
from taskdist.cluster.store import Key, Store
from taskdist.cluster.writes import WriteQueue
from taskdist.reconcile.actions import Action, CreateObject, CreatePod, CreateSubTask, DeletePod

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
