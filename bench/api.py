"""What a graph costs the API server: requests by the operator per subtask, from the server's audit log; sizes and bytes.

    python -m bench.api [--graphs 50x4,50x20]

Counts, not seconds: the figures are the same on a busy machine, but for the writes of Running, which lasting subtasks cost.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bench._running import NAME, Bench, Graph, benched, machine, verdict
from e2e.faults.api import OURS

WRITES_BAR = 3.1
LASTING_BAR = 4.1
ROOT_BAR = 100_000
WRITES = frozenset({"create", "update", "patch", "delete"})


def requests(log: Path, begin: int) -> Counter[tuple[str, str, str]]:
    """What the operator asked for since a place in the log: by verb, resource and subresource."""
    found: Counter[tuple[str, str, str]] = Counter()
    with log.open("rb") as lines:
        lines.seek(begin)
        for line in lines:
            event = json.loads(line)
            if event.get("userAgent", "").partition("/")[0] == "taskdist" and event["stage"] == "ResponseComplete":
                ref = event.get("objectRef", {})
                found[event["verb"], ref.get("resource", ""), ref.get("subresource", "")] += 1
    return found


def measure(bench: Bench, graph: Graph) -> list[str]:
    """Run one graph; print its figures and return those that are short."""
    log = bench.cluster.control_plane.audit_log
    with bench.namespace() as namespace, bench.operator():
        begin = log.stat().st_size
        bench.run(namespace, graph)
        done = requests(log, begin)
        root = bench.api.root(namespace, NAME)
        plans = bench.api.get(f"{OURS}/namespaces/{namespace}/executionplans")["items"]
        subtasks = bench.api.subtasks(namespace)
        pods = bench.api.pods(namespace)
    lasting = sum(_seconds_shown(subtask) for subtask in subtasks)
    writes = sum(n for (verb, _, _), n in done.items() if verb in WRITES)
    reads = sum(n for (verb, what, _), n in done.items() if verb not in WRITES and what in {"pods", "subtasks"})
    per = writes / graph.size
    status = size(root.get("status", {}))
    children = [size(thing) for thing in (*plans, *subtasks, *pods)]
    bytes_per = (sum(children) + size(root)) / graph.size
    print(f"\n{graph}: {graph.size} subtasks, {lasting} of them visibly longer than a moment")
    for (verb, resource, sub), n in sorted(done.items(), key=lambda kv: -kv[1]):
        print(f"  {verb:>7} {resource + ('/' + sub if sub else ''):<28} {n:>6}  {n / graph.size:.3f} per subtask")
    print(f"  writes per subtask {per:.3f}; reads of pods and subtasks {reads}")
    print(f"  root's status {status} B, largest child {max(children)} B")
    print(f"  bytes at rest per subtask {bytes_per:.0f}", flush=True)
    bar = WRITES_BAR + (LASTING_BAR - WRITES_BAR) * lasting / graph.size
    short = [f"{graph} {per:.3f} writes"] if per > bar else []
    short += [f"{graph} {reads} reads"] if reads else []
    short += [f"{graph} root's status {status} B"] if status >= ROOT_BAR else []
    return short


def _seconds_shown(subtask: dict[str, Any]) -> bool:
    """Whether it ran for so long (two seconds) that Running was written."""
    return int(subtask["status"].get("usage", {}).get("seconds", 0)) >= 2


def size(thing: Any) -> int:
    """Bytes of it as the API server sends it."""
    return len(json.dumps(thing, separators=(",", ":")).encode())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.api", description="Count what running graphs costs the API server.")
    parser.add_argument("data", nargs="?", help="taken for the sake of the other benchmarks; nothing is read from it")
    parser.add_argument("--graphs", default="50x4,50x20")
    options = parser.parse_args(arguments)
    print(machine())
    short: list[str] = []
    with benched(audit="Metadata", plain=True) as bench:
        for name in options.graphs.split(","):
            short += measure(bench, Graph(*(int(n) for n in name.split("x"))))
    figure = f"API cost: {', '.join(short) if short else 'writes per subtask, reads and sizes as they should be'}"
    bar = f"≤ {WRITES_BAR} writes per subtask, {LASTING_BAR} where it lasts, 0 reads, root < 100 kB"
    return verdict(figure, bar, ok=not short)


if __name__ == "__main__":
    sys.exit(main())
