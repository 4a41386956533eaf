"""The pure parts: counters, networks, image context, tools, settings, archives."""

from __future__ import annotations

import ipaddress
import json
import tarfile
from pathlib import Path

import pytest
import yaml
from e2e.cluster import archive, binaries, places, registry
from e2e.cluster.access import Access, Request, audit_events, parse_request_counts, write_kubeconfig
from e2e.cluster.certificates import Pair
from e2e.cluster.control_plane import Plan, Ports
from e2e.cluster.errors import ClusterError
from e2e.cluster.network import Network
from e2e.cluster.processes import Identity
from e2e.cluster.settings import Settings
from e2e.cluster.simulated import NodePool, stages
from e2e.image import context

METRICS = """
# TYPE apiserver_request_total counter
apiserver_request_total{code="201",group="",resource="pods",scope="resource",subresource="",verb="POST"} 3
apiserver_request_total{code="201",group="",resource="pods",scope="namespace",subresource="",verb="POST"} 1e+01
apiserver_request_total{code="200",group="taskdist.dev",resource="subtasks",subresource="status",verb="PATCH"} 7
apiserver_request_total_other{code="200"} 1
"""


def test_request_counts_are_summed_over_what_is_left_out():
    assert parse_request_counts(METRICS) == {
        Request("POST", "", "pods", "", "201"): 13,
        Request("PATCH", "taskdist.dev", "subtasks", "status", "200"): 7,
    }


@pytest.mark.parametrize(
    ("verb", "writes"), [("POST", True), ("APPLY", True), ("DELETE", True), ("LIST", False), ("WATCH", False)]
)
def test_writes_are_told_from_reads(verb: str, writes: bool):
    assert Request(verb, "", "pods", "", "200").writes is writes


def test_a_line_that_is_being_written_is_left_for_later(tmp_path: Path):
    log = tmp_path / "audit.log"
    log.write_text('{"verb": "create"}\n{"verb": "del')
    assert [event["verb"] for event in audit_events(log)] == ["create"]


def test_networks_do_not_meet():
    ranges = [
        ipaddress.ip_network(text)
        for network in map(Network, (0, 1, 255))
        for text in (f"{network.host}/{network.link_prefix}", network.services, network.pods)
        for text in [str(ipaddress.ip_interface(text).network)]
    ]
    assert not any(a.overlaps(b) for i, a in enumerate(ranges) for b in ranges[i + 1 :])


def test_a_network_in_use_is_seen():
    assert Network(3).overlaps([ipaddress.IPv4Network("198.19.3.7/32")])
    assert not Network(3).overlaps([ipaddress.IPv4Network("198.19.4.0/24")])


def test_the_api_servers_address_is_the_first_of_the_services():
    network = Network(7)
    services = ipaddress.ip_network(network.services)
    assert str(services[1]) == network.api_service
    assert ipaddress.ip_address(network.dns) in services


def test_settings_survive_writing(tmp_path: Path):
    plan = Plan(name="a", ports=Ports(1, 2, 3, 4, 5), names=("x", "y"), audit="Metadata")
    pool = NodePool(count=3, providers=("aws", "gcp"))
    settings = Settings(name="a", kind="simulated", owner=Identity(1, "boot-2"), plan=plan, pool=pool, network=4)
    settings.write(tmp_path)
    assert Settings.read(tmp_path) == settings


def test_settings_of_another_version_are_an_error_that_helps(tmp_path: Path):
    (tmp_path / "cluster.json").write_text('{"kind": "real"}')
    with pytest.raises(ClusterError, match="down --name"):
        Settings.read(tmp_path)


@pytest.mark.parametrize("name", ["", "../x", "A", "-a", "a" * 41, "a b", "ä"])
def test_a_name_that_is_no_name(name: str):
    with pytest.raises(ClusterError, match="lower-case letters"):
        registry.folder(name)


def test_nodes_are_dealt_out_to_the_providers():
    names = [node["metadata"]["name"] for node in NodePool(count=5).objects()]
    assert names == ["aws-1", "gcp-1", "azure-1", "on-prem-1", "aws-2"]


@pytest.mark.parametrize("plain", [False, True])
def test_stages_are_stages(*, plain: bool):
    documents = [yaml.safe_load(document) for document in stages(plain=plain)]
    assert [document["kind"] for document in documents] == ["Stage"] * 5
    names = [document["metadata"]["name"] for document in documents]
    assert names == ["node-ready", "pod-start", "pod-end", "pod-killed", "pod-delete"]
    assert ("durationFrom" in documents[2]["spec"]["delay"]) is not plain


def test_every_program_is_pinned():
    for tool in binaries.TOOLS.values():
        assert tool.version.startswith("v")
        assert tool.version in str(tool.cached)


def test_programs_are_found_where_the_user_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TASKDIST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert binaries.find("etcd") is None
    own = tmp_path / "etcd"
    own.touch(mode=0o755)
    assert binaries.find("etcd") == own


def test_a_missing_go_is_an_error_that_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TASKDIST_CACHE", str(tmp_path))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match=r"etcd: neither .* install Go"):
        binaries.ensure(["etcd"])


def test_the_image_is_made_of_the_package_and_its_locks_alone():
    names = {path.relative_to(places.CHECKOUT).as_posix() for path in context.files(places.CHECKOUT)}
    assert {"pyproject.toml", "requirements/operator.txt", "operator/taskdist/__init__.py"} <= names
    assert all(name.startswith(("operator/taskdist/", "requirements/")) or "/" not in name for name in names)
    assert not any("__pycache__" in name for name in names)


def test_the_key_changes_with_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, text in {
        "Dockerfile": "FROM x",
        ".dockerignore": "**\n!a/**\n**/*.pyc\n",
        "a/b.py": "1",
        "a/b.pyc": "1",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(places, "CHECKOUT", tmp_path)
    before = context.key()
    (tmp_path / "a" / "b.pyc").write_text("2")
    assert context.key() == before
    (tmp_path / "a" / "b.py").write_text("2")
    assert context.key() != before


def test_an_archive_is_the_same_bytes_each_time_and_names_its_image(tmp_path: Path):
    one, two = tmp_path / "one.tar", tmp_path / "two.tar"
    for path in (one, two):
        archive.write(path, "example.org/x:1", {"x": b"#!"}, entrypoint=["/x"])
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as tar:
        stream = tar.extractfile("manifest.json")
        assert stream is not None
        assert json.load(stream)[0]["RepoTags"] == ["example.org/x:1"]


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        pytest.param({}, None, id="no proxy"),
        pytest.param({"HTTPS_PROXY": "http://proxy"}, "198.18.0.2", id="the cluster is not behind it"),
        pytest.param(
            {"HTTPS_PROXY": "http://proxy", "NO_PROXY": "corp"}, "corp,198.18.0.2", id="nor what was not before"
        ),
    ],
)
def test_a_cluster_is_reached_past_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxies: dict[str, str], expected: str | None
):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)
    kubeconfig = tmp_path / "kubeconfig"
    for file in ("ca", "crt", "key"):
        (tmp_path / file).write_text(file)
    client = Pair(tmp_path / "crt", tmp_path / "key")
    write_kubeconfig(kubeconfig, name="x", url="https://198.18.0.2:443", authority=tmp_path / "ca", client=client)
    environment = Access(kubeconfig).environment
    assert (environment["KUBECONFIG"], environment.get("NO_PROXY")) == (str(kubeconfig), expected)
