"""Rows 3 to 6 of the fault table: what the operator sees is old, late, silent or gone."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest
from e2e.cluster.polling import until
from e2e.faults.calls import Answer, Call, Cut, Delay, Fail, Fault, Gate, LineRule, Rule
from e2e.faults.endstate import EndState
from e2e.faults.figures import Record
from e2e.faults.proxy import FaultProxy, error_event
from e2e.faults.scene import Scene, diamond, layers, task

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = [pytest.mark.faults, pytest.mark.slow]

CHILDREN = frozenset({"subtasks", "pods", "executionplans"})
LONG = "8s"
"""Seen to run: a running subtask says so after three seconds, and a busy machine needs some more to write and to read it."""


def visible(first: str) -> list[dict[str, Any]]:
    """The diamond with a first task that takes its time: beyond three seconds a running subtask says so."""
    return [task("a", delay=first), *diamond()[1:]]


def run_quietly(scene: Scene, namespace: str, delay: str = LONG) -> EndState:
    """The end state without a fault."""
    scene.run(namespace, visible(delay))
    scene.finish(namespace)
    return scene.end_state(namespace)


def watched(call: Call, resources: frozenset[str] = CHILDREN) -> bool:
    return call.watches and call.resource in resources


def held_back(gate: Gate, resources: frozenset[str] = CHILDREN) -> LineRule:
    """Nothing comes through the watches until the gate opens."""
    return lambda call, _: gate if watched(call, resources) and not gate.is_open else None


def stale(scene: Scene, resources: frozenset[str]) -> Rule:
    """Lists as they are now, whenever they are asked for."""
    paths = {
        "subtasks": "/apis/taskdist.dev/v1alpha1",
        "executionplans": "/apis/taskdist.dev/v1alpha1",
        "pods": "/api/v1",
    }
    bodies = {
        resource: json.dumps(
            scene.api.get(f"{paths[resource]}/{resource}?labelSelector=taskdist.dev/distribution")
        ).encode()
        for resource in resources
    }
    return lambda call: Answer(bodies[call.resource]) if call.lists and call.resource in bodies else None


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("resources", "when"),
    [
        pytest.param(CHILDREN, "before", id="everything from before the first pod"),
        pytest.param(frozenset({"pods"}), "before", id="pods only: subtasks know of pods that the list lacks"),
    ],
)
def test_restarted_onto_a_stale_list(scene: Scene, record: Record, resources: frozenset[str], when: str) -> None:
    with scene.proxied() as (proxy, operator), scene.namespaces(2) as (quiet, namespace):
        wanted = run_quietly(scene, quiet)
        old = stale(scene, resources)
        scene.run(namespace, visible(LONG))
        # Its status names the pod: a list without that pod is older than what the subtask says.
        until("a is seen to run", lambda: scene.phases(namespace).get("a") == "Running", 30)
        operator.kill()
        gate = Gate()
        with proxy.filtered(held_back(gate, resources)):
            with proxy.injected(old):
                operator.start()
            scene.eventually("the operator to look around", lambda: len(proxy.calls) and _settled(proxy), 20)
            gate.open()
            scene.finish(namespace)
        wrong = scene.end_state(namespace).differences(wanted) + scene.wrong(namespace)
    what = "all kinds" if resources == CHILDREN else "pods"
    record(
        3,
        f"restart onto a stale list ({what})",
        f"{len(wrong)} differences {wrong}",
        "equal; no wrong delete",
        ok=not wrong,
    )


def _settled(proxy: FaultProxy, seconds: float = 1.5) -> bool:
    """No request but watches for a while."""
    before = len(proxy.calls)
    time.sleep(seconds)  # silence is what is waited for; it has no other sign
    return len(proxy.calls) == before


@pytest.mark.e2e
def test_watch_events_withheld_and_answers_late(scene: Scene, record: Record) -> None:
    """Events come late; and events come before the answer to the creation that they follow."""
    with scene.proxied() as (proxy, _), scene.namespaces(3) as (quiet, late, slow):
        wanted = run_quietly(scene, quiet, "300ms")
        gate = Gate()
        with proxy.filtered(held_back(gate)):
            scene.run(late, visible("300ms"))
            until("the first pod", lambda: scene.created(late), 30)
            until("its end", lambda: scene.api.pods(late)[0]["status"]["phase"] == "Succeeded", 30)
            gate.open()
            scene.finish(late)
        with proxy.injected(lambda c: Delay(1.0, after=True) if c.resource == "pods" and c.writes else None):
            scene.run(slow, visible("300ms"))
            scene.finish(slow)
        wrong = [d for n in (late, slow) for d in scene.end_state(n).differences(wanted) + scene.wrong(n)]
    record(4, "watch events withheld; answers after events", f"{len(wrong)} differences {wrong}", "equal", ok=not wrong)


@pytest.mark.slow
def test_silent_watches_are_noticed(scene: Scene, record: Record) -> None:
    with scene.proxied() as (proxy, _), scene.namespaces(2) as (quiet, namespace):
        wanted = run_quietly(scene, quiet)
        opened, never = len(proxy.calls), Gate()
        with proxy.filtered(lambda call, _: never if call.number < opened else None):
            begin = time.monotonic()
            # Of a distribution created now nobody hears until the silence is noticed.
            scene.run(namespace, visible(LONG))
            scene.eventually("the silence is noticed", lambda: scene.created(namespace), 120)
            seconds = time.monotonic() - begin
            scene.finish(namespace, 120)
        wrong = scene.end_state(namespace).differences(wanted) + scene.wrong(namespace)
    record(
        5,
        "silent watches",
        f"{seconds:.0f} s, {len(wrong)} differences",
        "noticed and resynced ≤ 75 s",
        ok=not wrong and seconds <= 75,
    )


def gone_in_streams(since: int) -> LineRule:
    told: set[int] = set()

    def rule(call: Call, _: bytes) -> bytes | None:
        if call.number >= since or call.number in told:
            return None
        told.add(call.number)
        return error_event(410, "Expired")

    return rule


def gone_as_status(times: int) -> Rule:
    left = dict.fromkeys((*CHILDREN, "taskdistributions", "agenttypes", "providers"), times)

    def rule(call: Call) -> Fault | None:
        if call.watches and left.get(call.resource, 0) > 0:
            left[call.resource] -= 1
            return Fail(410, "Expired")
        return None

    return rule


@pytest.mark.e2e
@pytest.mark.parametrize(
    "how", ["in the stream", "as HTTP status", "after compaction", "an unknown error in the stream"]
)
def test_history_is_gone(scene: Scene, record: Record, how: str) -> None:
    with scene.proxied() as (proxy, operator), scene.namespaces(2) as (before, after):
        scene.run(before, layers(6, 2, delay="700ms"))
        until("it runs", lambda: scene.created(before), 30)
        since = len(proxy.calls)
        if how == "in the stream":
            with proxy.filtered(gone_in_streams(since)):
                took = _heard_again(scene, after)
        elif how == "an unknown error in the stream":
            with proxy.filtered(lambda c, _: error_event(500, "InternalError") if c.number < since else None):
                took = _heard_again(scene, after)
        else:
            if how == "after compaction":
                compact(scene)
            rules = [gone_as_status(2)] if how == "as HTTP status" else []
            with proxy.injected(*rules), proxy.filtered(lambda c, _: Cut() if c.number < since else None):
                took = _heard_again(scene, after)
        scene.finish(before)
        scene.finish(after)
        wrong = scene.wrong(before) + scene.wrong(after)
        counted = set(scene.created(before).values()) | set(scene.created(after).values())
        lives = not operator.ended
    # An error that kopf does not know ends its watches; it is begun anew, and gives its own tasks five seconds before.
    most = 15 if how.startswith("an unknown") else 5
    ok = took <= most and lives and not wrong and counted == {1}
    fault = how if how.startswith("an unknown") else f"410 {how}"
    record(6, fault, f"{took:.1f} s, process lives: {lives}", f"relisted ≤ {most} s, process lives", ok=ok)


def _heard_again(scene: Scene, namespace: str) -> float:
    """Seconds from a new distribution, whose event the streams break upon, to its first pod."""
    begin = time.monotonic()
    scene.run(namespace, diamond())
    scene.eventually("its first pod", lambda: scene.created(namespace), 60)
    return time.monotonic() - begin


def compact(scene: Scene) -> None:
    """Forget all history but the last revision: etcd's own way, through its JSON gateway."""
    revision = scene.api.get("/apis/taskdist.dev/v1alpha1/taskdistributions?limit=1")["metadata"]["resourceVersion"]
    port = scene.cluster.control_plane.plan.ports.etcd
    body = json.dumps({"revision": revision, "physical": True}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v3/kv/compaction", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
