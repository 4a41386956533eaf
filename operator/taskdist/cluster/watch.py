"""A raw list-and-watch: typed decoding of only what is read, resume, bookmarks, relist on 410, and no silent death.

Protocol: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

import msgspec

from taskdist.cluster.client import Client
from taskdist.cluster.errors import ApiError, ClusterUnreachableError
from taskdist.cluster.wire import Meta

_log = logging.getLogger(__name__)

_SERVER_TIMEOUT = 290  # seconds; the server ends the watch, and we resume: a fresh connection every five minutes
_PAGE = 500
_FIRST_BACKOFF = 0.2
_LAST_BACKOFF = 10.0


class Watched(Protocol):
    """Anything with object metadata."""

    @property
    def metadata(self) -> Meta:
        """The object's metadata."""


T = TypeVar("T", bound=Watched)


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _StreamError(Exception):
    """The server ended a stream with an error event."""

    def __init__(self, cause: ApiError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _EventHead(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _ErrorObject(msgspec.Struct):
    code: int = 0
    reason: str = ""
    message: str = ""


class _Bookmark(msgspec.Struct):
    metadata: Meta


class _ListPage(msgspec.Struct):
    metadata: _ListMeta
    items: list[msgspec.Raw] = []


class Watch(Generic[T]):
    """Keeps one collection in sync: ``on_replace`` gets every list, ``on_event`` every change after it.

    An object that does not decode is reported to ``on_poison`` and passed over: one bad object must not stop the rest.
    """

    def __init__(
        self,
        client: Client,
        path: str,
        model: type[T],
        *,
        on_replace: Callable[[list[T]], None],
        on_event: Callable[[str, T], None],
        label_selector: str = "",
        field_selector: str = "",
    ) -> None:
        self._client = client
        self._path = path
        self._decode = msgspec.json.Decoder(model)
        self._on_replace = on_replace
        self._on_event = on_event
        chosen = {"labelSelector": label_selector, "fieldSelector": field_selector}
        self._params: dict[str, str | int] = {name: selector for name, selector in chosen.items() if selector}
        self._heads = msgspec.json.Decoder(_EventHead)
        self._pages = msgspec.json.Decoder(_ListPage)
        self._version = ""
        self.synced = asyncio.Event()
        self.relists = 0
        self.poisoned = 0

    async def run(self) -> None:
        """Stay in sync until cancelled; every failure ends in a resume or a relist after a jittered back-off."""
        pause = _FIRST_BACKOFF
        while True:
            before = self._version
            try:
                if not self._version:
                    self._version = await self._list()
                await self._follow()
                pause = _FIRST_BACKOFF
                await asyncio.sleep(
                    _jittered(pause)
                )  # a server that ends every watch at once must not be asked in a loop
            except _StreamError as error:
                # What the server knows is not what we know: begin anew, as client-go does after any error in a stream.
                _log.log(logging.INFO if error.cause.gone else logging.WARNING, "watch %s: %s", self._path, error.cause)
                self._version = ""
                pause = _FIRST_BACKOFF if before else pause
                await asyncio.sleep(max(error.cause.retry_after or 0.0, _jittered(pause)))
                pause = min(pause * 2, _LAST_BACKOFF)
            except ApiError as error:
                if error.gone:
                    self._version = ""
                else:
                    _log.warning("watch %s: %s", self._path, error)
                await asyncio.sleep(max(error.retry_after or 0.0, _jittered(pause)))
                pause = min(pause * 2, _LAST_BACKOFF)
            except ClusterUnreachableError as error:
                # Resume from what was seen: the server replays the rest, or answers 410 and we relist.
                _log.warning("watch %s: %s", self._path, error)
                pause = _FIRST_BACKOFF if self._version != before else pause
                await asyncio.sleep(_jittered(pause))
                pause = min(pause * 2, _LAST_BACKOFF)

    async def _list(self) -> str:
        self.relists += 1
        params = {**self._params, "limit": _PAGE}
        page = self._pages.decode(await self._client.request("GET", self._path, params=params))
        items = list(self._decoded(page.items))
        while page.metadata.continue_:
            params["continue"] = page.metadata.continue_
            page = self._pages.decode(await self._client.request("GET", self._path, params=params))
            items.extend(self._decoded(page.items))
        self._on_replace(items)
        self.synced.set()
        return page.metadata.resource_version

    async def _follow(self) -> None:
        """Follow the changes after the last version seen, until the server ends the watch."""
        params = {
            **self._params,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": _SERVER_TIMEOUT,
        }
        async for line in self._client.stream(self._path, params, watch=True):
            try:
                event = self._heads.decode(line)
            except msgspec.DecodeError as error:
                raise ClusterUnreachableError(f"the stream broke within a line ({error})") from error
            if event.type == "ERROR":
                said = msgspec.json.decode(event.object, type=_ErrorObject)
                raise _StreamError(ApiError(said.code, said.reason, said.message))
            if event.type == "BOOKMARK":
                self._version = msgspec.json.decode(event.object, type=_Bookmark).metadata.resource_version
                continue
            for changed in self._decoded([event.object]):
                try:
                    self._on_event(event.type, changed)
                except Exception:  # noqa: BLE001 - one object that nobody understands must not blind us to the others
                    self.poisoned += 1
                    _log.exception("watch %s: %s was passed over", self._path, changed.metadata.name)
                self._version = changed.metadata.resource_version

    def _decoded(self, raw: Iterable[msgspec.Raw]) -> Iterable[T]:
        for item in raw:
            try:
                yield self._decode.decode(item)
            except msgspec.DecodeError as error:
                self.poisoned += 1
                _log.warning(
                    "watch %s: an object was passed over, it does not have the known shape: %s", self._path, error
                )


def _jittered(pause: float) -> float:
    return pause * random.uniform(0.5, 1.5)  # noqa: S311 - spreading load, not secrecy
