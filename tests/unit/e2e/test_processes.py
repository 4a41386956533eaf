"""Processes are known by what they are, not by their pid alone; these are real ones (`sleep`, `sh`)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from e2e.cluster.errors import ClusterError
from e2e.cluster.polling import until
from e2e.cluster.processes import MARK, Identity, Processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="process identity is read from /proc")

SLEEP = [shutil.which("sleep") or "/bin/sleep", "600"]
SH = shutil.which("sh") or "/bin/sh"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    started = Processes(tmp_path)
    yield started
    started.stop_all()


def test_start_is_idempotent(processes: Processes):
    first = processes.start("sleeper", SLEEP)
    assert processes.start("sleeper", SLEEP) == first
    assert processes.all() == [first]


def test_another_reader_finds_it(processes: Processes, tmp_path: Path):
    first = processes.start("sleeper", SLEEP)
    assert Processes(tmp_path).get("sleeper") == first


def test_a_recycled_pid_is_not_ours(processes: Processes):
    ours = processes.start("sleeper", SLEEP)
    earlier = replace(ours, born="another boot-1")
    assert not earlier.alive
    earlier.signal(signal.SIGKILL)
    earlier.end()
    assert ours.alive


def test_what_was_never_written_down_is_found_by_its_mark(processes: Processes, tmp_path: Path):
    stray = subprocess.Popen(SLEEP, env={**os.environ, MARK: str(tmp_path)})
    found = processes.all()
    assert [process.pid for process in found] == [stray.pid]
    processes.stop_all()
    assert not found[0].alive
    stray.wait()


def test_another_clusters_processes_are_left_alone(processes: Processes, tmp_path: Path):
    other = Processes(tmp_path / "other")
    theirs = other.start("sleeper", SLEEP)
    processes.stop_all()
    assert theirs.alive
    other.stop_all()
    assert not theirs.alive


def test_an_unreadable_record_is_no_obstacle(processes: Processes, tmp_path: Path):
    process = processes.start("sleeper", SLEEP)
    (tmp_path / "processes" / "sleeper.json").write_text(json.dumps({"of": "another version"}))
    processes.stop_all()
    assert not process.alive


def test_the_last_started_ends_first_also_after_a_restart(processes: Processes):
    for name in ("first", "second"):
        processes.start(name, SLEEP)
    processes.restart("first")
    assert [process.name for process in processes.all()] == ["first", "second"]


def test_a_deaf_process_is_killed(processes: Processes, tmp_path: Path):
    ready = tmp_path / "ready"
    process = processes.start("deaf", [SH, "-c", f"trap '' TERM; touch {ready}; exec sleep 600"])
    until("the trap is set", ready.exists)
    process.end(grace_seconds=0.1)
    assert not process.alive


def test_a_stopped_process_is_ended(processes: Processes):
    process = processes.start("sleeper", SLEEP)
    process.signal(signal.SIGSTOP)
    process.end()
    assert not process.alive


def test_the_child_is_remembered_where_the_parent_only_waits(processes: Processes):
    process = processes.start("child", [SH, "-c", "sleep 600; true"], forks=True)
    assert process.command.forks
    processes.stop("child")
    until("the waiting parent has gone", lambda: not processes.all())


def test_an_end_before_it_is_ready_shows_its_log(processes: Processes):
    processes.start("failing", [SH, "-c", "echo the reason; exit 1"])
    with pytest.raises(ClusterError, match=r"waiting for it: failing ended\n.*\nthe reason"):
        processes.wait("waiting for it", lambda: False, needs=["failing"])


def test_an_owner_is_a_process_not_a_pid():
    own = Identity.own()
    assert own.alive
    assert not replace(own, born="another boot-1").alive
