"""What the commands ask of a cluster, and how its errors become sentences. The client itself is :mod:`taskdist.cluster`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from taskdist.api.names import SubTaskPhase
from taskdist.cli.output import CliError, fail

if TYPE_CHECKING:
    from taskdist.api import TaskDistribution
    from taskdist.cli.sources import Surroundings
    from taskdist.cluster.client import Client
    from taskdist.engine.model import Reservation
    from taskdist.planning.document import Planned

_T = TypeVar("_T")
_LARGEST_PLAN = 256 * 1024 * 1024
_PAUSES = (0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between reads that a busy API server refused."""


@dataclass(frozen=True, slots=True)
class Session:
    """A connection, and the namespace that the call is about."""

    client: Client
    namespace: str


def run(work: Callable[[Session], Awaitable[_T]], kubeconfig: str = "", context: str = "", namespace: str = "") -> _T:
    """Connect, do ``work``, and disconnect. What a cluster or the lack of one can answer with becomes one sentence."""

    async def connected() -> _T:
        async with _connected(kubeconfig, context, namespace) as session:
            return await work(session)

    return asyncio.run(connected())


@asynccontextmanager
async def _connected(kubeconfig: str, context: str, namespace: str) -> AsyncIterator[Session]:
    try:
        from taskdist.cluster.client import Client
        from taskdist.cluster.errors import ApiError, ClusterUnreachableError
    except ImportError as error:
        raise CliError(
            f"this command talks to a cluster and needs more packages ({error.name}): install taskdist[operator]"
        ) from error
    try:
        async with await Client.connect(kubeconfig or None, context or None) as client:
            yield Session(client, namespace or client.namespace)
    except ClusterUnreachableError as error:
        raise CliError(str(error)) from error
    except ApiError as error:
        raise CliError(_told(error.status, error.message)) from error


def _told(status: int, message: str) -> str:
    if status == 401:
        return "the API server does not know these credentials; log in again, or choose another --context"
    if status == 404 and _kind_unknown(message):
        return "the cluster does not know these kinds; install taskdist there first (see docs/install.md)"
    return " ".join(message.split()) or f"the API server answered with status {status}"


def _kind_unknown(message: str) -> bool:
    """True if it is not the object that is missing but its kind; the API server has two ways to say so."""
    return "could not find the requested resource" in message or message.strip() == "404 page not found"


async def all_of(session: Session, kind: str, namespace: str | None, **params: str) -> list[dict[str, Any]]:
    """Return all objects of a kind: of one namespace, or of the whole cluster for None."""
    from taskdist.cluster import paths

    answer = await _patiently(lambda: session.client.list(paths.collection(kind, namespace), params))
    return list(answer["items"])


async def one_of(session: Session, kind: str, name: str) -> dict[str, Any]:
    """Return one object of the session's namespace; one that is not there ends the call."""
    found = await maybe(session, kind, name)
    if found is None:
        fail(f'there is no {kind} "{name}" in namespace "{session.namespace}"')
    return found


async def maybe(session: Session, kind: str, name: str) -> dict[str, Any] | None:
    """Return one object of the session's namespace, or None."""
    from taskdist.cluster import paths
    from taskdist.cluster.errors import ApiError

    try:
        return await _patiently(lambda: session.client.get(paths.item(kind, session.namespace, name)))
    except ApiError as error:
        if error.status == 404 and not _kind_unknown(error.message):
            return None
        raise


async def _patiently(read: Callable[[], Awaitable[_T]]) -> _T:
    """Read again for a few seconds while the API server is busy: a kind that was just installed answers with 429 at first."""
    from taskdist.cluster.errors import ApiError

    for pause in _PAUSES:
        try:
            return await read()
        except ApiError as error:
            if error.status not in {429, 503}:
                raise
        await asyncio.sleep(pause)
    return await read()


# --- planning with what a cluster knows ----------------------------------------------------------------------------------


def surroundings(kubeconfig: str, context: str, namespace: str) -> Surroundings:
    """Return the cluster's agent types, providers, nodes, quota and limits, as the operator plans with."""
    return run(surroundings_of, kubeconfig, context, namespace)


async def surroundings_of(session: Session) -> Surroundings:
    """Gather the surroundings of a plan from the session's cluster and namespace."""
    from dataclasses import replace

    from taskdist.api import AgentType, Provider
    from taskdist.cli.sources import Surroundings
    from taskdist.cluster.facts import cluster_facts, namespace_labels

    agent_types, providers, facts, labels, priorities = await asyncio.gather(
        all_of(session, "AgentType", None),
        all_of(session, "Provider", None),
        cluster_facts(session.client, session.namespace),
        namespace_labels(session.client, session.namespace),
        _priorities(session),
    )
    return Surroundings(
        agent_types=[AgentType.model_validate(raw) for raw in agent_types],
        providers=[Provider.model_validate(raw) for raw in providers],
        facts=replace(facts, running=await _reservations(session, priorities)),
        cluster_known=True,
        namespace=session.namespace,
        namespace_labels=labels,
        priorities=priorities,
    )


async def _priorities(session: Session) -> dict[str, int]:
    """Return the values of the PriorityClasses; none where they may not be read."""
    from taskdist.cluster.errors import ApiError

    try:
        found = await all_of(session, "PriorityClass", None)
    except ApiError as error:
        if error.status != 403:
            raise
        return {}
    return {raw["metadata"]["name"]: int(raw.get("value", 0)) for raw in found}


async def _reservations(session: Session, priorities: Mapping[str, int]) -> tuple[Reservation, ...]:
    """Return what the distributions of the namespace that have begun hold and will still take."""
    from taskdist.api import TaskDistribution
    from taskdist.planning.reservations import reserves

    roots = [
        TaskDistribution.model_validate(raw) for raw in await all_of(session, "TaskDistribution", session.namespace)
    ]
    begun = [root for root in roots if reserves(root)]
    found = await asyncio.gather(*(_reservation(session, root, priorities) for root in begun))
    return tuple(one for one in found if one is not None)


async def _reservation(session: Session, root: TaskDistribution, priorities: Mapping[str, int]) -> Reservation | None:
    from taskdist.api import SubTask
    from taskdist.api.names import Label
    from taskdist.planning.reservations import reservation

    name = root.metadata.name
    raw = await maybe(session, "ExecutionPlan", root.status.plan.name if root.status.plan is not None else "")
    if raw is None:
        return None
    planned, listed = await asyncio.gather(
        _planned(session, raw),
        all_of(session, "SubTask", session.namespace, labelSelector=f"{Label.DISTRIBUTION}={name}"),
    )
    subtasks = [SubTask.model_validate(one) for one in listed]
    return reservation(
        name,
        planned.plan.subtasks,
        done={one.spec.id for one in subtasks if one.status.phase.terminal},
        running={one.spec.id for one in subtasks if one.status.phase is SubTaskPhase.RUNNING},
        priority=priorities.get(root.spec.priority_class_name, 0),
    )


def hashes_in_force(kubeconfig: str, context: str, names: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the hash of the plan in force of each distribution (namespace, name) that is there, by name."""

    async def gathered(session: Session) -> dict[str, str]:
        found = {}
        for namespace, name in names:
            raw = await maybe(Session(session.client, namespace), "TaskDistribution", name)
            plan = ((raw or {}).get("status") or {}).get("plan") or {}
            found[name] = str(plan.get("hash", ""))
        return found

    return run(gathered, kubeconfig, context)


def kept_plan(kubeconfig: str, context: str, namespace: str, name: str, revision: int = 0) -> Planned:
    """Return the plan of an ExecutionPlan, or that of the TaskDistribution of that name: the one in force, or a revision."""

    async def gathered(session: Session) -> Planned:
        if revision:
            found = await _revisions(session, name)
            if revision not in found:
                there = ", ".join(map(str, sorted(found))) or "none"
                fail(f'TaskDistribution "{name}" has no plan of revision {revision}; kept are: {there}')
            return await _planned(session, found[revision])
        raw = await maybe(session, "ExecutionPlan", name)
        if raw is None:
            distribution = await maybe(session, "TaskDistribution", name)
            if distribution is None:
                fail(f'there is no ExecutionPlan or TaskDistribution "{name}" in namespace "{session.namespace}"')
            plan = (distribution.get("status") or {}).get("plan")
            if not plan:
                fail(f'TaskDistribution "{name}" has no plan yet')
            raw = await one_of(session, "ExecutionPlan", str(plan["name"]))
        return await _planned(session, raw)

    return run(gathered, kubeconfig, context, namespace)


def last_two_plans(kubeconfig: str, context: str, namespace: str, name: str) -> tuple[Planned, Planned]:
    """Return the last two revisions of a TaskDistribution's plan, the older one first."""

    async def gathered(session: Session) -> tuple[Planned, Planned]:
        found = await _revisions(session, name)
        if len(found) < 2:
            await one_of(session, "TaskDistribution", name)
            fail(f'TaskDistribution "{name}" has {len(found)} plan revisions; a difference is between two')
        before, after = sorted(found)[-2:]
        return await _planned(session, found[before]), await _planned(session, found[after])

    return run(gathered, kubeconfig, context, namespace)


async def _revisions(session: Session, name: str) -> dict[int, dict[str, Any]]:
    """Return the ExecutionPlans that are kept of a TaskDistribution, by revision."""
    from taskdist.api.names import Label

    plans = await all_of(session, "ExecutionPlan", session.namespace, labelSelector=f"{Label.DISTRIBUTION}={name}")
    return {int(raw["spec"]["revision"]): raw for raw in plans}


async def _planned(session: Session, raw: dict[str, Any]) -> Planned:
    from taskdist.api import ExecutionPlan
    from taskdist.api.execution_plan import PlannedSubTask
    from taskdist.api.names import Label
    from taskdist.planning.document_reader import planned_from

    plan = ExecutionPlan.model_validate(raw)
    assignments = None
    if plan.spec.assignments_ref is not None:
        config_map = await one_of(session, "ConfigMap", plan.spec.assignments_ref.name)
        assignments = [PlannedSubTask.model_validate(entry) for entry in unpacked(config_map)]
    subtasks = await all_of(
        session, "SubTask", session.namespace, labelSelector=f"{Label.DISTRIBUTION}={plan.spec.task_distribution}"
    )
    descriptions = {s["spec"]["id"]: s["spec"].get("description", "") for s in subtasks}
    return planned_from(plan, descriptions, assignments)


def unpacked(config_map: dict[str, Any]) -> list[Any]:
    """Return the planned subtasks that a ConfigMap holds, compressed, for a plan too large for one object."""
    import base64
    import json
    import zlib

    try:
        packed = base64.b64decode(config_map["binaryData"]["assignments.json.gz"])
        # Not gzip.decompress: whoever may write ConfigMaps could make a megabyte unfold to a thousand.
        text = zlib.decompressobj(wbits=31).decompress(packed, _LARGEST_PLAN)
        entries = json.loads(text)
    except (KeyError, TypeError, ValueError, zlib.error):
        fail(f'ConfigMap "{config_map["metadata"]["name"]}" does not hold the subtasks of a plan')
    return list(entries)
