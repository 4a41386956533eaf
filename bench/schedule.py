"""Schedule quality on RCPSP instances (PSPLIB and alike), through the planner's own scheduler and no other code.

    python -m bench.schedule INSTANCES.jsonl [OUT.jsonl] [--seconds 1] [--no-solver]

Instances are JSON lines with id, durations, demands, capacities, successors (0-based) and, where known, optimum and
lower_bound; for a folder, every such file in its rcpsp/ is read, and without any argument that of $DATA. OUT gets
``{"id", "starts", "seconds", "lower_bound", "method"}``. ``--seconds`` is turned into deterministic work, so that the
answer is the same on every machine; the time really taken is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskdist.engine.graph import build, critical_path
from taskdist.engine.schedule import Effort, Problem, is_feasible, makespan, pack, problem, solve
from taskdist.engine.schedule.exact import is_available
from taskdist.engine.schedule.generate import serial
from taskdist.engine.schedule.rules import by_weight, longest_tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BAR = 0.002
"""Mean gap that must be reached on J30 within one second a plan."""


@dataclass(frozen=True)
class Row:
    """What one instance gave."""

    id: str
    serial: int
    listed: int
    makespan: int
    lower_bound: int
    best_known: int | None
    seconds: float
    cpu_seconds: float
    method: str


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.schedule", description=__doc__.split("\n")[0])
    parser.add_argument("instances", nargs="?", help="JSON lines, or a folder that holds rcpsp/")
    parser.add_argument("out", nargs="?", help="where the schedules go, as JSON lines")
    parser.add_argument("--seconds", type=float, default=1.0, help="time that one plan may take on an ordinary core")
    parser.add_argument("--no-solver", action="store_true", help="plain Python only, as where ortools is not installed")
    options = parser.parse_args(arguments)
    given = Path(options.instances or os.environ.get("DATA", "."))
    files = [given] if given.is_file() else sorted((given / "rcpsp").glob("*.jsonl"))
    if not files:
        parser.error("no instances: give a file, or set DATA to the folder that holds rcpsp/")
    effort = Effort.within(options.seconds, solver=not options.no_solver)
    if effort.solver_work and not is_available():
        print("ortools is not installed: plain Python only", file=sys.stderr)
    if is_available():
        # Half a second once a process, which no single plan should be charged with.
        from ortools.sat.python import cp_model as _  # noqa: F401
    status = 0
    with Path(options.out or os.devnull).open("w", encoding="utf-8") as out:
        for file in files:
            rows = [run(instance, effort, out) for instance in read(file)]
            status |= report(file.stem, rows, options.seconds)
    return status


def read(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def run(instance: dict[str, Any], effort: Effort, out: Any) -> Row:
    begin, begin_cpu = time.perf_counter(), time.process_time()
    of = as_problem(instance)
    found = solve(of, effort)
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - begin_cpu
    if not is_feasible(as_problem(instance), found.starts):
        raise AssertionError(f"{instance['id']}: the schedule breaks a constraint")
    line = {
        "id": instance["id"],
        "starts": found.starts,
        "seconds": round(seconds, 4),
        "lower_bound": found.lower_bound,
        "method": found.method,
    }
    print(json.dumps(line), file=out)
    return Row(
        id=instance["id"],
        serial=trivial(of),
        listed=solve(of, Effort(placements=0)).makespan,
        makespan=found.makespan,
        lower_bound=found.lower_bound,
        best_known=instance.get("optimum"),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        method=found.method,
    )


def as_problem(instance: dict[str, Any]) -> Problem:
    successors = instance["successors"]
    graph = build(len(successors), ((i, j) for i, later in enumerate(successors) for j in later))
    demands = [list(enumerate(amounts)) for amounts in instance["demands"]]
    return problem(graph, instance["durations"], demands, instance["capacities"])


def trivial(of: Problem) -> int:
    """Return the makespan of the baseline: one pass of serial generation, longest tail first."""
    path = critical_path(of.graph, of.order, of.durations)
    return makespan(of, serial(of, pack(of), by_weight(of, longest_tail(of, path))))


def report(name: str, rows: Sequence[Row], budget: float) -> int:
    known = [row for row in rows if row.best_known]
    print(f"{name}: {len(rows)} instances, {budget:g} s a plan")
    if known:
        print("  method                            mean gap   max gap   at best known")
        for label, lengths in (
            ("serial, longest tail first", [row.serial for row in known]),
            ("list heuristic", [row.listed for row in known]),
            ("taskdist", [row.makespan for row in known]),
        ):
            gaps = [length / row.best_known - 1 for length, row in zip(lengths, known, strict=True) if row.best_known]
            share = sum(gap <= 0 for gap in gaps) / len(gaps)
            print(f"  {label:32s} {statistics.fmean(gaps):9.3%} {max(gaps):9.1%} {share:15.1%}")
    proven = sum(row.makespan == row.lower_bound for row in rows)
    shown = statistics.fmean(row.makespan / max(1, row.lower_bound) - 1 for row in rows)
    methods = {method: sum(row.method == method for row in rows) for method in sorted({row.method for row in rows})}
    print(
        f"  proven optimal {proven / len(rows):.1%}, mean gap to the bound that the plan shows {shown:.3%}, found by {methods}"
    )
    for label, times in (("wall", sorted(r.seconds for r in rows)), ("own CPU", sorted(r.cpu_seconds for r in rows))):
        late = times[int(0.99 * (len(times) - 1))]
        print(f"  seconds, {label}: median {statistics.median(times):.3f}, 99 % {late:.3f}, max {times[-1]:.3f}")
    worse = [row.id for row in rows if row.makespan > row.listed]
    if worse:
        print(f"  WORSE THAN THE LIST HEURISTIC: {', '.join(worse)}")
    if not known:
        return int(bool(worse))
    gap = statistics.fmean(row.makespan / row.best_known - 1 for row in known if row.best_known)
    # What others do on the machine is no part of the figure, so the time that counts is the process's own.
    longest = max(row.cpu_seconds for row in rows)
    ok = gap <= BAR and not worse and longest <= budget
    verdict = "ok" if ok else "short"
    print(
        f"schedule {name}: mean gap {gap:.3%} / at most {BAR:.1%} within {budget:g} s (max {longest:.2f} s) / {verdict}"
    )
    return int(not ok)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
