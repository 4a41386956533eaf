"""Hashes over what will run, so that equal work is known again: SHA-256 over canonical JSON.

A subtask's hash covers its definition and, through theirs, that of all it waits for; not what the plan made of it
(requests, provider, estimate), nor how it is watched over (time-out, retry, locks). So a finished subtask whose work
and inputs did not change keeps its hash when an estimate moves. The plan's hash covers all that will run.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taskdist.engine.drafts import Draft
    from taskdist.engine.model import AgentTypeSpec, PlannedSubTask


def definition_hash(draft: Draft, agent_type: AgentTypeSpec, upstream: Mapping[str, str]) -> str:
    """Hash of one subtask's work; ``upstream`` are the hashes of what it waits for, by id."""
    spec = draft.spec
    work: object = None
    if spec is not None:
        w = spec.work
        work = [w.script, w.command, w.args, sorted(w.env), spec.for_each_result, spec.input_bytes, spec.cache_key]
    return _digest(
        [
            draft.id,
            draft.description,
            draft.item,
            agent_type.name,
            draft.trigger_rule.value,
            work,
            sorted(upstream.items()),
        ]
    )


def plan_hash(subtasks: Iterable[PlannedSubTask]) -> str:
    """Hash of everything that will run: subtasks, edges, requests, providers, limits of attempts, and the order."""
    return _digest(
        [
            [
                s.id,
                s.definition_hash,
                sorted(d.name for d in s.depends_on),
                s.agent_type,
                s.resources.cpu_millis,
                s.resources.memory_bytes,
                s.provider,
                sorted(s.locks),
                s.timeout_seconds,
                [s.retry.limit, s.retry.backoff_seconds, str(s.retry.factor.normalize()), s.retry.max_backoff_seconds],
                s.priority,
            ]
            for s in sorted(subtasks, key=lambda s: s.id)
        ]
    )


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
