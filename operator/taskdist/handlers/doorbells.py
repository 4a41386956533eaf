"""Who changed: kopf's handlers say it to the store, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kopf

from taskdist.api.names import GROUP, VERSION
from taskdist.cluster.reconciler import Reconciler


def register(registry: kopf.OperatorRegistry, reconciler: Reconciler, ring: Callable[..., object]) -> None:
    """Register the handlers of the kinds that people write.

    ``ring`` calls a function with arguments in the reconciler's loop, such as that loop's ``call_soon_threadsafe``.
    """
    store = reconciler.store

    @kopf.on.event(GROUP, VERSION, "taskdistributions", registry=registry)
    async def distribution_changed(type: str | None, body: Any, **_: Any) -> None:  # noqa: A002 - kopf's name
        raw = dict(body)
        if type == "DELETED":
            ring(store.root_gone, raw["metadata"]["namespace"], raw["metadata"]["name"])
        else:
            ring(store.root_changed, raw)

    @kopf.on.event(GROUP, VERSION, "agenttypes", registry=registry)
    async def agent_type_changed(type: str | None, body: Any, **_: Any) -> None:  # noqa: A002 - kopf's name
        raw = dict(body)
        if type == "DELETED":
            ring(store.agent_type_gone, raw["metadata"]["name"])
        else:
            ring(store.agent_type_changed, raw)

    @kopf.on.event(GROUP, VERSION, "providers", registry=registry)
    async def provider_changed(type: str | None, body: Any, **_: Any) -> None:  # noqa: A002 - kopf's name
        raw = dict(body)
        if type == "DELETED":
            ring(store.provider_gone, raw["metadata"]["name"])
        else:
            ring(store.provider_changed, raw)

    @kopf.on.probe(id="distributions", registry=registry)
    def distributions(**_: Any) -> int:
        return len(store.projections)
