"""The pod of one attempt: the admin's template, the plan's requests, the agent's contract, restricted Pod Security.

Nothing of a user's object reaches the pod's own fields except bounded strings in one annotation (docs/security.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from taskdist.api.agent_type import AgentType, NodePolicy, Volume
from taskdist.api.names import MANAGED_BY_VALUE, RESULT_FINALIZER, Annotation, Label, SubTaskReason
from taskdist.api.provider import Provider
from taskdist.api.task_distribution import TaskDistribution
from taskdist.engine.quantity import format_cpu, parse_cpu_millis
from taskdist.reconcile.owners import owned_by
from taskdist.reconcile.text import pod_name
from taskdist.reconcile.views import SubTaskView

TASK_FOLDER = "/taskdist"
CONTAINER = "agent"
_CPU_BURST = 2  # limit over request: room for short bursts, and a bound for quotas that ask for one
_TIMEOUT_GRACE = 30  # seconds after the agent's own deadline until the kubelet ends the pod: the agent reports first
_TERMINATION_GRACE = 30
_MOST_AVOIDED = 5
_BLAMED_ON_NODES = frozenset(
    {
        SubTaskReason.EVICTED,
        SubTaskReason.NODE_LOST,
        SubTaskReason.POD_REJECTED,
        SubTaskReason.IMAGE_PULL,
        SubTaskReason.CONTAINER_CONFIG,
        SubTaskReason.TIMEOUT,
        SubTaskReason.SILENT,
    }
)
_MOST_INPUT_BYTES = 128 * 1024  # of all annotations' 256 KiB


def pod_object(
    root: TaskDistribution,
    subtask: SubTaskView,
    agent_type: AgentType,
    provider: Provider | None,
    upstream: Sequence[SubTaskView],
    default_image: str,
) -> dict[str, Any]:
    """Build the pod of the subtask's current attempt.

    Args:
        root: the distribution; gives priority class and queue.
        subtask: what is to be done; its current attempt says how much memory.
        agent_type: the admin's template.
        provider: where it is placed, if anywhere in particular.
        upstream: the subtasks whose results it gets.
        default_image: image of the reference agent, for templates that name none.
    """
    attempt = subtask.attempt
    template = agent_type.spec.template
    labels = {
        Label.MANAGED_BY: MANAGED_BY_VALUE,
        Label.DISTRIBUTION: root.metadata.name,
        Label.SUBTASK: subtask.id,
        Label.AGENT_TYPE: agent_type.metadata.name,
        Label.SPECIALIZATION: agent_type.spec.specialization,
        Label.ATTEMPT: str(attempt),
    }
    if provider is not None:
        labels[Label.PROVIDER] = provider.metadata.name
    if root.spec.queue_name:
        labels[Label.QUEUE_NAME] = root.spec.queue_name
    volumes = [_volume(v) for v in template.volumes]
    taken = {v.mount_path.rstrip("/") for v in template.volumes}
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _TERMINATION_GRACE,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "affinity": {"nodeAffinity": _node_affinity(agent_type, _nodes_to_avoid(subtask))},
        "containers": [
            {
                "name": CONTAINER,
                "image": template.image or default_image,
                "imagePullPolicy": template.image_pull_policy,
                "env": _env(subtask, agent_type),
                "resources": _resources(subtask),
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [
                    {"name": "taskdist-task", "mountPath": TASK_FOLDER, "readOnly": True},
                    *([] if "/tmp" in taken else [{"name": "taskdist-tmp", "mountPath": "/tmp"}]),  # noqa: S108
                    *(_mount(v) for v in template.volumes),
                ],
            }
        ],
        "volumes": [
            {
                "name": "taskdist-task",
                "downwardAPI": {
                    "items": [
                        {
                            "path": "task.json",
                            "fieldRef": {"fieldPath": f"metadata.annotations['{Annotation.TASK}']"},
                        }
                    ]
                },
            },
            *([] if "/tmp" in taken else [{"name": "taskdist-tmp", "emptyDir": {}}]),  # noqa: S108
            *volumes,
        ],
    }
    container = spec["containers"][0]
    if template.command:
        container["command"] = list(template.command)
    elif not template.image:
        container["command"] = ["python", "-m", "taskdist.agent"]
    if template.args:
        container["args"] = list(template.args)
    if subtask.timeout_seconds is not None:
        spec["activeDeadlineSeconds"] = subtask.timeout_seconds + _TIMEOUT_GRACE
    _place(spec, agent_type, provider)
    if root.spec.priority_class_name:
        spec["priorityClassName"] = root.spec.priority_class_name
    metadata: dict[str, Any] = {
        "name": pod_name(subtask.name, subtask.uid, attempt),
        "namespace": root.metadata.namespace,
        "labels": labels,
        "annotations": {Annotation.TASK: task_document(root, subtask, agent_type, upstream)},
        "ownerReferences": owned_by("SubTask", subtask.name, subtask.uid),
    }
    if agent_type.spec.retain_results:
        metadata["finalizers"] = [RESULT_FINALIZER]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def task_document(
    root: TaskDistribution, subtask: SubTaskView, agent_type: AgentType, upstream: Sequence[SubTaskView]
) -> str:
    """The document that the agent finds as ``/taskdist/task.json``: version 1 of the contract in docs/agents.md."""
    document: dict[str, Any] = {
        "formatVersion": 1,
        "distribution": root.metadata.name,
        "namespace": root.metadata.namespace,
        "subtask": subtask.id,
        "uid": subtask.uid,
        "attempt": subtask.attempt,
        "description": subtask.description,
        "agentType": agent_type.metadata.name,
        "specialization": agent_type.spec.specialization,
    }
    if subtask.work.script:
        document["script"] = subtask.work.script
    if subtask.work.command:
        document["command"] = list(subtask.work.command)
    if subtask.work.args:
        document["args"] = list(subtask.work.args)
    if subtask.work.env:
        document["env"] = dict(subtask.work.env)
    if subtask.item:
        document["item"] = subtask.item
    if subtask.timeout_seconds is not None:
        document["timeoutSeconds"] = subtask.timeout_seconds
    if agent_type.spec.heartbeat_seconds is not None:
        document["heartbeatSeconds"] = agent_type.spec.heartbeat_seconds
    inputs, omitted = _inputs(upstream)
    if inputs:
        document["inputs"] = inputs
    if omitted:
        document["inputsOmitted"] = omitted
    groups = _groups(upstream)
    if groups:
        document["groups"] = groups
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _inputs(upstream: Sequence[SubTaskView]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Results by subtask, as the texts that they are, until the annotation's room is used; the rest is named, not lost."""
    inputs: dict[str, dict[str, str]] = {}
    omitted = []
    room = _MOST_INPUT_BYTES
    for parent in upstream:
        if not parent.results:
            continue
        size = sum(len(key.encode()) + len(value.encode(errors="replace")) for key, value in parent.results)
        if size > room:
            omitted.append(parent.id)
            continue
        room -= size
        inputs[parent.id] = dict(parent.results)
    return inputs, omitted


def _groups(upstream: Sequence[SubTaskView]) -> dict[str, list[str]]:
    """The members of each ``forEach`` among the parents, in their order: the fan-in reads them as one list."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for parent in upstream:
        name, _, index = parent.id.rpartition("-")
        if parent.item and parent.results and name and index.isdecimal():
            groups.setdefault(name, []).append((int(index), parent.id))
    return {name: [id_ for _, id_ in sorted(members)] for name, members in sorted(groups.items())}


def _env(subtask: SubTaskView, agent_type: AgentType) -> list[dict[str, Any]]:
    env: list[dict[str, Any]] = [
        {"name": "TASKDIST_SUBTASK", "value": subtask.id},
        {"name": "TASKDIST_UID", "value": subtask.uid},
        {"name": "TASKDIST_ATTEMPT", "value": str(subtask.attempt)},
    ]
    for variable in agent_type.spec.template.env:
        source = variable.value_from
        if source is None:
            env.append({"name": variable.name, "value": variable.value})
        elif source.secret_key_ref is not None:
            env.append({"name": variable.name, "valueFrom": {"secretKeyRef": source.secret_key_ref.wire()}})
        elif source.config_map_key_ref is not None:
            env.append({"name": variable.name, "valueFrom": {"configMapKeyRef": source.config_map_key_ref.wire()}})
    return env


def _resources(subtask: SubTaskView) -> dict[str, Any]:
    current = subtask.current
    cpu, memory = current.cpu or subtask.cpu, current.memory or subtask.memory
    burst = format_cpu(parse_cpu_millis(cpu) * _CPU_BURST)
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": burst, "memory": memory}}


def _nodes_to_avoid(subtask: SubTaskView) -> list[str]:
    """Nodes on which earlier attempts did not end well, the last ones first."""
    failed = [a.node for a in reversed(subtask.attempts) if a.node and a.reason in _BLAMED_ON_NODES]
    return list(dict.fromkeys(failed))[:_MOST_AVOIDED]


def _node_affinity(agent_type: AgentType, avoided: list[str]) -> dict[str, Any]:
    """Prefer, or require, nodes of the specialization. A fresh cluster has none, and must still run everything.

    Nodes to avoid are a preference only: a cluster with a single node must go on.
    """
    own = {"key": Label.SPECIALIZATION, "operator": "In", "values": [agent_type.spec.specialization]}
    preferred: list[dict[str, Any]] = []
    if avoided:
        elsewhere = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": avoided}
        preferred.append({"weight": 100, "preference": {"matchExpressions": [elsewhere]}})
    affinity: dict[str, Any] = {}
    if agent_type.spec.node_policy is NodePolicy.REQUIRED:
        terms = [{"matchExpressions": [own]}]
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
    else:
        preferred.append({"weight": 50 if avoided else 100, "preference": {"matchExpressions": [own]}})
    if preferred:
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = preferred
    return affinity


def _place(spec: dict[str, Any], agent_type: AgentType, provider: Provider | None) -> None:
    template = agent_type.spec.template
    selector = dict(template.node_selector)
    tolerations = list(template.tolerations)
    if provider is not None:
        selector |= provider.spec.node_selector
        tolerations += provider.spec.tolerations
    if selector:
        spec["nodeSelector"] = selector
    if tolerations:
        spec["tolerations"] = [t.wire() for t in tolerations]
    if template.service_account_name:
        spec["serviceAccountName"] = template.service_account_name
    if template.runtime_class_name:
        spec["runtimeClassName"] = template.runtime_class_name
    if template.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in template.image_pull_secrets]


def _volume(volume: Volume) -> dict[str, Any]:
    if volume.config_map is not None:
        return {"name": volume.name, "configMap": volume.config_map.wire()}
    if volume.secret is not None:
        return {"name": volume.name, "secret": volume.secret.wire()}
    if volume.persistent_volume_claim is not None:
        return {"name": volume.name, "persistentVolumeClaim": volume.persistent_volume_claim.wire()}
    return {"name": volume.name, "emptyDir": volume.empty_dir.wire() if volume.empty_dir else {}}


def _mount(volume: Volume) -> dict[str, Any]:
    mount: dict[str, Any] = {"name": volume.name, "mountPath": volume.mount_path}
    if volume.sub_path:
        mount["subPath"] = volume.sub_path
    if volume.read_only:
        mount["readOnly"] = True
    return mount
