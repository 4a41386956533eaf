"""What a quota turned away stands in line: few ask without a sign of room, and each sign calls one."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from tests.unit.cluster.test_store import KEY, labelled, pod, subtask

from taskdist.api.names import API_VERSION, SubTaskPhase, SubTaskReason
from taskdist.cluster.apply import Applier
from taskdist.cluster.client import Client
from taskdist.cluster.errors import ApiError
from taskdist.cluster.store import Key, Store
from taskdist.cluster.turned_away import TurnedAway
from taskdist.cluster.writes import Priority, Write, WriteQueue
from taskdist.reconcile.actions import CreatePod
from taskdist.reconcile.projection import Refusal

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_the_longer_the_line_the_longer_who_joins_waits_uncalled() -> None:
    line: TurnedAway[int] = TurnedAway()
    pauses = [line.join("a", number).total_seconds() for number in range(1000)]
    assert pauses[:10] == [5.0] * 10
    for second in range(0, 500, 5):
        assert sum(second < pause <= second + 5 for pause in pauses) == 10, "two a second, however many there are"
    assert line.join("b", 1).total_seconds() == 5.0


def test_they_are_called_in_the_order_of_being_turned_away() -> None:
    line: TurnedAway[int] = TurnedAway()
    for number in (1, 2, 3, 4):
        line.join("a", number)
    line.join("a", 1)
    line.leave("a", 3)
    line.leave("b", 3)
    assert [line.call("a") for _ in range(4)] == [2, 4, 1, None]
    assert line.call("b") is None
    assert len(line) == 0
    assert line._lines == {}


class FullServer:
    """A namespace at its quota."""

    def __init__(self) -> None:
        self.clock = self

    def now(self) -> datetime:
        return NOW

    async def request(self, _method: str, _path: str, body: Any) -> bytes:
        raise ApiError(403, "Forbidden", f"pods {body['metadata']['name']} is forbidden: exceeded quota: tenant")


class Writes:
    def __init__(self) -> None:
        self.waiting: list[Write] = []

    def put(self, _priority: Priority, write: Write, _namespace: str = "") -> None:
        self.waiting.append(write)


def turned_away() -> tuple[Store, list[Key]]:
    """A store with a subtask whose pod the quota has refused."""
    rung: list[Key] = []
    store = Store(rung.append)
    store.namespaces_listed(None, [labelled("1")])
    store.subtask_event("ADDED", subtask("1"))
    projection = store.projection(KEY)
    projection.set_phase("a", SubTaskPhase.READY)
    writes, server = Writes(), FullServer()
    applier = Applier(cast("Client", server), store, cast("WriteQueue", writes), lambda *_: None)
    owner = {"apiVersion": API_VERSION, "kind": "SubTask", "name": "release-a", "uid": "s-1", "controller": True}
    body = {"metadata": {"name": "release-a-1", "ownerReferences": [owner]}}
    applier.submit(KEY, CreatePod("a", 1, "release-a-1", body))
    write = cast("Coroutine[None, None, None]", writes.waiting.pop()())
    with suppress(StopIteration):
        write.send(None)
    projection.take_dirty(NOW)
    rung.clear()
    return store, rung


def test_a_pod_that_ends_calls_the_first() -> None:
    store, rung = turned_away()
    projection = store.projections[KEY]
    assert projection.refused["a"] == Refusal(
        NOW + timedelta(seconds=5), SubTaskReason.QUOTA_EXCEEDED, projection.refused["a"].message
    )
    other = pod("Running")
    other.metadata.labels["taskdist.dev/distribution"] = "other"
    store.pod_event("ADDED", other)
    assert "a" in projection.refused
    ended = pod("Succeeded")
    ended.metadata.labels["taskdist.dev/distribution"] = "other"
    rung.clear()
    store.pod_event("MODIFIED", ended)
    assert projection.refused == {}
    assert KEY in rung
    assert projection.take_dirty(NOW) == ["a"]
    assert len(store.turned_away) == 0


def test_an_end_is_one_call_however_often_it_is_told() -> None:
    store, _ = turned_away()
    ended = pod("Succeeded")
    ended.metadata.labels["taskdist.dev/distribution"] = "other"
    store.pod_event("ADDED", ended)
    store.turned_away.join(KEY.namespace, (KEY, "b"))
    store.pod_event("MODIFIED", ended)
    store.pod_event("DELETED", ended)
    assert len(store.turned_away) == 1


def test_who_would_not_start_any_more_is_passed_over() -> None:
    store, rung = turned_away()
    store.projections[KEY].set_phase("a", SubTaskPhase.CANCELLED)
    store.turned_away.join(KEY.namespace, (Key(KEY.namespace, "gone"), "b"))
    store.let_in(Key(KEY.namespace, "other"), "c")
    assert len(store.turned_away) == 0
    assert rung == []


def test_a_subtask_that_is_gone_stands_in_line_no_longer() -> None:
    store, _ = turned_away()
    store.subtask_event("DELETED", subtask("2"))
    assert len(store.turned_away) == 0
