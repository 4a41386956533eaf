"""One keep-alive connection to an API server, for tests that send hundreds of requests."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from dataclasses import dataclass, field
from email.message import Message
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import yaml

if TYPE_CHECKING:
    from pathlib import Path

_IDLE_SECONDS = 30
"""The server closes what nobody has used for 90 s."""


@dataclass(frozen=True)
class Answer:
    """What the API server said; ``message`` is empty where it agreed."""

    status: int
    body: dict[str, Any]
    headers: Message = field(default_factory=Message)

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def message(self) -> str:
        return "" if self.ok else str(self.body.get("message"))


class Rest:
    """An API server as the kubeconfig's client certificate or token opens it."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        user, server = config["users"][0]["user"], config["clusters"][0]["cluster"]
        self._token = user.get("token")
        authority = server.get("certificate-authority-data")
        context = ssl.create_default_context(cadata=base64.b64decode(authority).decode() if authority else None)
        if "client-certificate-data" in user:
            with NamedTemporaryFile() as pair:
                pair.write(base64.b64decode(user["client-certificate-data"]) + b"\n")
                pair.write(base64.b64decode(user["client-key-data"]))
                pair.flush()
                context.load_cert_chain(pair.name)
        self._connection = http.client.HTTPSConnection(urlsplit(server["server"]).netloc, context=context, timeout=60)
        self._used = time.monotonic()

    def __call__(
        self, verb: str, path: str, body: Any = None, *, kind: str = "application/json", **query: str
    ) -> Answer:
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {self._token}"} if self._token else {})
        target = f"{path}?{urlencode(query)}" if query else path
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self._connection.close()  # the next request opens it anew
        self._used = time.monotonic()
        self._connection.request(verb, target, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        return Answer(response.status, json.loads(response.read()), response.headers)

    def close(self) -> None:
        self._connection.close()
