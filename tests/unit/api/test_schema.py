"""The files of the CRDs, and the command that writes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from taskdist.api import schema

if TYPE_CHECKING:
    from collections.abc import Callable

COMMITTED = Path(__file__).resolve().parents[3] / "crds"


def test_the_committed_files_are_up_to_date() -> None:
    assert schema.outdated(COMMITTED) == []


def test_one_file_per_kind_named_as_controller_gen_does() -> None:
    assert sorted(schema.files()) == [
        "taskdist.dev_agenttypes.yaml",
        "taskdist.dev_executionplans.yaml",
        "taskdist.dev_providers.yaml",
        "taskdist.dev_subtasks.yaml",
        "taskdist.dev_taskdistributions.yaml",
    ]


def test_a_file_holds_its_definition_without_anchors() -> None:
    for kind in schema.KINDS:
        text = schema.files()[kind.file]
        assert text.startswith("# Generated")
        assert yaml.safe_load(text) == schema.crd(kind)
        assert "&id" not in text


@pytest.mark.parametrize(
    ("name", "scope", "short"),
    [
        ("taskdistributions.taskdist.dev", "Namespaced", "td"),
        ("subtasks.taskdist.dev", "Namespaced", "st"),
        ("executionplans.taskdist.dev", "Namespaced", "ep"),
        ("agenttypes.taskdist.dev", "Cluster", "at"),
        ("providers.taskdist.dev", "Cluster", "prov"),
    ],
)
def test_scope_short_name_category_and_status(name: str, scope: str, short: str) -> None:
    crd = schema.crds()[name]
    assert crd["metadata"]["name"] == name
    assert crd["spec"]["scope"] == scope
    assert crd["spec"]["names"]["shortNames"][0] == short
    assert crd["spec"]["names"]["categories"] == ["taskdist"]
    (version,) = crd["spec"]["versions"]
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert version["subresources"] == {"status": {}}


@pytest.mark.parametrize("kind", schema.KINDS, ids=lambda kind: kind.name)
def test_columns_and_selectable_fields_lead_to_fields_of_their_type(kind: schema.Kind) -> None:
    tree = schema.structural(kind.model)
    for column in kind.columns:
        if column.path != ".metadata.creationTimestamp":
            found = field(tree, column.path)
            assert column.type == ("string" if "x-kubernetes-int-or-string" in found else found["type"])
    for path in kind.selectable:
        assert field(tree, path)["type"] == "string"


def field(tree: dict, path: str) -> dict:
    for name in path.split(".")[1:]:
        tree = tree["properties"][name.removesuffix("[-1:]")]
        if name.endswith("[-1:]"):
            tree = tree["items"]
    return tree


def changed(folder: Path) -> None:
    (folder / "taskdist.dev_providers.yaml").write_text("spec: {}\n")


def missing(folder: Path) -> None:
    (folder / "taskdist.dev_providers.yaml").unlink()


def stale(folder: Path) -> None:
    (folder / "taskdist.dev_gadgets.yaml").write_text("kind: CustomResourceDefinition\n")


@pytest.mark.parametrize("damage", [changed, missing, stale])
def test_check_finds_a_difference_and_writing_repairs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "crds"
    assert schema.main([str(folder)]) == 0
    (folder / "README.md").write_text("not ours")
    assert schema.main([str(folder), "--check"]) == 0

    damage(folder)
    assert schema.main([str(folder), "--check"]) == 1
    assert "out of date; run `make generate`" in capsys.readouterr().err

    assert schema.main([str(folder)]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert schema.main([str(folder), "--check"]) == 0
    assert (folder / "README.md").exists()
