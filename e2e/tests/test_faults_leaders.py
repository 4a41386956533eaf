"""Rows 11 to 13 of the fault table: two replicas, of which one is cut off, stopped, or as much a leader as the other."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
from e2e.cluster.polling import until
from e2e.faults.calls import Call, Cut, Drop, Fault, Gate, Hold
from e2e.faults.endstate import EndState
from e2e.faults.figures import Record
from e2e.faults.proxy import FaultProxy
from e2e.faults.scene import Scene, layers, task
from e2e.faults.wrong_clock import WrongClock
from e2e.operator_process import OperatorProcess

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults

LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/taskdist-operator"


def holder(scene: Scene) -> str:
    return str((scene.api.get(LEASE).get("spec") or {}).get("holderIdentity") or "")


def replicas(
    scene: Scene, stack: ExitStack, clocks: dict[str, WrongClock] | None = None
) -> tuple[tuple[FaultProxy, OperatorProcess], tuple[FaultProxy, OperatorProcess]]:
    """A leader and a standby, each behind a proxy of its own."""
    pairs = []
    for name in ("one", "two"):
        proxy = stack.enter_context(scene.proxy())
        log = scene.folder / f"{name}-{time.monotonic_ns()}.log"
        operator = OperatorProcess(
            proxy.kubeconfig,
            log,
            env=clocks[name].env if clocks else None,
            agent_image="taskdist.dev/taskdist:test",
            lease_namespace="default",
            identity=name,
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


class CutOff:
    """No request gets through; when the last write was tried that was none of the lease."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.begin = time.monotonic()
        self.last_write = 0.0

    def rule(self, call: Call) -> Fault:
        if call.writes and call.resource != "leases":
            self.last_write = time.monotonic() - self.begin
        return self.fault


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "fault", "seconds"),
    [
        pytest.param("connections break", Drop(), 120, id="connections break"),
        pytest.param("silence", Hold(Gate()), 45, id="silence"),
    ],
)
def test_the_leader_is_cut_off(scene: Scene, record: Record, how: str, fault: Fault, seconds: float) -> None:
    free_the_lease(scene)
    with scene.namespace() as namespace, ExitStack() as stack:
        (proxy, leader), _ = replicas(scene, stack)
        scene.run(namespace, layers(40, 2, delay="700ms"))
        until("it runs", lambda: len(scene.created(namespace)) >= 4, 60)
        opened, cut_off = len(proxy.calls), CutOff(fault)
        line: Any = Cut() if how.startswith("connections") else Gate()
        with proxy.injected(cut_off.rule), proxy.filtered(lambda c, _: line if c.number < opened else None):
            given_up = until(
                "the leader gives up", lambda: has_given_up(leader) and time.monotonic() - cut_off.begin, 60
            )
            scene.eventually("the standby leads", lambda: holder(scene) == "two", 60)
            taken = time.monotonic() - cut_off.begin
            threading.Event().wait(max(seconds - taken, 0))
        scene.finish(namespace, 240)
        wrong = scene.wrong(namespace)
        once = set(scene.created(namespace).values()) == {1}
    stopped = max(given_up, cut_off.last_write)
    figure = (
        f"standby leads after {taken:.1f} s, old one gave up after {given_up:.1f} s, "
        f"tried its last write after {cut_off.last_write:.1f} s"
    )
    ok = taken <= 20 and stopped <= 10 and not wrong and once
    record(11, f"leader cut off for {seconds} s: {how}", figure, "standby leads ≤ 20 s, old one stops ≤ 10 s", ok=ok)


def has_given_up(leader: OperatorProcess) -> bool:
    return leader.ended or "was not renewed" in leader.log()


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


MINUTES = 600


@pytest.mark.slow
def test_clocks_that_jump_make_no_second_leader(scene: Scene, record: Record) -> None:
    free_the_lease(scene)
    clocks = {name: WrongClock(scene.folder / f"clock-{name}") for name in ("one", "two")}
    with scene.namespace() as namespace, ExitStack() as stack:
        (_, leader), (_, standby) = replicas(scene, stack, clocks)
        scene.run(namespace, layers(30, 2, delay="900ms"))
        until("it runs", lambda: len(scene.created(namespace)) >= 4, 60)
        holders = []
        for name, wrong_by in (("two", MINUTES), ("two", -MINUTES), ("one", MINUTES), ("one", -MINUTES)):
            clocks[name].set(wrong_by)
            until_then = time.monotonic() + 9  # longer than a leader's patience: what is to happen happens within
            while time.monotonic() < until_then:
                holders.append(holder(scene))
                threading.Event().wait(0.2)
        scene.finish(namespace, 240)
        wrong = scene.wrong(namespace)
        once = set(scene.created(namespace).values()) == {1}
        lead = ["leads" in operator.log() for operator in (leader, standby)]
        # A clock that was set back must not keep the standby from taking over either.
        clocks["two"].set(-MINUTES)
        leader.kill()
        begin = time.monotonic()
        scene.eventually("the standby leads", lambda: holder(scene) == "two", 60)
        taken = time.monotonic() - begin
    figure = f"{len(holders)} looks: held by {', '.join(sorted(set(holders)))}; its death noticed after {taken:.0f} s"
    ok = set(holders) == {"one"} and lead == [True, False] and once and not wrong and taken <= 20
    record(25, "clocks of two replicas jump by ±10 min", figure, "no second leader", ok=ok)


def patient(scene: Scene, namespace: str) -> EndState:
    """Work that a fast clock would end early: a pod that waits, a deadline, a back-off; the end state."""
    tasks = [task("a", delay="3s"), task("b", "a", delay="1s"), task("c", exit_code="75,0")]
    limits = {"pendingTimeoutSeconds": 60, "deadlineSeconds": 120}
    scene.run(namespace, tasks, limits=limits, retry={"backoffSeconds": 4})
    scene.finish(namespace)
    return scene.end_state(namespace)


@pytest.mark.slow
def test_a_wrong_clock_ends_nothing_early(scene: Scene, record: Record) -> None:
    clock = WrongClock(scene.folder / "clock")
    differences = []
    with scene.operator(env=clock.env) as operator, scene.namespaces(4) as (quiet, *namespaces):
        wanted = patient(scene, quiet)
        for wrong_by, namespace in zip((MINUTES, -MINUTES, MINUTES), namespaces, strict=True):
            clock.set(wrong_by)
            if namespace == namespaces[-1]:  # wrong from its birth
                operator.kill()
                operator.start()
            differences += [f"{wrong_by:+} s: {d}" for d in patient(scene, namespace).differences(wanted)]
            differences += scene.wrong(namespace)
            waited = gap(scene, namespace)
            differences += [] if waited >= 3 else [f"{wrong_by:+} s: the back-off of 4 s took {waited:.1f} s"]
    print(*differences, sep="\n")
    figure = f"jumps to +10 min, to -10 min, and a start at +10 min: {len(differences)} differences"
    record(25, "operator's clock wrong by ±10 min", figure, "equal: no early timeout", ok=not differences)


def gap(scene: Scene, namespace: str) -> float:
    """Seconds between c's first end and its second pod, by the API server's and the node's clock."""
    pods = {p["metadata"]["name"]: p for p in scene.api.pods(namespace)}
    ended = pods["dag-c-1"]["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"]
    begun = pods["dag-c-2"]["metadata"]["creationTimestamp"]
    return (datetime.fromisoformat(begun) - datetime.fromisoformat(ended)).total_seconds()
