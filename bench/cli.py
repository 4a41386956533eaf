"""How long the first plan takes, the program's start included: ``taskdist plan -f FILE`` as a process, 20 times.

Run as ``python -m bench.cli [--file FILE] [--runs N]``. Bytecode is kept in a temporary folder, as an installation has it:
compiling the sources at every start would be measured otherwise. Ends with one line: figure, bar, and ok or short.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

BAR_SECONDS = 0.5
SAMPLES = Path(__file__).resolve().parents[1] / "manifests" / "samples"
ENTRY = "from taskdist.cli.app import main; main()"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.cli", description="Time taskdist plan as a process.")
    parser.add_argument("data", nargs="?", help="taken for the sake of the other benchmarks; nothing is read from it")
    parser.add_argument("--file", type=Path, action="append", help="manifest to plan; the samples if none is given")
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args(arguments)
    files = options.file or [SAMPLES / "freetext.yaml", SAMPLES / "insights.yaml"]
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.runs} runs each"
    )
    with tempfile.TemporaryDirectory() as bytecode:
        baseline = timed(["-c", "pass"], options.runs, bytecode)
        show("python -c pass (baseline)", baseline)
        medians = []
        for file in files:
            took = timed(["-c", ENTRY, "plan", "-f", str(file)], options.runs, bytecode)
            show(f"taskdist plan -f {file.name}", took)
            medians.append(quantile(took.wall, 0.5))
    worst = max(medians)
    met = worst <= BAR_SECONDS
    print(f"first plan, start included: p50 {worst:.3f} s (bar {BAR_SECONDS} s): {'ok' if met else 'short'}")
    return 0 if met else 1


@dataclass(frozen=True)
class Took:
    """Seconds of each run, in order of length."""

    wall: list[float]
    cpu: list[float]


def timed(arguments: list[str], runs: int, bytecode: str) -> Took:
    """Time the runs; a first one that fills the bytecode cache is not counted."""
    variables = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    walls, cpus = [], []
    for number in range(runs + 1):
        begin, spent = time.perf_counter(), _spent()
        done = subprocess.run([sys.executable, *arguments], env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"it ended with {done.returncode}: {done.stderr.strip()[:500]}")
        if number:
            walls.append(time.perf_counter() - begin)
            cpus.append(_spent() - spent)
    return Took(sorted(walls), sorted(cpus))


def _spent() -> float:
    """CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def quantile(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


def show(what: str, took: Took) -> None:
    p50, p95, cpu = quantile(took.wall, 0.5), quantile(took.wall, 0.95), quantile(took.cpu, 0.5)
    print(f"{what:<36} p50 {p50:.3f} s  p95 {p95:.3f} s  min {took.wall[0]:.3f} s  CPU {cpu:.3f} s")


if __name__ == "__main__":
    sys.exit(main())
