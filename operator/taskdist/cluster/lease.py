"""Leadership by a Lease, after client-go's ``tools/leaderelection``.

The ``kubernetes`` package's own election (37.0) reads the clock that people set: one that jumps ten minutes ahead takes a lease
that is in force, one that jumps back believes in a lease that is lost. It also waits for as long as a request may take, which is
longer than a lease lasts. Here time is what passes, never what a clock says, and every wait is bounded.

The Lease alone does not keep two replicas from writing (a paused leader wakes up believing in it): deterministic names and
preconditions do. It keeps them from working against each other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from taskdist.cluster import paths
from taskdist.cluster.client import Client
from taskdist.cluster.errors import ApiError, ClusterUnreachableError

LEASE_NAME = "taskdist-operator"
LEASE_SECONDS = 15
RENEW_SECONDS = 8
RETRY_SECONDS = 2
_RELEASE_TRIES = 5

_log = logging.getLogger(__name__)


class LeadershipLostError(Exception):
    """The lease could not be renewed in time; the process ends and starts anew as a standby."""


async def lead(
    work: Callable[[], Awaitable[None]], client: Client, *, namespace: str, identity: str, name: str = LEASE_NAME
) -> None:
    """Wait until this replica leads, then run ``work`` until it ends; on the way out the lease is given up.

    Raises:
        LeadershipLostError: the lease was lost; ``work`` has been cancelled.
    """
    lease = _Lease(client, namespace, name, identity)
    try:
        while not await lease.take():  # noqa: ASYNC110 - it is asked of the server
            await asyncio.sleep(RETRY_SECONDS)
        _log.info("%s leads", identity)
        working = asyncio.ensure_future(work())
        renewing = asyncio.create_task(lease.renew())
        try:
            await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (working, renewing):
                task.cancel()
            ends = await asyncio.gather(working, renewing, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
    finally:
        await lease.release()


class _Lease:
    """The coordination.k8s.io/v1 Lease. Writes carry the resourceVersion that was read: of two that write, one is refused."""

    def __init__(self, client: Client, namespace: str, name: str, identity: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._path = paths.item("Lease", namespace, name)
        self._lease: dict[str, Any] = {}
        self._seen = ""
        self._seen_at = 0.0

    async def take(self) -> bool:
        """Take it if it is ours, given up, or untouched for as long as it lasts; returns whether it is ours now."""
        try:
            async with asyncio.timeout(RENEW_SECONDS):
                return await self._take()
        except (ApiError, ClusterUnreachableError, TimeoutError) as error:
            _log.warning("lease %s/%s: %s", self._namespace, self._name, str(error) or "no answer in time")
            return False

    async def renew(self) -> None:
        """Renew it until that fails for too long.

        Raises:
            LeadershipLostError: always, in the end.
        """
        renewed_at = time.monotonic()
        while (left := renewed_at + RENEW_SECONDS - time.monotonic()) > 0:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(left):
                    if await self.take():
                        renewed_at = begun  # the server may have counted from then
            except TimeoutError:
                break
            left = renewed_at + RENEW_SECONDS - time.monotonic()
            await asyncio.sleep(min(RETRY_SECONDS, max(left, 0)))
        lost = f"the lease {self._namespace}/{self._name} was not renewed within {RENEW_SECONDS} s"
        _log.error("%s; what is under way is ended", lost)
        raise LeadershipLostError(lost)

    async def release(self) -> None:
        """Give the lease up if it is ours, so that a standby need not wait until it expires.

        It is read again first: a renewal that was cut off may have reached the server.
        """
        for _ in range(_RELEASE_TRIES):
            try:
                async with asyncio.timeout(RETRY_SECONDS):
                    self._lease = await self._client.get(self._path)
                    if self._holder == self._identity:
                        await self._client.put(self._path, {**self._lease, "spec": {}})
                    return
            except (ApiError, ClusterUnreachableError, TimeoutError):
                continue

    @property
    def _holder(self) -> str:
        return str((self._lease.get("spec") or {}).get("holderIdentity") or "")

    async def _take(self) -> bool:
        try:
            self._lease = await self._client.get(self._path)
        except ApiError as error:
            if error.status != 404:
                raise
            metadata = {"name": self._name, "namespace": self._namespace}
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": self._spec()}
            self._lease = await self._client.post(paths.collection("Lease", self._namespace), body)
            return True
        if self._holder not in {"", self._identity} and not self._expired():
            return False
        self._lease = await self._client.put(self._path, {**self._lease, "spec": self._spec()})
        return True

    def _expired(self) -> bool:
        """True if nobody has touched it for as long as it lasts, by our own count of seconds: the times in it are another's."""
        version = str(self._lease["metadata"]["resourceVersion"])
        if version != self._seen:
            self._seen, self._seen_at = version, time.monotonic()
        lasts = float(self._lease["spec"].get("leaseDurationSeconds") or LEASE_SECONDS)
        return time.monotonic() >= self._seen_at + lasts

    def _spec(self) -> dict[str, Any]:
        before = self._lease.get("spec") or {}
        ours = self._holder == self._identity
        now = _wire_time(self._client.clock.now())
        changes = int(before.get("leaseTransitions") or 0)
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": LEASE_SECONDS,
            "acquireTime": before.get("acquireTime") if ours else now,
            "renewTime": now,
            "leaseTransitions": changes if ours or not self._lease else changes + 1,
        }


def _wire_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
