"""docs/findings.md, made from the table of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskdist.engine.rules import ELSEWHERE, GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = """# Findings

What `taskdist plan` prints, what stands in `status.warnings`, and what the ExecutionPlan keeps: each finding has one of these codes.
Generated from `operator/taskdist/engine/rules` by `python -m taskdist.engine.rules docs/findings.md`; do not edit.

- **Error**: nothing runs. Only what could not run at all, or what the user or an admin has forbidden (a budget that blocks, an agent type that the
  namespace may not use, `conflictPolicy: Fail`), is an error. An estimate alone never is: it may be wrong.
- **Warning**: it runs, but probably not as meant, not in time, or for more than expected.
- **Info**: good to know: what the numbers rest on, and what would save money or time.

Findings come in that order, then by path and code. What concerns many subtasks is said once, with the first names and their number.
"""


def markdown() -> str:
    """Return the whole document."""
    parts = [_HEAD]
    for title, rules in GROUPS:
        parts.append(_section(title, ((r.code, r.severity.value, r.path, r.meaning, r.recommendation) for r in rules)))
    parts.append(_section("Found elsewhere", ELSEWHERE))
    return "\n".join(parts)


def _section(title: str, rows: Iterable[tuple[str, str, str, str, str]]) -> str:
    lines = [f"## {title}", "", "| code | severity | path | what it means | what to do |", "|---|---|---|---|---|"]
    for code, severity, path, meaning, recommendation in sorted(rows):
        lines.append(f"| {code} | {severity} | `{path}` | {meaning} | {recommendation} |")
    return "\n".join([*lines, ""])
