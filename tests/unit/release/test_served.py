"""When a kind counts as served."""

from __future__ import annotations

import pytest

from taskdist.cluster.served import is_served


def discovery(group: str = "taskdist.dev", version: str = "v1alpha1", plural: str = "agenttypes", **more: str) -> dict:
    versions = [{"version": version, "resources": [{"resource": plural}], **more}]
    return {"items": [{"metadata": {"name": "apps"}}, {"metadata": {"name": group}, "versions": versions}]}


@pytest.mark.parametrize(
    ("document", "served"),
    [
        pytest.param(discovery(), True, id="listed"),
        pytest.param(discovery(freshness="Current"), True, id="listed and fresh"),
        pytest.param(discovery(freshness="Stale"), False, id="left over from a group that is gone"),
        pytest.param(discovery(group="other.dev"), False, id="same plural of another group"),
        pytest.param(discovery(version="v2"), False, id="another version"),
        pytest.param(discovery(plural="providers"), False, id="another kind of ours"),
        pytest.param({}, False, id="no answer yet"),
    ],
)
def test_is_served(document: dict, served: bool):
    assert is_served(document, "agenttypes") is served
