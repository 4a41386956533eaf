"""The graph of a plan for other programs to draw: Mermaid and Graphviz."""

from __future__ import annotations

import json
from collections.abc import Iterator

from taskdist.cli.layout import reduced
from taskdist.cli.lines import clean, duration, fit, money
from taskdist.cli.plan_text import critical_edges
from taskdist.engine.model import Dependency, EdgeSource, PlannedSubTask
from taskdist.planning.document import Planned

_UNSURE = 0.8


def drawn_edges(planned: Planned) -> list[tuple[str, PlannedSubTask, Dependency]]:
    """Return the edges worth drawing, as (before, after, edge): without those that follow from others."""
    subtasks = {subtask.id: subtask for subtask in planned.plan.subtasks}
    edges = {(edge.name, subtask.id): edge for subtask in subtasks.values() for edge in subtask.depends_on}
    return [(before, subtasks[after], edges[before, after]) for before, after in reduced(list(subtasks), edges)]


def unsure(edge: Dependency) -> bool:
    """True for an edge that was read out of the text, and not for sure."""
    return edge.source is EdgeSource.INFERRED and edge.confidence < _UNSURE


def mermaid(planned: Planned) -> str:
    """Return a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html. GitHub draws it in a ```mermaid block."""
    hot = critical_edges(planned)
    index = {subtask.id: f"t{number}" for number, subtask in enumerate(planned.plan.subtasks)}
    lines = ["flowchart LR"]
    lines += [f'  {index[s.id]}["{_mermaid_text(s)}"]' for s in planned.plan.subtasks]
    marked = []
    for number, (before, subtask, edge) in enumerate(drawn_edges(planned)):
        arrow = f'-. "{edge.confidence:.0%}" .->' if unsure(edge) else "-->"
        lines.append(f"  {index[before]} {arrow} {index[subtask.id]}")
        if (before, subtask.id) in hot:
            marked.append(str(number))
    critical = [index[s.id] for s in planned.plan.subtasks if s.critical]
    if critical:
        lines += ["  classDef critical stroke:#d97706,stroke-width:3px", f"  class {','.join(critical)} critical"]
    if marked:
        lines.append(f"  linkStyle {','.join(marked)} stroke:#d97706,stroke-width:3px")
    return "\n".join(lines) + "\n"


def _mermaid_text(subtask: PlannedSubTask) -> str:
    # Inside quotes Mermaid takes HTML entities in its own form (#quot;) and reads <br/> as a line break.
    parts = (fit(clean(part), 60) for part in _label(subtask))
    escaped = (
        part.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;").replace("&", "#amp;")
        for part in parts
    )
    return "<br/>".join(escaped)


def dot(planned: Planned) -> str:
    """Return a graph in Graphviz' language: https://graphviz.org/doc/info/lang.html."""
    hot = critical_edges(planned)
    lines = [
        f"digraph {_dot_text(planned.name or 'plan')} {{",
        '  rankdir=LR; node [shape=box, style=rounded, fontname="Helvetica"]; edge [fontname="Helvetica", fontsize=10];',
    ]
    for subtask in planned.plan.subtasks:
        label = "\n".join(fit(clean(part), 60) for part in _label(subtask))
        emphasis = ', color="#d97706", penwidth=2' if subtask.critical else ""
        lines.append(f"  {_dot_text(subtask.id)} [label={_dot_text(label)}{emphasis}];")
    for before, subtask, edge in drawn_edges(planned):
        attributes = [f'style=dashed, label="{edge.confidence:.0%}"'] if unsure(edge) else []
        attributes += ['color="#d97706", penwidth=2'] if (before, subtask.id) in hot else []
        suffix = f" [{', '.join(attributes)}]" if attributes else ""
        lines.append(f"  {_dot_text(before)} -> {_dot_text(subtask.id)}{suffix};")
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _label(subtask: PlannedSubTask) -> Iterator[str]:
    yield subtask.id
    yield f"{subtask.agent_type}, {duration(subtask.estimate.seconds)}, {money(subtask.estimate.cost_usd)}"
