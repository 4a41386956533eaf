"""How long a plan takes and how it grows: 10 to 10,000 subtasks, without a cluster.

    python -m bench.plan [--sizes 10,100,1000,10000] [--runs 3]

Graphs of explicit tasks go through the engine; the last rows are whole programs' worth: a manifest's text read, checked,
planned and written as JSON, and a free text split and planned. Beside each stands a baseline that does the least that
could be called a plan: tasks in a topological order, each as early as its dependencies allow. Ends with one line: figure,
bar, and ok or short.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from graphlib import TopologicalSorter

from taskdist import engine
from taskdist.cli.app import _ALLOCATIONS
from taskdist.engine.model import PlanRequest, TaskSpec
from taskdist.engine.model import Work as Script
from taskdist.planning.document import as_json, plan_document
from taskdist.planning.manifest import read
from taskdist.planning.request import plan_request
from taskdist.planning.shipped import agent_types

SIZES = (10, 100, 1000, 10_000)
BARS = {1000: 1.0, 10_000: 10.0}
"""Seconds of wall time that a plan of so many subtasks may take."""
_STEPS = ("Fetch", "Analyze", "Validate", "Optimize", "Integrate", "Deploy", "Document", "Test")
_THINGS = ("access logs", "slow queries", "billing service", "search index", "user table", "report", "image store")

Edges = Callable[[int, int], list[int]]
"""From a task's number and the number of all to the numbers that it depends on."""


@dataclass(frozen=True)
class Row:
    what: str
    size: int
    wall: float
    cpu: float
    least_cpu: float
    baseline: float


def chain(i: int, _: int) -> list[int]:
    return [i - 1] if i else []


def independent(_i: int, _: int) -> list[int]:
    return []


def layers(i: int, size: int) -> list[int]:
    """Layers as wide as there are many, each task behind two of the layer before, as in benchmark 1."""
    width = max(2, math.isqrt(size))
    layer, place = divmod(i, width)
    return sorted({(layer - 1) * width + place, (layer - 1) * width + (place + 1) % width}) if layer else []


def fan(i: int, size: int) -> list[int]:
    """One task before all, bundles of 100 that come together, and one behind them."""
    if i == 0:
        return []
    if i == size - 1:
        return [j for j in range(1, size - 1) if j % 101 == 0] or [0]
    return list(range(max(1, i - 100), i)) if i % 101 == 0 else [0]


def scattered(i: int, _: int) -> list[int]:
    """Up to three of the fifty before, by a fixed scramble."""
    return sorted({i - 1 - (i * step + step) % min(i, 50) for step in (7919, 104729, 1299709)}) if i else []


GRAPHS: dict[str, Edges] = {
    "independent": independent,
    "chain": chain,
    "layers": layers,
    "fan-out, fan-in": fan,
    "scattered": scattered,
}


def task(i: int, size: int, edges: Edges, run: int) -> TaskSpec:
    words = f"{_STEPS[i % len(_STEPS)]} the {_THINGS[i % len(_THINGS)]} of part {edges.__name__}-{size}-{run}-{i}"
    return TaskSpec(
        f"t{i}", words, depends_on=tuple(f"t{j}" for j in edges(i, size)), work=Script(script=f"process {i}")
    )


def request(size: int, edges: Edges, run: int) -> PlanRequest:
    """Explicit tasks, in other words each time: what was read of a description before is remembered."""
    tasks = tuple(task(i, size, edges, run) for i in range(size))
    return PlanRequest("bench", tasks=tasks, agent_types=agent_types())


def manifest(size: int, run: int = 0) -> str:
    """Tasks in layers; from 2,000 on, which is the most that a manifest holds, groups of forEach."""
    groups = max(1, size // 1000) if size > 2000 else 0
    tasks: list[dict[str, object]] = []
    if groups:
        for g in range(groups):
            words = f"{_STEPS[g % len(_STEPS)]} the {_THINGS[g % len(_THINGS)]} of run {run}"
            tasks.append(
                {
                    "name": f"g{g}",
                    "description": words,
                    "script": "process $(item)",
                    "forEach": [f"part {i}" for i in range(size // groups)],
                }
            )
    else:
        for i in range(size):
            one = task(i, size, layers, run)
            tasks.append(
                {
                    "name": one.name,
                    "description": one.description,
                    "script": one.work.script,
                    "dependsOn": list(one.depends_on),
                }
            )
    return json.dumps(
        {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "TaskDistribution",
            "metadata": {"name": "bench"},
            "spec": {"tasks": tasks},
        }
    )


def from_manifest(text: str, size: int) -> None:
    """What ``taskdist plan -f FILE -o json`` does, without the start of the program."""
    loaded = read([("bench.json", text)])
    if loaded.mistakes:
        raise AssertionError(str(loaded.mistakes[0]))
    made = plan_request(loaded.distributions[0].value, agent_types())
    found = engine.plan(made)
    as_json(plan_document(found, made))
    if len(found.subtasks) != size:
        raise AssertionError(f"{len(found.subtasks)} subtasks in place of {size}")


def trivial(of: PlanRequest) -> int:
    """The makespan of the tasks as early as their dependencies allow, each 300 seconds long."""
    ends: dict[str, int] = {}
    after = {one.name: one.depends_on for one in of.tasks}
    for name in TopologicalSorter(after).static_order():
        ends[name] = max((ends[upstream] for upstream in after[name]), default=0) + 300
    return max(ends.values(), default=0)


def text_of(steps: int, run: int = 0) -> str:
    """Prose of so many steps, a sentence each, two of three in order."""
    sentences = []
    for i in range(steps):
        words = f"{_STEPS[i % len(_STEPS)].lower()} the {_THINGS[(3 * i) % len(_THINGS)]} of team {run}-{i}"
        sentences.append(f"Then {words}." if i % 3 else f"{words[0].upper()}{words[1:]}.")
    return " ".join(sentences)


@dataclass
class Work:
    """One kind of work at one size; its runs are spread over the whole measurement, so that all share bad moments."""

    what: str
    size: int
    job: Callable[[int], Callable[[], object]]
    baseline: Callable[[int], Callable[[], object]]
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)
    baselines: list[float] = field(default_factory=list)

    def once(self, run: int) -> None:
        job, baseline = self.job(run), self.baseline(run)
        wall, cpu = time.perf_counter(), time.process_time()
        job()
        self.walls.append(time.perf_counter() - wall)
        self.cpus.append(time.process_time() - cpu)
        wall = time.perf_counter()
        baseline()
        self.baselines.append(time.perf_counter() - wall)

    def row(self) -> Row:
        return Row(
            self.what,
            self.size,
            statistics.median(self.walls),
            statistics.median(self.cpus),
            min(self.cpus),
            statistics.median(self.baselines),
        )


def works(sizes: Sequence[int]) -> Iterator[Work]:
    for size in sizes:
        for name, edges in GRAPHS.items():
            made = partial(request, size, edges)
            yield Work(
                name,
                size,
                lambda run, made=made, size=size: partial(planned, made(run), size),
                lambda run, made=made: partial(trivial, made(run)),
            )
        text = partial(manifest, size)
        yield Work(
            "manifest to JSON",
            size,
            lambda run, text=text, size=size: partial(from_manifest, text(run), size),
            lambda run, text=text: partial(json.loads, text(run)),
        )
    for steps in (5, 20, 80):
        prose = partial(text_of, steps)
        yield Work(
            f"free text, {len(prose(0)):,} bytes",
            steps,
            lambda run, prose=prose, steps=steps: partial(
                planned,
                PlanRequest("bench", description=prose(run), max_subtasks=200, agent_types=agent_types()),
                steps,
            ),
            lambda run, prose=prose: partial(prose(run).split, ". "),
        )


def planned(made: PlanRequest, size: int) -> None:
    found = engine.plan(made)
    if len(found.subtasks) != size:
        raise AssertionError(f"{len(found.subtasks)} subtasks in place of {size}: {found.findings[:3]}")


def exponent(rows: list[Row], what: str) -> float | None:
    """Growth between the two largest sizes: CPU time grows with this power of the number of subtasks.

    The least time of several runs counts, because what others do on the machine only ever adds to it.
    """
    found = sorted((row.size, row.least_cpu) for row in rows if row.what == what)
    if len(found) < 2:
        return None
    (few, short), (many, long) = found[-2:]
    return math.log(long / short) / math.log(many / few)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.plan", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", nargs="?", help="taken for the sake of the other benchmarks; nothing is read from it")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of subtasks, separated by commas")
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the median counts")
    options = parser.parse_args(arguments)
    gc.set_threshold(_ALLOCATIONS)
    planned(request(10, layers, -1), 10)  # what is loaded once a process is bench.cli's figure
    sizes = [int(size) for size in options.sizes.split(",")]
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, median of {options.runs}"
    )
    print(f"{'':<26}{'subtasks':>9}{'wall s':>10}{'CPU s':>10}{'baseline s':>12}{'us a subtask':>14}")
    measured = list(works(sizes))
    for run in range(options.runs):
        for work in measured:
            work.once(run)
    rows = [work.row() for work in measured]
    for row in rows:
        show(row)
    few, many = sorted(sizes)[-2:] if len(sizes) > 1 else (0, 0)
    allowed = 1 + math.log(math.log(many) / math.log(few)) / math.log(many / few) if few > 1 else math.inf
    growth = {what: grown for what in {row.what: 0 for row in rows} if (grown := exponent(rows, what)) is not None}
    for what, grown in growth.items():
        print(f"growth from {few:,} to {many:,}: n^{grown:.2f}  {what} (n log n: n^{allowed:.2f})")
    late = [row for row in rows if row.size in BARS and row.wall > BARS[row.size]]
    met = not late and all(grown <= allowed for grown in growth.values())
    slowest = {size: max((row.wall for row in rows if row.size == size), default=0.0) for size in BARS}
    figures = ", ".join(f"{size:,} in {wall:.2f} s (bar {BARS[size]:g} s)" for size, wall in slowest.items())
    steepest = max(growth.values(), default=0.0)
    print(f"plan: {figures}, growth n^{steepest:.2f} (bar n^{allowed:.2f}): {'ok' if met else 'short'}")
    return 0 if met else 1


def show(row: Row) -> None:
    print(
        f"{row.what:<26}{row.size:>9,}{row.wall:>10.4f}{row.cpu:>10.4f}{row.baseline:>12.4f}{row.wall / row.size * 1e6:>14.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
