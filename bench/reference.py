"""The lower bound: one POST per pod as soon as its parents have succeeded, a raw watch on pods, and nothing else.

No plan, no retries, no status, nothing that outlives a restart: what no operator can be faster than. Run as
``python -m bench.reference KUBECONFIG NAMESPACE WIDTH DEPTH``; prints the seconds from the first request to the last pod's end.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from typing import Any

import msgspec
from bench._running import Graph

from taskdist.cluster.client import Client

IN_FLIGHT = 6


class _Meta(msgspec.Struct):
    name: str


class _Status(msgspec.Struct):
    phase: str = ""


class _Pod(msgspec.Struct):
    metadata: _Meta
    status: _Status


class _Event(msgspec.Struct):
    object: _Pod


async def run(kubeconfig: str, namespace: str, graph: Graph) -> float:
    parents = graph.parents()
    children: dict[str, list[str]] = {name: [] for name in parents}
    missing = {name: len(before) for name, before in parents.items()}
    for name, before in parents.items():
        for parent in before:
            children[parent].append(name)
    path = f"/api/v1/namespaces/{namespace}/pods"
    decode = msgspec.json.Decoder(_Event).decode
    ready = deque(name for name, count in missing.items() if not count)
    wake = asyncio.Semaphore(len(ready))
    done: set[str] = set()
    async with await Client.connect(kubeconfig) as client:

        async def lane() -> None:
            while True:
                await wake.acquire()
                await client.request("POST", path, body=pod(ready.popleft()))

        begin = time.monotonic()
        lanes = [asyncio.create_task(lane()) for _ in range(IN_FLIGHT)]
        async for line in client.stream(path, {"watch": "true", "timeoutSeconds": 3600}, watch=True):
            seen = decode(line).object
            if seen.status.phase != "Succeeded" or seen.metadata.name in done:
                continue
            done.add(seen.metadata.name)
            for child in children[seen.metadata.name]:
                missing[child] -= 1
                if not missing[child]:
                    ready.append(child)
                    wake.release()
            if len(done) == graph.size:
                break
        took = time.monotonic() - begin
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        return took


def pod(name: str) -> dict[str, Any]:
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


if __name__ == "__main__":
    print(asyncio.run(run(sys.argv[1], sys.argv[2], Graph(int(sys.argv[3]), int(sys.argv[4])))))
