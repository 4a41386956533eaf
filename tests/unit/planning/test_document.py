from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskdist import engine
from taskdist.api import ExecutionPlan, TaskDistribution
from taskdist.engine.model import ClusterFacts, Plan, PlannedSubTask, PlanRequest, Severity, TaskSpec, TriggerRule, Work
from taskdist.planning.document import FORMAT_VERSION, as_json, plan_document, planned_document
from taskdist.planning.document_reader import DocumentError, planned_from, read_document
from taskdist.planning.explicit import explicit_distribution, explicit_yaml
from taskdist.planning.manifest import read
from taskdist.planning.request import plan_request
from taskdist.planning.shipped import agent_types
from taskdist.reconcile.plan_object import plan_objects

TEXT = (
    "Analyze the access logs, then optimize the slow queries and integrate the fix. Validate the result and deploy it."
)


def request(description: str = TEXT, **changes) -> PlanRequest:
    return replace(PlanRequest("release", description=description, agent_types=agent_types()), **changes)


def distribution(text: str = TEXT, **spec) -> TaskDistribution:
    return TaskDistribution.model_validate({"metadata": {"name": "release"}, "spec": {"description": text, **spec}})


def planned(td: TaskDistribution) -> Plan:
    return engine.plan(plan_request(td, agent_types(), (), ClusterFacts()))


def graph(plan: Plan) -> dict[str, tuple]:
    return {
        s.id: (s.agent_type, s.description, s.trigger_rule, frozenset(edge.name for edge in s.depends_on), s.locks)
        for s in plan.subtasks
    }


def test_the_document_holds_what_the_design_promises():
    made = request()
    document = plan_document(engine.plan(made), made)
    assert document["formatVersion"] == FORMAT_VERSION
    assert {"subtasks", "parallelism", "estimate", "warnings", "hash"} <= set(document)
    first = document["subtasks"][0]
    assert {
        "id",
        "description",
        "agentType",
        "dependsOn",
        "complexity",
        "resources",
        "provider",
        "estimate",
        "start",
        "finish",
    } <= set(first)
    assert set(first["resources"]) == {"cpu", "memory"}
    assert {"seconds", "costUSD"} <= set(first["estimate"])
    assert all(isinstance(name, str) for entry in document["subtasks"] for name in entry["dependsOn"])


def test_the_document_holds_no_floats():
    made = request()

    def floats(value) -> bool:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return isinstance(value, float) or any(map(floats, inner))

    assert not floats(plan_document(engine.plan(made), made))


def test_equal_plans_give_equal_bytes():
    made = request()
    assert as_json(plan_document(engine.plan(made), made)) == as_json(plan_document(engine.plan(made), made))


def essence(subtask: PlannedSubTask) -> PlannedSubTask:
    """What a document keeps of a subtask: not what is executed, and numbers as it rounds them."""
    return replace(
        subtask,
        work=Work(),
        retry=type(subtask.retry)(),
        timeout_seconds=None,
        input_bytes=None,
        cache_key="",
        complexity=type(subtask.complexity)(round(subtask.complexity.score, 2)),
        routing=replace(subtask.routing, score=0, runner_up_score=0),
        estimate=replace(subtask.estimate, cost_usd=Decimal(0), cost_low_usd=Decimal(0), cost_high_usd=Decimal(0)),
    )


def test_a_document_is_read_back():
    made = request()
    plan = engine.plan(made)
    again = read_document(json.loads(as_json(plan_document(plan, made))))
    assert (again.name, again.namespace, again.strategy) == ("release", "default", "Balanced")
    assert [essence(subtask) for subtask in again.plan.subtasks] == [essence(subtask) for subtask in plan.subtasks]
    assert (again.plan.hash, again.plan.findings) == (plan.hash, plan.findings)
    assert planned_document(again) == plan_document(plan, made)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda d: d.pop("formatVersion"),
            'not a plan document: no formatVersion; "1" is known here',
            id="no version",
        ),
        pytest.param(
            lambda d: d.update(formatVersion="9"),
            'not a plan document: formatVersion "9"; "1" is known here',
            id="another version",
        ),
        pytest.param(lambda d: d["subtasks"][0].pop("id"), "subtasks[0].id: required field is missing", id="no id"),
        pytest.param(
            lambda d: d["subtasks"][1].update(start="x"), "subtasks[1].start: must be a whole number", id="no number"
        ),
        pytest.param(
            lambda d: d["estimate"].update(costUSD="NaN"),
            "estimate.costUSD: must be a decimal number in quotes",
            id="NaN",
        ),
        pytest.param(lambda d: d.update(subtasks={}), "subtasks: must be a list", id="no list"),
        pytest.param(lambda d: d["subtasks"].append(3), "subtasks[5] must be a mapping", id="no mapping"),
        pytest.param(
            lambda d: d["subtasks"][0]["resources"].update(cpu="-1"),
            'subtasks[0].resources.cpu: "-1" is negative',
            id="negative CPU",
        ),
        pytest.param(
            lambda d: d["edges"][0].update(source="Guess"), 'edges[0].source: "Guess" is not known', id="unknown source"
        ),
    ],
)
def test_what_is_no_document_is_refused_with_its_field(change, message):
    made = request()
    document = plan_document(engine.plan(made), made)
    change(document)
    with pytest.raises(DocumentError) as error:
        read_document(document)
    assert str(error.value).startswith(message)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda i: st.lists(i, max_size=3) | st.dictionaries(st.text(max_size=3), i, max_size=3),
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_document_with_any_field_replaced_is_read_or_refused(data):
    made = request()
    document = plan_document(engine.plan(made), made)
    owner = document
    while True:
        key = data.draw(st.sampled_from(sorted(owner)) if isinstance(owner, dict) else st.integers(0, len(owner) - 1))
        inner = owner[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            owner[key] = data.draw(junk)
            break
        owner = inner
    with contextlib.suppress(DocumentError):
        read_document(document)


def test_a_plan_is_read_from_the_execution_plan_that_the_operator_writes():
    td = distribution()
    plan = planned(td)
    (action,) = plan_objects(td, plan, 3, "spec-hash")
    kept = ExecutionPlan.model_validate(action.body)
    again = planned_from(kept, {subtask.id: subtask.description for subtask in plan.subtasks})
    assert again.plan.hash == plan.hash
    for ours, theirs in zip(again.plan.subtasks, plan.subtasks, strict=True):
        assert (ours.id, ours.description, ours.agent_type, ours.resources, ours.start, ours.finish, ours.critical) == (
            theirs.id,
            theirs.description,
            theirs.agent_type,
            theirs.resources,
            theirs.start,
            theirs.finish,
            theirs.critical,
        )
        assert ours.depends_on == theirs.depends_on


# --- explicit tasks ----------------------------------------------------------------------------------------------------


def replanned(plan: Plan, td: TaskDistribution) -> Plan:
    found = read([("explicit.yaml", explicit_yaml(plan, td))])
    assert not found.mistakes
    (loaded,) = found.distributions
    assert loaded.value.spec.tasks == TaskDistribution.model_validate(explicit_distribution(plan, td)).spec.tasks
    return planned(loaded.value)


def test_the_explicit_form_says_where_each_edge_comes_from():
    td = distribution(limits={"budgetUSD": "5"}, approvedPlanHash="abc")
    text = explicit_yaml(planned(td), td)
    assert '        - analyze-access-logs  # read from "then", confidence 0.95\n' in text
    assert "budgetUSD: '5'" in text
    assert "approvedPlanHash" not in text
    assert "suspend" not in text


def test_explicit_tasks_stay_as_they_are():
    td = distribution(
        "", tasks=[{"name": "a", "script": "echo\n"}, {"name": "b", "dependsOn": ["a"], "forEach": ["x", "y"]}]
    )
    manifest = explicit_distribution(planned(td), td)
    assert manifest["spec"]["tasks"] == [
        {"name": "a", "script": "echo\n"},
        {"name": "b", "dependsOn": ["a"], "forEach": ["x", "y"]},
    ]


VERBS = ("analyze", "optimize", "validate", "deploy", "document", "migrate", "test", "Back up", "integrate", "clean")
THINGS = (
    "the logs",
    "the slow queries",
    "the result",
    "it",
    "the API",
    "the database: prod",
    'the "new" #report',
    "staging, and production",
)
CUES = (
    ", then ",
    ". ",
    " and ",
    "; ",
    ". After that ",
    ". Meanwhile, ",
    ". If that succeeds, ",
    ". Otherwise ",
    "\n- ",
    "\n2. ",
    " before you ",
    ". Finally, ",
)


@st.composite
def texts(draw) -> str:
    parts = [f"{draw(st.sampled_from(VERBS))} {draw(st.sampled_from(THINGS))}"]
    for _ in range(draw(st.integers(0, 6))):
        parts += [draw(st.sampled_from(CUES)), f"{draw(st.sampled_from(VERBS))} {draw(st.sampled_from(THINGS))}"]
    return "".join(parts)


@settings(max_examples=200, deadline=None)
@given(texts(), st.sampled_from(["Sequential", "Parallel", "Balanced", "CostOptimized", "Deadline"]))
def test_inferred_tasks_made_explicit_plan_to_the_same_graph(text, strategy):
    td = distribution(text, strategy=strategy)
    plan = planned(td)
    assert graph(replanned(plan, td)) == graph(plan)


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=300).filter(str.strip))
def test_any_text_made_explicit_plans_to_the_same_graph(text):
    td = distribution(text)
    plan = planned(td)
    if plan.subtasks and all(
        finding.severity is not Severity.ERROR or finding.code == "AgentNotConfigured" for finding in plan.findings
    ):
        assert graph(replanned(plan, td)) == graph(plan)


def test_trigger_rules_are_kept():
    td = distribution("Run the tests; if they pass, deploy the app, otherwise notify the team.")
    plan = planned(td)
    assert any(subtask.trigger_rule is TriggerRule.ANY_FAILED for subtask in plan.subtasks)
    assert graph(replanned(plan, td)) == graph(plan)


def test_a_script_is_not_in_the_document():
    made = request("", tasks=(TaskSpec("a", work=Work(script="echo secret")),))
    assert "secret" not in as_json(plan_document(engine.plan(made), made))
