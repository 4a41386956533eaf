"""Running graphs: the operator against the least that any program must do, interleaved; its own cost; planned against executed.

    python -m bench.dag [--graphs 10x5,100x1,50x4,50x20] [--pairs 3] [--where] [--large]

Each pair runs `bench.reference` and the operator on the same graph on the same simulated cluster, one after the other; the
median of the ratios counts. `written` is the reference with an object for each subtask, which no operator can do without: what
lies between it and the operator is the operator's own. `--large` adds 100x50, one pair (some minutes).

`planned` is what the operator said of the last run before it began, from what the runs before it on this cluster had taught
(each operator is left running until it has written that down); `off` is the median of the executed runs against it. `unlearned`
is what the priors alone say, as `taskdist plan` does without a cluster: those of an ordinary cluster, and no kwok.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench._running import AGENT_TYPE, NAME, Bench, Graph, benched, cpu_seconds, machine, rss_mib, verdict
from e2e.cluster.polling import until

from taskdist import engine
from taskdist.api import AgentType, TaskDistribution
from taskdist.planning.request import plan_request

BARS = {"10x5": 1.15, "100x1": 1.15, "50x4": 1.15, "50x20": 1.10, "100x50": 1.20}
CPU_BAR_MILLIS = 5.0
RSS_BAR_MIB = 200.0
PLANNED_BAR = 0.10
_LESSONS_SECONDS = 60
_PROGRAM = "the program itself"
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Least:
    """One run of a reference. ``where`` is the CPU of the cluster's processes and of the program itself, in ms per subtask."""

    seconds: float
    where: dict[str, float]


@dataclass(frozen=True)
class Run(Least):
    """One run of the operator."""

    rss_mib: float
    planned: float

    @property
    def cpu_millis(self) -> float:
        """Of the operator, per subtask."""
        return self.where[_PROGRAM]


def reference(bench: Bench, graph: Graph, *, written: bool = False) -> Least:
    with bench.namespace() as namespace:
        if written:
            bench.api.create(namespace, NAME, graph.spec())  # as a user would; no operator runs
        options = ["--written"] if written else []
        command = [sys.executable, "-m", "bench.reference", *options, str(bench.kubeconfig), namespace]
        before = bench.server_cpu()
        done = subprocess.run(
            [*command, str(graph.width), str(graph.depth)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"the reference failed: {done.stderr[-1000:]}")
        took, cpu = map(float, done.stdout.split())
        return Least(took, _spent(before, bench, graph, cpu))


def _spent(before: dict[str, float], bench: Bench, graph: Graph, own: float) -> dict[str, float]:
    """CPU in ms per subtask by process since ``before``, with the ``own`` seconds of the program that ran the graph."""
    since = {name: cpu - before.get(name, 0.0) for name, cpu in bench.server_cpu().items()}
    return {name: 1000 * cpu / graph.size for name, cpu in (since | {_PROGRAM: own}).items()}


def operated(bench: Bench, graph: Graph) -> Run:
    with bench.namespace() as namespace, bench.operator() as operator:
        before, learned, others = cpu_seconds(operator.pid), bench.learned(), bench.server_cpu()
        took = bench.run(namespace, graph)
        spent = _spent(others, bench, graph, cpu_seconds(operator.pid) - before)
        planned = float(bench.status(namespace)["estimate"]["forecast"]["seconds"])
        taught = learned + graph.size
        until("the operator's lessons in the agent type's status", lambda: bench.learned() >= taught, _LESSONS_SECONDS)
        return Run(took, spent, rss_mib(operator.pid), planned)


def _where(*groups: list[dict[str, float]]) -> str:
    """CPU in ms per subtask by process, medians: of the reference, of the one that writes, and of the operator's runs."""
    rows = {name: [statistics.median(run.get(name, 0.0) for run in runs) for runs in groups] for name in groups[-1][0]}
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    return "\n".join(
        f"        {name:<24}" + "".join(f" {cost:>6.1f}" for cost in costs) for name, costs in rows.items()
    )


def unlearned(graph: Graph) -> float:
    """Seconds that the priors say."""
    root = TaskDistribution.model_validate({"metadata": {"name": NAME, "namespace": "default"}, "spec": graph.spec()})
    return float(engine.plan(plan_request(root, [AgentType.model_validate(AGENT_TYPE)])).forecast.seconds)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.dag", description="Run graphs against the lower bound.")
    parser.add_argument("data", nargs="?", help="taken for the sake of the other benchmarks; nothing is read from it")
    parser.add_argument("--graphs", default="10x5,100x1,50x4,50x20")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--where", action="store_true", help="CPU by process, too")
    parser.add_argument("--large", action="store_true", help="100x50 too, one pair")
    options = parser.parse_args(arguments)
    wanted = [(name, options.pairs) for name in options.graphs.split(",") if name] + [("100x50", 1)] * options.large
    print(machine(), flush=True)
    print(
        f"{'graph':>7} {'reference':>10} {'written':>9} {'ratio':>6} {'operator':>10} {'ratio':>6} {'bar':>5} "
        f"{'CPU ms/subtask':>15} {'RSS MiB':>8} "
        f"{'planned':>9} {'off by':>7} {'unlearned':>10}",
        flush=True,
    )
    short = []
    worst = 0.0
    with benched(plain=True) as bench:
        operated(bench, Graph(2, 2))  # the first pods of a cluster are slower than all others
        for name, pairs in wanted:
            graph = Graph(*(int(n) for n in name.split("x")))
            least, kept, runs = [], [], []
            for _ in range(pairs):
                least.append(reference(bench, graph))
                kept.append(reference(bench, graph, written=True))
                runs.append(operated(bench, graph))
            ratio = statistics.median(r.seconds / lower.seconds for r, lower in zip(runs, least, strict=True))
            written = statistics.median(r.seconds / lower.seconds for r, lower in zip(kept, least, strict=True))
            bound, floor, seconds = (statistics.median(r.seconds for r in group) for group in (least, kept, runs))
            cpu, rss = statistics.median(r.cpu_millis for r in runs), max(r.rss_mib for r in runs)
            planned = runs[-1].planned
            off = seconds / planned - 1 if planned else 0.0
            print(
                f"{name:>7} {bound:>8.2f} s {floor:>7.2f} s {written:>6.3f} {seconds:>8.2f} s {ratio:>6.3f} "
                f"{BARS.get(name, 1.2):>5} {cpu:>15.1f} {rss:>8.0f} {planned:>7.2f} s {off:>+6.0%} "
                f"{unlearned(graph):>8.1f} s   {machine().rpartition(',')[2].strip()}",
                flush=True,
            )
            if options.where:
                print(_where(*([r.where for r in group] for group in (least, kept, runs))), flush=True)
            worst = max(worst, ratio / BARS.get(name, 1.2))
            short += [f"{name} ratio {ratio:.3f}"] if ratio > BARS.get(name, 1.2) else []
            short += [f"{name} CPU {cpu:.1f} ms"] if cpu > CPU_BAR_MILLIS else []
            short += [f"{name} RSS {rss:.0f} MiB"] if rss > RSS_BAR_MIB else []
            short += [f"{name} planned {off:+.0%}"] if abs(off) > PLANNED_BAR else []
    figure = f"running graphs: worst ratio {worst:.3f} of its bar; short of a bar: {', '.join(short) or 'none'}"
    return verdict(figure, "ratio ≤ 1.10 to 1.20 by size, CPU ≤ 5 ms, RSS ≤ 200 MiB, plan within 10 %", ok=not short)


if __name__ == "__main__":
    sys.exit(main())
