"""The validation rules: one table, each row with code, severity, path, meaning and recommendation.

docs/findings.md is generated from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Severity
from taskdist.engine.rules import agents, estimates, feasibility, insights, parallelism, structure
from taskdist.engine.rules.rule import Hit, Rule, in_order

if TYPE_CHECKING:
    from taskdist.engine.facts import Facts
    from taskdist.engine.model import Finding

GROUPS: Final = (
    ("What was written", structure.RULES),
    ("Who does it", agents.RULES),
    ("What it needs and where it fits", feasibility.RULES),
    ("Money and time", estimates.RULES),
    ("Order and parallelism", parallelism.RULES),
    ("What would save", insights.RULES),
)
"""Every rule, under the heading that the documentation gives it."""
RULES: Final = tuple(rule for _, rules in GROUPS for rule in rules)


def findings(facts: Facts) -> tuple[Finding, ...]:
    """Run every rule: a user wants everything at once. Errors come first, then by path and code; each finding once."""
    return in_order([*facts.outline.drafts.findings, *(f for rule in RULES for f in rule.findings(facts))])


def can_be_planned(facts: Facts) -> bool:
    """True unless something is wrong with what was written: then there is no graph that could be shown."""
    return not any(f.severity is Severity.ERROR for rule in structure.RULES for f in rule.findings(facts))


__all__ = ["GROUPS", "RULES", "Hit", "Rule", "can_be_planned", "findings"]
