"""An HTTP proxy between the operator and the API server that does what networks and servers do on bad days.

It speaks TLS to the API server with the administrator's certificate and plain HTTP to the operator, on loopback only. It does
nothing by itself: rules decide on each request and on each line of a watch; with the same rules and seed it does the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import aiohttp
import yaml
from aiohttp import web

from e2e.cluster import ports
from e2e.cluster.local import LocalCluster
from e2e.faults.calls import Answer, Call, Cut, Delay, Drop, Fail, Fault, Gate, Hold, LineRule, Rule

_STARTED_SECONDS = 30
_POLL = 0.01
_HOP_BY_HOP = frozenset({"host", "connection", "transfer-encoding", "content-length", "keep-alive", "accept-encoding"})


class FaultProxy:
    """One proxy in a thread of its own. Use as a context manager; `kubeconfig` is for the operator."""

    def __init__(self, cluster: LocalCluster, kubeconfig: Path) -> None:
        (self.port,) = ports.free(1)
        self.kubeconfig = kubeconfig
        self.calls: list[Call] = []
        self._server = cluster.url
        self._tls = admin_tls(cluster)
        self._writes: Counter[str] = Counter()
        self._rules: list[Rule] = []
        self._line_rules: list[LineRule] = []
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        write_plain_kubeconfig(kubeconfig, f"http://127.0.0.1:{self.port}")

    # --- faults ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def injected(self, *rules: Rule) -> Iterator[None]:
        """The rules hold inside the block."""
        self._rules += rules
        try:
            yield
        finally:
            for rule in rules:
                self._rules.remove(rule)

    @contextlib.contextmanager
    def filtered(self, *rules: LineRule) -> Iterator[None]:
        """The rules hold for every line of every stream inside the block, of streams that run already too."""
        self._line_rules += rules
        try:
            yield
        finally:
            for rule in rules:
                self._line_rules.remove(rule)

    def writes(self, namespace: str = "") -> list[Call]:
        """The writes so far: in one namespace, or all."""
        return [call for call in self.calls if call.writes and namespace in ("", call.namespace)]

    # --- serving ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_STARTED_SECONDS), "the proxy did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STARTED_SECONDS)

    async def _serve(self) -> None:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, read_bufsize=2**20, auto_decompress=False
        ) as self._session:
            application = web.Application(client_max_size=2**26)
            application.router.add_route("*", "/{path:.*}", self._handle)
            # The operator's death must end its watches at the API server too.
            runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self.port, backlog=512).start()
            self._ready.set()
            await self._stop.wait()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = self._record(request, await request.read())
        fault = self._fault(call)
        match fault:
            case Drop(after=False, then=then):
                return _broken(request, then)
            case Fail():
                return _refusal(fault)
            case Answer(body):
                return web.Response(body=body, content_type="application/json")
            case Delay(seconds, after=False):
                await asyncio.sleep(seconds)
            case Hold(gate):
                await _opened(gate)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers["Accept-Encoding"] = "identity"
        try:
            async with self._session.request(
                call.method, self._server + request.raw_path, data=call.body or None, headers=headers
            ) as answer:
                if call.watches and answer.status == 200:
                    return await self._stream(request, call, answer)
                body = await answer.read()
        except (aiohttp.ClientError, OSError):
            return _broken(request, None)
        if isinstance(fault, Drop):
            return _broken(request, fault.then)
        if isinstance(fault, Delay) and fault.after:
            await asyncio.sleep(fault.seconds)
        kept = {name: answer.headers[name] for name in ("Content-Type", "Retry-After") if name in answer.headers}
        return web.Response(status=answer.status, body=body, headers=kept)

    async def _stream(self, request: web.Request, call: Call, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        rest = b""
        async for chunk in answer.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                verdict = next((v for rule in self._line_rules if (v := rule(call, line)) is not None), None)
                match verdict:
                    case Gate() as gate:
                        await _opened(gate)
                    case Cut(clean=True):
                        return response
                    case Cut():
                        await response.write(line[: len(line) // 2])
                        return _broken(request, None)
                    case bytes() as replaced:
                        line = replaced  # noqa: PLW2901 - what goes on is another line
                if line:
                    await response.write(line + b"\n")
        return response

    def _record(self, request: web.Request, body: bytes) -> Call:
        agent = request.headers.get("User-Agent", "")
        call = Call(len(self.calls), request.method, request.path, dict(request.query), body, agent)
        if call.writes:
            self._writes[call.namespace] += 1
            call = Call(call.number, call.method, call.path, call.query, body, agent, self._writes[call.namespace])
        self.calls.append(call)
        return call

    def _fault(self, call: Call) -> Fault | None:
        return next((fault for rule in list(self._rules) if (fault := rule(call)) is not None), None)


async def _opened(gate: Gate) -> None:
    while not gate.is_open:  # noqa: ASYNC110 - it is opened by another thread
        await asyncio.sleep(_POLL)


def _broken(request: web.Request, then: Callable[[], None] | None) -> web.Response:
    """Break the connection without an answer."""
    if then is not None:
        then()
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _refusal(fault: Fail) -> web.Response:
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": fault.reason,
        "message": "refused by the fault proxy",
        "code": fault.status,
    }
    return web.json_response(status, status=fault.status, headers=headers)


def admin_tls(cluster: LocalCluster) -> ssl.SSLContext:
    """What authenticates as the cluster's administrator."""
    pair = cluster.control_plane.authority.client("admin", common_name="admin", organization="system:masters")
    context = server_tls(cluster)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


def server_tls(cluster: LocalCluster) -> ssl.SSLContext:
    """What knows the API server, and authenticates as nobody."""
    return ssl.create_default_context(cafile=str(cluster.control_plane.authority.ca.certificate))


def write_plain_kubeconfig(path: Path, server: str) -> None:
    """A kubeconfig without credentials: the proxy has them."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "proxy",
        "clusters": [{"name": "proxy", "cluster": {"server": server}}],
        "users": [{"name": "proxy", "user": {}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
    }
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def error_event(code: int, reason: str) -> bytes:
    """A watch's in-stream error."""
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "code": code,
        "message": reason,
    }
    return json.dumps({"type": "ERROR", "object": status}).encode()
