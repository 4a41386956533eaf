"""Where a task uses what another one found: ``$(tasks.NAME.results.KEY)`` in its work, ``NAME.KEY`` in ``forEachResult``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskdist.engine.model import TaskSpec

_PLACEHOLDER: Final = re.compile(r"(\$?)\$\(tasks\.([^()\s]*)\)")
_WELL_FORMED: Final = re.compile(r"([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.results\.([^.]+(?:\.[^.]+)*)", re.ASCII)
_FAN_OUT: Final = re.compile(r"([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.([A-Za-z0-9_.-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a result. ``task`` is empty if the text is malformed; ``path`` is the field that holds ``text``."""

    task: str
    key: str
    text: str
    path: str


def references(task: TaskSpec, path: str) -> Iterator[Reference]:
    """Every use of a result in what ``task`` runs, in the order of its fields; ``path`` is the task's own.

    ``$$(…)`` is the way to write a placeholder literally, as the agent reads it.
    """
    for field, text in _texts(task):
        for match in _PLACEHOLDER.finditer(text):
            if match[1]:
                continue
            parts = _WELL_FORMED.fullmatch(match[2])
            yield Reference(parts[1] if parts else "", parts[2] if parts else "", match[0], f"{path}.{field}")
    if task.for_each_result:
        parts = _FAN_OUT.fullmatch(task.for_each_result)
        field = f"{path}.forEachResult"
        yield Reference(parts[1] if parts else "", parts[2] if parts else "", task.for_each_result, field)


def _texts(task: TaskSpec) -> Iterator[tuple[str, str]]:
    yield "description", task.description
    yield "script", task.work.script
    yield from ((f"command[{i}]", word) for i, word in enumerate(task.work.command))
    yield from ((f"args[{i}]", word) for i, word in enumerate(task.work.args))
    yield from ((f"env[{i}].value", value) for i, (_, value) in enumerate(task.work.env))
