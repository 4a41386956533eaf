"""The chart and the manifests: what they render to, what a real API server says of it, and what rights result."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from e2e.cluster import binaries
from e2e.cluster.polling import holds, until
from e2e.installed import tenant
from tests.integration.rest import Rest

from taskdist.cluster.rbac import OPERATOR, USERS, Rule, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.cluster import Cluster

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).resolve().parents[2]
CHART = CHECKOUT / "helm" / "taskdist"
NAMESPACE = "taskdist-chart"
KNOWN = ["--api-versions", "taskdist.dev/v1alpha1/AgentType"]
TERM = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]"

VARIANTS = {
    "as it comes": [],
    "some namespaces only": ["watchNamespaces={team-a,team-b}"],
    "two replicas with a budget": ["replicaCount=2", "podDisruptionBudget.enabled=true"],
    "by digest, with a pull secret": [f"image.digest=sha256:{'a' * 64}", "imagePullSecrets[0].name=registry"],
    "user ids from the platform": ["runAsUser=null", "runAsGroup=null"],
    "placed": [
        "nodeSelector.pool=system",
        "tolerations[0].key=system",
        "tolerations[0].operator=Exists",
        "priorityClassName=system-cluster-critical",
        "topologySpreadConstraints[0].maxSkew=1",
        "topologySpreadConstraints[0].topologyKey=zone",
        "topologySpreadConstraints[0].whenUnsatisfiable=ScheduleAnyway",
        f"{TERM}.key=pool",
        f"{TERM}.operator=Exists",
    ],
    "named otherwise": ["fullnameOverride=planner", "serviceAccount.annotations.team=a", "podLabels.team=a"],
    "metrics for some only": ["networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring"],
    "bare": [
        "crds.install=false",
        "agentTypes.install=false",
        "rbac.create=false",
        "rbac.userRoles=false",
        "serviceAccount.create=false",
        "serviceAccount.name=default",
        "metrics.service.enabled=false",
        "networkPolicy.enabled=false",
        "admissionWarnings.enabled=false",
    ],
    "queues for what people write": ["flowControl.enabled=true", "flowControl.userShares=5"],
    "further flags and environment": [
        "operator.extraArgs={--verbose}",
        "operator.extraEnv[0].name=HTTPS_PROXY",
        "operator.extraEnv[0].value=http://proxy:3128",
    ],
}


def helm(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    program = str(binaries.ensure(["helm"])["helm"])
    result = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert not check or result.returncode == 0, result.stderr
    return result


def settings(values: list[str]) -> list[str]:
    return [argument for value in values for argument in ("--set", value)]


def render(values: list[str], *arguments: str) -> list[dict[str, Any]]:
    text = helm("template", "taskdist", str(CHART), "-n", NAMESPACE, *settings(values), *arguments).stdout
    return [item for item in yaml.safe_load_all(text) if item]


def of_kind(objects: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [item for item in objects if item["kind"] in kinds]


# --- rendering -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_lint_is_clean(values: list[str]):
    helm("lint", "--strict", str(CHART), *settings(values))


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        pytest.param("replicas=2", "'replicas' not allowed", id="unknown value"),
        pytest.param("image.name=x", "'name' not allowed", id="unknown nested value"),
        pytest.param("image.repository=", "image/repository", id="no image"),
        pytest.param("image.tag=a b", "image/tag", id="tag with a space"),
        pytest.param("image.digest=sha256:1", "image/digest", id="short digest"),
        pytest.param("image.pullPolicy=Sometimes", "image/pullPolicy", id="unknown pull policy"),
        pytest.param("watchNamespaces={Team_A}", "watchNamespaces/0", id="no DNS label"),
        pytest.param("watchNamespaces={a,a}", "watchNamespaces", id="namespace twice"),
        pytest.param("watchNamespaces=a", "watchNamespaces", id="text for a list"),
        pytest.param("replicaCount=-1", "replicaCount", id="negative replicas"),
        pytest.param("operator.logFormat=xml", "operator/logFormat", id="unknown log format"),
        pytest.param("operator.extraArgs={rm -rf}", "operator/extraArgs", id="no flag"),
        pytest.param("resources.limits.memory=lots", "resources/limits/memory", id="no quantity"),
        pytest.param("resources.limits.memory=-1Gi", "resources/limits/memory", id="negative quantity"),
        pytest.param("resources.limits.gpu=1", "'gpu' not allowed", id="unknown resource"),
        pytest.param("runAsUser=0", "runAsUser", id="root"),
        pytest.param("metrics.port=80", "metrics/port", id="privileged port"),
        pytest.param("metrics.port=8080", "metrics/port", id="port of the probes"),
        pytest.param("metrics.serviceMonitor.interval=often", "serviceMonitor/interval", id="no duration"),
        pytest.param("podDisruptionBudget.minAvailable=0", "minAvailable", id="budget of nothing"),
        pytest.param("flowControl.userShares=0", "userShares", id="no share"),
        pytest.param("serviceAccount.create=false", "serviceAccount.name", id="neither made nor named"),
        pytest.param(
            "metrics.serviceMonitor.enabled=true,metrics.service.enabled=false",
            "metrics.service.enabled",
            id="monitor without a service",
        ),
    ],
)
def test_bad_values_are_refused_by_name(value: str, complaint: str):
    result = helm("template", "taskdist", str(CHART), "--set", value, check=False)
    assert result.returncode
    assert complaint in result.stderr.replace(".", "/") or complaint in result.stderr


def test_schema_knows_every_value():
    def unknown(values: Any, schema: dict[str, Any], path: str) -> list[str]:
        properties = schema.get("properties")
        if not isinstance(values, dict) or properties is None:
            return []
        found = [f"{path}{key}" for key in values if key not in properties]
        for key in values.keys() & properties.keys():
            found += unknown(values[key], properties[key], f"{path}{key}.")
        return found

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    assert unknown(values, schema, "") == []
    assert set(schema["properties"]) - {"global"} == set(values)


def test_chart_is_of_the_package_version():
    from taskdist import __version__

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_crds_are_the_generated_ones_and_kept():
    sources = {}
    for path in (CHECKOUT / "crds").glob("*.yaml"):
        crd = yaml.safe_load(path.read_text())
        sources[crd["metadata"]["name"]] = crd["spec"]
    rendered = of_kind(render([]), "CustomResourceDefinition")
    assert {crd["metadata"]["name"]: crd["spec"] for crd in rendered} == sources
    assert all(crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for crd in rendered)
    dropped = of_kind(render(["crds.keep=false"]), "CustomResourceDefinition")
    assert not any("annotations" in crd["metadata"] for crd in dropped)


def test_agent_types_can_be_left_out():
    def names(values: list[str]) -> set[str]:
        return {item["metadata"]["name"] for item in of_kind(render(values, *KNOWN), "AgentType")}

    everyone = names([])
    assert len(everyone) == 10
    assert names(["agentTypes.exclude={security,data}"]) == everyone - {"security", "data"}
    assert names(["agentTypes.install=false"]) == set()


def test_shipped_agent_types_follow_the_image_of_the_operator():
    """One that named an image would run another one than was installed, and from another registry."""
    for agent_type in of_kind(render([], *KNOWN), "AgentType"):
        assert "image" not in agent_type["spec"]["template"]


def test_agent_types_wait_for_their_kind_the_first_time():
    first = render([])
    waiting = of_kind(first, "Job")
    assert [job["metadata"]["annotations"]["helm.sh/hook"] for job in waiting] == ["post-install"]
    assert {at["metadata"]["annotations"].get("helm.sh/hook") for at in of_kind(first, "AgentType")} == {"post-install"}

    later = render([], *KNOWN)
    assert of_kind(later, "Job") == []
    assert {at["metadata"]["annotations"].get("helm.sh/hook") for at in of_kind(later, "AgentType")} == {None}


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_pods_are_restricted_and_bounded(values: list[str]):
    for owner in of_kind(render(values), "Deployment", "Job"):
        pod = owner["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory", "ephemeral-storage"} == set(container["resources"]["limits"])
            assert {"cpu", "memory", "ephemeral-storage"} == set(container["resources"]["requests"])


def test_namespaces_decide_between_cluster_role_and_roles():
    everywhere, chosen = render([]), render(["watchNamespaces={team-a,team-b}"])
    own = [(NAMESPACE, "taskdist-operator-leader")]

    def roles(objects: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [(role["metadata"]["namespace"], role["metadata"]["name"]) for role in of_kind(objects, "Role")]

    assert roles(everywhere) == own
    assert roles(chosen) == [("team-a", "taskdist-operator"), ("team-b", "taskdist-operator"), *own]
    cluster_role = next(r for r in of_kind(chosen, "ClusterRole") if r["metadata"]["name"] == "taskdist-operator")
    served = [{**rule.as_policy(), "resourceNames": ["team-a", "team-b"]} for rule in OPERATOR[Scope.SERVED]]
    assert cluster_role["rules"] == [*(rule.as_policy() for rule in OPERATOR[Scope.CLUSTER]), *served]


def test_releases_beside_each_other_have_a_lease_each_and_one_reports():
    def environment(*arguments: str) -> dict[str, str]:
        text = helm("template", *arguments, str(CHART), "-n", NAMESPACE).stdout
        deployment = next(item for item in yaml.safe_load_all(text) if item and item["kind"] == "Deployment")
        return {e["name"]: e.get("value", "") for e in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}

    first, second = environment("taskdist"), environment("taskdist-b", "--set", "reportCatalogue=false")
    assert (first["TASKDIST_LEASE_NAME"], first["TASKDIST_REPORT_CATALOGUE"]) == ("taskdist-operator", "true")
    assert (second["TASKDIST_LEASE_NAME"], second["TASKDIST_REPORT_CATALOGUE"]) == ("taskdist-b-operator", "false")


def test_release_names_stay_within_63_characters():
    for item in render([f"fullnameOverride={'x' * 63}"]):
        if item["kind"] not in {"CustomResourceDefinition", "AgentType"}:
            assert len(item["metadata"]["name"]) <= 63


# --- on a real API server ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def namespaces(crds: Cluster) -> Cluster:
    """The API server with our kinds and the namespaces that the variants name, all held to restricted Pod Security."""
    modes = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    for name in (NAMESPACE, "taskdist-system", "team-a", "team-b"):
        crds.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": modes}})
    return crds


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_api_server_takes_everything_without_a_warning(namespaces: Cluster, values: list[str]):
    text = helm("template", "taskdist", str(CHART), "-n", NAMESPACE, *settings(values)).stdout
    result = namespaces.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-", input=text
    )
    assert "Warning" not in result.stderr


@pytest.mark.parametrize("folder", ["crds", "agent-types", "base", "overlays/cluster-wide", "overlays/namespaced"])
def test_api_server_takes_the_manifests(namespaces: Cluster, folder: str):
    result = namespaces.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "--validate=strict",
        "-k",
        str(CHECKOUT / "manifests" / folder),
    )
    assert "Warning" not in result.stderr


GRANT = re.compile(r"^(?P<resource>\S+)\s+\[(?P<urls>[^]]*)\]\s+\[(?P<names>[^]]*)\]\s+\[(?P<verbs>[^]]*)\]$")
# What every authenticated client has: to ask who it is and what it may do.
EVERYBODY = {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}


def granted(cluster: Cluster, account: str, namespace: str) -> set[tuple[str, str]]:
    """Pairs of resource and verb that `kubectl auth can-i --list` shows."""
    listing = cluster.kubectl("auth", "can-i", "--list", f"--as={account}", "-n", namespace).stdout
    pairs = set()
    for line in listing.splitlines()[1:]:
        found = GRANT.match(line)
        if found is None:
            assert line.startswith(" "), line  # non-resource URLs: discovery, versions, health
            continue
        if found["resource"].split(".")[0] not in EVERYBODY:
            pairs |= {(found["resource"], verb) for verb in found["verbs"].split()}
    return pairs


def assert_granted(cluster: Cluster, account: str, namespace: str, wanted: set[tuple[str, str]]) -> None:
    """The rights are these; the server takes them up a moment after the roles were made, or taken away."""
    holds(lambda: granted(cluster, account, namespace) == wanted, 20)
    assert granted(cluster, account, namespace) == wanted


def as_pairs(*rules: tuple[Rule, ...]) -> set[tuple[str, str]]:
    """The same pairs from the table."""
    return {
        (_listed(rule.group, resource), verb)
        for part in rules
        for rule in part
        for resource in rule.resources
        for verb in rule.verbs
    }


def _listed(group: str, resource: str) -> str:
    """As kubectl writes it: the group stands between the resource and its subresource."""
    plural, _, subresource = resource.partition("/")
    name = f"{plural}.{group}" if group else plural
    return f"{name}/{subresource}" if subresource else name


ACCOUNT = f"system:serviceaccount:{NAMESPACE}:taskdist-operator"


def install_rights(cluster: Cluster, values: list[str]) -> None:
    cluster.apply(
        *of_kind(render(values), "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount")
    )


def remove_rights(cluster: Cluster, values: list[str]) -> None:
    objects = of_kind(render(values), "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount")
    cluster.kubectl("delete", "-f", "-", input=yaml.safe_dump_all(objects))


def test_rights_of_the_whole_cluster_are_the_documented_ones(namespaces: Cluster):
    install_rights(namespaces, [])
    try:
        everywhere = tuple(OPERATOR[scope] for scope in Scope if scope is not Scope.OWN)
        assert_granted(namespaces, ACCOUNT, "team-a", as_pairs(*everywhere))
        assert_granted(namespaces, ACCOUNT, NAMESPACE, as_pairs(*everywhere, OPERATOR[Scope.OWN]))
    finally:
        remove_rights(namespaces, [])


def test_rights_of_chosen_namespaces_end_there(namespaces: Cluster):
    values = ["watchNamespaces={team-a}"]
    install_rights(namespaces, values)
    try:
        everywhere = (OPERATOR[Scope.CLUSTER], OPERATOR[Scope.SERVED])
        assert_granted(namespaces, ACCOUNT, "team-a", as_pairs(*everywhere, OPERATOR[Scope.WATCHED]))
        assert_granted(namespaces, ACCOUNT, "team-b", as_pairs(*everywhere))
        assert_granted(namespaces, ACCOUNT, NAMESPACE, as_pairs(*everywhere, OPERATOR[Scope.OWN]))
        for name, answer in {"team-a": "yes", "team-b": "no"}.items():
            question = ["auth", "can-i", "watch", f"namespaces/{name}", f"--as={ACCOUNT}"]
            until(
                f"{answer} for {name}",
                lambda q=question, a=answer: namespaces.kubectl(*q, check=False).stdout.strip() == a,
                20,
            )
    finally:
        remove_rights(namespaces, values)


@pytest.mark.security
@pytest.mark.parametrize(
    ("verb", "resource", "subresource"),
    [
        ("get", "secrets", ""),
        ("list", "secrets", ""),
        ("create", "pods", "exec"),
        ("create", "pods", "attach"),
        ("update", "pods", "ephemeralcontainers"),
        ("create", "serviceaccounts", "token"),
        ("impersonate", "users", ""),
        ("impersonate", "serviceaccounts", ""),
        ("escalate", "clusterroles.rbac.authorization.k8s.io", ""),
        ("bind", "clusterroles.rbac.authorization.k8s.io", ""),
        ("create", "rolebindings.rbac.authorization.k8s.io", ""),
        ("update", "taskdistributions.taskdist.dev", ""),
        ("patch", "agenttypes.taskdist.dev", ""),
        ("patch", "nodes", ""),
        ("delete", "customresourcedefinitions.apiextensions.k8s.io", ""),
    ],
)
def test_operator_may_not(namespaces: Cluster, verb: str, resource: str, subresource: str):
    install_rights(namespaces, [])
    question = [verb, resource, *([f"--subresource={subresource}"] if subresource else [])]
    answer = namespaces.kubectl("auth", "can-i", *question, f"--as={ACCOUNT}", "-n", "team-a", check=False)
    assert answer.stdout.strip().splitlines()[-1] == "no"


def test_roles_for_people_are_the_documented_ones(namespaces: Cluster):
    install_rights(namespaces, [])
    for user in USERS:
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": user.name, "namespace": "team-a"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": f"taskdist-{user.name}",
            },
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"a-{user.name}"}],
        }
        namespaces.apply(binding)
        assert_granted(namespaces, f"a-{user.name}", "team-a", as_pairs(user.rules))
        assert_granted(namespaces, f"a-{user.name}", "team-b", set())


# --- waiting for a kind --------------------------------------------------------------------------------------------


def await_served(cluster: Cluster, plural: str, seconds: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "taskdist.cluster.served", plural, "--timeout", seconds]
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_served_kind_is_not_waited_for(crds: Cluster):
    assert await_served(crds, "agenttypes", "30").returncode == 0


def test_a_kind_that_never_comes_is_named(crds: Cluster):
    done = await_served(crds, "unicorns", "1")
    assert done.returncode == 1
    assert done.stderr == "taskdist.dev/v1alpha1 does not serve unicorns after 1 s; are the CRDs installed?\n"


def test_what_people_write_has_queues_of_its_own_and_the_operator_does_not_wait_in_them(
    namespaces: Cluster, tmp_path: Path
):
    """By what the API server says of each request: which FlowSchema took it, and which priority level."""
    objects = of_kind(render(["flowControl.enabled=true"]), "FlowSchema", "PriorityLevelConfiguration")
    install_rights(namespaces, [])
    namespaces.apply(*objects)
    uids = {
        kind: {
            item["metadata"]["name"]: item["metadata"]["uid"]
            for item in json.loads(namespaces.kubectl("get", kind, "-o", "json").stdout)["items"]
        }
        for kind in ("flowschemas", "prioritylevelconfigurations")
    }
    name, spec = "taskdist-users", {"tasks": [{"name": "a", "script": "true"}]}
    root = {"apiVersion": "taskdist.dev/v1alpha1", "kind": "TaskDistribution", "metadata": {"name": "a"}, "spec": spec}
    tenant(namespaces, "team-a")
    accounts = {"people": ("team-a", "tenant"), "operator": (NAMESPACE, "taskdist-operator")}
    path = "/apis/taskdist.dev/v1alpha1/namespaces/team-a/taskdistributions"
    merge = "application/merge-patch+json"
    asked = {who: Rest(namespaces.as_account(*account, tmp_path / who)) for who, account in accounts.items()}

    def taken(who: str, verb: str, where: str) -> tuple[str, str]:
        body = root if verb == "POST" else {}
        headers = asked[who](verb, where, body, kind=merge if verb == "PATCH" else "application/json").headers
        schema, level = (headers[f"X-Kubernetes-PF-{kind}-UID"] for kind in ("FlowSchema", "PriorityLevel"))
        return schema, level

    try:
        for who, verb, where, schema, level in (
            ("people", "POST", path, name, name),
            ("people", "GET", path, "service-accounts", "workload-low"),
            ("operator", "PATCH", f"{path}/a/status", "taskdist-operator", "workload-high"),
            ("operator", "GET", f"{path}/a", "taskdist-operator", "workload-high"),
        ):
            wanted = uids["flowschemas"][schema], uids["prioritylevelconfigurations"][level]
            # An API server takes up new FlowSchemas a moment after they were made.
            until(f"{verb} {where} by {schema}", partial(_equal, wanted, partial(taken, who, verb, where)), 30)
    finally:
        for rest in asked.values():
            rest.close()
        namespaces.kubectl("delete", "-f", "-", input=yaml.safe_dump_all(objects))
        namespaces.kubectl("delete", "taskdistribution", "a", "-n", "team-a", "--ignore-not-found")
        remove_rights(namespaces, [])


def _equal(wanted: object, found: Callable[[], object]) -> bool:
    return found() == wanted
