"""The table of rights: what it must never hold, and that what is generated from it is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from taskdist.api.names import GROUP
from taskdist.cluster.rbac import OPERATOR, USERS, Rule, Scope

CHECKOUT = Path(__file__).resolve().parents[3]
VERBS = {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
# Each of these would let its holder become somebody else, or read what others keep secret.
FORBIDDEN = {
    "secrets",
    "serviceaccounts",
    "serviceaccounts/token",
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "pods/ephemeralcontainers",
    "nodes/proxy",
    "services/proxy",
    "pods/proxy",
}
CLUSTER_SCOPED = {
    "agenttypes",
    "providers",
    "customresourcedefinitions",
    "namespaces",
    "nodes",
    "priorityclasses",
}
EVERY_RULE = [
    *(pytest.param(rule, id=f"operator {' '.join(rule.resources)}") for rules in OPERATOR.values() for rule in rules),
    *(pytest.param(rule, id=f"{user.name} {' '.join(rule.resources)}") for user in USERS for rule in user.rules),
]


@pytest.mark.parametrize("rule", EVERY_RULE)
def test_rule_is_plain_and_harmless(rule: Rule):
    assert set(rule.verbs) <= VERBS
    assert not any("*" in text for text in (rule.group, *rule.resources, *rule.verbs))
    assert not FORBIDDEN & set(rule.resources)
    assert rule.group not in {"rbac.authorization.k8s.io", "authentication.k8s.io", "certificates.k8s.io"}
    assert rule.why


@pytest.mark.parametrize("scope", Scope)
def test_no_verb_is_granted_twice(scope: Scope):
    granted = [(r.group, resource, verb) for r in OPERATOR[scope] for resource in r.resources for verb in r.verbs]
    assert len(granted) == len(set(granted))


def test_kinds_without_namespace_come_by_cluster_role():
    for scope, rules in OPERATOR.items():
        kinds = {resource.split("/")[0] for rule in rules for resource in rule.resources}
        if scope in {Scope.CLUSTER, Scope.CLUSTER_WIDE, Scope.SERVED}:
            assert kinds <= CLUSTER_SCOPED
        else:
            assert not kinds & CLUSTER_SCOPED


def test_operator_never_writes_what_people_write():
    for rules in OPERATOR.values():
        for rule in rules:
            if rule.group == GROUP and {"taskdistributions", "agenttypes", "providers"} & set(rule.resources):
                assert set(rule.verbs) <= {"get", "list", "watch"}


def test_people_never_write_what_the_operator_writes():
    written = {
        r
        for user in USERS
        for rule in user.rules
        if set(rule.verbs) & {"create", "patch", "update"}
        for r in rule.resources
    }
    assert written == {"taskdistributions"}


def test_chart_and_document_hold_the_table():
    chart = yaml.safe_load((CHECKOUT / "helm/taskdist/files/rbac.yaml").read_text())
    document = (CHECKOUT / "docs/rbac.md").read_text()
    for scope in Scope:
        assert chart[scope.value] == [rule.as_policy() for rule in OPERATOR[scope]]
        assert all(rule.why in document for rule in OPERATOR[scope])
    assert [user["name"] for user in chart["users"]] == [user.name for user in USERS]
