"""One tenant floods the cluster with distributions: does its quota hold, and what does another tenant feel of it?

    python -m bench.tenants [--flood 10000] [--quota 500] [--rounds 20]

The first tenant's namespace has a ResourceQuota for distributions and pods. The other one's distributions, one subtask each, are
timed from their creation to their first pod: before the flood, and while it goes on and what it left is worked off.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from bench._running import Bench, benched, machine, verdict
from e2e.distributions import task
from e2e.faults.api import RefusedError

BAR = 2.0
PODS = 50
_SENDERS = 4


def first_pods(bench: Bench, namespace: str, rounds: int) -> list[float]:
    """Seconds from a distribution's creation to its first pod, of one after the other."""
    seconds = []
    for _ in range(rounds):
        name = f"r-{uuid.uuid4().hex[:8]}"
        pods = bench.api.watch(
            f"/api/v1/namespaces/{namespace}/pods?labelSelector=taskdist.dev/distribution%3D{name}", 300
        )
        begin = time.monotonic()
        bench.api.create(namespace, name, {"tasks": [task("a", agentType="bench")]})
        if next(pods, None) is None:
            raise SystemExit(f"{name}: no pod within 300 s")
        seconds.append(time.monotonic() - begin)
    return sorted(seconds)


def p95(seconds: list[float]) -> float:
    return seconds[min(len(seconds) * 95 // 100, len(seconds) - 1)]


def flood(bench: Bench, namespace: str, count: int) -> tuple[int, int]:
    """Ask for so many distributions; returns how many were taken, and how many the quota refused."""

    def send(number: int) -> bool:
        try:
            bench.api.create(
                namespace, f"flood-{number}", {"tasks": [task(f"t{i}", agentType="bench") for i in range(3)]}
            )
        except RefusedError as error:
            if "exceeded quota" not in str(error):
                raise
            return False
        return True

    with ThreadPoolExecutor(_SENDERS) as senders:
        taken = sum(senders.map(send, range(count)))
    return taken, count - taken


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.tenants", description="What one tenant feels of another's flood.")
    parser.add_argument("data", nargs="?", help="taken for the sake of the other benchmarks; nothing is read from it")
    parser.add_argument("--flood", type=int, default=10_000)
    parser.add_argument("--quota", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args(arguments)
    print(machine(), flush=True)
    with benched() as bench, bench.namespace() as greedy, bench.namespace() as other, bench.operator():
        hard = {"count/taskdistributions.taskdist.dev": str(options.quota), "pods": str(PODS)}
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tenant"}, "spec": {"hard": hard}}
        path = f"/api/v1/namespaces/{greedy}/resourcequotas"
        bench.api.request("POST", path, quota)
        while hard.keys() - bench.api.get(f"{path}/tenant").get("status", {}).get("used", {}).keys():
            time.sleep(0.5)  # the controller learns of a new kind half a minute late
        first_pods(bench, other, 2)  # the first pods of a cluster are slower than all others
        calm = first_pods(bench, other, options.rounds)
        print(f"calm: p50 {calm[len(calm) // 2]:.2f} s, p95 {p95(calm):.2f} s", flush=True)
        counted: list[tuple[int, int]] = []
        flooding = threading.Thread(target=lambda: counted.append(flood(bench, greedy, options.flood)))
        begin = time.monotonic()
        flooding.start()
        time.sleep(1)
        meanwhile = first_pods(bench, other, options.rounds)
        measured = time.monotonic() - begin
        flooding.join()
        took = time.monotonic() - begin
        stored = len(bench.api.get(f"/apis/taskdist.dev/v1alpha1/namespaces/{greedy}/taskdistributions")["items"])
    if not counted:
        raise SystemExit("the flood failed")
    taken, refused = counted[0]
    print(
        f"flood: {taken} taken, {refused} refused, {stored} stored, in {took:.0f} s; measured for {measured:.0f} s of it"
    )
    print(
        f"meanwhile: p50 {meanwhile[len(meanwhile) // 2]:.2f} s, p95 {p95(meanwhile):.2f} s   {machine().split(', ')[-1]}"
    )
    ratio = p95(meanwhile) / p95(calm)
    holds = taken == stored == min(options.quota, options.flood)
    figure = (
        f"tenants: p95 to the first pod {p95(calm):.2f} s calm, {p95(meanwhile):.2f} s in the flood, ratio {ratio:.2f}"
    )
    return verdict(
        f"{figure}; quota {'holds' if holds else 'broken'}", f"ratio ≤ {BAR:g}, quota holds", ok=ratio <= BAR and holds
    )


if __name__ == "__main__":
    sys.exit(main())
