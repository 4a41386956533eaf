"""The CRDs on a real API server: it takes them, keeps every field, and refuses what it should with words that help."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.integration.rest import Answer, Rest
from tests.unit.api import bounds
from tests.unit.api.objects import FULL, MODELS, NAMESPACED, PLURALS, SCHEMAS, Json, Place, nodes, of_kind, put, text

from taskdist.api import schema
from taskdist.api.names import SubTaskPhase
from taskdist.planning import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.cluster import LocalCluster

pytestmark = pytest.mark.integration

MERGE_PATCH = "application/merge-patch+json"
BARE = "without-status"
"""Name of an object of each kind that has no status yet."""


@dataclass(frozen=True)
class Server:
    """The API server with our CRDs, and a namespace for the objects of this module."""

    rest: Rest
    namespace: str

    def path(self, obj: Json, *parts: str) -> str:
        namespace = f"/namespaces/{self.namespace}" if NAMESPACED[obj["kind"]] else ""
        return "/".join((f"/apis/taskdist.dev/v1alpha1{namespace}/{PLURALS[obj['kind']]}", *parts))

    def create(self, obj: Json, **query: str) -> Answer:
        return self.rest("POST", self.path(obj), obj, **{"fieldValidation": "Strict"} | query)

    def would_create(self, obj: Json) -> Answer:
        """What the answer to creating ``obj`` would be; nothing is stored."""
        return self.create(obj, dryRun="All")

    def patch(self, obj: Json, change: Json, *, status: bool = False, **query: str) -> Answer:
        parts = (obj["metadata"]["name"], *(("status",) if status else ()))
        return self.rest(
            "PATCH", self.path(obj, *parts), change, kind=MERGE_PATCH, **{"fieldValidation": "Strict"} | query
        )

    def get(self, obj: Json) -> Json:
        return self.rest("GET", self.path(obj, obj["metadata"]["name"])).body


@pytest.fixture(scope="module")
def server(crds: LocalCluster) -> Iterator[Server]:
    """With each full object created, status and all, as the operator would write it, and one of each kind without."""
    crds.kubectl("create", "namespace", "crds")
    rest = Rest(crds.kubeconfig)
    served = Server(rest, "crds")
    for obj in FULL:
        created = served.create(obj)
        assert created.ok, created.message
        if "status" in obj:
            written = served.patch(obj, {"status": obj["status"]}, status=True)
            assert written.ok, written.message
    bare = [named(of_kind(kind), BARE) for kind in MODELS]
    for obj in bare:
        created = served.create(obj)
        assert created.ok, created.message
    yield served
    for obj in (*FULL, *bare):
        rest("DELETE", served.path(obj, obj["metadata"]["name"]))
    rest.close()


def distribution(**spec: Any) -> Json:
    """A TaskDistribution with a description and the fields given."""
    return {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "TaskDistribution",
        "metadata": {"name": "minimal"},
        "spec": {"description": "Analyze the logs."} | spec,
    }


def with_task(**fields: Any) -> Json:
    return distribution(tasks=[{"name": "a"} | fields])


def agent_type(**spec: Any) -> Json:
    return {
        "apiVersion": "taskdist.dev/v1alpha1",
        "kind": "AgentType",
        "metadata": {"name": "minimal"},
        "spec": {"specialization": "analysis"} | spec,
    }


def with_volume(**fields: Any) -> Json:
    return agent_type(template={"volumes": [{"name": "v", "mountPath": "/v"} | fields]})


def provider(**spec: Any) -> Json:
    return {"apiVersion": "taskdist.dev/v1alpha1", "kind": "Provider", "metadata": {"name": "minimal"}, "spec": spec}


def named(obj: Json, name: str) -> Json:
    return put(obj, ("metadata", "name"), name)


def sub_task(**spec: Any) -> Json:
    obj = named(of_kind("SubTask"), "minimal")
    return obj | {"spec": obj["spec"] | spec}


def execution_plan(**spec: Any) -> Json:
    obj = named(of_kind("ExecutionPlan"), "minimal")
    return obj | {"spec": obj["spec"] | spec}


# --- the definitions ---------------------------------------------------------------------------------------------------


def test_all_are_established_and_none_is_non_structural(crds: LocalCluster) -> None:
    found = {crd["metadata"]["name"]: crd["status"]["conditions"] for crd in crds.get("crds")["items"]}
    for name in schema.crds():
        conditions = {condition["type"]: condition["status"] for condition in found[name]}
        assert conditions == {"Established": "True", "NamesAccepted": "True"}  # NonStructuralSchema would be a third


@pytest.mark.parametrize("name", sorted(schema.crds()))
def test_the_api_server_keeps_the_whole_definition(crds: LocalCluster, name: str) -> None:
    (stored,) = crds.get("crd", name)["spec"]["versions"]
    (generated,) = schema.crds()[name]["spec"]["versions"]
    assert {key: stored[key] for key in generated} == generated


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        pytest.param(name, kind.name, id=name)
        for kind in schema.KINDS
        for name in (*kind.short, kind.plural, kind.name.lower())
        if name != "ep"
    ]
    # Kubernetes itself calls Endpoints `ep`, and comes first; with the group it is ours.
    + [pytest.param("ep.taskdist.dev", "ExecutionPlan", id="ep.taskdist.dev")],
)
def test_kubectl_knows_every_name(crds: LocalCluster, server: Server, resource: str, kind: str) -> None:
    assert {obj["kind"] for obj in crds.get(resource, "-n", server.namespace)["items"]} == {kind}


def test_the_category_lists_all_kinds(crds: LocalCluster, server: Server) -> None:
    names = crds.kubectl("get", "taskdist", "-n", server.namespace, "-o", "name").stdout.split()
    assert {name.partition(".")[0] for name in names} == {kind.name.lower() for kind in schema.KINDS}


@pytest.mark.parametrize(
    ("resource", "wide", "header"),
    [
        ("td", False, "NAME PHASE PROGRESS WARNINGS EST-USD AGE"),
        ("td", True, "NAME PHASE PROGRESS WARNINGS EST-USD AGE STRATEGY WIDTH PLAN DURATION"),
        ("st", False, "NAME AGENT PHASE REASON PROVIDER CPU MEMORY ATTEMPTS AGE"),
        ("eplan", False, "NAME HASH TASKS WIDTH EST-USD DURATION WARNINGS"),
        ("at", False, "NAME SPECIALIZATION ACTIVE SAMPLES"),
        ("prov", False, "NAME VENDOR REGION HEALTHY ACTIVE CPU-USD"),
    ],
    ids=lambda value: "wide" if value is True else "" if value is False else value.partition(" ")[0],
)
def test_the_columns(crds: LocalCluster, server: Server, resource: str, wide: bool, header: str) -> None:
    output = crds.kubectl("get", resource, "-n", server.namespace, *(("-o", "wide") if wide else ())).stdout
    assert output.splitlines()[0].split() == header.split()


@pytest.mark.parametrize(
    ("resource", "row"),
    [
        ("td/full", r"full +Running +1/2 +21 +0\.42 +\S+ +CostOptimized +2 +full-1 +310"),
        ("st/full-analyze", r"full-analyze +analysis +Running +Started +aws +500m +1Gi +2 +2Gi +aws +\S+"),
        ("eplan/full-1", r"full-1 +7f3c +1 +1 +0\.42 +900 +1"),
        ("at/full", r"full +analysis +3 +40"),
        ("prov/full", r"full +aws +eu-central-1 +false +12 +0\.04"),
    ],
    ids=lambda value: value.partition(" ")[0],
)
def test_what_stands_in_the_columns(crds: LocalCluster, server: Server, resource: str, row: str) -> None:
    output = crds.kubectl("get", resource, "-n", server.namespace, "-o", "wide").stdout
    assert re.fullmatch(row, output.splitlines()[1].rstrip())


@pytest.mark.parametrize(
    ("resource", "selector", "names"),
    [
        ("st", "status.phase=Running", ["full-analyze"]),
        ("st", "status.phase=Failed", []),
        ("st", "spec.agentType=general", ["full-command"]),
        ("st", "spec.taskDistribution=full,status.phase!=Running", ["full-command", BARE]),
        ("td", "status.phase=Running", ["full"]),
        ("td", "status.phase=Succeeded", []),
        ("eplan", "spec.taskDistribution=full", ["full-1", "full-2", BARE]),
        ("at", "spec.specialization=analysis", ["full", BARE]),
    ],
)
def test_selectable_fields(crds: LocalCluster, server: Server, resource: str, selector: str, names: list[str]) -> None:
    listed = crds.get(resource, "-n", server.namespace, "--field-selector", selector)["items"]
    assert sorted(obj["metadata"]["name"] for obj in listed) == names


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("td.spec.limits", "Bounds on how the distribution may run and what it may cost"),
        ("td.spec.limits", "What the whole distribution may cost, in US dollars, as a decimal string"),
        ("td.spec.limits", "Seconds that a pod may wait for a node, an image or admission"),
        ("td.spec.tasks.dependsOn", "Names of the tasks that must end before this one starts."),
        ("st.status.attempts.exitCode", "Exit code of the agent: 0 done, 75 to be tried again"),
        ("eplan.spec.schedule", "Time that no schedule can beat, in seconds."),
        ("at.spec.template.volumes", "A folder that lives as long as the pod."),
        ("prov.spec.prices", "Price of one core for one hour, in US dollars"),
    ],
)
def test_kubectl_explain_tells_what_a_field_is(crds: LocalCluster, path: str, words: str) -> None:
    explained = " ".join(crds.kubectl("explain", path).stdout.split())
    assert words in explained


# --- nothing is lost ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("obj", FULL, ids=lambda obj: f"{obj['kind']}-{obj['metadata']['name']}")
def test_nothing_of_a_full_object_is_pruned_and_the_models_read_it_back(server: Server, obj: Json) -> None:
    stored = server.get(obj)
    assert lost(obj, stored) == []
    model = MODELS[obj["kind"]]
    ours, theirs = model.model_validate(obj), model.model_validate(stored)
    assert theirs.spec == ours.spec
    assert theirs.status == ours.status


@pytest.mark.parametrize("obj", FULL, ids=lambda obj: f"{obj['kind']}-{obj['metadata']['name']}")
def test_what_the_models_write_comes_back_equal(server: Server, obj: Json) -> None:
    model = MODELS[obj["kind"]]
    written = model.model_validate(obj).wire()
    created = server.would_create(put(written, ("metadata", "name"), "again"))
    assert created.ok, created.message
    assert model.model_validate(created.body).spec == model.model_validate(obj).spec


def test_a_misspelt_field_is_refused_by_name(server: Server) -> None:
    answer = server.would_create(with_task(dependson=["b"]))
    assert 'unknown field "spec.tasks[0].dependson"' in answer.message


SHIPPED = list(yaml.safe_load_all((Path(shipped.__file__).parent / "agent_types.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("obj", SHIPPED, ids=lambda obj: obj["metadata"]["name"])
def test_the_agent_types_that_ship_are_accepted_as_they_are(server: Server, obj: Json) -> None:
    created = server.would_create(obj)
    assert created.ok, created.message
    assert lost(obj["spec"], created.body["spec"]) == []


def lost(sent: Any, stored: Any, path: Place = ()) -> list[str]:
    """Paths of what was sent and is not stored, or differs there. What the server added does not count."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        return [where for key, value in sent.items() for where in lost(value, stored.get(key), (*path, key))]
    if isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        pairs = zip(sent, stored, strict=True)
        return [where for index, (one, two) in enumerate(pairs) for where in lost(one, two, (*path, index))]
    return [] if sent == stored else [text(path)]


# --- defaults ----------------------------------------------------------------------------------------------------------


def test_the_defaults_of_a_task_distribution(server: Server) -> None:
    assert server.would_create(with_task(retry={"limit": 1})).body["spec"] == {
        "description": "Analyze the logs.",
        "tasks": [{"name": "a", "triggerRule": "AllSucceeded", "retry": {"limit": 1}}],
        "strategy": "Balanced",
        "splitter": {"type": "Rules", "maxSubTasks": 50},
        "planning": {"mode": "Auto"},
        "limits": {"maxParallel": 10, "onBudgetExceeded": "Block", "pendingTimeoutSeconds": 600},
        "resourcePolicy": {
            "min": {"cpu": "100m", "memory": "64Mi"},
            "max": {"cpu": "4", "memory": "8Gi"},
            "rightSizing": "Apply",
            "oom": {"factor": "2", "maxMemory": "8Gi", "maxAttempts": 3},
        },
        "retry": {"limit": 2, "backoffSeconds": 10, "factor": "2", "maxBackoffSeconds": 300},
        "placement": {"policy": "Cheapest", "failover": True, "failoverSeconds": 20},
        "conflictPolicy": "Serialize",
        "failurePolicy": "FailFast",
        "suspend": False,
        "onSuspend": "Finish",
        "cancel": False,
        "planHistoryLimit": 10,
    }


def test_a_default_fills_in_beside_what_is_given(server: Server) -> None:
    spec = server.would_create(distribution(resourcePolicy={"min": {"cpu": "1"}}, limits={"budgetUSD": 5})).body["spec"]
    assert spec["resourcePolicy"]["min"] == {"cpu": "1", "memory": "64Mi"}
    assert spec["limits"] == {
        "budgetUSD": 5,
        "maxParallel": 10,
        "onBudgetExceeded": "Block",
        "pendingTimeoutSeconds": 600,
    }


def test_the_defaults_of_an_agent_type(server: Server) -> None:
    assert server.would_create(agent_type()).body["spec"] == {
        "specialization": "analysis",
        "nodePolicy": "Preferred",
        "acceptsText": False,
        "template": {"imagePullPolicy": "IfNotPresent"},
        "overrides": ["script", "command", "args", "env"],
        "resources": {"cpu": "500m", "memory": "1Gi"},
        "baseSeconds": 300,
        "baseCostUSD": "0.05",
        "retainResults": False,
    }


def test_the_defaults_of_a_provider(server: Server) -> None:
    assert server.would_create(provider()).body["spec"] == {
        "vendor": "on-prem",
        "prices": {"cpuHourUSD": "0.0316", "memoryGiBHourUSD": "0.0042", "spotDiscount": "0"},
        "priority": 0,
        "circuitBreaker": {"failures": 5, "windowSeconds": 120, "cooldownSeconds": 60},
    }


def test_the_api_server_fills_nothing_into_a_status(server: Server) -> None:
    for obj in (of_kind("TaskDistribution"), of_kind("SubTask"), of_kind("AgentType"), of_kind("Provider")):
        written = server.patch(obj, {"status": {"observedGeneration": 9}}, status=True, dryRun="All")
        assert set(written.body["status"]) == set(obj["status"])


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.__name__)
def test_the_models_have_the_defaults_of_the_api_server(server: Server, model: Any) -> None:
    bare = {"TaskDistribution": distribution(), "AgentType": agent_type(), "Provider": provider()}
    obj = bare.get(model.__name__) or next(obj for obj in reversed(FULL) if obj["kind"] == model.__name__)
    answer = server.would_create(named({key: value for key, value in obj.items() if key != "status"}, "bare"))
    assert model.model_validate(answer.body).spec == model.model_validate(obj).spec


# --- bounds: what each field takes and what not, made from the schemas ----------------------------------------------------

WORDS = {
    "below minimum": r"should be greater than or equal to",
    "above maximum": r"should be less than or equal to",
    "unknown word": r"Unsupported value: \"Nonsense\": supported values: ",
    "too long": r"Too long: may not be more than \d+ bytes",
    "empty": r"should be at least 1 chars long|Unsupported value: \"\"",
    "against the pattern": r"should match '",
    "against the format": r"must be of type date-time",
    "too many": r"Too many: \d+: must have at most \d+ items",
    "twice the same": r"Duplicate value",
    "another type": r"must be of type ",
}


@pytest.mark.parametrize("case", bounds.cases(), ids=lambda case: case.id)
def test_bounds(server: Server, case: bounds.Case) -> None:
    if case.in_status:
        answer = server.patch(named(case.obj, BARE), {"status": case.obj["status"]}, status=True, dryRun="All")
    else:
        answer = server.would_create(named(case.obj, "bounds"))
    if case.accepted:
        assert answer.ok, answer.message
    else:
        assert answer.status == 422
        assert text(case.path) in answer.message
        assert re.search(WORDS[case.bound], answer.message)


# --- rules: what only several fields together tell ------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    """An object that breaks one rule, its neighbour that does not, and where and how the API server says so."""

    id: str
    obj: Json
    neighbour: Json
    message: str
    path: str = ""


def quantity(resource: str, value: Any, fine: Any) -> Refused:
    message = {
        "cpu": "must be a CPU quantity from 0 to 1000000 cores, such as 500m or 2",
        "memory": "must be a memory quantity from 0 to 1Pi bytes, such as 512Mi or 2Gi",
    }[resource]
    wrong, right = (with_task(resources={resource: amount}) for amount in (value, fine))
    return Refused(f"{resource} {value!r}", wrong, right, message, f"spec.tasks[0].resources.{resource}")


def decimal(value: Any, fine: Any) -> Refused:
    return Refused(
        f"budget {value!r}",
        distribution(limits={"budgetUSD": value}),
        distribution(limits={"budgetUSD": fine}),
        'must be a non-negative decimal number in quotes, such as "0.50", or a whole number',
        "spec.limits.budgetUSD",
    )


def ratio(value: Any, fine: Any) -> Refused:
    return Refused(
        f"complexity {value!r}",
        with_task(complexity=value),
        with_task(complexity=fine),
        'must be a decimal number from 0 to 1 in quotes, such as "0.5"',
        "spec.tasks[0].complexity",
    )


LONG = "must have at most 63 characters"
KEYS = {"name": "keys", "key": "k"}

REFUSED = [
    quantity("cpu", -1, 0),
    quantity("cpu", "-1", "0"),
    quantity("cpu", "-500m", "500m"),
    quantity("cpu", "abc", "1.5"),
    quantity("cpu", "1e3", 1000),
    quantity("cpu", "1Gi", "1"),
    quantity("cpu", "9999999", "1000000"),
    quantity("cpu", 1000001, 1000000),
    quantity("cpu", "NaN", "1"),
    quantity("cpu", "", "1"),
    quantity("cpu", "1 ", "1"),
    quantity("cpu", "\N{FULLWIDTH DIGIT ONE}", "1"),
    quantity("memory", -1, 0),
    quantity("memory", "-1Gi", "1Gi"),
    quantity("memory", "512m", "512M"),
    quantity("memory", "1.5.5Gi", "1.5Gi"),
    quantity("memory", "1gi", "1Gi"),
    quantity("memory", "9999999999Pi", "1Pi"),
    quantity("memory", 2**50 + 1, 2**50),
    quantity("memory", "NaN", "1k"),
    decimal("abc", "0"),
    decimal("-1", "1"),
    decimal(-1, 5),
    decimal("1e3", 1000),
    decimal("$5", "5.00"),
    decimal(10**12, 10**12 - 1),
    ratio("1.5", "1.0"),
    ratio("50%", "0.5"),
    ratio(2, 1),
    ratio("-0.1", 0),
    Refused(
        "neither description nor tasks",
        distribution(description=" \n\t"),
        distribution(description="", tasks=[{"name": "a"}]),
        "nothing to do: give a description or tasks",
        "spec.description",
    ),
    Refused("long name", named(distribution(), "a" * 64), named(distribution(), "a" * 63), LONG),
    Refused("long agent type", named(agent_type(), "a" * 64), named(agent_type(), "a" * 63), "and no dots, because"),
    Refused("dotted agent type", named(agent_type(), "a.b"), named(agent_type(), "a-b"), "and no dots, because"),
    Refused("dotted provider", named(provider(), "a.b"), named(provider(), "a-b"), "and no dots, because"),
    Refused(
        "reserved variable of a task",
        with_task(env=[{"name": "TASKDIST_UID", "value": "forged"}]),
        with_task(env=[{"name": "MY_TASKDIST_UID"}]),
        "TASKDIST_* and TRACEPARENT are set by the operator; choose another name",
        "spec.tasks[0].env[0].name",
    ),
    Refused(
        "reserved variable of a template",
        agent_type(template={"env": [{"name": "TRACEPARENT"}]}),
        agent_type(template={"env": [{"name": "TRACE"}]}),
        "TASKDIST_* and TRACEPARENT are set by the operator; choose another name",
        "spec.template.env[0].name",
    ),
    Refused(
        "smallest cpu above largest",
        distribution(resourcePolicy={"min": {"cpu": 5}}),
        distribution(resourcePolicy={"min": {"cpu": 5}, "max": {"cpu": "5000m"}}),
        "min.cpu must not be greater than max.cpu",
        "spec.resourcePolicy.min.cpu",
    ),
    Refused(
        "smallest memory above largest",
        distribution(resourcePolicy={"max": {"memory": "63Mi"}}),
        distribution(resourcePolicy={"max": {"memory": 67108864}}),
        "min.memory must not be greater than max.memory",
        "spec.resourcePolicy.min.memory",
    ),
    Refused(
        "shrinking memory",
        distribution(resourcePolicy={"oom": {"factor": "0.9"}}),
        distribution(resourcePolicy={"oom": {"factor": 1}}),
        "must be at least 1: memory never shrinks",
        "spec.resourcePolicy.oom.factor",
    ),
    Refused(
        "shrinking wait",
        distribution(retry={"factor": "0.5"}),
        distribution(retry={"factor": "1"}),
        "must be at least 1: the wait between attempts never shrinks",
        "spec.retry.factor",
    ),
    Refused(
        "shrinking wait of a task",
        with_task(retry={"factor": 0}),
        with_task(retry={"limit": 0}),
        "must be at least 1: the wait between attempts never shrinks",
        "spec.tasks[0].retry.factor",
    ),
    Refused(
        "first wait above the longest",
        distribution(retry={"backoffSeconds": 301}),
        distribution(retry={"backoffSeconds": 300}),
        "must not be greater than maxBackoffSeconds",
        "spec.retry.backoffSeconds",
    ),
    Refused(
        "toleration of every value with a value",
        provider(tolerations=[{"key": "k", "operator": "Exists", "value": "v"}]),
        provider(tolerations=[{"operator": "Exists"}]),
        "operator Exists takes no value; operator Equal needs a key",
        "spec.tolerations[0]",
    ),
    Refused(
        "toleration of a value without a key",
        agent_type(template={"tolerations": [{"value": "v"}]}),
        agent_type(template={"tolerations": [{"key": "k", "value": "v"}]}),
        "operator Exists takes no value; operator Equal needs a key",
        "spec.template.tolerations[0]",
    ),
    Refused(
        "toleration for a time of what evicts nobody",
        provider(tolerations=[{"key": "k", "effect": "NoSchedule", "tolerationSeconds": 5}]),
        provider(tolerations=[{"key": "k", "effect": "NoExecute", "tolerationSeconds": 5}]),
        "only effect NoExecute takes tolerationSeconds",
        "spec.tolerations[0].tolerationSeconds",
    ),
    Refused(
        "selector of nothing",
        agent_type(namespaceSelector={"matchExpressions": [{"key": "k", "operator": "In"}]}),
        agent_type(namespaceSelector={"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}),
        "In and NotIn need values; Exists and DoesNotExist take none",
        "spec.namespaceSelector.matchExpressions[0].values",
    ),
    Refused(
        "selector of a value that must be absent",
        agent_type(namespaceSelector={"matchExpressions": [{"key": "k", "operator": "DoesNotExist", "values": ["v"]}]}),
        agent_type(namespaceSelector={"matchExpressions": [{"key": "k", "operator": "DoesNotExist"}]}),
        "In and NotIn need values; Exists and DoesNotExist take none",
        "spec.namespaceSelector.matchExpressions[0].values",
    ),
    Refused(
        "heavy capability",
        agent_type(capabilities=[{"name": "sql", "weight": "10.5"}]),
        agent_type(capabilities=[{"name": "sql", "weight": 10}]),
        "must be at most 10",
        "spec.capabilities[0].weight",
    ),
    Refused(
        "own fallback",
        agent_type(fallbacks=["general", "minimal"]),
        agent_type(fallbacks=["general"]),
        "an agent type cannot be its own fallback",
        "spec.fallbacks",
    ),
    Refused(
        "value and source",
        agent_type(template={"env": [{"name": "A", "value": "v", "valueFrom": {"secretKeyRef": KEYS}}]}),
        agent_type(template={"env": [{"name": "A", "value": "", "valueFrom": {"secretKeyRef": KEYS}}]}),
        "value and valueFrom exclude each other",
        "spec.template.env[0].value",
    ),
    Refused(
        "two sources",
        agent_type(template={"env": [{"name": "A", "valueFrom": {"secretKeyRef": KEYS, "configMapKeyRef": KEYS}}]}),
        agent_type(template={"env": [{"name": "A", "valueFrom": {"configMapKeyRef": KEYS}}]}),
        "exactly one of configMapKeyRef and secretKeyRef must be given",
        "spec.template.env[0].valueFrom",
    ),
    Refused(
        "volume of no kind",
        with_volume(),
        with_volume(emptyDir={}),
        "exactly one of emptyDir, configMap, secret and persistentVolumeClaim must be given",
        "spec.template.volumes[0]",
    ),
    Refused(
        "volume of two kinds",
        with_volume(emptyDir={}, secret={"secretName": "s"}),
        with_volume(secret={"secretName": "s"}),
        "exactly one of emptyDir, configMap, secret and persistentVolumeClaim must be given",
        "spec.template.volumes[0]",
    ),
    Refused(
        "volume over the task",
        with_volume(emptyDir={}, mountPath="/taskdist/x"),
        with_volume(emptyDir={}, mountPath="/taskdistance"),
        "/taskdist is where the operator puts the task; choose another path",
        "spec.template.volumes[0].mountPath",
    ),
    Refused(
        "path out of the volume",
        with_volume(emptyDir={}, subPath="a/../../b"),
        with_volume(emptyDir={}, subPath="a/..b"),
        "must be a relative path without ..",
        "spec.template.volumes[0].subPath",
    ),
    Refused(
        "path from the root",
        with_volume(emptyDir={}, subPath="/a"),
        with_volume(emptyDir={}, subPath="a"),
        "must be a relative path without ..",
        "spec.template.volumes[0].subPath",
    ),
    Refused(
        "two volumes at one path",
        agent_type(template={"volumes": [{"name": n, "mountPath": "/a", "emptyDir": {}} for n in "vw"]}),
        agent_type(template={"volumes": [{"name": n, "mountPath": f"/{n}", "emptyDir": {}} for n in "vw"]}),
        "each volume needs a mountPath of its own",
        "spec.template.volumes",
    ),
    Refused(
        "hostPath",
        with_volume(hostPath={"path": "/"}),
        with_volume(emptyDir={}),
        'unknown field "spec.template.volumes[0].hostPath"',
    ),
    Refused(
        "pod template in a task",
        with_task(template={"spec": {}}),
        with_task(),
        'unknown field "spec.tasks[0].template"',
    ),
    Refused(
        "money as a JSON number",
        distribution(limits={"budgetUSD": 5.5}),
        distribution(limits={"budgetUSD": "5.5"}),
        "must be of type integer,string",
        "spec.limits.budgetUSD",
    ),
    Refused(
        "two tasks of one name",
        distribution(tasks=[{"name": "a"}, {"name": "b"}, {"name": "a"}]),
        distribution(tasks=[{"name": "a"}, {"name": "b"}]),
        'Duplicate value: {"name":"a"}',
        "spec.tasks[2]",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_rules(server: Server, case: Refused) -> None:
    refused = server.would_create(case.obj)
    assert not refused.ok
    assert case.message in refused.message
    assert case.path in refused.message
    accepted = server.would_create(case.neighbour)
    assert accepted.ok, accepted.message


def test_a_task_distribution_of_full_size_stays_within_the_budget_of_the_rules(server: Server) -> None:
    many = [{"name": f"t{n}", "dependsOn": [f"t{n - 1}"] if n else [], "script": "true"} for n in range(10_000)]
    answer = server.would_create(distribution(description="a" * 16384, tasks=many))
    assert answer.ok, answer.message
    full = [
        {"name": f"t{n}", "dependsOn": [f"t{n - back}" for back in range(1, 6) if n >= back], "resources": {"cpu": "1"}}
        | {"env": [{"name": "A", "value": "x"}], "script": "true", "complexity": "0.5", "retry": {"factor": "2"}}
        for n in range(5000)
    ]
    answer = server.would_create(distribution(description="a" * 16384, tasks=full))
    assert answer.ok, answer.message


# --- changes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("SubTask", "a changed definition needs a new SubTask"),  # all of its spec: test_admission_rules.py
        ("ExecutionPlan", "spec is immutable; a changed request needs a new ExecutionPlan"),
    ],
)
def test_what_was_planned_never_changes(server: Server, kind: str, message: str) -> None:
    obj = of_kind(kind)
    changed = {"SubTask": {"definitionHash": "ff"}, "ExecutionPlan": {"hash": "ff"}}[kind]
    assert message in server.patch(obj, {"spec": changed}, dryRun="All").message
    assert server.patch(obj, {"metadata": {"labels": {"seen": "yes"}}}, dryRun="All").ok


def test_the_spec_of_a_task_distribution_may_change(server: Server) -> None:
    assert server.patch(of_kind("TaskDistribution"), {"spec": {"strategy": "Parallel"}}, dryRun="All").ok


@pytest.mark.parametrize("phase", SubTaskPhase)
def test_a_terminal_phase_never_reverts(server: Server, phase: SubTaskPhase) -> None:
    obj = named(sub_task(), f"phase-{phase.value.lower()}")
    assert server.create(obj).ok
    assert server.patch(obj, {"status": {"phase": phase}}, status=True).ok
    for other in SubTaskPhase:
        answer = server.patch(obj, {"status": {"phase": other}}, status=True, dryRun="All")
        allowed = other is phase or not phase.terminal
        assert answer.ok is allowed
        if not allowed:
            assert "status.phase: Invalid value" in answer.message
            assert "a terminal phase never reverts" in answer.message
    gone = server.patch(obj, {"status": {"phase": None}}, status=True, dryRun="All")
    assert "status.phase: Invalid value: a phase is never taken back" in gone.message


def test_attempts_are_never_taken_back(server: Server) -> None:
    obj = of_kind("SubTask")
    assert server.patch(obj, {"status": {"attemptCount": 3}}, status=True, dryRun="All").ok
    answer = server.patch(obj, {"status": {"attemptCount": 1}}, status=True, dryRun="All")
    assert "status.attemptCount: Invalid value" in answer.message
    assert "attempts are never taken back" in answer.message


def test_the_rules_of_a_subtask_cost_the_server_little() -> None:
    """They are evaluated at every write of its status: none reads more than two fields of an object, none a quantity."""
    for _, node in nodes(SCHEMAS["SubTask"]):
        for rule in node.get("x-kubernetes-validations", []):
            assert "oldSelf" in rule["rule"]
            assert rule["rule"].count("elf.") <= 2


def test_a_status_cannot_be_smuggled_in_with_the_spec(server: Server) -> None:
    obj = named(of_kind("TaskDistribution"), "smuggler")
    assert "status" not in server.would_create(obj).body


CHANGES = {
    "a changed definition needs a new SubTask",
    "a phase is never taken back",
    "spec is immutable; a changed request needs a new ExecutionPlan",
    "a terminal phase never reverts",
    "attempts are never taken back",
}
"""Messages of the rules about changes, each of which has a test of its own above."""


def test_every_rule_is_in_the_tables() -> None:
    written = {
        rule["message"]
        for tree in SCHEMAS.values()
        for _, node in nodes(copy.deepcopy(tree))
        for rule in node.get("x-kubernetes-validations", [])
    }
    shown = {message for message in written if any(case.message in message for case in REFUSED)}
    assert written - shown == CHANGES
