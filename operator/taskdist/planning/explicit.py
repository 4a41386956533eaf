"""Inferred tasks written out: a description as a TaskDistribution with explicit tasks that plans to the same graph.

So that a user corrects one edge without rewriting all: ``taskdist plan -o yaml`` prints it, with the words that each
edge was read from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import yaml

from taskdist.engine.model import Dependency, EdgeSource, Plan, PlannedSubTask, TriggerRule
from taskdist.planning.yaml_nodes import plain

if TYPE_CHECKING:
    from taskdist.api import TaskDistribution

_WIDTH: Final = 110


def explicit_distribution(plan: Plan, distribution: TaskDistribution) -> dict[str, Any]:
    """Return the manifest of ``distribution`` with its inferred tasks made explicit; explicit tasks stay as they are.

    Only what the user set is there, besides. Requests and estimates are left out: they are planned again, and learned.
    """
    manifest = distribution.model_dump(mode="json", by_alias=True, exclude_unset=True)
    manifest.pop("status", None)
    manifest["spec"].pop("approvedPlanHash", None)
    if not distribution.spec.tasks:
        manifest["spec"]["tasks"] = [_task(subtask) for subtask in plan.subtasks]
    order = {"apiVersion": "taskdist.dev/v1alpha1", "kind": "TaskDistribution"}
    return {**order, **manifest}


def _task(subtask: PlannedSubTask) -> dict[str, Any]:
    task: dict[str, Any] = {
        "name": subtask.id,
        "description": subtask.description,
        "agentType": subtask.agent_type,
    }
    if subtask.depends_on:
        task["dependsOn"] = [edge.name for edge in subtask.depends_on]
    if subtask.trigger_rule is not TriggerRule.ALL_SUCCEEDED:
        task["triggerRule"] = subtask.trigger_rule.value
    if subtask.locks:
        task["locks"] = list(subtask.locks)
    return task


def explicit_yaml(plan: Plan, distribution: TaskDistribution) -> str:
    """Return :func:`explicit_distribution` as YAML, with the words and the confidence of each inferred edge beside it."""
    manifest = explicit_distribution(plan, distribution)
    if distribution.spec.tasks:
        return _dumped(manifest)
    tasks = manifest["spec"].pop("tasks")
    edges = {subtask.id: subtask.depends_on for subtask in plan.subtasks}
    head = _dumped(manifest) if manifest["spec"] else _dumped({**manifest, "spec": None}).replace("spec: null", "spec:")
    return f"{head}  tasks:\n" + "".join(_task_text(task, edges[task["name"]]) for task in tasks)


def _task_text(task: Mapping[str, Any], edges: tuple[Dependency, ...]) -> str:
    text = "".join(
        _edges_text(edges) if key == "dependsOn" else _indented(_dumped({key: value}), "      ")
        for key, value in task.items()
    )
    return f"    - {text[6:]}"


def _edges_text(edges: tuple[Dependency, ...]) -> str:
    lines = "".join(f"        - {_scalar(edge.name)}{_comment(edge)}\n" for edge in edges)
    return f"      dependsOn:\n{lines}"


def _comment(edge: Dependency) -> str:
    if edge.source is EdgeSource.DECLARED:
        return ""
    cue = "".join(c if c.isprintable() else " " for c in edge.cue)[:80]
    words = f'read from "{cue}", ' if cue.strip() else ""
    return f"  # {words}confidence {edge.confidence:.2f}"


def _scalar(text: str) -> str:
    return _dumped([text], flow=True)[1:-2]


def _indented(text: str, margin: str) -> str:
    return "".join(f"{margin}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, as a person would."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text.strip() else None
    if not isinstance(plain(text), str):
        style = "'"  # YAML 1.2 and the API server read more as numbers than PyYAML, which would leave 0E0 bare
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _dumped(value: object, *, flow: bool | None = False) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=flow)
