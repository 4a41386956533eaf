"""How soon a pod follows an apply: distributions of one task, created at a steady rate, each timed to its first pod.

    python -m bench.reaction [--rate 100] [--seconds 60]

Timed by one watch on pods from outside: the moment before the distribution is sent, and the moment at which the pod's creation is
seen.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import Any

import msgspec
from bench._running import Bench, benched, machine, verdict

from taskdist.cluster.client import Client

P50_BAR = 0.3
P99_BAR = 1.0


class _Meta(msgspec.Struct):
    labels: dict[str, str] = {}


class _Object(msgspec.Struct):
    metadata: _Meta


class _Event(msgspec.Struct):
    type: str
    object: _Object


async def measure(bench: Bench, namespace: str, rate: float, seconds: float) -> list[float]:
    total = int(rate * seconds / 60)
    sent: dict[str, float] = {}
    took: dict[str, float] = {}
    async with await Client.connect(str(bench.cluster.kubeconfig)) as client:
        watching = asyncio.create_task(_watch(client, namespace, sent, took, total))
        begin = time.monotonic()
        for number in range(total):
            await asyncio.sleep(max(begin + number * 60 / rate - time.monotonic(), 0))
            name = f"r{number}"
            sent[name] = time.monotonic()
            await client.post(
                f"/apis/taskdist.dev/v1alpha1/namespaces/{namespace}/taskdistributions", distribution(name)
            )
        async with asyncio.timeout(120):
            await watching
    return sorted(took.values())


async def _watch(client: Client, namespace: str, sent: dict[str, float], took: dict[str, float], total: int) -> None:
    decode = msgspec.json.Decoder(_Event).decode
    async for line in client.stream(f"/api/v1/namespaces/{namespace}/pods", {"watch": "true"}, watch=True):
        event = decode(line)
        name = event.object.metadata.labels.get("taskdist.dev/distribution", "")
        if event.type == "ADDED" and name in sent and name not in took:
            took[name] = time.monotonic() - sent[name]
            if len(took) == total:
                return


def distribution(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "TaskDistribution",
        "metadata": {"name": name},
        "spec": {"tasks": [{"name": "only", "agentType": "bench", "script": "true", "complexity": "0.5"}]},
    }


def quantile(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.reaction", description="Time from apply to the first pod.")
    parser.add_argument("data", nargs="?", help="taken for the sake of the other benchmarks; nothing is read from it")
    parser.add_argument("--rate", type=float, default=100, help="distributions a minute")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args(arguments)
    print(machine())
    with benched(plain=True) as bench, bench.namespace() as namespace, bench.operator():
        asyncio.run(measure(bench, namespace, 60, 5))
        with bench.namespace() as measured:
            took = asyncio.run(measure(bench, measured, options.rate, options.seconds))
        print(machine())
    p50, p99 = quantile(took, 0.5), quantile(took, 0.99)
    print(f"{len(took)} distributions: min {took[0]:.3f} s, p90 {quantile(took, 0.9):.3f} s, max {took[-1]:.3f} s")
    ok = p50 <= P50_BAR and p99 <= P99_BAR
    return verdict(
        f"apply to first pod: p50 {p50:.3f} s, p99 {p99:.3f} s", f"p50 ≤ {P50_BAR} s, p99 ≤ {P99_BAR} s", ok=ok
    )


if __name__ == "__main__":
    sys.exit(main())
