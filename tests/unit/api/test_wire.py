"""The models themselves: what they read, what they write, what they refuse before any API server sees it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.api import bounds
from tests.unit.api.objects import FULL, MODELS, SCHEMAS, Json, of_kind

from taskdist.api import AgentType, Provider, SubTask, TaskDistribution
from taskdist.api.agent_type import AgentTemplate, EmptyDirVolume, Volume
from taskdist.api.common import Condition, LabelSelector, Model, SelectorRequirement, camel
from taskdist.api.names import Phase, SubTaskPhase
from taskdist.api.scalars import decimal_text, timestamp
from taskdist.api.task_distribution import Task


@pytest.mark.parametrize("obj", FULL, ids=lambda obj: f"{obj['kind']}-{obj['metadata']['name']}")
def test_what_is_read_is_written_again(obj: Json) -> None:
    model = MODELS[obj["kind"]]
    read = model.model_validate(obj)
    assert model.model_validate(read.wire()) == read
    assert model.model_validate(json.loads(json.dumps(read.wire()))) == read


def values(schema: Json) -> st.SearchStrategy[Any]:
    """Any value that a schema allows, as far as types, bounds and patterns go."""
    if schema.get("x-kubernetes-int-or-string") or schema.get("type") == "string":
        return strings(schema)
    match schema["type"]:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema["minimum"], schema.get("maximum", 2**53))
        case "array":
            return st.lists(values(schema["items"]), max_size=min(schema["maxItems"], 3))
        case "object" if "additionalProperties" in schema:
            return st.dictionaries(
                st.from_regex(r"[a-z]{1,9}", fullmatch=True), strings(schema["additionalProperties"]), max_size=3
            )
    required = set(schema.get("required", ()))
    fields = {name: values(inner) for name, inner in schema["properties"].items() if name != "metadata"}
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


def strings(schema: Json) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        moments = st.integers(10**9, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
        return moments.map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    most = schema["maxLength"]
    if "pattern" in schema:
        found = st.from_regex(schema["pattern"], fullmatch=True).filter(
            lambda word: len(word) <= most and word.isascii()
        )
        return st.one_of(found, st.integers(0, 1)) if schema.get("x-kubernetes-int-or-string") else found
    return st.text(min_size=schema.get("minLength", 0), max_size=min(most, 20))


@pytest.mark.parametrize("kind", MODELS)
def test_whatever_the_schema_allows_survives_the_round_trip(kind: str) -> None:
    model = MODELS[kind]

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values({**SCHEMAS[kind], "properties": {k: SCHEMAS[kind]["properties"][k] for k in ("spec", "status")}}))
    def round_trip(obj: Json) -> None:
        read = model.model_validate(obj)
        assert unread(read, obj, kind) == []
        assert model.model_validate(read.wire()) == read

    round_trip()


def unread(read: Any, sent: Any, path: str) -> list[str]:
    """Paths of what the schema allows and the model did not take over as it was."""
    match read:
        case Model():
            names = {info.alias or name: name for name, info in type(read).model_fields.items()}
            return [
                where
                for key, value in sent.items()
                for where in unread(getattr(read, names[key]), value, f"{path}.{key}")
            ]
        case tuple():
            return [where for one, other in zip(read, sent, strict=True) for where in unread(one, other, f"{path}[]")]
        case datetime():
            return [] if read == datetime.fromisoformat(sent) else [path]
    return [] if read == sent or (isinstance(sent, int) and read == str(sent)) else [path]


@pytest.mark.parametrize("case", [c for c in bounds.cases() if c.bound != "twice the same"], ids=lambda case: case.id)
def test_the_models_have_the_bounds_of_the_api_server(case: bounds.Case) -> None:
    """So that a file is refused offline for the same reasons. Repeated items: taskdist.planning.manifest."""
    if case.accepted:
        MODELS[case.kind].model_validate(case.obj)
    else:
        with pytest.raises(ValidationError):
            MODELS[case.kind].model_validate(case.obj)


def test_unknown_fields_are_ignored_everywhere() -> None:
    obj = of_kind("SubTask")
    obj["status"]["fromTheFuture"] = {"a": 1}
    obj["metadata"]["managedFields"] = [{}]
    obj["spec"]["fromTheFuture"] = 1
    assert SubTask.model_validate(obj) == SubTask.model_validate(of_kind("SubTask"))


@pytest.mark.parametrize(
    "raw", [{}, {"spec": None}, {"kind": "Pod", "spec": {}}, {"apiVersion": "v1", "spec": {}}, [], None]
)
def test_something_else_is_refused(raw: Any) -> None:
    with pytest.raises(ValidationError):
        TaskDistribution.model_validate(raw)


@pytest.mark.parametrize(
    ("python", "wire"),
    [
        ("name", "name"),
        ("max_parallel", "maxParallel"),
        ("budget_usd", "budgetUSD"),
        ("cost_low_usd", "costLowUSD"),
        ("memory_gib_hour_usd", "memoryGiBHourUSD"),
        ("wasted_memory_gib_seconds", "wastedMemoryGiBSeconds"),
        ("pod_uid", "podUID"),
        ("uid", "uid"),
        ("config_map_key_ref", "configMapKeyRef"),
    ],
)
def test_wire_names(python: str, wire: str) -> None:
    assert camel(python) == wire


def test_what_says_nothing_is_left_out_and_what_says_something_is_not() -> None:
    volume = Volume(name="v", mount_path="/v", empty_dir=EmptyDirVolume())
    assert AgentTemplate(volumes=(volume,)).wire()["volumes"] == [
        {"name": "v", "mountPath": "/v", "readOnly": False, "emptyDir": {}}
    ]
    obj = of_kind("AgentType")
    obj["spec"]["overrides"] = []  # a task may set nothing, which is not the default
    assert AgentType.model_validate(obj).wire()["spec"]["overrides"] == []
    assert Task(name="a", for_each=("", "")).wire() == {"name": "a", "triggerRule": "AllSucceeded", "forEach": ["", ""]}
    assert Provider(spec={}).wire() == {  # type: ignore[arg-type]
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "Provider",
        "spec": {"vendor": "on-prem", "priority": 0},
    }


@pytest.mark.parametrize(("given_", "kept"), [(5, "5"), ("5", "5"), ("0.50", "0.50"), (0, "0")])
def test_a_whole_amount_may_stand_without_quotes(given_: Any, kept: str) -> None:
    td = TaskDistribution.model_validate({"spec": {"limits": {"budgetUSD": given_}}})
    assert td.spec.limits.budget_usd == kept


@pytest.mark.parametrize(
    "wrong", [5.5, True, None, "5e3", "-5", "NaN", "Infinity", "1_0", " 5", "\N{ARABIC-INDIC DIGIT FIVE}", []]
)
def test_other_amounts_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        TaskDistribution.model_validate({"spec": {"retry": {"factor": wrong}}})


@pytest.mark.parametrize("field", ["maxParallel", "pendingTimeoutSeconds"])
@pytest.mark.parametrize("wrong", ["5", 5.0, True, None])
def test_numbers_are_numbers(field: str, wrong: Any) -> None:
    with pytest.raises(ValidationError):
        TaskDistribution.model_validate({"spec": {"limits": {field: wrong}}})


@pytest.mark.parametrize("wrong", ["true", 1, "yes", None])
def test_flags_are_flags(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        TaskDistribution.model_validate({"spec": {"suspend": wrong}})


def test_models_are_values() -> None:
    one, other = (TaskDistribution.model_validate(of_kind("TaskDistribution")) for _ in range(2))
    assert one == other
    with pytest.raises(ValidationError, match="frozen"):
        one.spec.suspend = False  # type: ignore[misc]


@given(st.floats(10**8, 7 * 10**9), st.integers(-14, 14))
def test_moments_are_whole_seconds_in_utc(seconds: float, hours: int) -> None:
    at = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    condition = Condition(type="Ready", status="True", last_transition_time=timestamp(at), reason="Accepted")  # type: ignore[arg-type]
    assert condition.wire()["lastTransitionTime"].endswith("Z")
    assert Condition.model_validate(condition.wire()) == condition


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [
        (Decimal("0.415"), 2, "0.42"),
        (0.5, 2, "0.50"),
        (Decimal(3), 0, "3"),
        (Decimal("1E+3"), 2, "1000.00"),
        (1e-9, 2, "0.00"),
    ],
)
def test_decimal_text(value: Decimal | float, places: int, written: str) -> None:
    assert decimal_text(value, places) == written


SELECTORS = [
    ({"matchLabels": {"team": "a"}}, {"team": "a", "x": "y"}, True),
    ({"matchLabels": {"team": "a"}}, {"team": "b"}, False),
    ({"matchLabels": {"team": "a"}}, {}, False),
    ({}, {"team": "b"}, True),
    ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["gold"]}]}, {"tier": "gold"}, True),
    ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["gold"]}]}, {}, False),
    ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold"]}]}, {"tier": "gold"}, False),
    ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold"]}]}, {}, True),
    ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, {"tier": ""}, True),
    ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, {}, False),
    ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, {}, True),
    ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, {"tier": ""}, False),
]


@pytest.mark.parametrize(("selector", "labels", "matches"), SELECTORS)
def test_selectors_mean_what_kubernetes_means(selector: Json, labels: dict[str, str], matches: bool) -> None:
    assert LabelSelector.model_validate(selector).matches(labels) is matches


def test_all_requirements_of_a_selector_must_hold() -> None:
    both = LabelSelector(match_labels={"a": "1"}, match_expressions=(SelectorRequirement(key="b", operator="Exists"),))
    assert both.matches({"a": "1", "b": ""})
    assert not both.matches({"a": "1"})
    assert not both.matches({"b": ""})


def test_terminal_phases() -> None:
    assert {phase.value for phase in SubTaskPhase if phase.terminal} == {"Succeeded", "Failed", "Skipped", "Cancelled"}
    assert {phase.value for phase in Phase if phase.terminal} == {"Succeeded", "Failed", "Cancelled"}


def test_every_model_is_frozen_and_has_no_float() -> None:
    for kind, tree in SCHEMAS.items():
        assert '"type": "number"' not in json.dumps(tree), kind
    assert Model.model_config["frozen"]
