"""What the operator asks of the API server, and what people need who use it: the one table.

The chart's roles, the manifests and docs/rbac.md are generated from it (``make generate``), and a test compares it with what
the API server grants the running operator. Data only: nothing here talks to a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from taskdist.api.names import GROUP

CORE: Final = ""


class Scope(StrEnum):
    """Where a rule of the operator is granted."""

    CLUSTER = "cluster"
    """Kinds without a namespace that every installation needs: always a ClusterRole."""
    CLUSTER_WIDE = "clusterWide"
    """Kinds without a namespace that only an operator that serves the whole cluster reads: a ClusterRole."""
    SERVED = "served"
    """The served namespaces themselves: a ClusterRole, which names ``watchNamespaces`` if there are any."""
    WATCHED = "watched"
    """In every namespace that is served: a ClusterRole, or one Role in each of ``watchNamespaces``."""
    OWN = "own"
    """In the operator's own namespace: a Role."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a role, as RBAC has it, and the reason it is there. ``resources`` may name a subresource (``pods/log``)."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    why: str

    def as_policy(self) -> dict[str, Any]:
        """The rule as it stands in a Role or ClusterRole."""
        return {"apiGroups": [self.group], "resources": list(self.resources), "verbs": list(self.verbs)}


@dataclass(frozen=True, slots=True)
class UserRole:
    """A ClusterRole for people. ``joins`` are the cluster's own roles that it is aggregated to, if any."""

    name: str
    joins: tuple[str, ...]
    rules: tuple[Rule, ...]
    what: str


READ: Final = ("get", "list", "watch")

OPERATOR: Final[dict[Scope, tuple[Rule, ...]]] = {
    Scope.CLUSTER: (
        Rule("scheduling.k8s.io", ("priorityclasses",), ("get",), "whose subtasks take a lock or a place first"),
        Rule(GROUP, ("agenttypes", "providers"), ("list", "watch"), "who may run what, where, and at which price"),
        Rule(GROUP, ("agenttypes/status", "providers/status"), ("patch",), "how many pods of each there are"),
    ),
    Scope.CLUSTER_WIDE: (
        Rule(
            CORE,
            ("nodes",),
            ("list", "watch"),
            "the largest node and what is allocatable, so that a plan says what cannot fit; and which nodes are lost",
        ),
    ),
    Scope.SERVED: (
        Rule(
            CORE,
            ("namespaces",),
            ("list", "watch"),
            "their labels as they are, which an agent type's namespaceSelector is matched with for every plan and pod",
        ),
    ),
    Scope.WATCHED: (
        Rule(GROUP, ("taskdistributions",), ("list", "watch"), "the requests"),
        Rule(
            GROUP,
            ("subtasks",),
            (*READ, "create", "delete"),
            "the units of work of a plan; replaced when the request changes",
        ),
        Rule(GROUP, ("executionplans",), (*READ, "create", "delete"), "the revisions of a plan; old ones are deleted"),
        Rule(
            GROUP,
            ("taskdistributions/status", "subtasks/status"),
            ("patch",),
            "conditions, progress, estimates and results",
        ),
        Rule(
            CORE,
            ("pods",),
            (*READ, "create", "delete", "patch"),
            "one pod per attempt; its end is the attempt's end; of agent types with `retainResults` it is let go once recorded",
        ),
        Rule(CORE, ("configmaps",), ("get", "create", "delete"), "the assignments of a plan too large for one object"),
        Rule(CORE, ("events",), ("create",), "what `kubectl describe` shows"),
        Rule(CORE, ("limitranges", "resourcequotas"), ("list",), "what the namespace allows, before a pod is refused"),
    ),
    Scope.OWN: (Rule("coordination.k8s.io", ("leases",), ("get", "create", "update"), "which replica leads"),),
}
"""The operator's rules by scope. What is not here, it cannot do: no secrets, no exec, no wildcard, no change of roles."""

_SEE: Final = (
    Rule(GROUP, ("taskdistributions", "subtasks", "executionplans"), READ, "`taskdist get`, `wait`, `explain`"),
    Rule(CORE, ("pods",), READ, "which pods belong to a subtask"),
    Rule(CORE, ("pods/log",), ("get",), "`taskdist logs`"),
)
_ASK: Final = Rule(
    GROUP,
    ("taskdistributions",),
    ("create", "update", "patch", "delete", "deletecollection"),
    "`taskdist submit`, `approve`, `cancel`, and GitOps",
)
_CATALOG: Final = Rule(
    GROUP, ("agenttypes", "providers"), READ, "`taskdist plan` with the cluster's own agent types and prices"
)

USERS: Final[tuple[UserRole, ...]] = (
    UserRole("view", ("view", "edit", "admin"), _SEE, "reads plans, progress and logs in a namespace"),
    UserRole(
        "edit", ("edit", "admin"), (*_SEE, _ASK), "asks for work in a namespace; subtasks and plans stay the operator's"
    ),
    UserRole("catalog-view", (), (_CATALOG,), "reads agent types and providers; bind it with a ClusterRoleBinding"),
)
"""Roles for people. The first two join the cluster's own `view`, `edit` and `admin` roles by aggregation."""


def policies(rules: tuple[Rule, ...]) -> list[dict[str, Any]]:
    """The rules as a Role's or ClusterRole's ``rules``, in the table's order."""
    return [rule.as_policy() for rule in rules]
