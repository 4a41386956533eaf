"""Rows 7, 8 and 10 of the fault table: the API server and etcd are away for a while."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from e2e.cluster.polling import until
from e2e.faults.audit import counts, violations
from e2e.faults.calls import Call, Cut, Drop, Fail, Fault, Rule
from e2e.faults.figures import Record
from e2e.faults.scene import Scene, layers, task
from e2e.faults.witness import Witness

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults

GRAPH = (12, 3)
OUTAGE = 150


def resumed(scene: Scene, namespace: str, before: int, seconds: float = 120) -> float:
    """Seconds until a pod more than before has been created."""
    return scene.eventually("another pod", lambda: len(scene.created(namespace)) > before, seconds)


def judged(scene: Scene, namespace: str) -> list[str]:
    """Run to the end; what is not as it should be."""
    scene.finish(namespace, 240)
    created = scene.created(namespace)
    wrong = scene.wrong(namespace)
    if set(created.values()) != {1} or len(created) != GRAPH[0] * GRAPH[1]:
        wrong.append(f"pods created: {created}")
    if set(scene.phases(namespace).values()) != {"Succeeded"}:
        wrong.append(f"phases: {scene.phases(namespace)}")
    return wrong


@pytest.mark.slow
def test_the_api_server_is_restarted(scene: Scene, record: Record) -> None:
    with scene.operator() as operator, scene.namespace() as namespace:
        scene.run(namespace, layers(*GRAPH, delay="700ms"))
        until("it runs", lambda: len(scene.created(namespace)) >= 4, 30)
        scene.cluster.restart("kube-apiserver")
        before = len(scene.created(namespace))
        seconds = resumed(scene, namespace, before)
        wrong = judged(scene, namespace)
        lives = not operator.ended
    record(
        7,
        "API server restarted",
        f"resumed {seconds:.1f} s after it was ready, {len(wrong)} wrong",
        "≤ 15 s",
        ok=seconds <= 15 and lives and not wrong,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "fault"),
    [
        pytest.param("connections break", Drop(), id="connections break"),
        pytest.param("500 to all", Fail(500, "InternalError"), id="500"),
    ],
)
def test_an_outage_of_minutes_is_survived(scene: Scene, record: Record, how: str, fault: Fault) -> None:
    """More than twice what kopf has patience for by itself: the process lives through it, and asks with restraint."""
    with scene.proxied() as (proxy, operator), scene.namespace() as namespace:
        scene.run(namespace, layers(*GRAPH, delay="700ms"))
        until("it runs", lambda: len(scene.created(namespace)) >= 4, 30)
        opened = len(proxy.calls)
        with proxy.injected(lambda _: fault), proxy.filtered(lambda c, _: Cut() if c.number < opened else None):
            threading.Event().wait(OUTAGE)
            asked = len(proxy.calls) - opened
        before = len(scene.created(namespace))
        seconds = resumed(scene, namespace, before)
        wrong = judged(scene, namespace)
        lives = not operator.ended
    figure = f"process lives: {lives}, {asked / OUTAGE:.1f} requests a second meanwhile, resumed after {seconds:.1f} s"
    ok = lives and not wrong and seconds <= 30 and asked <= 10 * OUTAGE
    record(7, f"API server away for {OUTAGE} s: {how}", figure, "no crash loop; resumes ≤ 30 s", ok=ok)


@pytest.mark.slow
def test_etcd_stops_for_a_minute(scene: Scene, record: Record) -> None:
    """Within the minute patches and creations fall due; some are carried out later, when those who asked have hung up."""
    patched = [task(f"long{i}", delay="8s") for i in range(6)]  # shown as running after three seconds
    again = [task(f"again{i}", exit_code="75,0") for i in range(6)]  # the second pod is due after the back-off
    with scene.operator() as operator, scene.namespace() as namespace, Witness.of(scene.api) as witness:
        scene.run(namespace, [*layers(*GRAPH, delay="700ms"), *patched, *again], retry={"backoffSeconds": 10})
        until("it runs", lambda: [*scene.phases(namespace).values()].count("Retrying") == len(again), 30)
        with stopped(scene, "etcd", 60):
            before = len(stored_pods(witness, namespace))
        seconds = scene.eventually("another pod", lambda: len(stored_pods(witness, namespace)) > before, 120)
        scene.finish(namespace, 600)  # the simulated kubelet waits for minutes before it tries a third time
        audited = scene.events(namespace)
        until("the end is seen", lambda: not witness.lost(namespace, audited) or witness.blind, 20)
        lost, unanswered = witness.lost(namespace, audited), len(witness.unanswered(namespace, audited))
        created, phases = stored_pods(witness, namespace), scene.phases(namespace)
        lives = not operator.ended
    wrong = [*violations(witness.events(namespace)), *witness.blind, *(f"lost: {write}" for write in lost)]
    if set(created.values()) != {1} or len(created) != GRAPH[0] * GRAPH[1] + len(patched) + 2 * len(again):
        wrong.append(f"pods created: {created}")
    if set(phases.values()) != {"Succeeded"}:
        wrong.append(f"phases: {phases}")
    print(*wrong, sep="\n")
    figure = (
        f"resumed after {seconds:.1f} s; {len(lost)} of {len(audited)} acknowledged writes lost, {unanswered} carried out "
        f"without an answer, {len(wrong)} wrong"
    )
    wanted = "nothing acknowledged is lost; resumes ≤ 30 s"
    record(8, "etcd stopped for 60 s", figure, wanted, ok=seconds <= 30 and lives and not wrong)


def stored_pods(witness: Witness, namespace: str) -> Counter[str]:
    """How often each pod was stored anew."""
    return counts(witness.events(namespace), "pods", "create")


@contextmanager
def stopped(scene: Scene, program: str, seconds: float) -> Iterator[None]:
    """SIGSTOP a program of the control plane, run the block at the end of the pause, and let it go on."""
    process = scene.cluster.processes.get(program)
    assert process is not None
    process.signal(signal.SIGSTOP)
    try:
        threading.Event().wait(seconds)
        yield
    finally:
        process.signal(signal.SIGCONT)


class Overload:
    """429 and 503 in turn with Retry-After, and who came back too early."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        self.refused: dict[tuple[str, str], float] = {}
        self.early: list[str] = []
        self.counts: dict[int, int] = defaultdict(int)

    def rule(self) -> Rule:
        def refuse(call: Call) -> Fault | None:
            now, which = time.monotonic(), (call.method, call.path)
            last = self.refused.get(which)
            # A tenth of a second for what was on its way; the same path is the same request but for creations.
            if last is not None and call.writes and now < last + self.retry_after - 0.1:
                self.early.append(f"{call} after {now - last:.2f} s")
            self.refused[which] = now
            status = 429 if call.number % 2 else 503
            self.counts[status] += 1
            return Fail(status, "TooManyRequests" if status == 429 else "ServiceUnavailable", self.retry_after)

        return refuse


@pytest.mark.parametrize("outage", [pytest.param(12, marks=pytest.mark.e2e), pytest.param(300, marks=pytest.mark.slow)])
def test_overload(scene: Scene, record: Record, outage: int) -> None:
    with scene.proxied(in_flight=1) as (proxy, operator), scene.namespace() as namespace:
        scene.run(namespace, layers(*GRAPH, delay="300ms"))
        until("it runs", lambda: len(scene.created(namespace)) >= 4, 30)
        overload = Overload(retry_after=3)
        with proxy.injected(overload.rule()):
            threading.Event().wait(outage)
        seconds = resumed(scene, namespace, len(scene.created(namespace)))
        wrong = judged(scene, namespace)
        lives = not operator.ended
    print(*overload.early[:10], sep="\n")
    figure = f"{sum(overload.counts.values())} refusals, {len(overload.early)} writes too early, resumed after {seconds:.1f} s"
    ok = seconds <= 30 and lives and not wrong and not overload.early
    record(10, f"429 and 503 for {outage} s", figure, "Retry-After honoured, recovers ≤ 30 s", ok=ok)
