"""One operator against two that share the namespaces out, on the same graphs at the same time.

    python -m bench.shards [--namespaces 8] [--graph 20x4] [--pairs 2]

All namespaces get their graph at once; the seconds from the first creation to the last end, and the CPU and memory of each
operator. Pods run for one second on simulated nodes. The API server and etcd are the same for both: what is gained is what one
operator was the limit of.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from bench._running import NAME, Bench, Graph, benched, cpu_seconds, finished, machine, rss_mib, verdict
from e2e.faults.api import OURS

SHARDS = (1, 2)


@dataclass(frozen=True)
class Run:
    """One run, by as many operators."""

    seconds: float
    cpu: tuple[float, ...]
    rss: tuple[float, ...]


def run(bench: Bench, shards: int, count: int, graph: Graph) -> Run:
    with ExitStack() as stack:
        namespaces = [stack.enter_context(bench.namespace()) for _ in range(count)]
        operators = [
            stack.enter_context(bench.operator(namespaces=namespaces[shard::shards], catalogue=shard == 0))
            for shard in range(shards)
        ]
        before = [cpu_seconds(operator.pid) for operator in operators]
        seen = bench.api.watch(f"{OURS}/taskdistributions", 900)
        begin = time.monotonic()
        for namespace in namespaces:
            bench.api.create(namespace, NAME, graph.spec())
        ended: set[str] = set()
        for root in seen:
            namespace, status = root["metadata"]["namespace"], root.get("status", {})
            if namespace in namespaces and finished(status):
                if status.get("phase") != "Succeeded":
                    raise SystemExit(f"{namespace}: {status.get('phase')}")
                ended.add(namespace)
                if len(ended) == count:
                    break
        else:
            raise SystemExit(f"{len(ended)} of {count} finished in 900 s")
        took = time.monotonic() - begin
        cpu = tuple(cpu_seconds(o.pid) - b for o, b in zip(operators, before, strict=True))
        return Run(took, cpu, tuple(rss_mib(o.pid) for o in operators))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.shards", description="One operator against two.")
    parser.add_argument("data", nargs="?", help="taken for the sake of the other benchmarks; nothing is read from it")
    parser.add_argument("--namespaces", type=int, default=8)
    parser.add_argument("--graph", default="20x4")
    parser.add_argument("--pairs", type=int, default=2)
    options = parser.parse_args(arguments)
    graph = Graph(*(int(n) for n in options.graph.split("x")))
    print(machine(), flush=True)
    print(f"{options.namespaces} namespaces, {graph} in each: {options.namespaces * graph.size} subtasks", flush=True)
    runs: dict[int, list[Run]] = {shards: [] for shards in SHARDS}
    with benched(plain=True) as bench:
        run(bench, 1, 1, Graph(2, 2))  # the first pods of a cluster are slower than all others
        for _ in range(options.pairs):
            for shards in SHARDS:
                done = run(bench, shards, options.namespaces, graph)
                runs[shards].append(done)
                each = ", ".join(
                    f"{cpu:.1f} s CPU and {rss:.0f} MiB" for cpu, rss in zip(done.cpu, done.rss, strict=True)
                )
                print(
                    f"{shards} operator{'s' * (shards > 1)}: {done.seconds:6.1f} s; {each}   {machine().split(', ')[-1]}",
                    flush=True,
                )
    one, two = (statistics.median(r.seconds for r in runs[shards]) for shards in SHARDS)
    ratios = [b.seconds / a.seconds for a, b in zip(runs[1], runs[2], strict=True)]
    figure = f"shards: {one:.1f} s by one operator, {two:.1f} s by two, ratio {statistics.median(ratios):.2f}"
    # On a small machine the API server is the limit: two must not be slower than that one by more than runs scatter.
    return verdict(figure, "two ≤ 1.2 of one", ok=statistics.median(ratios) <= 1.2)


if __name__ == "__main__":
    sys.exit(main())
