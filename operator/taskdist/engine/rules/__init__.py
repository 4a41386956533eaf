"""The validation rules: one table, each row with code, severity, path, meaning and recommendation.

docs/findings.md is generated from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taskdist.engine.model import Severity
from taskdist.engine.rules import (
    agents,
    branches,
    contention,
    estimates,
    feasibility,
    insights,
    parallelism,
    running,
    structure,
)
from taskdist.engine.rules.rule import Hit, Rule, in_order

if TYPE_CHECKING:
    from taskdist.engine.facts import Facts
    from taskdist.engine.model import Finding

GROUPS: Final = (
    ("What was written", structure.RULES),
    ("What runs under a condition", branches.RULES),
    ("Who does it", agents.RULES),
    ("What it needs and where it fits", feasibility.RULES),
    ("Who else wants it", contention.RULES),
    ("Money and time", estimates.RULES),
    ("Order and parallelism", parallelism.RULES),
    ("How it will go", running.RULES),
    ("What would save", insights.RULES),
)
"""Every rule, under the heading that the documentation gives it."""
ELSEWHERE: Final = (
    (
        "NoWorkFound",
        "Error or Warning",
        "spec.description",
        "The text splitter recognised no piece of work; a Warning where all of the text became one subtask.",
        'say with a verb what is to be done ("Analyze the access logs"), or write explicit tasks',
    ),
    (
        "SplitterNotConfigured",
        "Error",
        "spec.splitter.type",
        "A model is asked to split the text, and none is configured.",
        "use splitter type Rules, or write explicit tasks",
    ),
    (
        "InvalidQuantity",
        "Error",
        "spec",
        "CPU or memory is not a Kubernetes quantity, negative, or beyond what fits.",
        "write CPU as 500m or 2, and memory as 512Mi or 2Gi",
    ),
    (
        "ExclusiveFields",
        "Error",
        "spec.tasks[].script",
        "A task gives both of script and command, of agentType and requiredCapabilities, or of forEach and forEachResult.",
        "give one of them",
    ),
    (
        "InvalidBounds",
        "Error",
        "spec.retry.backoffSeconds",
        "A lower bound is above its upper bound.",
        "swap them or raise the upper one",
    ),
)
"""Codes that do not come out of the table: the text splitter and the reader of objects have their own words."""
RULES: Final = tuple(rule for _, rules in GROUPS for rule in rules)


def findings(facts: Facts) -> tuple[Finding, ...]:
    """Run every rule: a user wants everything at once. Errors come first, then by path and code; each finding once."""
    return in_order([*facts.outline.drafts.findings, *(f for rule in RULES for f in rule.findings(facts))])


def can_be_planned(facts: Facts) -> bool:
    """True unless something is wrong with what was written: then there is no graph that could be shown."""
    return not any(f.severity is Severity.ERROR for rule in structure.RULES for f in rule.findings(facts))


__all__ = ["GROUPS", "RULES", "Hit", "Rule", "can_be_planned", "findings"]
