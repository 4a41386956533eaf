"""The operator's process: kopf rings from a thread of its own, all else is one loop; ended together."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import kopf

from taskdist.cluster.client import Client
from taskdist.cluster.lease import LEASE_NAME, lead
from taskdist.cluster.reconciler import Reconciler
from taskdist.cluster.served import OUR_KINDS, not_served, wait_until_served
from taskdist.handlers.doorbells import register
from taskdist.telemetry import logs, metrics

_KINDS_SECONDS = 60
_FIRST_PAUSE = 0.5
_LAST_PAUSE = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. ``namespaces`` empty means the whole cluster; ports 0 mean none.

    ``most_pods`` bounds the live agent pods of one namespace; 0 means no bound. ``lease_namespace`` is where the Lease lives that
    replicas elect their leader by; empty means that there is one replica. Operators that share the namespaces out among them need
    a ``lease_name`` each, and one of them reports the ``catalogue``: the statuses of AgentTypes and Providers.
    """

    namespaces: Sequence[str] = ()
    kubeconfig: str | None = None
    context: str | None = None
    agent_image: str = ""
    liveness_port: int = 8080
    metrics_port: int = 9090
    log_json: bool = False
    log_level: str = "INFO"
    in_flight: int = 6
    most_pods: int = 0
    lease_namespace: str = ""
    lease_name: str = LEASE_NAME
    catalogue: bool = True
    identity: str = ""


def main(options: Options) -> None:
    """Run until SIGTERM or SIGINT. Ends with an error if kopf or our own part does: the kubelet starts a fresh one."""
    logs.configure(json_lines=options.log_json, level=options.log_level)
    # It warns that signals are not its own; they are ours.
    logging.getLogger("kopf._core.reactor.running").addFilter(lambda record: "OS signals" not in record.getMessage())
    if options.metrics_port:
        metrics.serve(options.metrics_port)
    asyncio.run(_run(options))


async def _run(options: Options) -> None:
    async with await Client.connect(options.kubeconfig, options.context) as client:
        # kopf looks once which kinds there are: started before the CRDs are served it would never see one of ours.
        if missing := await wait_until_served(client.credentials, OUR_KINDS, _KINDS_SECONDS):
            raise SystemExit(not_served(missing, _KINDS_SECONDS))
        reconciler = Reconciler(
            client,
            namespaces=options.namespaces,
            agent_image=options.agent_image,
            in_flight=options.in_flight,
            most_pods=options.most_pods,
            catalogue=options.catalogue,
        )
        registry = kopf.OperatorRegistry()
        loop, asked = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked.set)
        register(registry, reconciler, loop.call_soon_threadsafe)
        _login(registry, client)
        # But for being asked to, none of them ends unless it fails.
        tasks = [
            asyncio.create_task(_supervised(options, registry), name="kopf"),
            asyncio.create_task(_work(options, reconciler, client), name="reconciler"),
            asyncio.create_task(asked.wait(), name="signals"),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ends:
            if isinstance(error, Exception):
                raise error


async def _work(options: Options, reconciler: Reconciler, client: Client) -> None:
    if options.lease_namespace:
        await lead(
            reconciler.run,
            client,
            namespace=options.lease_namespace,
            identity=options.identity or socket.gethostname(),
            name=options.lease_name,
        )
    else:
        await reconciler.run()


def _login(registry: kopf.OperatorRegistry, client: Client) -> None:
    credentials = client.credentials

    @kopf.on.login(registry=registry)
    def login(**_: Any) -> kopf.ConnectionInfo:
        configuration = credentials.configuration
        scheme, _space, token = credentials.headers().get("Authorization", "").partition(" ")
        return kopf.ConnectionInfo(
            server=credentials.server,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
            scheme=scheme or None,
            token=token or None,
        )


class _NoDiffBase(kopf.DiffBaseStorage):
    """No memory of what was last handled: doorbells ask who, not what changed, and a copy of a large spec per event is dear."""

    def build(self, *, body: Any, extra_fields: Any = None) -> Any:  # noqa: ARG002 - kopf's interface
        return {}

    def fetch(self, *, body: Any) -> Any:  # noqa: ARG002 - kopf's interface
        return None

    def store(self, *, body: Any, patch: Any, essence: Any) -> None:
        pass


class _Backoffs:
    """Pauses between tries of one request: growing, then ten seconds for ever. It has no length, as kopf allows."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.5, 1, 2, 3, 5)
        yield from itertools.repeat(10)


async def _supervised(options: Options, registry: kopf.OperatorRegistry) -> None:
    """Run kopf; what its watches do not survive (410 as a status, an error in a stream) begins them anew, list and all."""
    pause = _FIRST_PAUSE
    while True:
        begun = time.monotonic()
        try:
            await _kopf(options, registry)
        except Exception as error:  # noqa: BLE001 - of which kinds they are is kopf's own matter
            _log.warning("kopf ended (%s: %s); it is started again", type(error).__name__, error)
        pause = _FIRST_PAUSE if time.monotonic() - begun > _LAST_PAUSE else min(pause * 2, _LAST_PAUSE)
        await asyncio.sleep(pause)


async def _kopf(options: Options, registry: kopf.OperatorRegistry) -> None:
    """Run kopf until it ends, in a thread with a loop of its own: as it ends it cancels every task that its loop has."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.networking.request_timeout = 30
    # By its own choice kopf gives up after 54 s of errors, and a crash loop follows an outage: here it goes on asking.
    settings.networking.error_backoffs = _Backoffs()
    settings.watching.server_timeout = 290
    settings.watching.client_timeout = 310
    settings.persistence.diffbase_storage = _NoDiffBase()
    liveness = f"http://0.0.0.0:{options.liveness_port}/healthz" if options.liveness_port else None
    loop, tasks = asyncio.new_event_loop(), []

    async def ring() -> None:
        # Ended by cancelling: kopf's own stop flag leaves a task behind that it waits five seconds for when it fails.
        tasks.append(asyncio.current_task())
        await kopf.operator(
            registry=registry,
            settings=settings,
            clusterwide=not options.namespaces,
            namespaces=options.namespaces,
            standalone=True,
            liveness_endpoint=liveness,
        )

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner, contextlib.suppress(asyncio.CancelledError):
            runner.run(ring())

    running = asyncio.get_running_loop().run_in_executor(None, run)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        for task in tasks:
            if task is not None and not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)
        await asyncio.gather(running, return_exceptions=True)
        raise
