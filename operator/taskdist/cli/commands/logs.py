"""``taskdist logs``: what the agents of a distribution wrote, one subtask or all."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from taskdist.cli.lines import clean
from taskdist.cli.options import Context, Kubeconfig, Name, Namespace, Output, OutputOption
from taskdist.cli.output import fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskdist.cli.app import Command
    from taskdist.cli.online import Session

_AT_ONCE: Final = 8
"""Logs that are read at the same time; each costs the node's kubelet a stream."""
_LONGEST: Final = 16_384
_LOOK: Final = 1.0


def register(app: typer.Typer, name: str, command: Command) -> None:
    """Add the command to the program."""
    app.command(name, rich_help_panel=command.panel)(logs)


def logs(
    name: Name,
    subtask: Annotated[str, typer.Argument(help="Id of a subtask; without it, all.", metavar="SUBTASK")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the end.")] = False,
    attempt: Annotated[
        int, typer.Option("--attempt", help="Number of an attempt; 0 means the last.", metavar="N", min=0)
    ] = 0,
    tail: Annotated[
        int, typer.Option("--tail", help="Only the last lines of each; -1 means all.", metavar="N", min=-1)
    ] = -1,
    output: OutputOption = Output.TEXT,
    namespace: Namespace = "",
    kube_context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Print the logs of the subtasks' pods; with several, each line begins with its subtask."""
    from taskdist.cli import online

    async def work(session: Session) -> None:
        reader = _Reader(session, name, subtask, attempt, tail, output)
        await reader.read(follow=follow)
        if reader.unread:
            fail(f"could not read all: {'; '.join(reader.unread)}")

    online.run(work, kubeconfig, kube_context, namespace)


class _Reader:
    def __init__(self, session: Session, name: str, subtask: str, attempt: int, tail: int, output: Output) -> None:
        self._session = session
        self._name = name
        self._subtask = subtask
        self._attempt = attempt
        self._tail = tail
        self._output = output
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self._read: set[str] = set()
        self.unread: list[str] = []

    async def read(self, *, follow: bool) -> None:
        pods = await self._pods()
        if not pods and not follow:
            await self._nothing()
        if not follow:
            for pod in pods:
                await self._print(pod, follow=False)
            return
        running: set[asyncio.Task[None]] = set()
        while True:
            over = await self._over()
            for pod in await self._pods():
                if pod["metadata"]["uid"] not in self._read and _started(pod):
                    self._read.add(pod["metadata"]["uid"])
                    running.add(asyncio.create_task(self._limited(pod)))
            if over:
                break
            if running:
                done, running = await asyncio.wait(running, timeout=_LOOK)
                for task in done:
                    task.result()
            else:
                await asyncio.sleep(_LOOK)
        await asyncio.gather(*running)

    async def _limited(self, pod: dict[str, Any]) -> None:
        async with self._limit:
            await self._print(pod, follow=True)

    async def _over(self) -> bool:
        from taskdist.api import TaskDistribution
        from taskdist.cli.follow import Seen
        from taskdist.cli.online import one_of

        return Seen(TaskDistribution.model_validate(await one_of(self._session, "TaskDistribution", self._name))).over

    async def _pods(self) -> list[dict[str, Any]]:
        """Return the pods to read, in the order of their creation: of each subtask the last attempt, or the one asked for."""
        from taskdist.api.names import Label
        from taskdist.cli.online import all_of

        selector = f"{Label.DISTRIBUTION}={self._name}"
        if self._subtask:
            selector += f",{Label.SUBTASK}={self._subtask}"
        if self._attempt:
            selector += f",{Label.ATTEMPT}={self._attempt}"
        pods = await all_of(self._session, "Pod", self._session.namespace, labelSelector=selector)
        last: dict[str, dict[str, Any]] = {}
        for pod in sorted(pods, key=_number):
            last[pod["metadata"]["labels"].get(Label.SUBTASK, pod["metadata"]["name"])] = pod
        return sorted(last.values(), key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))

    async def _nothing(self) -> None:
        from taskdist.api.names import Label
        from taskdist.cli.online import all_of, one_of

        await one_of(self._session, "TaskDistribution", self._name)
        selector = f"{Label.DISTRIBUTION}={self._name}"
        ids = [
            s["spec"]["id"]
            for s in await all_of(self._session, "SubTask", self._session.namespace, labelSelector=selector)
        ]
        if self._subtask and self._subtask not in ids:
            from taskdist.engine.suggest import did_you_mean

            fail(f'there is no subtask "{self._subtask}" in {self._name}{did_you_mean(self._subtask, ids)}')
        fail("there is no pod: none was started yet, or they were deleted after the end")

    async def _print(self, pod: dict[str, Any], *, follow: bool) -> None:
        from taskdist.api.names import Label
        from taskdist.cluster import paths
        from taskdist.cluster.errors import ApiError

        subtask = pod["metadata"]["labels"].get(Label.SUBTASK, "")
        params: dict[str, str | int] = {"follow": "true"} if follow else {}
        if self._tail >= 0:
            params["tailLines"] = self._tail
        path = paths.item("Pod", self._session.namespace, pod["metadata"]["name"], "log")
        try:
            async for raw in self._session.client.stream(path, params):
                self._line(subtask, pod, raw)
        except ApiError as error:
            # A pod that has not started, or is gone, must not keep the others' logs from being read.
            if error.status in {401, 403}:
                raise
            self.unread.append(f"{subtask}: {' '.join(error.message.split())}")

    def _line(self, subtask: str, pod: dict[str, Any], raw: bytes) -> None:
        text = raw[:_LONGEST].decode(errors="replace")
        if self._output is Output.JSON:
            sys.stdout.write(json.dumps({"subtask": subtask, "pod": pod["metadata"]["name"], "line": text}) + "\n")
        else:
            # What an agent writes must not steer the terminal; a file gets it as it is.
            shown = clean(text) if sys.stdout.isatty() else text
            sys.stdout.write(shown + "\n" if self._subtask else f"{subtask} | {shown}\n")
        sys.stdout.flush()


def _number(pod: dict[str, Any]) -> int:
    from taskdist.api.names import Label

    text = str(pod["metadata"]["labels"].get(Label.ATTEMPT, "0"))
    return int(text) if text.isdecimal() else 0


def _started(pod: dict[str, Any]) -> bool:
    statuses: Sequence[dict[str, Any]] = (pod.get("status") or {}).get("containerStatuses") or ()
    return any(not (status.get("state") or {}).get("waiting") for status in statuses)
