"""Runs the agent as the pod does: as a process, with a task file, and reads what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

AGENT = [sys.executable, "-m", "taskdist.agent"]


@dataclass(frozen=True)
class Finished:
    """What the operator and the user see of an agent that ended."""

    exit_code: int
    stdout: str
    stderr: str
    raw: bytes

    @property
    def message(self) -> dict[str, Any]:
        assert len(self.raw) <= 4096
        return json.loads(self.raw)

    @property
    def results(self) -> dict[str, Any]:
        return self.message["results"]

    @property
    def error(self) -> str:
        return self.message["error"]


@dataclass
class Pod:
    """A folder that stands for the pod's volumes."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / "termination-log"

    @property
    def scratch(self) -> Path:
        return self.folder / "tmp"

    def start(self, document: dict[str, Any] | bytes | None = None, /, **fields: Any) -> subprocess.Popen[str]:
        base = {"formatVersion": 1, "distribution": "release", "subtask": "analyze", "uid": "u-1", "attempt": 1}
        raw = document if isinstance(document, bytes) else json.dumps(base | (document or {}) | fields).encode()
        (self.folder / "task.json").write_bytes(raw)
        self.scratch.mkdir(exist_ok=True)
        environ = {
            "PATH": os.environ["PATH"],
            "TASKDIST_TASK_FILE": str(self.folder / "task.json"),
            "TASKDIST_TERMINATION_LOG": str(self.log),
            "TMPDIR": str(self.scratch),
        }
        return subprocess.Popen(
            AGENT,
            env=environ | self.environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )

    def finish(self, process: subprocess.Popen[str], seconds: float = 60) -> Finished:
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        finally:
            process.kill()
        return Finished(process.returncode, stdout, stderr, self.log.read_bytes() if self.log.exists() else b"")

    def run(self, document: dict[str, Any] | bytes | None = None, /, **fields: Any) -> Finished:
        return self.finish(self.start(document, **fields))


def wait_for(path: Path, seconds: float = 30) -> str:
    """The text of a file once it is there and not empty."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.02)
    raise AssertionError(f"{path} did not appear within {seconds} s")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_dead(pid: int, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while is_alive(pid):
        assert time.monotonic() < until, f"process {pid} lives on"
        time.sleep(0.02)
