"""Leadership by a real Lease."""

from __future__ import annotations

import asyncio

import pytest
from e2e.cluster import Cluster

from taskdist.cluster.client import Client
from taskdist.cluster.lease import LEASE_NAME, lead

pytestmark = pytest.mark.integration


async def test_one_leads_and_the_other_takes_over_when_it_stops(apiserver: Cluster, namespace: str) -> None:
    leading: list[str] = []
    taken = {name: asyncio.Event() for name in ("first", "second")}

    async def replica(name: str) -> None:
        async def work() -> None:
            leading.append(name)
            taken[name].set()
            await asyncio.Event().wait()

        async with await Client.connect(str(apiserver.kubeconfig)) as client:
            await lead(work, client, namespace=namespace, identity=name)

    first = asyncio.create_task(replica("first"))
    async with asyncio.timeout(60):
        await taken["first"].wait()
    second = asyncio.create_task(replica("second"))
    lease = await asyncio.to_thread(apiserver.get, "lease", LEASE_NAME, "-n", namespace)
    assert lease["spec"]["holderIdentity"] == "first"
    assert leading == ["first"]
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    async with asyncio.timeout(60):
        await taken["second"].wait()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert leading == ["first", "second"]


async def test_the_end_of_the_work_is_the_end_of_leading(apiserver: Cluster, namespace: str) -> None:
    async def work() -> None:
        raise RuntimeError("the work failed")

    async with await Client.connect(str(apiserver.kubeconfig)) as client:
        with pytest.raises(RuntimeError, match="the work failed"):
            await asyncio.wait_for(lead(work, client, namespace=namespace, identity="only"), 60)
    lease = await asyncio.to_thread(apiserver.get, "lease", LEASE_NAME, "-n", namespace)
    assert not lease["spec"].get("holderIdentity")
