"""The chart's admission policies as objects: what a cluster of the tests needs to refuse and to warn as an installation does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_BASE = Path(__file__).parents[1] / "manifests" / "base" / "operator.yaml"


def admission_policies(*, warnings: bool) -> list[dict[str, Any]]:
    """Policies and bindings that refuse, and with ``warnings`` those that only warn."""
    return [
        item
        for item in yaml.safe_load_all(_BASE.read_text())
        if item
        and item["kind"].startswith("ValidatingAdmissionPolicy")
        and (warnings or not str(item["metadata"]["name"]).endswith("-warnings"))
    ]
