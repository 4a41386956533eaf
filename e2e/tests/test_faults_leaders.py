"""Rows 11 to 13 of the fault table: two replicas, of which one is cut off, stopped, or as much a leader as the other."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack

import pytest
from e2e.cluster.polling import until
from e2e.faults.calls import Cut, Drop
from e2e.faults.figures import Record
from e2e.faults.proxy import FaultProxy
from e2e.faults.scene import Scene, layers
from e2e.operator_process import OperatorProcess

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults

LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/taskdist-operator"


def holder(scene: Scene) -> str:
    return str((scene.api.get(LEASE).get("spec") or {}).get("holderIdentity") or "")


def replicas(
    scene: Scene, stack: ExitStack
) -> tuple[tuple[FaultProxy, OperatorProcess], tuple[FaultProxy, OperatorProcess]]:
    """A leader and a standby, each behind a proxy of its own."""
    pairs = []
    for name in ("one", "two"):
        proxy = stack.enter_context(scene.proxy())
        log = scene.folder / f"{name}-{time.monotonic_ns()}.log"
        operator = OperatorProcess(
            proxy.kubeconfig, log, agent_image="taskdist.dev/taskdist:test", lease_namespace="default", identity=name
        )
        stack.callback(lambda o=operator: None if o.ended else o.kill())
        if name == "one":
            operator.start()
        else:
            operator.launch()
        pairs.append((proxy, operator))
    until("one leads", lambda: holder(scene) == "one", 30)
    return pairs[0], pairs[1]


def free_the_lease(scene: Scene) -> None:
    try:
        scene.api.request("DELETE", LEASE)
    except Exception:  # noqa: BLE001 - there is none yet
        return


@pytest.mark.slow
def test_the_leader_is_cut_off(scene: Scene, record: Record) -> None:
    free_the_lease(scene)
    with scene.namespace() as namespace, ExitStack() as stack:
        (proxy, leader), _ = replicas(scene, stack)
        scene.run(namespace, layers(40, 2, delay="700ms"))
        until("it runs", lambda: len(scene.created(namespace)) >= 4, 60)
        opened, begin = len(proxy.calls), time.monotonic()
        with proxy.injected(lambda _: Drop()), proxy.filtered(lambda c, _: Cut() if c.number < opened else None):
            scene.eventually("the standby leads", lambda: holder(scene) == "two", 60)
            taken = time.monotonic() - begin
            # A leader that has stopped tries no write but to its lease.
            last = [time.monotonic() for c in proxy.calls[opened:] if c.writes and c.resource != "leases"]
            stopped = leader.ended or "was not renewed" in leader.log()
            threading.Event().wait(max(120 - (time.monotonic() - begin), 0))
            tried = [c for c in proxy.calls[opened:] if c.writes and c.resource != "leases"]
        scene.finish(namespace, 240)
        wrong = scene.wrong(namespace)
        once = set(scene.created(namespace).values()) == {1}
    figure = f"standby leads after {taken:.1f} s, old one has stopped: {stopped}, {len(tried) - len(last)} later tries"
    ok = taken <= 20 and stopped and not wrong and once
    record(11, "leader cut off for 2 min", figure, "standby ≤ 20 s, old one stops ≤ 10 s", ok=ok)


@pytest.mark.slow
def test_the_leader_stands_still_and_goes_on(scene: Scene, record: Record) -> None:
    free_the_lease(scene)
    with scene.namespace() as namespace, ExitStack() as stack:
        (_, leader), _ = replicas(scene, stack)
        scene.run(namespace, layers(60, 2, delay="900ms"))
        until("it runs", lambda: len(scene.created(namespace)) >= 4, 60)
        leader.signal(signal.SIGSTOP)
        threading.Event().wait(60)
        now = holder(scene)
        leader.signal(signal.SIGCONT)
        scene.finish(namespace, 300)
        created = scene.created(namespace)
        wrong = scene.wrong(namespace)
    duplicates = sum(n - 1 for n in created.values())
    figure = f"{duplicates} duplicate pods of {len(created)}, {now} led meanwhile"
    record(
        12,
        "leader stopped 60 s and continued",
        figure,
        "0 duplicate pods",
        ok=not duplicates and not wrong and now == "two",
    )


@pytest.mark.e2e
def test_two_leaders_on_purpose(scene: Scene, record: Record) -> None:
    with scene.operator(), scene.operator(), scene.namespace() as namespace:
        scene.run(namespace, layers(6, 6, delay="200ms"))
        scene.finish(namespace, 120)
        created = scene.created(namespace)
        wrong = scene.wrong(namespace)
        succeeded = set(scene.phases(namespace).values()) == {"Succeeded"}
    duplicates = sum(n - 1 for n in created.values())
    figure = f"{duplicates} duplicates of {len(created)} pods, {len(wrong)} violations"
    record(13, "two leaders on purpose", figure, "≤ 1 pod per attempt", ok=not duplicates and not wrong and succeeded)
