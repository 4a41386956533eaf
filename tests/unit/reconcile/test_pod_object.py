"""The pod of an attempt: restricted Pod Security, and nothing of a user's object where it could do harm."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reconcile.world import distribution

from taskdist.api.agent_type import AgentType
from taskdist.api.provider import Provider
from taskdist.engine.model import Retry, TriggerRule, Work
from taskdist.reconcile.pod_object import pod_object
from taskdist.reconcile.text import pod_name
from taskdist.reconcile.views import SubTaskView


def subtask(**seen: Any) -> SubTaskView:
    defaults: dict[str, Any] = {
        "id": "a", "name": "release-a", "uid": "u1", "resource_version": "1", "definition_hash": "aa",
        "description": "do a", "agent_type": "data", "specialization": "data", "depends_on": (),
        "trigger_rule": TriggerRule.ALL_SUCCEEDED, "work": Work(script="true"), "item": "", "provider": "",
        "cpu": "500m", "memory": "1Gi", "priority": 0, "retry": Retry(),
    }  # fmt: skip
    return SubTaskView(**(defaults | seen))


def agent_type(**spec: Any) -> AgentType:
    return AgentType.model_validate({"metadata": {"name": "data"}, "spec": {"specialization": "data", **spec}})


def build(seen: SubTaskView, agent: AgentType | None = None, provider: Provider | None = None) -> dict[str, Any]:
    return pod_object(distribution(), seen, agent or agent_type(), provider, (), "agent:1")


def test_it_asks_for_what_was_planned_and_prefers_nodes_of_its_specialization() -> None:
    spec = build(subtask())["spec"]
    assert spec["containers"][0]["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }
    preferred = spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]
    assert preferred["preference"]["matchExpressions"][0] == {
        "key": "taskdist.dev/specialization",
        "operator": "In",
        "values": ["data"],
    }


def test_an_agent_type_may_require_its_nodes() -> None:
    affinity = build(subtask(), agent_type(nodePolicy="Required"))["spec"]["affinity"]["nodeAffinity"]
    assert list(affinity) == ["requiredDuringSchedulingIgnoredDuringExecution"]


def test_a_provider_gives_nodes_and_tolerations() -> None:
    provider = Provider.model_validate(
        {
            "metadata": {"name": "aws"},
            "spec": {"nodeSelector": {"cloud": "aws"}, "tolerations": [{"key": "spot", "operator": "Exists"}]},
        }
    )
    spec = build(subtask(provider="aws"), provider=provider)["spec"]
    assert spec["nodeSelector"] == {"cloud": "aws"}
    assert spec["tolerations"][0]["key"] == "spot"


def test_names_are_deterministic_bounded_and_differ() -> None:
    assert pod_name("release-a", "u1", 2) == "release-a-2"
    long = "x" * 127
    first, second = pod_name(long, "u1", 1), pod_name(long, "u2", 1)
    assert len(first) == len(second) == 63
    assert first != second


text = st.text(max_size=60)


@settings(max_examples=300)
@given(
    description=text, script=text, item=text, command=st.lists(text, max_size=3), args=st.lists(text, max_size=3),
    env=st.dictionaries(text, text, max_size=3), timeout=st.none() | st.integers(1, 10_000),
)  # fmt: skip
def test_no_field_of_a_user_reaches_the_pod_outside_the_task_document(
    description: str,
    script: str,
    item: str,
    command: list[str],
    args: list[str],
    env: dict[str, str],
    timeout: int | None,
) -> None:
    work = Work(script, tuple(command), tuple(args), tuple(env.items()))
    pod = build(subtask(description=description, work=work, item=item, timeout_seconds=timeout))
    document = json.loads(pod["metadata"]["annotations"].pop("taskdist.dev/task"))
    assert document["description"] == description
    plain = build(subtask(timeout_seconds=timeout))
    plain["metadata"]["annotations"].pop("taskdist.dev/task")
    assert pod == plain


def test_restricted_pod_security() -> None:
    spec = build(subtask())["spec"]
    container = spec["containers"][0]
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["automountServiceAccountToken"] is False
    assert {next(k for k in v if k != "name") for v in spec["volumes"]} == {"downwardAPI", "emptyDir"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
