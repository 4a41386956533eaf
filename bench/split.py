"""Texts to subtasks, agents and dependencies, against what a person wrote down; and dependencies of given steps on AsyncHow.

    python -m bench.split [DATA] [--corpus FILE] [--errors N]

DATA is a folder that holds text/corpus.jsonl and text/asynchow.jsonl (default: $DATA). Every text goes through
``engine.plan`` with the ten shipped agent types and strategy Balanced, as ``taskdist plan -f`` does it. AsyncHow's steps are
given: its texts are ``Task:`` and one line per step, and matching is by line. ``--corpus`` takes another file of the corpus'
format instead, ``--errors`` prints the items that fit worst. Figures and trivial baselines are explained in
``bench.split_score`` and below.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
from bench.split_score import Item, Predicted, Tally, read

from taskdist.engine import plan
from taskdist.engine.model import PlanRequest, Strategy
from taskdist.engine.text import split
from taskdist.planning import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

BARS = {"node": 0.95, "edge": 0.90, "strict": 0.85, "exact": 0.75, "agent": 0.90}
"""What must be reached on the corpus (row 9 of the benchmarks)."""
AGENTS = shipped.agent_types()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.split", description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("DATA"), help="folder that holds text/")
    parser.add_argument("--corpus", type=Path, help="a file of the corpus' format instead of DATA/text/corpus.jsonl")
    parser.add_argument("--errors", type=int, default=0, help="print so many of the items that fit worst")
    options = parser.parse_args(arguments)
    corpus = options.corpus or Path(options.data or ".", "text", "corpus.jsonl")
    steps = Path(options.data or ".", "text", "asynchow.jsonl")
    if not corpus.is_file():
        parser.error(f"{corpus} is missing: give the folder that holds text/, or set DATA to it")
    items = read(corpus)
    begin = time.process_time()
    predictions = [taskdist(one) for one in items]
    seconds = time.process_time() - begin
    found = report(items, predictions)
    print(f"  {1000 * seconds / len(items):.1f} ms of CPU a text")
    for one, predicted in worst(items, predictions)[: options.errors]:
        show(one, predicted)
    if steps.is_file():
        asynchow(list(lines(steps)))
    return verdict(found)


def lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as every:
        yield from (json.loads(line) for line in every if line.strip())


# --- methods -------------------------------------------------------------------------------------------------------


def taskdist(one: Item) -> Predicted:
    made = plan(PlanRequest(name="text", description=one.text, agent_types=AGENTS, strategy=Strategy.BALANCED))
    subtasks = tuple((s.id, s.description, s.agent_type) for s in made.subtasks)
    return Predicted(subtasks, frozenset((d.name, s.id) for s in made.subtasks for d in s.depends_on))


def one_task(one: Item) -> Predicted:
    return Predicted((("whole", one.text, "general"),), frozenset())


_CUT = re.compile(r"\n+|;|,(?=\s)|(?<=[.!?:])\s+|\s(?:->|=>|→)\s")
_MARK = re.compile(r"^\s*(?:[-*•\u2013]\s*(?:\[.\]\s*)?|\(?(?:\d+|[A-Za-z])[.)]\s+|#+\s*)")


def chain(one: Item) -> Predicted:
    """Sentences, lines and what commas and semicolons part, one after the other."""
    parts = [_MARK.sub("", part).strip(" .!?;:") for part in _CUT.split(one.text)]
    parts = [part for part in parts if re.search(r"\w", part)]
    names = [f"part-{k}" for k in range(len(parts))]
    subtasks = tuple((name, part, "general") for name, part in zip(names, parts, strict=True))
    return Predicted(subtasks, frozenset(pairwise(names)))


# --- the corpus ----------------------------------------------------------------------------------------------------


def report(items: Sequence[Item], predictions: Sequence[Predicted]) -> Tally:
    print(f"corpus: {len(items)} texts                 node F1  edge F1   strict    exact    agent")
    by_style: dict[str, Tally] = defaultdict(Tally)
    every = Tally()
    for one, predicted in zip(items, predictions, strict=True):
        by_style[one.style].add(one, predicted)
        every.add(one, predicted)
    for style, tally in sorted(by_style.items()):
        row(style, tally)
    row("taskdist, all", every)
    row("chain of sentences and commas", score(items, chain))
    row("one task", score(items, one_task))
    return every


def score(items: Iterable[Item], method: Callable[[Item], Predicted]) -> Tally:
    tally = Tally()
    for one in items:
        tally.add(one, method(one))
    return tally


def row(label: str, tally: Tally) -> None:
    figures = (tally.node, tally.edge, tally.strict, tally.exact, tally.agent)
    print(f"  {label:32s}" + "".join(f"{figure:9.3f}" for figure in figures))


def worst(items: Sequence[Item], predictions: Sequence[Predicted]) -> list[tuple[Item, Predicted]]:
    def fits(pair: tuple[Item, Predicted]) -> float:
        tally = Tally()
        tally.add(*pair)
        return tally.node + tally.edge + tally.strict + tally.agent

    return sorted(zip(items, predictions, strict=True), key=fits)


def show(one: Item, predicted: Predicted) -> None:
    print(f"\n{one.id} ({one.style}): {one.text}")
    for wanted in one.wanted:
        before = sorted(a for a, b in one.edges if b == wanted.id)
        print(f"  wanted {wanted.id} {'/'.join(wanted.agents)}: {' '.join(sorted(wanted.words))} < {' '.join(before)}")
    for name, text, agent in predicted.subtasks:
        print(f"  got    {name} {agent}: {text} < {' '.join(sorted(a for a, b in predicted.edges if b == name))}")


def verdict(found: Tally) -> int:
    figures = {name: getattr(found, name) for name in BARS}
    ok = all(figures[name] >= bar for name, bar in BARS.items())
    print(
        f"split: {', '.join(f'{name} {figure:.3f}' for name, figure in figures.items())} / "
        f"at least {', '.join(f'{bar:.2f}' for bar in BARS.values())} / {'ok' if ok else 'short'}"
    )
    return int(not ok)


# --- dependencies of given steps -----------------------------------------------------------------------------------


@dataclass
class Steps:
    """Sums over the items of one subset of AsyncHow; all three figures are means over the items."""

    items: int = 0
    f1: float = 0.0
    exact: int = 0
    off: float = 0.0

    def add(self, raw: dict[str, Any], edges: set[tuple[int, int]]) -> None:
        wanted = {(a, b) for a, b in raw["edges"]}
        self.items += 1
        self.f1 += 2 * len(edges & wanted) / (len(edges) + len(wanted)) if edges or wanted else 1.0
        self.exact += edges == wanted
        optimal = raw["optimal_seconds"]
        self.off += abs(longest(raw["durations_seconds"], edges) - optimal) / optimal if optimal else 0.0

    def __str__(self) -> str:
        n = max(1, self.items)
        return f"{self.f1 / n:9.3f}{self.exact / n:9.3f}{self.off / n:13.3f}"


def asynchow(raws: Sequence[dict[str, Any]]) -> None:
    print("AsyncHow, steps given                edge F1    exact  makespan off")
    for subset in sorted({raw["subset"] for raw in raws}):
        ours, chained, loose = Steps(), Steps(), Steps()
        for raw in (raw for raw in raws if raw["subset"] == subset):
            n = len(raw["steps"])
            ours.add(raw, given(raw))
            chained.add(raw, {(k, k + 1) for k in range(n - 1)})
            loose.add(raw, set())
        print(f"  {subset} ({ours.items}): taskdist".ljust(34) + str(ours))
        print(f"  {subset}: chain in the order given".ljust(34) + str(chained))
        print(f"  {subset}: no edges".ljust(34) + str(loose))


def given(raw: dict[str, Any]) -> set[tuple[int, int]]:
    """Edges between the steps by number, transitively reduced. A step that was split is its parts together."""
    text = raw["task"].strip().rstrip(".:") + ":\n" + "\n".join(f"- {step.strip()}" for step in raw["steps"])
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    made = plan(PlanRequest(name="steps", description=text, agent_types=AGENTS, strategy=Strategy.BALANCED))
    place = {task.id: bisect_right(starts, task.span[0]) - 2 for task in split(text).tasks}
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(raw["steps"])))
    graph.add_edges_from(
        (place[d.name], place[s.id]) for s in made.subtasks for d in s.depends_on if place[d.name] != place[s.id]
    )
    return set(nx.transitive_reduction(graph).edges) if nx.is_directed_acyclic_graph(graph) else set(graph.edges)


def longest(durations: Sequence[float], edges: set[tuple[int, int]]) -> float:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(durations)))
    graph.add_edges_from(edges)
    if not nx.is_directed_acyclic_graph(graph):
        return float(sum(durations))
    ends: dict[int, float] = {}
    for node in nx.topological_sort(graph):
        ends[node] = durations[node] + max((ends[p] for p in graph.predecessors(node)), default=0.0)
    return max(ends.values(), default=0.0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
