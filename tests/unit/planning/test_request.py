"""API objects become the engine's request: every field arrives, in the engine's units."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.api.objects import of_kind

from taskdist.api import AgentType, Provider, TaskDistribution, common, provider, task_distribution
from taskdist.api import agent_type as agents
from taskdist.engine import model as engine
from taskdist.planning.request import InvalidRequest, agent_type_spec, plan_request, provider_spec

if TYPE_CHECKING:
    from enum import StrEnum

GIB = 1024**3


def distribution(**spec: Any) -> TaskDistribution:
    return TaskDistribution.model_validate(
        {"metadata": {"name": "release"}, "spec": {"description": "Test it."} | spec}
    )


def request(**spec: Any) -> engine.PlanRequest:
    return plan_request(distribution(**spec), ())


def findings(**spec: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as raised:
        plan_request(distribution(**spec), ())
    return [(finding.code, finding.path) for finding in raised.value.findings]


def agent(name: str, **spec: Any) -> AgentType:
    return AgentType.model_validate({"metadata": {"name": name}, "spec": {"specialization": "analysis"} | spec})


def place(name: str, status: dict[str, Any] | None = None, **spec: Any) -> Provider:
    return Provider.model_validate({"metadata": {"name": name}, "spec": spec, "status": status or {}})


# --- the whole ---------------------------------------------------------------------------------------------------------


def test_the_defaults_of_the_api_are_those_of_the_engine() -> None:
    assert request() == engine.PlanRequest(
        name="release", description="Test it.", providers=(engine.ProviderSpec(name="default"),)
    )


def test_every_field_of_a_full_object_arrives() -> None:
    got = plan_request(TaskDistribution.model_validate(of_kind("TaskDistribution")), ())
    analyze, optimize = got.tasks
    assert analyze == engine.TaskSpec(
        name="analyze",
        description="Analyze the access logs.",
        agent_type="analysis",
        depends_on=("fetch",),
        trigger_rule=engine.TriggerRule.ALL_FINISHED,
        work=engine.Work(
            script='wc -l "$INPUT"\n', args=("--fast",), env=(("INPUT", "/data/access.log"), ("EMPTY", ""))
        ),
        for_each=("one", "two", "one"),
        locks=("database",),
        resources=engine.ResourceRequest(250, GIB // 2),
        complexity=0.5,
        input_bytes=1024**2,
        timeout_seconds=600,
        retry=engine.Retry(1, 0, Decimal("1.5"), 86400),
        cache_key="logs-2026",
        cache_seconds=86400,
    )
    assert optimize == engine.TaskSpec(
        name="optimize",
        required_capabilities=("sql",),
        work=engine.Work(command=("optimizer", "--all")),
        for_each_result="analyze.items",
        resources=engine.ResourceRequest(2000, GIB),
        complexity=1.0,
    )
    assert got == engine.PlanRequest(
        name="full",
        description="Analyze the access logs, then optimize the slow queries.",
        tasks=(analyze, optimize),
        strategy=engine.Strategy.COST_OPTIMIZED,
        max_subtasks=20,
        limits=engine.Limits(
            5, Decimal("12.50"), block_on_budget=False, deadline_seconds=7200, pending_timeout_seconds=300
        ),
        policy=engine.ResourcePolicy(
            engine.Resources(0, 0), engine.Resources(10**9, 1024**5), engine.RightSizing.RECOMMEND
        ),
        retry=engine.Retry(3, 0, Decimal(3), 86400),
        allowed_providers=("aws", "gcp"),
        placement_policy=engine.PlacementPolicy.ORDERED,
        conflict_policy=engine.ConflictPolicy.WARN,
        providers=(engine.ProviderSpec(name="default"),),
    )


def test_no_field_of_the_request_is_left_at_its_default_by_mistake() -> None:
    """Above, every field of a full object differs from the default; what comes from elsewhere is named here."""
    got = plan_request(TaskDistribution.model_validate(of_kind("TaskDistribution")), ())
    usual = engine.PlanRequest(name="", providers=got.providers)
    same = {f.name for f in fields(got) if getattr(got, f.name) == getattr(usual, f.name)}
    assert same == {
        "namespace",
        "agent_types",
        "cluster",
        "history",
        "providers",
        "solver_work",
        "plan_only",
        "priority",
    }


@pytest.mark.parametrize(
    ("wire", "inner"),
    [
        (task_distribution.Strategy, engine.Strategy),
        (task_distribution.PlacementPolicy, engine.PlacementPolicy),
        (task_distribution.ConflictPolicy, engine.ConflictPolicy),
        (task_distribution.RightSizing, engine.RightSizing),
        (common.TriggerRule, engine.TriggerRule),
        (common.EdgeSource, engine.EdgeSource),
        (common.Severity, engine.Severity),
        (common.Basis, engine.Basis),
    ],
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_both_sides_have_the_same_words(wire: type[StrEnum], inner: type[StrEnum]) -> None:
    assert {word.name: word.value for word in wire} == {word.name: word.value for word in inner}


def test_the_documented_defaults_are_the_engines() -> None:
    assert agent_type_spec(agent("a")) == engine.AgentTypeSpec("a", "analysis")
    assert provider_spec(place("p")) == engine.ProviderSpec("p")
    prices = provider.Prices()
    implicit = request().providers[0]
    assert (Decimal(prices.cpu_hour_usd), Decimal(prices.memory_gib_hour_usd)) == (
        implicit.cpu_hour_usd,
        implicit.memory_gib_hour_usd,
    )


def test_the_name_may_be_generated_and_the_namespace_is_kept() -> None:
    raw = {"metadata": {"generateName": "nightly-", "namespace": "team-a"}, "spec": {"description": "x"}}
    got = plan_request(TaskDistribution.model_validate(raw), ())
    assert (got.name, got.namespace) == ("nightly", "team-a")


@given(st.permutations(["a", "b", "c"]), st.permutations(["p", "q"]))
def test_agent_types_and_providers_come_in_any_order(names: list[str], places: list[str]) -> None:
    got = plan_request(distribution(), [agent(name) for name in names], [place(name) for name in places])
    assert [spec.name for spec in got.agent_types] == ["a", "b", "c"]
    assert [spec.name for spec in got.providers] == ["p", "q"]


def test_the_order_of_tasks_and_their_lists_is_the_users() -> None:
    got = request(tasks=[{"name": "z", "dependsOn": ["y", "a"]}, {"name": "a"}], placement={"providers": ["q", "p"]})
    assert [task.name for task in got.tasks] == ["z", "a"]
    assert got.tasks[0].depends_on == ("y", "a")
    assert got.allowed_providers == ("q", "p")


def test_facts_and_history_are_handed_on() -> None:
    facts = engine.ClusterFacts(quota_free_pods=3)
    seen = [engine.Observation(name, 5, 1.0, 2.0, 3, 4) for name in ("b", "a")]
    got = plan_request(distribution(), (), (), facts, seen)
    assert got.cluster is facts
    assert [observation.agent_type for observation in got.history] == ["a", "b"]


# --- agent types and providers --------------------------------------------------------------------------------------------


def test_a_full_agent_type() -> None:
    assert agent_type_spec(AgentType.model_validate(of_kind("AgentType"))) == engine.AgentTypeSpec(
        name="full",
        specialization="analysis",
        description="Analyzes logs and data.",
        capabilities=(engine.Capability("sql", ("query", "index"), 2.5),),
        resources=engine.Resources(250, GIB // 2),
        base_cost_usd=Decimal("0.02"),
        base_seconds=120,
        max_concurrent=20,
        fallbacks=("general",),
        overrides=("script", "env"),
        runs_text=True,
        node_required=True,
        allowed=True,
    )


GOLD = {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["gold"]}]}


@pytest.mark.parametrize(
    ("selector", "labels", "allowed"),
    [
        pytest.param({}, {}, True, id="an empty selector lets everybody in"),
        pytest.param({"matchLabels": {"team": "a"}}, {"team": "a"}, True, id="a label that matches"),
        pytest.param({"matchLabels": {"team": "a"}}, {"team": "b"}, False, id="a label that does not"),
        pytest.param({"matchLabels": {"team": "a"}}, {}, False, id="a namespace without labels"),
        pytest.param({"matchLabels": {"team": "a"}}, None, True, id="unknown labels rule nobody out"),
        pytest.param({"matchLabels": {"team": "a"}} | GOLD, {"team": "a"}, False, id="all requirements must hold"),
        pytest.param({"matchLabels": {"team": "a"}} | GOLD, {"team": "a", "tier": "gold"}, True, id="and here they do"),
    ],
)
def test_who_may_use_an_agent_type(selector: Any, labels: dict[str, str] | None, allowed: bool) -> None:
    got = plan_request(distribution(), [agent("a", namespaceSelector=selector)], namespace_labels=labels)
    assert [spec.allowed for spec in got.agent_types] == [allowed]


def test_a_full_provider() -> None:
    assert provider_spec(Provider.model_validate(of_kind("Provider"))) == engine.ProviderSpec(
        name="full",
        vendor="aws",
        region="eu-central-1",
        cpu_hour_usd=Decimal("0.04"),
        memory_gib_hour_usd=Decimal("0.005"),
        spot_discount=Decimal("0.7"),
        capacity=engine.Resources(64000, 256 * GIB),
        priority=10,
        healthy=False,
    )


@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        ({}, True),
        ({"healthy": True, "circuit": "Closed"}, True),
        ({"healthy": True, "circuit": "HalfOpen"}, True),
        ({"circuit": "Open"}, False),
        ({"healthy": True, "circuit": "Open"}, False),
        ({"healthy": False}, False),
    ],
)
def test_whether_a_provider_can_be_used(status: dict[str, Any], healthy: bool) -> None:
    assert provider_spec(place("p", status)).healthy is healthy


@pytest.mark.parametrize(
    ("capacity", "expected"),
    [
        ({}, None),
        ({"cpu": 2, "memory": "1Gi"}, engine.Resources(2000, GIB)),
        ({"cpu": "0", "memory": "0"}, engine.Resources(0, 0)),
        ({"cpu": "2"}, engine.Resources(2000, 2**63 - 1)),
        ({"memory": "1Gi"}, engine.Resources(2**63 - 1, GIB)),
    ],
)
def test_what_is_left_out_of_a_capacity_is_unknown_not_zero(capacity: Any, expected: engine.Resources | None) -> None:
    assert provider_spec(place("p", capacity=capacity)).capacity == expected


def test_what_is_converted_already_is_taken_as_it_is() -> None:
    spec, where = engine.AgentTypeSpec("a", "analysis", allowed=False), engine.ProviderSpec("p", priority=3)
    got = plan_request(distribution(), [spec], [where], namespace_labels={})
    assert (got.agent_types, got.providers) == ((spec,), (where,))


# --- retries -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param(None, None, id="none of its own"),
        pytest.param({}, engine.Retry(5, 20, Decimal("1.5"), 900), id="an empty one"),
        pytest.param({"limit": 0}, engine.Retry(0, 20, Decimal("1.5"), 900), id="no retries"),
        pytest.param({"factor": "3", "backoffSeconds": 0}, engine.Retry(5, 0, Decimal(3), 900), id="two of four"),
    ],
)
def test_a_task_inherits_what_its_retry_leaves_out(own: Any, expected: engine.Retry | None) -> None:
    base = {"limit": 5, "backoffSeconds": 20, "factor": "1.5", "maxBackoffSeconds": 900}
    task = {"name": "a"} | ({} if own is None else {"retry": own})
    assert request(retry=base, tasks=[task]).tasks[0].retry == expected


def test_what_is_inherited_may_contradict_what_is_given() -> None:
    """Each of the two is fine on its own, so no rule of the API server can see it."""
    assert findings(tasks=[{"name": "a"}, {"name": "b", "retry": {"backoffSeconds": 301}}]) == [
        ("InvalidBounds", "spec.tasks[1].retry.backoffSeconds")
    ]


# --- what cannot be planned --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        pytest.param(
            {"splitter": {"type": "Model"}},
            [("SplitterNotConfigured", "spec.splitter.type")],
            id="no model to split with",
        ),
        pytest.param(
            {"tasks": [{"name": "a", "script": "true", "command": ["true"], "forEach": ["x"], "forEachResult": "b.y"}]},
            [("ExclusiveFields", "spec.tasks[0].script"), ("ExclusiveFields", "spec.tasks[0].forEach")],
            id="two fields of which one is meant",
        ),
        pytest.param(
            {"tasks": [{"name": "a", "agentType": "general", "requiredCapabilities": ["docker"]}]},
            [("ExclusiveFields", "spec.tasks[0].agentType")],
            id="agent type and capabilities",
        ),
        pytest.param(
            {"tasks": [{"name": "a"}, {"name": "b", "resources": {"memory": "9999999999999999Pi"}}]},
            [("InvalidQuantity", "spec.tasks[1].resources.memory")],
            id="memory beyond what a number holds",
        ),
        pytest.param(
            {
                "resourcePolicy": {
                    "min": {"memory": "9999999999999999Ti"},
                    "max": {"memory": "9999999999999999P"},
                    "oom": {"maxMemory": "9999999999999999Pi"},
                },
                "tasks": [{"name": "a", "resources": {"memory": "9999999999999999Gi"}}],
                "retry": {"backoffSeconds": 400},
            },
            [
                ("InvalidQuantity", "spec.tasks[0].resources.memory"),
                ("InvalidQuantity", "spec.resourcePolicy.min.memory"),
                ("InvalidQuantity", "spec.resourcePolicy.max.memory"),
                ("InvalidQuantity", "spec.resourcePolicy.oom.maxMemory"),
                ("InvalidBounds", "spec.retry.backoffSeconds"),
            ],
            id="everything at once",
        ),
    ],
)
def test_every_mistake_is_told_with_its_path(spec: Any, found: list[tuple[str, str]]) -> None:
    assert findings(**spec) == found


@pytest.mark.parametrize("mode", ["Auto", "Manual", "PlanOnly"])
def test_a_plan_that_never_runs_is_marked(mode: str) -> None:
    assert request(planning={"mode": mode}).plan_only is (mode == "PlanOnly")


def test_explicit_tasks_need_no_splitter() -> None:
    assert request(description="", tasks=[{"name": "a"}], splitter={"type": "Model"}).tasks[0].name == "a"


def test_the_rest_of_an_invalid_request_can_still_be_looked_at() -> None:
    with pytest.raises(InvalidRequest, match="is too large") as raised:
        request(tasks=[{"name": "a", "resources": {"cpu": "2", "memory": "9999999999999999Pi"}, "dependsOn": ["b"]}])
    rest = raised.value.request
    assert rest is not None
    assert rest.tasks[0].resources == engine.ResourceRequest(2000, None)
    assert rest.tasks[0].depends_on == ("b",)


@pytest.mark.parametrize("finding", ["message", "recommendation"])
def test_a_finding_says_what_and_what_to_do(finding: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        request(description="", retry={"backoffSeconds": 400})
    assert all(getattr(found, finding) for found in raised.value.findings)
    assert all(found.severity is engine.Severity.ERROR for found in raised.value.findings)


def test_an_admins_quantity_that_cannot_be_read_names_the_object() -> None:
    huge = {"memory": "9999999999999999Pi"}
    with pytest.raises(InvalidRequest, match=r"AgentType/big: spec.resources.memory: .* is too large"):
        agent_type_spec(agent("big", resources=huge))
    with pytest.raises(InvalidRequest, match=r"Provider/big: spec.capacity.memory: .* is too large"):
        provider_spec(place("big", capacity=huge))


@given(
    st.integers(0, 10**9).map(lambda millis: (f"{millis}m", millis)),
    st.integers(0, 2**40).map(lambda size: (str(size), size)),
    st.decimals(0, 10**6, places=4),
)
def test_numbers_arrive_exactly(cpu: tuple[str, int], memory: tuple[str, int], budget: Decimal) -> None:
    got = request(
        tasks=[{"name": "a", "resources": {"cpu": cpu[0], "memory": memory[0]}}], limits={"budgetUSD": f"{budget:f}"}
    )
    assert got.tasks[0].resources == engine.ResourceRequest(cpu[1], memory[1])
    assert got.limits.budget_usd == budget


def test_the_names_of_overrides_are_what_the_engine_compares_with() -> None:
    assert {override.value for override in agents.Override} >= set(engine.AgentTypeSpec("a", "b").overrides)
