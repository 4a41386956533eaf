"""One tenant floods the cluster with distributions: does its quota hold, and what does another tenant feel of it?

    python -m bench.tenants [--flood 10000] [--quota 500] [--pods 50] [--rounds 40] [--seconds 1] [--flow-control]

The first tenant's namespace has a ResourceQuota for distributions and pods. The other one's distributions, one subtask each, are
timed from their creation to their first pod and to their end: before the flood, and while it goes on and what it left is worked
off. The flood is sent by a process of its own, with an account of the tenant's: the API server lets an administrator's requests
pass all its queues. `--flow-control` installs the chart's queues for what tenants write. `--quota 0` is no quota: then all of the
flood is stored and worked off.

`--by-hand` leaves the operator out: the same requests are made one after the other for the other tenant, and six at a time for
what the first one's quota let in. What is slower then is the machine and the API server, and no operator can mend it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

from bench._hands import Recorded, create, record, repeat
from bench._running import Bench, benched, cpu_seconds, finished, machine, rss_mib, verdict
from e2e.distributions import task
from e2e.faults.api import OURS, Api, RefusedError
from e2e.installed import flow_control, tenant

BAR = 2.0
_SENDERS = 4
_IN_FLIGHT = 6

Times = tuple[float, float]


def one_task() -> dict[str, Any]:
    return {"tasks": [task("a", agentType="bench")]}


def by_operator(api: Api, namespace: str) -> Times:
    """Seconds from a distribution's creation to its first pod, and to its end."""
    name = f"r-{uuid.uuid4().hex[:8]}"
    pods = api.watch(f"/api/v1/namespaces/{namespace}/pods?labelSelector=taskdist.dev/distribution%3D{name}", 600)
    roots = api.watch(f"{OURS}/namespaces/{namespace}/taskdistributions?fieldSelector=metadata.name%3D{name}", 600)
    begin = time.monotonic()
    api.create(namespace, name, one_task())
    if next(pods, None) is None:
        raise SystemExit(f"{name}: no pod within 600 s")
    first = time.monotonic() - begin
    if next((root for root in roots if finished(root.get("status", {}))), None) is None:
        raise SystemExit(f"{name}: no end within 600 s")
    return first, time.monotonic() - begin


def told(what: str, times: list[Times]) -> str:
    first, end = zip(*times, strict=True)
    return (
        f"{what}: {len(times)} rounds; first pod p50 {quantile(first, 50):.2f} s, p95 {quantile(first, 95):.2f} s; "
        f"end p50 {quantile(end, 50):.2f} s, p95 {quantile(end, 95):.2f} s   {machine().split(', ')[-1]}"
    )


def quantile(seconds: Sequence[float], percent: int) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def flood_spec(seconds: float) -> dict[str, Any]:
    return {"tasks": [task(f"t{i}", agentType="bench", delay=f"{seconds:g}s") for i in range(3)]}


def root(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "TaskDistribution",
        "metadata": {"name": name},
        "spec": spec,
    }


def flood(api: Api, namespace: str, count: int, spec: dict[str, Any], recorded: Recorded | None) -> tuple[int, int]:
    """Ask for so many distributions; returns how many were taken, and how many the quota refused.

    With something ``recorded``, the operator's requests for what was taken are made as well.
    """

    def one(number: int) -> bool:
        name = f"flood-{number}"
        try:
            if recorded is None:
                create(api, f"{OURS}/namespaces/{namespace}/taskdistributions", root(name, spec))
            else:
                repeat(api, recorded, namespace, name, ends=False)
        except RefusedError as error:
            if "exceeded quota" not in str(error):
                raise
            return False
        return True

    with ThreadPoolExecutor(_SENDERS if recorded is None else _IN_FLIGHT) as senders:
        taken = sum(senders.map(one, range(count)))
    return taken, count - taken


class Flood:
    """In a process of its own, so that it takes no time of the measuring one."""

    def __init__(self, *what: Any) -> None:
        context = multiprocessing.get_context("fork")
        self._told: multiprocessing.SimpleQueue[tuple[int, int]] = context.SimpleQueue()
        self._process = context.Process(target=lambda: self._told.put(flood(*what)), daemon=True)

    def start(self) -> None:
        self._process.start()

    @property
    def over(self) -> bool:
        return not self._process.is_alive()

    def counted(self) -> tuple[int, int]:
        self._process.join()
        if self._process.exitcode:
            raise SystemExit("the flood failed")
        return self._told.get()


def working(api: Api, namespace: str) -> int:
    """Distributions of the namespace that have not ended."""
    items = api.get(f"{OURS}/namespaces/{namespace}/taskdistributions")["items"]
    return sum(not finished(item.get("status", {})) for item in items)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.tenants", description="What one tenant feels of another's flood.")
    parser.add_argument("data", nargs="?", help="taken for the sake of the other benchmarks; nothing is read from it")
    parser.add_argument("--flood", type=int, default=10_000)
    parser.add_argument("--quota", type=int, default=500, help="distributions of the first tenant; 0 for no quota")
    parser.add_argument("--pods", type=int, default=50, help="pods of the first tenant; 0 for no quota")
    parser.add_argument(
        "--most-pods", type=int, default=0, help="the operator's own bound for every namespace; 0 for none"
    )
    parser.add_argument("--seconds", type=float, default=1, help="how long a pod of the flood runs")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--flow-control", action="store_true", help="with the chart's flowControl.enabled")
    parser.add_argument("--by-hand", action="store_true", help="without the operator")
    options = parser.parse_args(arguments)
    print(machine(), flush=True)
    with benched() as bench, ExitStack() as stack:
        if options.flow_control:
            bench.cluster.apply(*flow_control())
        greedy, other = bench.new_namespace(), bench.new_namespace()
        operator = stack.enter_context(bench.operator(most_pods=options.most_pods))
        hard = {"pods": str(options.pods)} if options.pods else {}
        if options.quota:
            hard["count/taskdistributions.taskdist.dev"] = str(options.quota)
        limit(bench.api, greedy, hard)
        for _ in range(2):
            by_operator(bench.api, other)  # the first pods of a cluster are slower than all others
        spec, recorded = flood_spec(options.seconds), None
        measure: Callable[[], Times] = partial(by_operator, bench.api, other)
        if options.by_hand:
            single, recorded = (recording(bench, wanted) for wanted in (one_task(), spec))
            operator.stop()
            measure = partial(by_hand, bench.api, single, other)
        calm = [measure() for _ in range(options.rounds)]
        print(told("calm", calm), flush=True)
        # By hand the operator's own requests are made, too, which a tenant may not make.
        sender = bench.api if options.by_hand else Api(bench.cluster, tenant(bench.cluster, greedy))
        flooding = Flood(sender, greedy, options.flood, spec, recorded)
        begin = time.monotonic()
        flooding.start()
        time.sleep(1)
        meanwhile = [measure() for _ in range(options.rounds)]
        measured, sent, left = time.monotonic() - begin, flooding.over, working(bench.api, greedy)
        print(told("in the flood", meanwhile), flush=True)
        taken, refused = flooding.counted()
        took = time.monotonic() - begin
        stored = len(bench.api.get(f"{OURS}/namespaces/{greedy}/taskdistributions")["items"])
        if not options.by_hand:
            print(f"operator: {cpu_seconds(operator.pid):.1f} s CPU, {rss_mib(operator.pid):.0f} MiB", flush=True)
        operator.kill()
    print(
        f"flood: {taken} taken, {refused} refused, {stored} stored; sent in {took:.0f} s. Measured for {measured:.0f} s: "
        f"it was {'all sent' if sent else 'still being sent'} then, and {left} of it had not ended"
    )
    ratios = [
        quantile([times[i] for times in meanwhile], 95) / quantile([times[i] for times in calm], 95) for i in (0, 1)
    ]
    holds = taken == stored == min(options.quota or options.flood, options.flood)
    first, end = ratios
    figure = (
        f"tenants: in the flood another's p95 is {first:.2f} times that alone to the first pod, {end:.2f} times to the end; "
        f"quota {'holds' if holds else 'broken'}"
    )
    return verdict(figure, f"ratio ≤ {BAR:g}, quota holds", ok=max(ratios) <= BAR and holds)


def limit(api: Api, namespace: str, hard: dict[str, str]) -> None:
    """Make a quota and wait until it is in force.

    The controller learns of a new kind half a minute late, and looks at a quota that it could not reckon with ever more rarely:
    another one is looked at at once.
    """
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    for number in range(60 if hard else 0):
        name = f"tenant-{number}"
        api.request("POST", path, {"metadata": {"name": name}, "spec": {"hard": hard}})
        time.sleep(5)
        if not hard.keys() - api.get(f"{path}/{name}").get("status", {}).get("used", {}).keys():
            return
        api.request("DELETE", f"{path}/{name}")
    if hard:
        raise SystemExit("the quota is not in force after five minutes")


def recording(bench: Bench, spec: dict[str, Any]) -> Recorded:
    """A distribution that the operator has run, in a namespace of its own."""
    namespace, name = bench.new_namespace(), f"recorded-{uuid.uuid4().hex[:8]}"
    roots = bench.api.watch(f"{OURS}/namespaces/{namespace}/taskdistributions", 600)
    bench.api.create(namespace, name, spec)
    if next((root for root in roots if finished(root.get("status", {}))), None) is None:
        raise SystemExit(f"{name}: no end within 600 s")
    return record(bench.api, namespace, name)


def by_hand(api: Api, recorded: Recorded, namespace: str) -> Times:
    return repeat(api, recorded, namespace, f"r-{uuid.uuid4().hex[:8]}", ends=True)


if __name__ == "__main__":
    sys.exit(main())
