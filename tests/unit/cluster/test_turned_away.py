"""What a quota turned away stands in line: few ask without a sign of room, and each sign calls one."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
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


PODS = "exceeded quota: tenant, requested: pods=1, used: pods=5, limited: pods=5"


def test_who_comes_while_the_number_of_pods_is_used_up_need_not_ask() -> None:
    line: TurnedAway[int] = TurnedAway()
    assert line.full("a", 1) == ""
    line.join("a", 1, full=PODS)
    assert line.full("a", 2) == PODS
    assert line.full("a", 1) == "", "whoever stands in line has waited its pause when it asks again"
    assert line.full("a", 2, sort="urgent") == "", "another quota may count those"
    assert line.full("b", 2) == ""
    line.join("a", 2, full=PODS)
    assert line.call("a") == 1
    assert line.full("a", 1) == "", "whoever was called asks"
    assert line.full("a", 3) == PODS
    line.join("a", 1, full=PODS)
    assert [line.call("a"), line.call("a")] == [2, 1]
    assert line.full("a", 3) == "", "nobody waits any more"
    for who in (1, 2):
        line.leave("a", who)
    assert (line._lines, line._full, line._called) == ({}, {}, {})


def test_a_refusal_for_the_size_of_a_pod_says_nothing_of_others() -> None:
    line: TurnedAway[int] = TurnedAway()
    line.join("a", 1, full=PODS)
    line.join("a", 2)
    assert line.full("a", 3) == ""


class FullServer:
    """A namespace at its quota."""

    def __init__(self, says: str = PODS) -> None:
        self.clock = self
        self.says = says
        self.asked = 0

    def now(self) -> datetime:
        return NOW

    async def request(self, _method: str, _path: str, body: Any) -> bytes:
        self.asked += 1
        raise ApiError(403, "Forbidden", f"pods {body['metadata']['name']} is forbidden: {self.says}")


class Writes:
    full = False

    def __init__(self) -> None:
        self.waiting: list[Write] = []

    def put(self, _priority: Priority, write: Write, _namespace: str = "") -> None:
        self.waiting.append(write)


def ask(store: Store, server: FullServer, **spec: Any) -> None:
    """Have the pod of the subtask created."""
    writes = Writes()
    applier = Applier(cast("Client", server), store, cast("WriteQueue", writes), lambda *_: None)
    owner = {"apiVersion": API_VERSION, "kind": "SubTask", "name": "release-a", "uid": "s-1", "controller": True}
    body = {"metadata": {"name": "release-a-1", "ownerReferences": [owner]}, "spec": spec}
    applier.submit(KEY, CreatePod("a", 1, "release-a-1", body))
    write = cast("Coroutine[None, None, None]", writes.waiting.pop()())
    with suppress(StopIteration):
        write.send(None)


def with_a_subtask() -> tuple[Store, list[Key]]:
    rung: list[Key] = []
    store = Store(rung.append)
    store.namespaces_listed(None, [labelled("1")])
    store.subtask_event("ADDED", subtask("1"))
    store.projection(KEY).set_phase("a", SubTaskPhase.READY)
    return store, rung


def turned_away() -> tuple[Store, list[Key]]:
    """A store with a subtask whose pod the quota has refused."""
    store, rung = with_a_subtask()
    ask(store, FullServer())
    store.projection(KEY).take_dirty(NOW)
    rung.clear()
    return store, rung


@pytest.mark.parametrize(
    ("said", "spec", "asked"),
    [
        (PODS, {}, 0),
        (PODS.replace(": pods", ": count/pods"), {}, 0),
        (PODS.replace("requested: ", "requested: limits.memory=1Gi,"), {}, 0),
        (PODS.replace("pods", "requests.memory"), {}, 1),
        (PODS.replace("pods", "count/pods.example.org"), {}, 1),
        (PODS, {"priorityClassName": "urgent"}, 1),
        (PODS, {"activeDeadlineSeconds": 5}, 1),
        (PODS, {"containers": [{"resources": {"requests": {"cpu": "1"}}}]}, 1),
    ],
)
def test_a_pod_joins_those_before_it_unless_it_might_be_let_in(said: str, spec: dict[str, Any], asked: int) -> None:
    store, rung = with_a_subtask()
    other = Key(KEY.namespace, "other")
    store.projection(other)
    refused = CreatePod("b", 1, "other-b-1", {"metadata": {"name": "other-b-1"}, "spec": {}})
    applier = Applier(cast("Client", FullServer()), store, cast("WriteQueue", Writes()), lambda *_: None)
    applier._remember_refusal(other, refused, ApiError(403, "Forbidden", f'pods "other-b-1" is forbidden: {said}'))
    rung.clear()
    server = FullServer()
    ask(store, server, **spec)
    assert server.asked == asked
    refusal = store.projections[KEY].refused["a"]
    assert refusal.until == NOW + timedelta(seconds=5)
    assert refusal.reason is SubTaskReason.QUOTA_EXCEEDED
    assert "exceeded quota: tenant" in refusal.message
    assert "release-a-1" in refusal.message
    assert len(store.turned_away) == 2
    assert (KEY in rung) is (not asked), "what was not asked has not failed, and is looked at again at once"


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
    assert store.turned_away._called == {}
    assert rung == []


def test_a_subtask_that_is_gone_stands_in_line_no_longer() -> None:
    store, _ = turned_away()
    store.subtask_event("DELETED", subtask("2"))
    assert len(store.turned_away) == 0
