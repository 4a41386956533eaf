"""Many distributions that start, finish, expire and are deleted: does the operator keep anything of them?

    python -m bench.soak [--minutes 20] [--side-by-side 12] [--small-tables]

They come and go on simulated nodes, in a namespace that is new every minute and deleted two minutes later: chains with results,
failures with a retry, fan-outs, locks, plans that only are plans, plans that cannot be, and distributions that are deleted while
their pods run. Memory, open files, tasks, threads, and what the operator and the API server hold are sampled every half minute.
The first quarter warms up; after it the slope of the memory over the distributions that have come and gone is what counts.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bench._running import Bench, benched, finished, machine, rss_mib, verdict
from e2e.distributions import task
from e2e.faults.api import OURS, RefusedError
from e2e.operator_process import OperatorProcess

SMALL_TABLES = """
from taskdist.cluster import store
from taskdist.reconcile import learning, stopwatch
store._MOST_ENDED = learning._REMEMBERED = stopwatch._MOST = 64
"""
"""What fills up to a bound by design is full after a minute: ended children and attempts (4,096), times of pods (10,000)."""
BAR_KIB = 2.0
"""What one distribution may leave behind: less than the smallest projection, some times the entry of one dictionary."""
FILES_BAR = 5
_SAMPLE_SECONDS = 30
_NAMESPACE_SECONDS = 60

Spec = dict[str, Any]


def _task(name: str, *after: str, **more: Any) -> Spec:
    return task(name, *after, agentType="bench", **more)


def _chain() -> Spec:
    return {"tasks": [_task("a", results={"x": "1"}), _task("b", "a"), _task("c", "b")]}


def _failing() -> Spec:
    broken = [{"name": "SIMULATED_EXIT_CODE", "value": "1"}]
    return {"tasks": [_task("a", env=broken), _task("b", "a")], "retry": {"limit": 1, "backoffSeconds": 0}}


def _fan_out() -> Spec:
    return {
        "tasks": [_task("list", results={"items": ["1", "2", "3"]}), _task("each", "list", forEachResult="list.items")]
    }


def _locked() -> Spec:
    return {"tasks": [_task(name, locks=["one"]) for name in "ab"]}


def _only_planned() -> Spec:
    return {"tasks": [_task("a"), _task("b", "a")], "planning": {"mode": "PlanOnly"}}


def _impossible() -> Spec:
    return {"tasks": [task("a", agentType="nobody")]}


def _deleted_under_way() -> Spec:
    return {"tasks": [_task("a", delay="10m"), _task("b", delay="10m")]}


KINDS: tuple[Callable[[], Spec], ...] = (
    _chain,
    _failing,
    _fan_out,
    _locked,
    _only_planned,
    _impossible,
    _deleted_under_way,
)


@dataclass(frozen=True)
class Sample:
    """What there is at one moment."""

    seconds: float
    gone: int
    rss_mib: float
    files: int
    threads: int
    tasks: int
    known: int
    waiting: int
    stored: tuple[int, int, int]

    def __str__(self) -> str:
        roots, subtasks, pods = self.stored
        return (
            f"{self.seconds / 60:>7.1f} {self.gone:>8} {self.rss_mib:>8.1f} {self.files:>6} {self.threads:>8} {self.tasks:>6} "
            f"{self.known:>6} {self.waiting:>8} {roots:>6} {subtasks:>9} {pods:>6}"
        )


HEAD = (
    f"{'minute':>7} {'gone':>8} {'RSS MiB':>8} {'files':>6} {'threads':>8} {'tasks':>6} {'known':>6} {'waiting':>8} {'roots':>6} "
    f"{'subtasks':>9} {'pods':>6}"
)


class Soak:
    """The distributions that are there, and those that have gone."""

    def __init__(self, bench: Bench, side_by_side: int) -> None:
        self._bench = bench
        self._side_by_side = side_by_side
        self._numbers = count()
        self._there: dict[tuple[str, str], tuple[int, float]] = {}
        self._namespaces: list[tuple[str, float]] = []
        self.gone = 0

    def step(self) -> None:
        """Delete what has ended, and make as many new ones."""
        self._turn_namespaces()
        ended = {
            (root["metadata"]["namespace"], root["metadata"]["name"])
            for root in self._items(f"{OURS}/taskdistributions")
            if finished(root.get("status", {}))
            or root.get("status", {}).get("phase") in {"Planned", "Stalled", "Invalid"}
        }
        with_children = {
            (st["metadata"]["namespace"], st["metadata"]["labels"]["taskdist.dev/distribution"])
            for st in self._items(f"{OURS}/subtasks")
        }
        for key, (number, since) in tuple(self._there.items()):
            kind, age = number % len(KINDS), time.monotonic() - since
            expires = number % 2 == 0  # then it is left until nothing but the root is left of it
            over = key in ended and not (expires and key in with_children)
            if over or age > 60 or (KINDS[kind] in {_deleted_under_way, _only_planned, _impossible} and age > 5):
                self._delete(*key)
        while len(self._there) < self._side_by_side:
            number, namespace = next(self._numbers), self._namespaces[-1][0]
            spec = KINDS[number % len(KINDS)]() | {"ttlSecondsAfterFinished": 2 if number % 2 == 0 else 3600}
            self._bench.api.create(namespace, f"soak-{number}", spec)
            self._there[namespace, f"soak-{number}"] = number, time.monotonic()

    def sample(self, operator: OperatorProcess, seconds: float) -> Sample:
        with urllib.request.urlopen(operator.metrics_url, timeout=30) as answer:
            told = dict(re.findall(r"^(taskdist_\w+) (\S+)$", answer.read().decode(), re.MULTILINE))
        proc = Path(f"/proc/{operator.pid}")
        return Sample(
            seconds,
            self.gone,
            rss_mib(operator.pid, "VmRSS"),
            len(list((proc / "fd").iterdir())),
            len(list((proc / "task").iterdir())),
            int(float(told["taskdist_tasks"])),
            int(float(told["taskdist_distributions"])),
            int(float(told["taskdist_queue_depth"])),
            (
                len(self._items(f"{OURS}/taskdistributions")),
                len(self._items(f"{OURS}/subtasks")),
                len(self._items("/api/v1/pods")),
            ),
        )

    def drain(self) -> None:
        """Delete all that is left."""
        for name, _ in self._namespaces:
            self._bench.cluster.kubectl("delete", "namespace", name, "--timeout=300s", timeout=320)

    def _delete(self, namespace: str, name: str) -> None:
        with suppress(RefusedError):  # gone with its namespace
            self._bench.api.request("DELETE", f"{OURS}/namespaces/{namespace}/taskdistributions/{name}")
        del self._there[namespace, name]
        self.gone += 1

    def _turn_namespaces(self) -> None:
        now = time.monotonic()
        if not self._namespaces or now - self._namespaces[-1][1] > _NAMESPACE_SECONDS:
            name = f"soak-{next(self._numbers)}"
            self._bench.cluster.kubectl("create", "namespace", name)
            self._bench.cluster.wait_service_account(name)
            self._namespaces.append((name, now))
        if len(self._namespaces) > 3:
            old = self._namespaces.pop(0)[0]
            self._bench.cluster.kubectl("delete", "namespace", old, "--wait=false")
            for key in [key for key in self._there if key[0] == old]:
                del self._there[key]
                self.gone += 1

    def _items(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._bench.api.get(path)["items"]
        return items


def soak(bench: Bench, minutes: float, side_by_side: int, first: str = "") -> Iterator[Sample]:
    """Samples of a run, and one of the operator after everything has been deleted."""
    run = Soak(bench, side_by_side)
    with bench.operator(first=first) as operator:
        begin = sampled = time.monotonic()
        while (now := time.monotonic()) - begin < 60 * minutes:
            run.step()
            if now - sampled > _SAMPLE_SECONDS:
                sampled = now
                yield run.sample(operator, now - begin)
            time.sleep(0.5)
        run.drain()
        time.sleep(10)  # what had an appointment has had it
        yield run.sample(operator, time.monotonic() - begin)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="bench.soak", description="Does anything stay of distributions that are gone?"
    )
    parser.add_argument("data", nargs="?", help="taken for the sake of the other benchmarks; nothing is read from it")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--side-by-side", type=int, default=12)
    parser.add_argument("--small-tables", action="store_true", help="fill what fills up by design in a minute")
    options = parser.parse_args(arguments)
    print(machine(), flush=True)
    print(HEAD, flush=True)
    samples = []
    with benched() as bench:
        first = SMALL_TABLES if options.small_tables else ""
        for sample in soak(bench, options.minutes, options.side_by_side, first):
            print(sample, flush=True)
            samples.append(sample)
    *running, last = samples
    warm = [s for s in running if s.seconds >= 15 * options.minutes]
    slope = statistics.linear_regression([s.gone for s in warm], [s.rss_mib for s in warm]).slope * 1024
    files = statistics.median(s.files for s in warm[len(warm) // 2 :]) - statistics.median(
        s.files for s in warm[: len(warm) // 2]
    )
    kept = [f"{last.known} distributions"] * bool(last.known) + [f"{last.waiting} keys"] * bool(last.waiting)
    figure = (
        f"soak: {slope:+.2f} KiB per distribution over {warm[-1].gone - warm[0].gone} of them, RSS {warm[0].rss_mib:.0f} to "
        f"{warm[-1].rss_mib:.0f} MiB, open files {files:+.0f}, kept at the end: {', '.join(kept) or 'nothing'}"
    )
    bar = f"≤ {BAR_KIB:g} KiB, files within {FILES_BAR}, nothing kept"
    return verdict(figure, bar, ok=slope <= BAR_KIB and abs(files) <= FILES_BAR and not kept)


if __name__ == "__main__":
    sys.exit(main())
