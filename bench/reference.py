"""The lower bounds, as programs: no plan, no retries, nothing that outlives a restart.

    python -m bench.reference KUBECONFIG NAMESPACE WIDTH DEPTH [--written]

One POST per pod as soon as its parents have succeeded, a raw watch on pods, nothing else: what no operator can be faster than.

With ``--written`` there is an object for each subtask, as the public face of this project has it, and no more than that: the
SubTask is created, then its pod, and the end is written into it before what waits for it goes on. Their TaskDistribution has to
be in the namespace. The objects are the operator's own, made and read by the functions that make and read them there. What that
takes longer than without is what the objects cost the API server; what an operator takes longer than that is its own.

Prints the seconds from the first request to the last pod's end, or to the last write, and the seconds of its own CPU for that.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from bench._running import AGENT_TYPE, NAME, Graph

from taskdist import engine
from taskdist.api import AgentType, TaskDistribution
from taskdist.api.names import Label
from taskdist.api.provider import Prices
from taskdist.cluster import paths
from taskdist.cluster.client import MERGE_PATCH, Client
from taskdist.cluster.wire import WirePod, WireSubTask, pod_view, subtask_view
from taskdist.planning.request import plan_request
from taskdist.reconcile.attempts import conclude
from taskdist.reconcile.outcome import outcome_of
from taskdist.reconcile.pod_object import pod_object
from taskdist.reconcile.subtask_object import subtask_object
from taskdist.reconcile.views import SubTaskView

IN_FLIGHT = 6
IMAGE = "taskdist.dev/taskdist:bench"

Begin = Callable[[str], Awaitable[None]]
End = Callable[[str, bytes], Awaitable[None]]


class _Meta(msgspec.Struct):
    name: str
    labels: dict[str, str] = {}


class _Status(msgspec.Struct):
    phase: str = ""


class _Pod(msgspec.Struct):
    metadata: _Meta
    status: _Status


class _Event(msgspec.Struct):
    object: msgspec.Raw


class Walk:
    """One walk through a graph: ``begin`` makes a subtask's pod, and ``end`` is waited for before its children start."""

    def __init__(self, client: Client, namespace: str, graph: Graph, begin: Begin, end: End | None = None) -> None:
        self._client, self._path = client, paths.collection("Pod", namespace)
        self._begin, self._end = begin, end
        parents = graph.parents()
        self._children: dict[str, list[str]] = {name: [] for name in parents}
        for name, before in parents.items():
            for parent in before:
                self._children[parent].append(name)
        self._missing = {name: len(before) for name, before in parents.items()}
        self._ready = deque(name for name, count in self._missing.items() if not count)
        self._ended: deque[tuple[str, bytes]] = deque()
        self._wake = asyncio.Semaphore(len(self._ready))
        self._left = graph.size
        self._over = asyncio.Event()

    async def run(self) -> tuple[float, float]:
        """The seconds that it takes, and those of this process' CPU."""
        since, cpu = time.monotonic(), time.process_time()
        async with asyncio.TaskGroup() as group:  # one that fails ends all: the others would wait for it for ever
            tasks = [group.create_task(self._lane()) for _ in range(IN_FLIGHT)] + [group.create_task(self._follow())]
            await self._over.wait()
            took = time.monotonic() - since, time.process_time() - cpu
            for task in tasks:
                task.cancel()
        return took

    async def _lane(self) -> None:
        while True:
            await self._wake.acquire()
            if self._end is not None and self._ended:
                name, last = self._ended.popleft()
                await self._end(name, last)
                self._go_on(name)
            else:
                await self._begin(self._ready.popleft())

    async def _follow(self) -> None:
        decode, look = msgspec.json.Decoder(_Event).decode, msgspec.json.Decoder(_Pod).decode
        seen: set[str] = set()
        # A server that is pressed hangs up on whoever reads slowly; a new watch begins with all that there is.
        while True:
            async for line in self._client.stream(self._path, {"watch": "true", "timeoutSeconds": 3600}, watch=True):
                raw = decode(line).object
                pod = look(raw)
                name = pod.metadata.labels.get(Label.SUBTASK, pod.metadata.name)
                if pod.status.phase != "Succeeded" or name in seen:
                    continue
                seen.add(name)
                if self._end is None:
                    self._go_on(name)
                else:
                    self._ended.append((name, bytes(raw)))
                    self._wake.release()

    def _go_on(self, name: str) -> None:
        self._left -= 1
        for child in self._children[name]:
            self._missing[child] -= 1
            if not self._missing[child]:
                self._ready.append(child)
                self._wake.release()
        if not self._left:
            self._over.set()


async def pods_only(client: Client, namespace: str, graph: Graph) -> tuple[float, float]:
    """One request per pod."""
    path = paths.collection("Pod", namespace)

    async def begin(name: str) -> None:
        await client.request("POST", path, body=pod(name))

    return await Walk(client, namespace, graph, begin).run()


async def written(client: Client, namespace: str, graph: Graph) -> tuple[float, float]:
    """Three requests per subtask. Their distribution has to be there: objects without an owner would be collected as garbage."""
    (made,) = (await client.list(paths.collection("TaskDistribution", namespace)))["items"]
    root, agent_type = TaskDistribution.model_validate(made), AgentType.model_validate(AGENT_TYPE)
    plan = engine.plan(plan_request(root, [agent_type]))
    bodies = {planned.id: subtask_object(root, f"{NAME}-1", planned) for planned in plan.subtasks}
    views: dict[str, SubTaskView] = {}
    read_subtask, read_pod = (msgspec.json.Decoder(kind).decode for kind in (WireSubTask, WirePod))
    subtasks, pods = (paths.collection(kind, namespace) for kind in ("SubTask", "Pod"))

    async def begin(name: str) -> None:
        view = subtask_view(read_subtask(await client.request("POST", subtasks, body=bodies[name])))
        views[name] = view
        await client.request("POST", pods, body=pod_object(root, view, agent_type, None, [], IMAGE))

    async def end(name: str, last: bytes) -> None:
        view, seen = views[name], pod_view(read_pod(last))
        assert seen is not None
        outcome = outcome_of(seen)
        assert outcome is not None
        patch = conclude(
            view,
            seen,
            outcome,
            agent_type=view.agent_type,
            fallback="",
            oom=root.spec.resource_policy.oom,
            prices=Prices(),
            base_cost_usd=Decimal(0),
            now=datetime.now(UTC),
        )
        body = {"metadata": {"resourceVersion": view.resource_version}, "status": patch.status}
        path = paths.item("SubTask", namespace, view.name, "status")
        await client.request("PATCH", path, body=body, content_type=MERGE_PATCH)

    return await Walk(client, namespace, graph, begin, end).run()


def pod(name: str) -> dict[str, Any]:
    """The least that a pod can be."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [
                {"name": "agent", "image": "none", "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}
            ],
        },
    }


async def main() -> None:
    """Run one graph."""
    parser = argparse.ArgumentParser(prog="bench.reference")
    parser.add_argument("kubeconfig")
    parser.add_argument("namespace")
    parser.add_argument("width", type=int)
    parser.add_argument("depth", type=int)
    parser.add_argument("--written", action="store_true", help="with an object for each subtask")
    options = parser.parse_args()
    work = written if options.written else pods_only
    async with await Client.connect(options.kubeconfig) as client:
        print(*await work(client, options.namespace, Graph(options.width, options.depth)))


if __name__ == "__main__":
    asyncio.run(main())
