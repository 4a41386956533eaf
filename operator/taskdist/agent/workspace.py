"""The attempt's own folder: what the work reads, where it writes its results, and the script itself."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from taskdist.agent.contract import Task

DEFAULT_SHELL: Final = "/bin/sh"


class Workspace(NamedTuple):
    """A fresh folder that only this user can read."""

    root: Path

    @property
    def work(self) -> Path:
        """Where the work starts: an empty, writable folder."""
        return self.root / "work"

    @property
    def inputs(self) -> Path:
        """Each upstream subtask's results: ``<id>.json`` with all of them, ``<id>/<key>`` with the text of one."""
        return self.root / "inputs"

    @property
    def results(self) -> Path:
        """File that the work may write its results into, as a JSON object."""
        return self.root / "results.json"

    @property
    def results_folder(self) -> Path:
        """Folder in which each file that the work writes is one result."""
        return self.root / "results"

    @property
    def usage(self) -> Path:
        """File for what only the work knows it used: tokens and money."""
        return self.root / "usage.json"

    @property
    def artifacts(self) -> Path:
        """File for the list of what the work left elsewhere."""
        return self.root / "artifacts.json"

    @property
    def progress(self) -> Path:
        """File that the work touches to show that it is alive, where its agent type asks for heartbeats."""
        return self.root / "progress"

    @property
    def script(self) -> Path:
        """The script, where the task has one."""
        return self.root / "script"

    def variables(self) -> dict[str, str]:
        """The variables that tell the work where its files are."""
        return {
            "TASKDIST_INPUTS": str(self.inputs),
            "TASKDIST_RESULTS": str(self.results),
            "TASKDIST_RESULTS_DIR": str(self.results_folder),
            "TASKDIST_USAGE": str(self.usage),
            "TASKDIST_ARTIFACTS": str(self.artifacts),
            "TASKDIST_PROGRESS": str(self.progress),
        }


def create(parent: Path, task: Task) -> Workspace:
    """Make the folder below ``parent`` and write the inputs into it.

    Raises:
        OSError: ``parent`` cannot be written to.
    """
    root = parent / f"taskdist-{os.urandom(8).hex()}"
    root.mkdir(mode=0o700)
    workspace = Workspace(root)
    for folder in (workspace.work, workspace.inputs, workspace.results_folder):
        folder.mkdir()
    given = dict(task.inputs)
    for name, results in given.items():
        _write(workspace.inputs / f"{name}.json", json.dumps(results, ensure_ascii=False))
        (workspace.inputs / name).mkdir()
        for key, text in results.items():
            _write(workspace.inputs / name / key, text)
    for name, members in task.groups:
        if name not in given:
            _write(
                workspace.inputs / f"{name}.json",
                json.dumps([given.get(member) for member in members], ensure_ascii=False),
            )
    return workspace


def remove(workspace: Workspace) -> None:
    """Delete the folder with everything in it, as far as it lets itself be deleted."""
    shutil.rmtree(workspace.root, ignore_errors=True)


def shebang(script: str) -> list[str]:
    """The interpreter that the script asks for, with its one argument; ``/bin/sh`` where it asks for none.

    Read here and not by the kernel, so that scripts run from a volume that is mounted ``noexec`` too. As with the
    kernel, everything after the interpreter is one argument (see execve(2)).
    """
    first, _, _ = script.partition("\n")
    words = first[2:].strip().split(None, 1) if first.startswith("#!") else []
    return [word.rstrip() for word in words] or [DEFAULT_SHELL]


def language(interpreter: list[str]) -> str:
    """Name of the program that reads the script: ``python3`` for ``/usr/bin/env -S python3 -u``."""
    words = " ".join(interpreter).split()
    if words[0].rpartition("/")[2] == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word] or words
    return words[0].rpartition("/")[2]


def _write(path: Path, text: str) -> None:
    # Bytes, since text mode would turn a lone carriage return into a line feed when it is read back.
    path.write_bytes(text.encode(errors="replace"))
