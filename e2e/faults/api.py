"""A small client of the API server, past the proxy: a kubectl process per look would load the machine that is measured."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from e2e.cluster.local import LocalCluster
from e2e.faults.proxy import admin_tls, server_tls

OURS = "/apis/taskdist.dev/v1alpha1"
MERGE = "application/merge-patch+json"


class RefusedError(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One kept connection per thread; as the cluster's administrator, or as who has the token."""

    def __init__(self, cluster: LocalCluster, token: str = "") -> None:
        self._address = urlsplit(cluster.url)
        self._tls = server_tls(cluster) if token else admin_tls(cluster)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._local = threading.local()

    def get(self, path: str) -> dict[str, Any]:
        """Read an object or a collection."""
        return self.request("GET", path)

    def request(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Make one request; a connection that the server has closed is opened anew, once.

        Raises:
            RefusedError: with the server's status.
            OSError: no server there.
        """
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type, "User-Agent": "faults-oracle", **self._headers}
        try:
            return self._once(method, path, data, headers)
        except (http.client.HTTPException, OSError):
            self._local.connection = None
            return self._once(method, path, data, headers)

    def watch(self, path: str, seconds: int) -> Iterator[dict[str, Any]]:
        """Follow a collection (``path`` with its selectors) on a connection of its own: each object as it is, then as it becomes.

        It is in force once this returns: what is created afterwards is seen. It ends after ``seconds``.
        """
        return (event["object"] for event in self.changes(path, seconds))

    def changes(self, path: str, seconds: int) -> Iterator[dict[str, Any]]:
        """The same with what happened to each object: the watch's events. In ``path`` it may be said since which version."""
        connection = self._connect(seconds + 30)
        joint = "&" if "?" in path else "?"
        connection.request("GET", f"{path}{joint}watch=true&timeoutSeconds={seconds}", headers=self._headers)
        response = connection.getresponse()
        if response.status >= 400:
            raise RefusedError(response.status, response.read()[:500].decode(errors="replace"))

        def events() -> Iterator[dict[str, Any]]:
            with closing(connection):
                for line in response:
                    yield json.loads(line)

        return events()

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            self._address.hostname or "", self._address.port, context=self._tls, timeout=timeout
        )

    def _once(self, method: str, path: str, data: str | None, headers: dict[str, str]) -> dict[str, Any]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect(30)
        connection.request(method, path, data, headers)
        with connection.getresponse() as response:
            answer = response.read()
            if response.status >= 400:
                raise RefusedError(response.status, answer[:500].decode(errors="replace"))
            decoded: dict[str, Any] = json.loads(answer)
            return decoded

    # --- our kinds -------------------------------------------------------------------------------------------------

    def root(self, namespace: str, name: str) -> dict[str, Any]:
        """A TaskDistribution."""
        return self.get(f"{OURS}/namespaces/{namespace}/taskdistributions/{name}")

    def subtasks(self, namespace: str) -> list[dict[str, Any]]:
        """All SubTasks of a namespace."""
        items: list[dict[str, Any]] = self.get(f"{OURS}/namespaces/{namespace}/subtasks")["items"]
        return items

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        """All pods of a namespace."""
        items: list[dict[str, Any]] = self.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        return items

    def create(self, namespace: str, name: str, spec: dict[str, Any]) -> None:
        """Create a TaskDistribution."""
        body = {
            "apiVersion": "taskdist.dev/v1alpha1",
            "kind": "TaskDistribution",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
        self.request("POST", f"{OURS}/namespaces/{namespace}/taskdistributions", body)

    def edit(self, namespace: str, name: str, spec: dict[str, Any]) -> None:
        """Change the spec of a TaskDistribution (merge patch)."""
        self.request("PATCH", f"{OURS}/namespaces/{namespace}/taskdistributions/{name}", {"spec": spec}, MERGE)
