"""A distribution that is gone leaves nothing behind: whatever was remembered by its name or its children is forgotten."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import pytest
from tests.unit.cluster.test_store import KEY, labelled, pod, subtask

from taskdist.api.names import API_VERSION, Label
from taskdist.cluster.client import Client, Credentials
from taskdist.cluster.reconciler import Reconciler
from taskdist.cluster.wire import WirePlan
from taskdist.reconcile.slots import Claimant, Kind, Rank, Slot

ROOT = {
    "apiVersion": API_VERSION,
    "kind": "TaskDistribution",
    "metadata": {"name": KEY.name, "namespace": KEY.namespace, "uid": "r", "generation": 1, "resourceVersion": "1"},
    "spec": {"tasks": [{"name": "a", "agentType": "general", "script": "true"}]},
}
OWNERS = [{"apiVersion": API_VERSION, "kind": "TaskDistribution", "name": KEY.name, "uid": "r", "controller": True}]
SLOT = Slot(Kind.LOCK, "one", KEY.namespace, 1)


def plan() -> WirePlan:
    metadata = {"name": "release-1", "namespace": KEY.namespace, "uid": "e", "resourceVersion": "1"}
    metadata |= {"labels": {Label.DISTRIBUTION: KEY.name}, "ownerReferences": OWNERS}
    spec = {"revision": 1, "hash": "h", "subTaskCount": 1}
    return msgspec.convert({"metadata": metadata, "spec": spec}, WirePlan)


def entries(thing: Any, seen: set[int] | None = None) -> int:
    """How many things are in all the containers that can be reached from one of our objects."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, (str, bytes, type)):
        return 0
    seen.add(id(thing))
    if isinstance(thing, dict):
        return len(thing) + sum(entries(part, seen) for pair in thing.items() for part in pair)
    if isinstance(thing, (list, tuple, set, frozenset, deque)):
        return len(thing) + sum(entries(part, seen) for part in thing)
    if not type(thing).__module__.startswith("taskdist."):
        return 0
    if dataclasses.is_dataclass(thing):
        return sum(entries(getattr(thing, f.name), seen) for f in dataclasses.fields(thing))
    return sum(entries(part, seen) for part in getattr(thing, "__dict__", {}).values())


@pytest.fixture
async def reconciler() -> AsyncIterator[Reconciler]:
    async with aiohttp.ClientSession() as session:  # nothing is asked of it
        yield Reconciler(Client(Credentials("http://127.0.0.1:9", "default", None, None), session))


def come(reconciler: Reconciler) -> None:
    """A distribution with all that is remembered of one: children, a claim, appointments, a failure."""
    store = reconciler.store
    store.root_changed(ROOT)
    store.plan_event("ADDED", plan())
    store.subtask_event("ADDED", subtask("1"))
    store.pod_event("ADDED", pod("Running"))
    now = datetime(2030, 1, 1, tzinfo=UTC)
    who = Claimant(KEY.namespace, KEY.name, "a")
    assert store.catalogue.slots.claim(who, (SLOT,), Rank(0, now, 0, "release/a")) is None
    store.projections[KEY].look_again("a", now)
    reconciler.queue.ring_later(KEY, 3600)
    reconciler._write_failed(KEY, None)
    reconciler._next_root[KEY] = 1.0


def go_children(reconciler: Reconciler) -> None:
    reconciler.store.pod_event("DELETED", pod("Running"))
    reconciler.store.subtask_event("DELETED", subtask("2"))
    reconciler.store.plan_event("DELETED", plan())


def go_root(reconciler: Reconciler) -> None:
    reconciler.store.root_gone(KEY.namespace, KEY.name)


async def settle(reconciler: Reconciler) -> None:
    while reconciler.queue._ready:
        key = await reconciler.queue.take()
        if reconciler.store.projections.get(key) is None:
            await reconciler.reconcile(key)
        reconciler.queue.done(key)


@pytest.mark.parametrize(
    "end", [(go_root, go_children), (go_children, go_root)], ids=["root first", "children first, as after an expiry"]
)
async def test_a_root_that_is_gone_leaves_nothing(reconciler: Reconciler, end: Any) -> None:
    reconciler.store.namespaces_listed(None, [labelled("1")])
    before = entries(reconciler)
    come(reconciler)
    there = entries(reconciler)
    assert there > before + 20
    for go in end:
        await settle(reconciler)  # nothing is left that would look at it once more by chance
        go(reconciler)
    await settle(reconciler)
    assert reconciler.store.projections == {}
    assert len(reconciler.queue) == 0
    # Appointments that are void stay in their heap until many are; one for each of those made above may be there.
    assert entries(reconciler) - before <= 2 * (1 + 3) + len(reconciler.store._ended)
    assert len(reconciler.store._ended) == 3  # the last few thousand, whosever they were


async def test_an_answer_that_comes_after_the_end_brings_nothing_back(reconciler: Reconciler) -> None:
    come(reconciler)
    go_root(reconciler)
    go_children(reconciler)
    reconciler.store.plan_event("ADDED", plan())
    reconciler.store.subtask_event("MODIFIED", subtask("2"))
    reconciler.store.pod_created(pod("Pending"))
    reconciler.store.pod_event("ADDED", pod("Pending"))
    assert reconciler.store.projections == {}


async def test_children_of_nobody_are_not_remembered(reconciler: Reconciler) -> None:
    """Whoever may create SubTasks could have the operator remember as many distributions as he has names."""
    forged = subtask("1")
    reconciler.store.subtask_event(
        "ADDED", msgspec.structs.replace(forged, metadata=msgspec.structs.replace(forged.metadata, owner_references=[]))
    )
    seen = pod("Pending")
    reconciler.store.pod_event(
        "ADDED", msgspec.structs.replace(seen, metadata=msgspec.structs.replace(seen.metadata, owner_references=[]))
    )
    assert reconciler.store.projections == {}


async def test_void_appointments_do_not_pile_up(reconciler: Reconciler) -> None:
    reconciler.queue.ring_later(KEY, 60)  # one that stands, before all others
    for number in range(1000):
        key = dataclasses.replace(KEY, name=f"release-{number}")
        reconciler.queue.ring_later(key, 3600)
        reconciler.queue.ring(key)
        await reconciler.reconcile(await reconciler.queue.take())
        reconciler.queue.done(key)
    assert len(reconciler.queue) == 1
    assert len(reconciler.queue._later) <= 100
