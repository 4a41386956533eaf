"""Rows 1, 2 and 9 of the fault table: what is lost, killed or refused at writes."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import threading
from collections import Counter
from typing import Any

import pytest
from e2e.cluster.errors import ClusterError
from e2e.cluster.polling import until
from e2e.faults.audit import violations
from e2e.faults.calls import Call, Drop, Fail, Fault, Rule
from e2e.faults.endstate import end_state
from e2e.faults.figures import Record
from e2e.faults.proxy import FaultProxy
from e2e.faults.scene import NAME, Scene, diamond, layers
from e2e.faults.shrink import minimal
from e2e.faults.witness import Witness
from e2e.operator_process import OperatorProcess

pytest_plugins = ["e2e.faults.fixtures"]
pytestmark = pytest.mark.faults

Point = tuple[int, bool]
"""A write's number, and whether the server has carried it out."""


def at(namespace: str, point: Point, then: threading.Event, operator: OperatorProcess | None = None) -> Rule:
    """Break the connection at one write; kill the operator there, where one is given."""
    number, after = point

    def struck() -> None:
        if operator is not None:
            operator.signal(signal.SIGKILL)
        then.set()

    def rule(call: Call) -> Fault | None:
        if call.namespace == namespace and call.write == number and not then.is_set():
            return Drop(after=after, then=struck)
        return None

    return rule


def points_missed(
    scene: Scene, proxy: FaultProxy, operator: OperatorProcess, points: list[Point], namespaces: list[str]
) -> list[str]:
    """Kill at each point, once per namespace; what was not equal, in words. The last namespace is left undisturbed."""
    scene.run(namespaces[-1], diamond())
    scene.finish(namespaces[-1])
    wanted = scene.end_state(namespaces[-1])
    missed = []
    for point, namespace in zip(points, namespaces, strict=False):
        struck = threading.Event()
        with proxy.injected(at(namespace, point, struck, operator)):
            scene.run(namespace, diamond())
            until(
                f"point {point} or the end",
                lambda struck=struck, n=namespace: struck.is_set() or scene.finished(n),
                60,
                every=0.05,
            )
            if struck.is_set():
                operator.wait()
                operator.start()
        scene.finish(namespace)
        wrong = scene.end_state(namespace).differences(wanted) + scene.wrong(namespace)
        if wrong:
            when = "after the server had carried it out" if point[1] else "before the server saw it"
            missed.append(f"SIGKILL at {at_write(proxy, namespace, point[0])}, {when}: {'; '.join(wrong)}")
    return missed


def at_write(proxy: FaultProxy, namespace: str, number: int) -> str:
    return next((str(call) for call in proxy.writes(namespace) if call.write == number), f"write {number}")


def count_writes(scene: Scene, proxy: FaultProxy, namespace: str) -> int:
    scene.run(namespace, diamond())
    scene.finish(namespace)
    # The events that tell of the end come after it.
    until("the last event", lambda: any(c.resource == "events" for c in proxy.writes(namespace)[-2:]), 10)
    return len(proxy.writes(namespace))


@pytest.mark.e2e
def test_killed_at_some_writes(scene: Scene, record: Record) -> None:
    points = [(2, False), (4, True), (7, False), (10, True), (12, True)]
    with scene.proxied(in_flight=1) as (proxy, operator), scene.namespaces(len(points) + 1) as namespaces:
        missed = points_missed(scene, proxy, operator, points, namespaces)
    print("\n".join(missed))
    figure = f"{len(points) - len(missed)} of {len(points)} points equal"
    record(1, "SIGKILL at a write (sample)", figure, "100 %", ok=not missed)


@pytest.mark.slow
def test_killed_at_every_write(scene: Scene, record: Record) -> None:
    with scene.proxied(in_flight=1) as (proxy, operator):
        with scene.namespace() as namespace:
            total = count_writes(scene, proxy, namespace)
        points = [(number, after) for number in range(1, total + 1) for after in (False, True)]
        with scene.namespaces(len(points) + 1) as namespaces:
            missed = points_missed(scene, proxy, operator, points, namespaces)
    print("\n".join(missed))
    figure = f"{len(points) - len(missed)} of {len(points)} points equal"
    record(1, "SIGKILL at every write", figure, "100 %", ok=not missed)


@pytest.mark.e2e
def test_every_reply_lost_once(scene: Scene, record: Record) -> None:
    with scene.proxied(in_flight=1) as (proxy, _):
        with scene.namespace() as namespace:
            total = count_writes(scene, proxy, namespace)
            wanted = scene.end_state(namespace)
        struck = [threading.Event() for _ in range(total)]
        missed = []
        with scene.namespaces(total) as namespaces:
            rules = [at(n, (number, True), struck[number - 1]) for number, n in enumerate(namespaces, 1)]
            with proxy.injected(*rules):
                for namespace in namespaces:
                    scene.run(namespace, diamond())
                for namespace in namespaces:
                    scene.finish(namespace)
            for number, namespace in enumerate(namespaces, 1):
                wrong = scene.end_state(namespace).differences(wanted) + scene.wrong(namespace)
                missed += [f"reply lost at {at_write(proxy, namespace, number)}: {'; '.join(wrong)}"] if wrong else []
    print("\n".join(missed))
    hit = sum(event.is_set() for event in struck)
    record(
        1,
        "reply lost at every write",
        f"{hit - len(missed)} of {hit} points equal",
        "100 %",
        ok=not missed and hit >= total - 2,
    )


Kill = tuple[float, bool]
"""Seconds from the start until the SIGKILL, and whether the operator was in sync when they began."""


def kills_by_seed(count: int, seed: int = 2) -> list[Kill]:
    """Anywhere between the first line of Python and some way into the work."""
    chance = random.Random(seed)
    return [
        (chance.uniform(0, 1.5), True) if chance.random() < 0.7 else (chance.uniform(0, 3), False) for _ in range(count)
    ]


def killed(scene: Scene, graph: list[dict[str, Any]], kills: list[Kill]) -> tuple[list[str], int, int]:
    """Run graph after graph under the kills; what was not equal, the graphs run, and the writes carried out unanswered."""
    with (
        scene.proxied() as (_, operator),
        scene.namespaces(1 + max(2, len(kills) // 3)) as namespaces,
        Witness.of(scene.api) as witness,
    ):
        scene.run(namespaces[0], graph)
        scene.finish(namespaces[0])
        wanted = scene.end_state(namespaces[0])
        begun = 0
        for seconds, in_sync in kills:
            if not begun or scene.finished(namespaces[begun]):
                begun += 1
                scene.run(namespaces[begun], graph)
            if in_sync:
                operator.wait_in_sync(120)
            threading.Event().wait(seconds)
            operator.kill()
            operator.launch()
        missed, unanswered = [], 0
        for namespace in namespaces[1 : begun + 1]:
            scene.finish(namespace)
            audited = scene.events(namespace)
            until("all is seen", lambda n=namespace, a=audited: not witness.lost(n, a) or witness.blind, 20)
            missed += [f"lost: {write}" for write in witness.lost(namespace, audited)]
            unanswered += len(witness.unanswered(namespace, audited))
            # A client that dies may leave a write that is carried out and in no log of answers.
            events = witness.completed(namespace, audited)
            missed += end_state(scene.api, events, namespace, NAME).differences(wanted) + violations(events)
        return missed + witness.blind, begun, unanswered


@pytest.mark.slow
def test_killed_two_hundred_times(scene: Scene, record: Record) -> None:
    kills, graph = kills_by_seed(200), layers(8, 5, delay="700ms")
    missed, begun, unanswered = killed(scene, graph, kills)
    print("\n".join(missed))
    if missed:
        least = minimal(kills, lambda part: bool(killed(scene, graph, part)[0]), tries=6)
        print("the least that breaks it:", *least, sep="\n  ")
    figure = (
        f"{len(kills)} kills, {begun} graphs of {len(graph)}, {unanswered} writes unanswered, {len(missed)} differences"
    )
    record(2, "SIGKILLs at random times", figure, "equal", ok=not missed)


Refused = tuple[str, str, int]
"""A write that is refused: method, path without its namespace, and the how-manieth try."""


def refusing(namespace: str, chosen: set[Refused] | None, hit: set[Refused], seed: int = 9, share: float = 0.3) -> Rule:
    """409 for a share of the writes, by seed alone; or for exactly the chosen ones."""
    tries: Counter[tuple[str, str]] = Counter()

    def rule(call: Call) -> Fault | None:
        if not call.writes or call.namespace != namespace:
            return None
        # Creates are told apart by what they create.
        which = (call.method, call.path.replace(namespace, "*") + f"#{created(call)}")
        tries[which] += 1
        this = (*which, tries[which])
        strike = random.Random(f"{seed}:{this}").random() < share if chosen is None else this in chosen
        if not strike:
            return None
        hit.add(this)
        return Fail(409, "Conflict")

    return rule


def created(call: Call) -> str:
    return json.loads(call.body or b"{}").get("metadata", {}).get("name", "") if call.method == "POST" else ""


@pytest.mark.e2e
def test_conflicts_on_a_third_of_the_writes(scene: Scene, record: Record) -> None:
    graph = layers(4, 4)
    with scene.proxied() as (proxy, _):
        with scene.namespace() as namespace:
            scene.run(namespace, graph)
            scene.finish(namespace)
            wanted, quiet = scene.end_state(namespace), len(proxy.writes(namespace))

        def wrong_with(chosen: set[Refused] | None, seconds: float = 90) -> tuple[list[str], set[Refused], int]:
            hit: set[Refused] = set()
            with scene.namespace() as namespace:
                with proxy.injected(refusing(namespace, chosen, hit)):
                    scene.run(namespace, graph)
                    with contextlib.suppress(ClusterError):  # what does not end differs in the end
                        scene.finish(namespace, seconds)
                wrong = scene.end_state(namespace).differences(wanted) + scene.wrong(namespace)
                return wrong, hit, len(proxy.writes(namespace))

        wrong, hit, tries = wrong_with(None)
        if wrong:
            least = minimal(sorted(hit), lambda part: bool(wrong_with(set(part), 20)[0]), tries=12)
            print("the least that breaks it:", *least, *wrong, sep="\n  ")
    figure = f"{len(wrong)} differences, {tries} writes with {len(hit)} refused ({quiet} without)"
    record(
        9,
        "409 on 30 % of writes",
        figure,
        "equal; bounded: at most twice the writes",
        ok=not wrong and tries <= 2 * quiet + len(hit),
    )
