"""How moments, numbers and names are written into objects."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

_POD_NAME = 63  # a pod's name is its hostname too


def wire_time(at: datetime) -> str:
    """A moment as ``metav1.Time`` writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decimal(value: Decimal | float, places: int = 2) -> str:
    """A number as plain decimal text."""
    return f"{value:.{places}f}"


def subtask_name(distribution: str, id_: str) -> str:
    """Name of the SubTask object: ``<distribution>-<id>``; both parts are at most 63 characters, so it always fits."""
    return f"{distribution}-{id_}"


def pod_name(subtask: str, uid: str, attempt: int) -> str:
    """Name of an attempt's pod: ``<subtask>-<attempt>``, shortened with a hash of the SubTask's UID where it is too long."""
    name = f"{subtask}-{attempt}"
    if len(name) <= _POD_NAME:
        return name
    tail = f"-{hashlib.sha256(uid.encode()).hexdigest()[:10]}-{attempt}"
    return subtask[: _POD_NAME - len(tail)].rstrip("-.") + tail
