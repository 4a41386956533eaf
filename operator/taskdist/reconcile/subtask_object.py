"""The SubTask object of a planned subtask."""

from __future__ import annotations

from typing import Any

from taskdist.api.names import API_VERSION, Annotation, Label
from taskdist.api.task_distribution import TaskDistribution
from taskdist.engine.model import PlannedSubTask, Retry
from taskdist.engine.quantity import format_cpu, format_memory
from taskdist.reconcile.owners import child_metadata
from taskdist.reconcile.projection import tokens
from taskdist.reconcile.text import decimal, subtask_name

_DEFAULT_RETRY = Retry()
_TOKENS = (Annotation.RETRY, Annotation.RESUBMIT)


def subtask_object(root: TaskDistribution, plan: str, planned: PlannedSubTask, member_of: str = "") -> dict[str, Any]:
    """Build the object. It is complete: its pods can be made from it, an AgentType and upstream results alone.

    What equals the schema's default is left out, for thousands of these are stored.
    """
    annotations = {name: token for name, token in zip(_TOKENS, tokens(root), strict=True) if token}
    if planned.depends_on:
        annotations[Annotation.DEPENDS_ON] = ",".join(d.name for d in planned.depends_on)
    labels = {
        Label.SUBTASK: planned.id,
        Label.AGENT_TYPE: planned.agent_type,
        Label.SPECIALIZATION: planned.specialization,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "SubTask",
        "metadata": child_metadata(root, subtask_name(root.metadata.name, planned.id), labels, annotations),
        "spec": _spec(root, plan, planned) | ({"memberOf": member_of} if member_of else {}),
    }


def _spec(root: TaskDistribution, plan: str, planned: PlannedSubTask) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "taskDistribution": root.metadata.name,
        "plan": plan,
        "id": planned.id,
        "agentType": planned.agent_type,
        "specialization": planned.specialization,
        "triggerRule": planned.trigger_rule.value,
        "complexity": decimal(planned.complexity.score),
        "resources": {
            "cpu": format_cpu(planned.resources.cpu_millis),
            "memory": format_memory(planned.resources.memory_bytes),
        },
        "estimate": {"seconds": planned.estimate.seconds, "costUSD": decimal(planned.estimate.cost_usd, 4)},
        "priority": planned.priority,
        "start": planned.start,
        "finish": planned.finish,
        "definitionHash": planned.definition_hash,
        "routing": {
            "chosen": planned.routing.chosen,
            "score": decimal(max(planned.routing.score, 0.0)),
            "runnerUp": planned.routing.runner_up,
            "reason": planned.routing.reason[:1024],
        },
    }
    optional: dict[str, Any] = {
        "description": planned.description,
        "dependsOn": [
            {
                "name": d.name,
                "source": d.source.value,
                "cue": d.cue[:256],
                "confidence": decimal(min(max(d.confidence, 0.0), 1.0)),
            }
            for d in planned.depends_on
        ],
        "script": planned.work.script,
        "command": list(planned.work.command),
        "args": list(planned.work.args),
        "env": [{"name": name, "value": value} for name, value in planned.work.env],
        "item": planned.item,
        "forEachResult": planned.for_each_result,
        "provider": planned.provider,
        "locks": list(planned.locks),
        "cacheKey": planned.cache_key,
    }
    spec.update({name: value for name, value in optional.items() if value})
    if planned.input_bytes is not None:
        spec["inputBytes"] = planned.input_bytes
    if planned.cache_seconds is not None:
        spec["cacheSeconds"] = planned.cache_seconds
    if planned.timeout_seconds is not None:
        spec["timeoutSeconds"] = planned.timeout_seconds
    if planned.retry != _DEFAULT_RETRY:
        spec["retry"] = {
            "limit": planned.retry.limit,
            "backoffSeconds": planned.retry.backoff_seconds,
            "factor": str(planned.retry.factor),
            "maxBackoffSeconds": planned.retry.max_backoff_seconds,
        }
    return spec
