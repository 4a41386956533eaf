"""Leadership by a Lease: the ``kubernetes`` package elects, our client reads and writes the Lease.

The package's own Lease lock sends a parameter that its own validation refuses (37.0), and its generated client weighs 30 MB; the
election is taken from it, the lock is ours. The Lease alone does not keep two replicas from writing (a paused leader wakes
up believing in it): deterministic names and preconditions do. It keeps them from working against each other.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.leaderelection.electionconfig import Config
from kubernetes.aio.leaderelection.leaderelection import LeaderElection
from kubernetes.aio.leaderelection.leaderelectionrecord import LeaderElectionRecord
from kubernetes.aio.leaderelection.resourcelock.baselock import BaseLock

from taskdist.cluster import paths
from taskdist.cluster.client import Client
from taskdist.cluster.errors import ApiError, ClusterUnreachableError

LEASE_NAME = "taskdist-operator"
LEASE_SECONDS = 15
RENEW_SECONDS = 8
RETRY_SECONDS = 2
_RELEASE_TRIES = 5


class LeadershipLostError(Exception):
    """The lease could not be renewed in time; the process ends and starts anew as a standby."""


async def lead(work: Callable[[], Awaitable[None]], client: Client, *, namespace: str, identity: str) -> None:
    """Wait until this replica leads, then run ``work`` until it ends; on the way out the lease is given up.

    Raises:
        LeadershipLostError: the lease was lost; ``work`` has been cancelled.
    """
    lock = _LeaseLock(client, namespace, identity)
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def led() -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - handed on to whoever waits for the end
            ended.set_exception(error)
        else:
            ended.set_result(None)

    async def lost() -> None:
        raise LeadershipLostError(f"the lease {namespace}/{LEASE_NAME} was not renewed within {RENEW_SECONDS} s")

    election = Config(
        lock,
        lease_duration=LEASE_SECONDS,
        renew_deadline=RENEW_SECONDS,
        retry_period=RETRY_SECONDS,
        onstarted_leading=led,
        onstopped_leading=lost,
    )
    campaign = asyncio.create_task(LeaderElection(election).run())
    try:
        # The election goes on renewing when the work has failed: its end must be noticed beside it.
        await asyncio.wait({campaign, ended}, return_when=asyncio.FIRST_COMPLETED)
        await (ended if ended.done() else campaign)
    finally:
        campaign.cancel()
        await asyncio.gather(campaign, return_exceptions=True)
        await lock.release()


class _LeaseLock(BaseLock):
    """The election's record in a coordination.k8s.io/v1 Lease. Writes carry the resourceVersion that was read."""

    def __init__(self, client: Client, namespace: str, identity: str) -> None:
        super().__init__(LEASE_NAME, namespace, identity)
        self._client = client
        self._path = paths.item("Lease", namespace, LEASE_NAME)
        self._lease: dict[str, Any] = {}

    async def get(self, name: str, namespace: str) -> tuple[bool, Any]:  # noqa: ARG002 - the base's interface
        try:
            self._lease = await self._client.get(self._path)
        except ApiError as error:
            refused = ApiException(status=error.status, reason=error.reason)
            refused.body = json.dumps({"code": error.status})
            return False, refused
        except ClusterUnreachableError as error:
            return False, ApiException(status=0, reason=str(error))
        spec = self._lease.get("spec") or {}
        seconds = spec.get("leaseDurationSeconds")
        return True, LeaderElectionRecord(
            spec.get("holderIdentity") or None,
            str(seconds) if seconds else None,
            spec.get("acquireTime"),
            spec.get("renewTime"),
        )

    async def create(self, name: str, namespace: str, election_record: LeaderElectionRecord) -> bool:
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": namespace},
            "spec": _spec(election_record),
        }
        return await self._write(self._client.post, paths.collection("Lease", namespace), body)

    async def update(self, name: str, namespace: str, updated_record: LeaderElectionRecord) -> bool:  # noqa: ARG002
        return await self._write(self._client.put, self._path, {**self._lease, "spec": _spec(updated_record)})

    async def release(self) -> None:
        """Give the lease up if it is ours, so that a standby need not wait until it expires.

        It is read again first: a renewal that was cut off may have reached the server.
        """
        for _ in range(_RELEASE_TRIES):
            await self.get(self.name, self.namespace)
            if (self._lease.get("spec") or {}).get("holderIdentity") != self.identity:
                return
            if await self._write(self._client.put, self._path, {**self._lease, "spec": {}}):
                return

    async def _write(self, write: Callable[[str, Any], Awaitable[dict[str, Any]]], path: str, body: Any) -> bool:
        try:
            self._lease = await write(path, body)
        except (ApiError, ClusterUnreachableError):
            return False
        return True


def _spec(record: LeaderElectionRecord) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    acquired = record.acquire_time or ""
    return {
        "holderIdentity": record.holder_identity,
        "leaseDurationSeconds": int(record.lease_duration or LEASE_SECONDS),
        "acquireTime": acquired if acquired.endswith("Z") else now,
        "renewTime": now,
    }
