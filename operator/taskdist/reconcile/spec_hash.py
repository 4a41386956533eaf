"""A hash over the part of a spec that the plan is made from."""

from __future__ import annotations

import hashlib
import json

from taskdist.api.task_distribution import TaskDistribution

_NOT_PLANNED = {
    "suspend",
    "cancel",
    "approved_plan_hash",
    "ttl_seconds_after_finished",
    "planning",
    "failure_policy",
    "on_suspend",
    "plan_history_limit",
}
"""Fields that say what is done with a plan, not what the plan is; `placement.replaceUnreachableSeconds` is another."""


def spec_hash(root: TaskDistribution) -> str:
    """Equal for two specs exactly if the same plan answers both."""
    placement = root.spec.placement.model_copy(update={"replace_unreachable_seconds": None})
    spec = root.spec.model_copy(update={"placement": placement})
    wanted = spec.model_dump(mode="json", by_alias=False, exclude=_NOT_PLANNED)
    text = json.dumps(wanted, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
