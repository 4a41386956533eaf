"""Rows 20 to 23 of the fault table: what is deleted, made again, or edited while it runs or as it ends."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from e2e.cluster import binaries
from e2e.cluster.polling import until
from e2e.faults.api import OURS
from e2e.faults.audit import counts
from e2e.faults.calls import Call, Cut, Drop, Fault, Gate, Hold
from e2e.faults.figures import Record
from e2e.faults.proxy import FaultProxy
from e2e.faults.scene import NAME, Scene, diamond, layers, pod_path, task
from e2e.operator_process import OperatorProcess

from taskdist.handlers.run import Options

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults


@pytest.mark.e2e
def test_deleted_while_running(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        scene.run(namespace, [*layers(3, 4, delay="500ms"), task("long", delay="1h")])
        until("it runs", lambda: len(scene.created(namespace)) >= 4, 30)
        begin = time.monotonic()
        scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
        before = len(scene.created(namespace))
        scene.eventually("no children", lambda: not scene.children(namespace), 60)
        seconds = time.monotonic() - begin
        arrived = len(scene.created(namespace))
        time.sleep(3)  # nothing is waited for: nothing may happen
        later = len(scene.created(namespace)) - arrived
    # A creation that was on its way when the deletion came may still arrive, within the writes in flight.
    record(
        20,
        "deleted while running",
        f"children gone after {seconds:.1f} s, {arrived - before} pods on their way, {later} later",
        f"≤ 30 s, ≤ {Options().in_flight}, none",
        ok=seconds <= 30 and arrived - before <= Options().in_flight and not later,
    )


@pytest.mark.e2e
def test_a_root_deleted_while_its_watch_was_cut(scene: Scene, record: Record) -> None:
    """Its deletion falls into a gap of the watch, and a list tells of what is there only: nothing may be made for it again."""
    with scene.proxied() as (proxy, _), scene.namespace() as namespace:
        scene.run(namespace, [task("a", delay="2s"), task("b", "a", delay="2s"), task("c", "b", delay="2s")])
        until("it runs", lambda: scene.created(namespace), 30)
        before = blind(scene, proxy, namespace)
        scene.eventually("no children", lambda: not scene.children(namespace), 60)
        time.sleep(3)  # nothing is waited for: nothing may happen
        made = len(scene.created(namespace)) - before
        left = scene.children(namespace)
    record(20, "deleted in a gap of the watch", f"{made} later pods, {len(left)} children left", "none", ok=not left)


def blind(scene: Scene, proxy: FaultProxy, namespace: str) -> int:
    """Delete the root while the operator's watch of roots is broken; returns how many pods there had been."""
    opened = len(proxy.calls)
    with (
        proxy.injected(lambda c: Drop() if c.resource == "taskdistributions" and not c.writes else None),
        proxy.filtered(lambda c, _: Cut() if c.resource == "taskdistributions" and c.number < opened else None),
    ):
        before = len(scene.created(namespace))
        scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
        until("it is gone", lambda: scene.gone(namespace), 30)
        time.sleep(2)
    return before


@pytest.mark.e2e
def test_deleted_while_the_operator_is_dead(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        scene.run(namespace, diamond("1h"))
        until("it runs", lambda: scene.created(namespace), 30)
        replica.kill()
        begin = time.monotonic()
        scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
        scene.eventually("nothing left", lambda: not scene.children(namespace) and scene.gone(namespace), 60)
        seconds = time.monotonic() - begin
        replica.start()
        pods = scene.created(namespace)
    record(
        21,
        "deleted while the operator is dead",
        f"all gone after {seconds:.1f} s",
        "nothing stuck in Terminating",
        ok=pods == {f"{NAME}-a-1": 1},
    )


@pytest.mark.e2e
def test_retained_pods_of_what_is_deleted_are_let_go(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    """With the operator alive, with it dead for a while, and without any operator by the documented command."""
    took = []
    with scene.keeper() as agent, scene.namespaces(3) as namespaces:
        for namespace in namespaces:
            scene.run(namespace, [t | {"agentType": agent} for t in diamond("1h")])
        for namespace in namespaces:
            until("it runs", lambda n=namespace: scene.running(pod_path(n, f"{NAME}-a-1")), 30)
        for which, namespace in zip(("alive", "dead", "gone"), namespaces, strict=True):
            if which != "alive":
                replica.kill()
            begin = time.monotonic()
            scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
            if which != "alive":
                scene.eventually("the pod waits", lambda n=namespace: scene.terminating(n), 60)
                begin = time.monotonic()
            if which == "gone":
                let_go_by_hand(scene)
            elif which == "dead":
                replica.start()
            scene.eventually("no children", lambda n=namespace: not scene.children(n), 60)
            took.append(f"{which} {time.monotonic() - begin:.1f} s")
        replica.start()
        created = [scene.created(namespace) for namespace in namespaces]
    ok = created == [{f"{NAME}-a-1": 1}] * 3
    record(21, "retained pods of what is deleted; operator:", ", ".join(took), "nothing stuck in Terminating", ok=ok)


def let_go_by_hand(scene: Scene) -> None:
    """The command of docs/execution.md, as it stands there."""
    text = (Path(__file__).parents[2] / "docs" / "execution.md").read_text()
    command = text.split("<!-- let go -->", 1)[1].split("```", 2)[1].removeprefix("sh\n")
    kubectl = str(binaries.ensure(["kubectl"])["kubectl"].parent)
    env = {**os.environ, "KUBECONFIG": str(scene.cluster.kubeconfig), "PATH": f"{kubectl}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], env=env, check=True)


@pytest.mark.e2e
def test_the_same_name_again_at_once(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        scene.run(namespace, diamond("200ms"))
        until("the first is half done", lambda: len(scene.created(namespace)) >= 2, 30)
        old = {st["metadata"]["uid"] for st in scene.api.subtasks(namespace)}
        scene.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{NAME}")
        until("it is gone", lambda: scene.gone(namespace), 30, every=0.01)
        scene.run(namespace, diamond("200ms"))
        scene.finish(namespace)
        root = scene.api.root(namespace, NAME)["metadata"]["uid"]
        owners = {o["uid"] for st in scene.api.subtasks(namespace) for o in st["metadata"]["ownerReferences"]}
        new = {st["metadata"]["uid"] for st in scene.api.subtasks(namespace)}
        owned = {p["metadata"]["ownerReferences"][0]["uid"] for p in scene.api.pods(namespace)}
        succeeded = scene.api.root(namespace, NAME)["status"]["phase"]
        wrong = scene.wrong(namespace)
    ok = owners == {root} and not old & new and owned == new and succeeded == "Succeeded" and not wrong
    record(22, "same name re-created at once", f"{len(old & new)} old children adopted, {succeeded}", "none", ok=ok)


@pytest.mark.e2e
def test_edited_while_running_and_killed(scene: Scene, record: Record, replica: OperatorProcess) -> None:
    with scene.namespace() as namespace:
        scene.run(namespace, [task("a"), task("b", "a", delay="1h"), task("c", "b"), task("x")])
        until("b runs", lambda: scene.created(namespace).get(f"{NAME}-b-1"), 30)
        scene.api.edit(namespace, NAME, {"tasks": [task("a"), task("b", "a"), task("c", "b")]})
        replica.kill()
        replica.start()
        scene.finish(namespace)
        created, phase = scene.created(namespace), scene.api.root(namespace, NAME)["status"]["phase"]
        wrong = scene.wrong(namespace)
    ok = (
        created == {f"{NAME}-a-1": 1, f"{NAME}-b-1": 2, f"{NAME}-c-1": 1, f"{NAME}-x-1": 1}
        and phase == "Succeeded"
        and not wrong
    )
    record(
        23,
        "edited while running, operator killed",
        f"pods {dict(sorted(created.items()))}",
        "finished work kept, the rest anew",
        ok=ok,
    )


@pytest.mark.e2e
def test_edited_when_it_had_just_ended_and_killed(scene: Scene, record: Record) -> None:
    """The edit's plan is stored, and the status still says that all is over when the operator dies."""
    told = Gate()
    with scene.proxied() as (proxy, operator), scene.namespace() as namespace:
        scene.run(namespace, [task("a")])
        scene.finish(namespace)

        def unheard(call: Call) -> Fault | None:
            root = call.resource == "taskdistributions" and call.namespace == namespace
            return Hold(told) if root and call.writes else None

        with proxy.injected(unheard):
            scene.api.edit(namespace, NAME, {"tasks": [task("a"), task("b")]})
            until(
                "its plan is stored",
                lambda: counts(scene.events(namespace), "executionplans", "create").total() > 1,
                30,
            )
            operator.kill()
        told.open()
        operator.start()
        scene.eventually("the edit's work", lambda: scene.api.root(namespace, NAME)["status"]["progress"] == "2/2", 60)
        created = scene.created(namespace)
        wrong = scene.wrong(namespace)
    record(
        23,
        "edited when it had just ended, operator killed",
        f"pods {dict(sorted(created.items()))}",
        "finished work kept, the rest made",
        ok=created == {f"{NAME}-a-1": 1, f"{NAME}-b-1": 1} and not wrong,
    )
