"""Leadership by a Lease, with the ``kubernetes`` package's own election: one replica works, the others stand by.

The lease alone does not keep two replicas from writing (a paused leader wakes up believing in it): deterministic names and
preconditions do. It keeps them from working against each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

LEASE_NAME = "taskdist-operator"
LEASE_SECONDS = 15
RENEW_SECONDS = 8
RETRY_SECONDS = 2


class LeadershipLostError(Exception):
    """The lease could not be renewed in time; the process ends and starts anew as a standby."""


async def lead(
    work: Callable[[], Awaitable[None]], *, namespace: str, identity: str, kubeconfig: str | None, context: str | None
) -> None:
    """Wait until this replica leads, then run ``work`` until it ends.

    Raises:
        LeadershipLostError: the lease was lost; ``work`` has been cancelled.
    """
    # Heavy (about 30 MB): paid only by replicas that take part in an election.
    from kubernetes.aio import client as k8s_client  # noqa: PLC0415
    from kubernetes.aio import config as k8s_config  # noqa: PLC0415
    from kubernetes.aio.leaderelection.electionconfig import Config  # noqa: PLC0415
    from kubernetes.aio.leaderelection.leaderelection import LeaderElection  # noqa: PLC0415
    from kubernetes.aio.leaderelection.resourcelock.leaselock import LeaseLock  # noqa: PLC0415

    configuration = k8s_client.Configuration()
    if kubeconfig is None and context is None:
        await k8s_config.load_config(client_configuration=configuration)
    else:
        await k8s_config.load_kube_config(config_file=kubeconfig, context=context, client_configuration=configuration)
    async with k8s_client.ApiClient(configuration) as api:
        lock = LeaseLock(LEASE_NAME, namespace, identity, api)

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
