"""Metadata of the children: deterministic names, labels, and the owner that takes them along when it goes."""

from __future__ import annotations

from typing import Any

from taskdist.api.names import API_VERSION, MANAGED_BY_VALUE, Label
from taskdist.api.task_distribution import TaskDistribution


def owned_by(kind: str, name: str, uid: str) -> list[dict[str, Any]]:
    """The owner reference of a child. The garbage collector deletes the child after its owner; nothing blocks the owner."""
    return [{"apiVersion": API_VERSION, "kind": kind, "name": name, "uid": uid, "controller": True}]


def child_metadata(
    root: TaskDistribution, name: str, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None
) -> dict[str, Any]:
    """Metadata of an object that a TaskDistribution owns. The root's own labels are not copied: they mean the root."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": root.metadata.namespace,
        "labels": {Label.MANAGED_BY: MANAGED_BY_VALUE, Label.DISTRIBUTION: root.metadata.name, **(labels or {})},
        "ownerReferences": owned_by("TaskDistribution", root.metadata.name, root.metadata.uid),
    }
    if annotations:
        metadata["annotations"] = annotations
    return metadata
