"""What running pods use of what they requested, as the metrics API tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskdist.api.names import Label
from taskdist.cli.lines import Column, Line, Span, clean, fit, memory, table
from taskdist.engine.model import Resources
from taskdist.engine.quantity import format_cpu, parse_cpu_millis, parse_memory_bytes

_NEARLY = 0.9
"""From this share of its request on, memory is marked: the request is also the limit."""


@dataclass(frozen=True, slots=True)
class Use:
    """One running pod. ``used`` is None where the cluster has not measured it."""

    distribution: str
    subtask: str
    node: str
    requested: Resources
    used: Resources | None


def uses(pods: Sequence[Mapping[str, Any]], metrics: Sequence[Mapping[str, Any]]) -> list[Use]:
    """Join running pods with what was measured of them, by distribution and subtask."""
    measured = {one["metadata"]["name"]: _sum(one.get("containers") or (), "usage") for one in metrics}
    found = []
    for pod in pods:
        labels = pod["metadata"].get("labels") or {}
        if (pod.get("status") or {}).get("phase") != "Running":
            continue
        containers = [one.get("resources") or {} for one in pod["spec"].get("containers") or ()]
        found.append(
            Use(
                distribution=labels.get(Label.DISTRIBUTION, ""),
                subtask=labels.get(Label.SUBTASK, pod["metadata"]["name"]),
                node=pod["spec"].get("nodeName", ""),
                requested=_sum(containers, "requests"),
                used=measured.get(pod["metadata"]["name"]),
            )
        )
    return sorted(found, key=lambda use: (use.distribution, use.subtask))


def _sum(containers: Sequence[Mapping[str, Any]], key: str) -> Resources:
    amounts = [one.get(key) or {} for one in containers]
    return Resources(
        sum(_amount(parse_cpu_millis, amount.get("cpu")) for amount in amounts),
        sum(_amount(parse_memory_bytes, amount.get("memory")) for amount in amounts),
    )


def _amount(parse: Any, text: object) -> int:
    """Read one amount; the metrics API counts CPU in billionths (``n``) and millionths (``u``) of a core."""
    if not isinstance(text, str):
        return 0
    for suffix, share in (("n", 1_000_000), ("u", 1_000)):
        if text.endswith(suffix) and text[:-1].isdecimal():
            return round(int(text[:-1]) / share)
    try:
        return int(parse(text))
    except ValueError:
        return 0


def top_text(found: Sequence[Use]) -> list[Line]:
    """Return a line per running subtask and one of their sums."""
    columns = [
        Column("DISTRIBUTION"),
        Column("SUBTASK"),
        Column("CPU", right=True),
        Column("OF", right=True),
        Column("MEMORY", right=True),
        Column("OF", right=True),
        Column("", right=True),
        Column("NODE"),
    ]
    rows = [_row(use) for use in found]
    requested = [use.requested for use in found]
    used = [use.used for use in found if use.used is not None]
    rows.append(_amounts("", "in all", _total(used) if used else None, _total(requested), ""))
    return table(columns, rows, indent="")


def _row(use: Use) -> list[Span | str]:
    return _amounts(clean(use.distribution), fit(clean(use.subtask), 40), use.used, use.requested, clean(use.node))


def _amounts(distribution: str, name: str, used: Resources | None, requested: Resources, node: str) -> list[Span | str]:
    share = used.memory_bytes / requested.memory_bytes if used is not None and requested.memory_bytes else None
    return [
        distribution,
        name,
        format_cpu(used.cpu_millis) if used is not None else "-",
        format_cpu(requested.cpu_millis),
        memory(used.memory_bytes) if used is not None else "-",
        memory(requested.memory_bytes),
        Span(f"{share:.0%}", "warning" if share >= _NEARLY else "") if share is not None else "-",
        node,
    ]


def _total(amounts: Sequence[Resources]) -> Resources:
    return Resources(sum(a.cpu_millis for a in amounts), sum(a.memory_bytes for a in amounts))


def top_document(found: Sequence[Use]) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "items": [
            {
                "distribution": use.distribution,
                "subtask": use.subtask,
                "node": use.node,
                "requested": {"cpu": format_cpu(use.requested.cpu_millis), "memoryBytes": use.requested.memory_bytes},
                "used": {"cpu": format_cpu(use.used.cpu_millis), "memoryBytes": use.used.memory_bytes}
                if use.used is not None
                else None,
            }
            for use in found
        ]
    }
