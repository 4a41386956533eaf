"""A thin asynchronous API client: raw JSON in and out, keep-alive, the errors of :mod:`taskdist.cluster.errors`.

The ``kubernetes`` package finds the server and the credentials (kubeconfig, exec plugins, service account and its rotation); the
requests themselves go through one aiohttp session, because the generated models cost more CPU than the operator's whole work
(measured: docs/performance.md).
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import msgspec

from taskdist.cluster.clock import ServerClock
from taskdist.cluster.errors import ApiError, ClusterUnreachableError

Params = Mapping[str, str | int]

MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

_REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
# A watch may stay silent between bookmarks (about once a minute); silence beyond this means a dead connection.
_WATCH_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=65)
_STREAM_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)
# Longest accepted line of a watch: the API server's own object limit (1.5 MiB of etcd) with room for managed fields.
_MAX_LINE = 8 * 1024 * 1024

# Service account tokens are renewed by the kubelet when 80 % of an hour or more is over; kubeconfig plugins say so themselves.
_CREDENTIALS_SECONDS = 15.0

_encode = msgspec.json.encode
_decode = msgspec.json.decode


class _StatusDetails(msgspec.Struct):
    retryAfterSeconds: int = 0  # noqa: N815 - the wire's name


class _Status(msgspec.Struct):
    message: str = ""
    reason: str = ""
    code: int = 0
    details: _StatusDetails | None = None


_status_decoder = msgspec.json.Decoder(_Status)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the API server is and how to speak to it. ``configuration`` is kept, for it refreshes expiring tokens."""

    server: str
    namespace: str
    tls: ssl.SSLContext | None
    configuration: Any

    def headers(self) -> dict[str, str]:
        """The request headers that authenticate, with a token that is fresh by now."""
        token = self.configuration.get_api_key_with_prefix(
            "authorization"
        ) or self.configuration.get_api_key_with_prefix("BearerToken")
        headers = {"User-Agent": "taskdist"}
        if token:
            headers["Authorization"] = token
        else:
            basic = self.configuration.get_basic_auth_token()
            if basic:
                headers["Authorization"] = basic
        return headers


def load_credentials(kubeconfig: str | None = None, context: str | None = None) -> Credentials:
    """Find the cluster: the given kubeconfig, else ``$KUBECONFIG`` and ``~/.kube/config``, else the pod's service account.

    Raises:
        ClusterUnreachableError: with one sentence that says what is missing.
    """
    from kubernetes import client as k8s_client  # noqa: PLC0415 - heavy: only those who connect pay for it
    from kubernetes import config as k8s_config  # noqa: PLC0415

    configuration = k8s_client.Configuration()
    namespace = "default"
    in_cluster = not kubeconfig and not context and "KUBECONFIG" not in os.environ
    try:
        if in_cluster and "KUBERNETES_SERVICE_HOST" in os.environ:
            k8s_config.load_incluster_config(client_configuration=configuration)
            mounted = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
            namespace = mounted.read_text().strip() if mounted.exists() else namespace
        else:
            k8s_config.load_kube_config(config_file=kubeconfig, context=context, client_configuration=configuration)
            contexts, active = k8s_config.list_kube_config_contexts(config_file=kubeconfig)
            chosen = next((c for c in contexts if c["name"] == context), active)
            namespace = (chosen or {}).get("context", {}).get("namespace") or namespace
    except (k8s_config.ConfigException, OSError) as error:
        raise ClusterUnreachableError(
            f"no cluster to talk to ({error}); set KUBECONFIG or give --kubeconfig and --context"
        ) from error
    return Credentials(configuration.host.rstrip("/"), namespace, _tls(configuration), configuration)


def _tls(configuration: Any) -> ssl.SSLContext | None:
    if not configuration.host.startswith("https"):
        return None
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context


class Client:
    """One session with one API server. Use as ``async with await Client.connect() as client``."""

    def __init__(self, credentials: Credentials, session: aiohttp.ClientSession) -> None:
        self.credentials = credentials
        self._session = session
        self._headers: dict[str, str] = {}
        self._headers_until = 0.0
        self._rests_until = 0.0
        self.clock = ServerClock()

    @classmethod
    async def connect(cls, kubeconfig: str | None = None, context: str | None = None) -> Client:
        """Load credentials and open a session; no request is made yet."""
        credentials = await asyncio.to_thread(load_credentials, kubeconfig, context)
        connector = aiohttp.TCPConnector(ssl=credentials.tls or False, limit=0, keepalive_timeout=60)
        session = aiohttp.ClientSession(connector=connector, read_bufsize=2**18, auto_decompress=True)
        return cls(credentials, session)

    @property
    def namespace(self) -> str:
        """The namespace of the chosen context, or of the pod."""
        return self.credentials.namespace

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def get(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """Read one object."""
        return _object(await self.request("GET", path, params=params))

    async def list(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """Read a collection whole: pages of 500 are followed and joined under ``items``."""
        page = await self.get(path, {"limit": 500, **(params or {})})
        items = list(page.get("items") or [])
        while token := page.get("metadata", {}).get("continue"):
            page = await self.get(path, {"limit": 500, **(params or {}), "continue": token})
            items.extend(page.get("items") or [])
        return {**page, "items": items}

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        """Create an object; the answer is the object as stored."""
        return _object(await self.request("POST", path, body=body))

    async def put(self, path: str, body: Any) -> dict[str, Any]:
        """Replace an object."""
        return _object(await self.request("PUT", path, body=body))

    async def patch(
        self, path: str, body: Any, content_type: str = MERGE_PATCH, params: Params | None = None
    ) -> dict[str, Any]:
        """Change an object; with ``metadata.resourceVersion`` in a merge patch the server refuses it (409) if it has moved."""
        return _object(await self.request("PATCH", path, params=params, body=body, content_type=content_type))

    async def delete(self, path: str, body: Any = None) -> dict[str, Any]:
        """Delete an object; ``body`` may be ``DeleteOptions`` with preconditions."""
        return _object(await self.request("DELETE", path, body=body))

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> bytes:
        """Make one request and return the raw answer.

        When an overloaded server has asked to be left alone for a while (429 or 503 with Retry-After), it means every write,
        not the one that it refused: all of them wait.

        Raises:
            ApiError: the server said no.
            ClusterUnreachableError: no server said anything.
        """
        headers = {**self._authentication(), "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        data = None if body is None else body if isinstance(body, bytes) else _encode(body)
        while method != "GET" and (rest := self._rests_until - time.monotonic()) > 0:  # noqa: ASYNC110 - it may move
            await asyncio.sleep(rest)
        try:
            async with self._session.request(
                method,
                self.credentials.server + path,
                params=params,
                data=data,
                headers=headers,
                timeout=_REQUEST_TIMEOUT,
            ) as response:
                self.clock.heard(response.headers.get("Date", ""))
                answer = await response.read()
                if response.status >= 400:
                    refusal = _error(response.status, answer, response.headers.get("Retry-After"))
                    if refusal.transient and refusal.retry_after:
                        self._rests_until = max(self._rests_until, time.monotonic() + refusal.retry_after)
                    raise refusal
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    async def stream(self, path: str, params: Params | None = None, *, watch: bool = False) -> AsyncIterator[bytes]:
        """Read an endless answer line by line (a watch, or a followed log). Ends when the server ends it."""
        try:
            async with self._session.get(
                self.credentials.server + path,
                params=params,
                headers=self._authentication(),
                timeout=_WATCH_TIMEOUT if watch else _STREAM_TIMEOUT,
            ) as response:
                if response.status >= 400:
                    raise _error(response.status, await response.read(), response.headers.get("Retry-After"))
                async for line in _lines(response.content):
                    if line or not watch:  # a blank line says nothing in a watch, but belongs to a log
                        yield line
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    async def watch(self, path: str, params: Params | None = None) -> AsyncIterator[dict[str, Any]]:
        """Watch a collection; yields the events as dicts. For people's commands: the operator decodes with types."""
        async for line in self.stream(path, {**(params or {}), "watch": "true"}, watch=True):
            yield _decode(line)

    def _authentication(self) -> dict[str, str]:
        """The headers that authenticate, asked for anew now and then: tokens rotate, but not with every request."""
        now = time.monotonic()
        if now >= self._headers_until:
            self._headers = self.credentials.headers()
            self._headers_until = now + _CREDENTIALS_SECONDS
        return self._headers

    def _unreachable(self, error: Exception) -> ClusterUnreachableError:
        return ClusterUnreachableError(
            f"the API server at {self.credentials.server} does not answer ({str(error) or type(error).__name__})"
        )


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Split chunks at newlines. aiohttp's own line reader refuses lines longer than its buffer."""
    rest = bytearray()
    async for chunk in content.iter_any():
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            if rest:
                rest += chunk[start:end]
                yield bytes(rest)
                rest.clear()
            else:
                yield chunk[start:end]
            start = end + 1
        rest += chunk[start:]
        if len(rest) > _MAX_LINE:
            raise ClusterUnreachableError(f"a line of more than {_MAX_LINE} bytes came from the API server")
    if rest:
        yield bytes(rest)


def _object(answer: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = _decode(answer)
    return decoded


def _error(status: int, answer: bytes, retry_after: str | None) -> ApiError:
    try:
        details = _status_decoder.decode(answer)
    except msgspec.DecodeError:
        details = _Status(message=answer[:500].decode(errors="replace"))
    wait = float(retry_after) if retry_after and retry_after.isdigit() else None
    if wait is None and details.details and details.details.retryAfterSeconds:
        wait = float(details.details.retryAfterSeconds)
    return ApiError(status, details.reason, details.message, wait)
