"""Signals, deadlines, orphans: with real processes."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from tests.unit.agent.pod import Pod, wait_for, wait_until_dead

from taskdist.agent.usage import MemoryCgroup, memory_cgroup


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)],
)
def test_passes_a_signal_on_and_ends_with_it(pod: Pod, number: signal.Signals, exit_code: int) -> None:
    process = pod.start(
        script=f"""
            trap 'echo bye; exit 0' {number.name[3:]}
            echo $$ > {pod.folder}/ready
            while :; do sleep 0.05; done
        """
    )
    wait_for(pod.folder / "ready")
    process.send_signal(number)
    done = pod.finish(process)
    assert (done.exit_code, done.stdout) == (exit_code, "bye\n")
    assert done.message["reason"] == "Terminated"
    assert number.name in done.error


def test_the_whole_group_gets_the_signal(pod: Pod) -> None:
    process = pod.start(script=f"sleep 300 & echo $! > {pod.folder}/pid; wait")
    child = int(wait_for(pod.folder / "pid"))
    process.terminate()
    assert pod.finish(process).exit_code == 143
    wait_until_dead(child)


def test_kills_what_does_not_end_within_the_grace(pod: Pod) -> None:
    pod.environ["TASKDIST_GRACE_SECONDS"] = "1"
    process = pod.start(script=f"trap '' TERM; echo $$ > {pod.folder}/pid; while :; do sleep 0.05; done")
    stubborn = int(wait_for(pod.folder / "pid"))
    process.terminate()
    done = pod.finish(process)
    assert (done.exit_code, done.message["reason"]) == (143, "Terminated")
    wait_until_dead(stubborn)


def test_a_stopped_process_ends_too(pod: Pod) -> None:
    process = pod.start(script=f"echo $$ > {pod.folder}/pid; kill -STOP $$; sleep 300")
    wait_for(pod.folder / "pid")
    process.terminate()
    assert pod.finish(process).exit_code == 143


def test_time_is_up(pod: Pod) -> None:
    process = pod.start(script=f"echo $$ > {pod.folder}/pid; sleep 300", timeoutSeconds=3)
    child = int(wait_for(pod.folder / "pid"))
    done = pod.finish(process)
    assert (done.exit_code, done.message["reason"]) == (124, "Timeout")
    assert "the time of this attempt was up" in done.error
    assert "usage" in done.message
    wait_until_dead(child)


def test_the_earlier_of_two_ends_counts(pod: Pod) -> None:
    pod.environ["TASKDIST_DEADLINE"] = str(int(time.time()) + 1)
    done = pod.run(script="sleep 300", timeoutSeconds=200)
    assert done.message["reason"] == "Timeout"


def test_the_work_knows_its_deadline(pod: Pod) -> None:
    before = int(time.time())
    done = pod.run(script="echo $TASKDIST_DEADLINE", timeoutSeconds=200)
    assert before + 199 <= int(done.stdout) <= time.time() + 200


@pytest.mark.parametrize("name", ["TASKDIST_DEADLINE", "TASKDIST_GRACE_SECONDS"])
def test_a_deadline_that_is_none_is_refused(pod: Pod, name: str) -> None:
    pod.environ[name] = "soon"
    done = pod.run(script="echo ran")
    assert (done.exit_code, done.stdout, done.error) == (65, "", f"{name}: expected whole seconds, found 'soon'")


def test_what_the_work_leaves_running_is_killed(pod: Pod) -> None:
    done = pod.run(script=f"sleep 300 & echo $! > {pod.folder}/pid; echo done")
    assert (done.exit_code, done.stdout) == (0, "done\n")
    wait_until_dead(int((pod.folder / "pid").read_text()))


def test_does_not_wait_for_a_daemon_that_left_the_group(pod: Pod) -> None:
    process = pod.start(
        script=f"setsid sh -c 'echo $$ > {pod.folder}/pid; exec sleep 20' & while [ ! -s {pod.folder}/pid ]; do :; done"
    )
    done = process.wait(timeout=15)
    daemon = int((pod.folder / "pid").read_text())
    signal.pidfd_send_signal(__import__("os").pidfd_open(daemon), signal.SIGKILL)
    assert done == 0
    pod.finish(process)


def test_a_log_that_nobody_reads_does_not_stop_the_clock(pod: Pod) -> None:
    process = pod.start(script="yes >&2", timeoutSeconds=1)
    # Nothing reads the pipe, so it is full at once.
    assert process.wait(timeout=20) == 124
    pod.finish(process)


# --- what the kernel says ----------------------------------------------------------------------------------------


def cgroups(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


V2 = {
    "memory.max": "134217728\n",
    "memory.stat": "anon 1000\nfile 999999\nshmem 200\nkernel_stack 30\nslab_reclaimable 7\nslab_unreclaimable 4\n",
    "memory.events": "low 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n",
}
V1 = {
    "memory/memory.limit_in_bytes": "134217728\n",
    "memory/memory.stat": "cache 99\nrss 5\ntotal_cache 999999\ntotal_rss 1000\ntotal_shmem 234\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
}


@pytest.mark.parametrize(
    ("files", "own"),
    [
        pytest.param(V2, "0::/\n", id="v2"),
        pytest.param(
            {f"kubepods/pod1/{k}": v for k, v in V2.items()}, "0::/kubepods/pod1\n", id="v2 with the host's path"
        ),
        pytest.param(V1, "5:cpu:/\n4:memory:/kubepods/pod1\n0::/\n", id="v1, the container's own at the top"),
    ],
)
def test_reads_memory_that_cannot_be_reclaimed(tmp_path: Path, files: dict[str, str], own: str) -> None:
    (tmp_path / "self").write_text(own)
    found = memory_cgroup(cgroups(tmp_path / "cgroup", files), tmp_path / "self")
    assert found
    assert (found.unreclaimable_bytes(), found.oom_kills(), found.limit_bytes) == (1234, 1, 2**27)


@pytest.mark.parametrize(
    ("files", "own"),
    [
        pytest.param(V2 | {"memory.max": "max\n"}, "0::/\n", id="v2 without a limit"),
        pytest.param(
            V1 | {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, "4:memory:/\n", id="v1 without a limit"
        ),
        pytest.param({}, "0::/\n", id="nothing mounted"),
        pytest.param(V2, "", id="no cgroup"),
    ],
)
def test_the_machine_s_memory_is_not_the_pod_s(tmp_path: Path, files: dict[str, str], own: str) -> None:
    (tmp_path / "self").write_text(own)
    assert memory_cgroup(cgroups(tmp_path / "cgroup", files), tmp_path / "self") is None


def test_a_cgroup_that_vanished_counts_as_nothing(tmp_path: Path) -> None:
    gone = MemoryCgroup(tmp_path / "gone", 2, 2**27)
    assert (gone.unreclaimable_bytes(), gone.oom_kills()) == (0, 0)


def test_work_that_falls_silent_is_ended_to_be_tried_again(pod: Pod) -> None:
    done = pod.run(script="touch $TASKDIST_PROGRESS; echo begun; sleep 300", heartbeatSeconds=3)
    assert (done.exit_code, done.stdout) == (124, "begun\n")
    assert done.message["reason"] == "Silent"
    assert "progress file" in done.error


def test_work_that_shows_progress_may_take_longer_than_its_heartbeat(pod: Pod) -> None:
    done = pod.run(script="for i in 1 2 3 4 5 6; do sleep 0.6; touch $TASKDIST_PROGRESS; done", heartbeatSeconds=3)
    assert done.exit_code == 0
