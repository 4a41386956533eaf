"""The agent's contract: what is in the task file, which limits hold, which exit codes and reasons there are.

`docs/agents.md` is this module in words. The operator writes the document into an annotation of the pod, from where a
downward-API volume shows it as a file.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

FORMAT_VERSION: Final = 1

EXIT_DONE: Final = 0
EXIT_REFUSED: Final = 65
"""Never to be retried: the same attempt would fail again (``EX_DATAERR`` of sysexits.h)."""
EXIT_RETRY: Final = 75
"""To be retried: what failed may work later (``EX_TEMPFAIL`` of sysexits.h)."""
EXIT_TIMEOUT: Final = 124
"""The attempt was ended because its time was up, as ``timeout(1)`` has it."""
EXIT_NOT_EXECUTABLE: Final = 126
EXIT_NOT_FOUND: Final = 127
EXIT_SIGNAL: Final = 128
"""Added to the number of the signal that ended the work, as shells have it."""


class Reason:
    """Values of ``reason`` in the termination message; all but the last are reasons of SubTasks too."""

    TIMEOUT: Final = "Timeout"
    SILENT: Final = "Silent"
    OOM_KILLED: Final = "OOMKilled"
    ERROR: Final = "AgentError"
    RETRY: Final = "AgentRetry"
    REFUSED: Final = "AgentRefused"
    INVALID_RESULT: Final = "InvalidResult"
    RESULT_MISSING: Final = "ResultMissing"
    NOT_CONFIGURED: Final = "AgentNotConfigured"
    TERMINATED: Final = "Terminated"


MAX_TASK_BYTES: Final = 256 * 1024
"""What all annotations of one object may hold together (``TotalAnnotationSizeLimitB`` of Kubernetes)."""
MAX_MESSAGE_BYTES: Final = 4096
"""What the kubelet keeps of a termination message; the limits of its parts below add up to less."""
MAX_OUTPUT_BYTES: Final = 3840
"""Results and artifacts together, as compact JSON; the rest of the message is for usage."""
MAX_ERROR_BYTES: Final = 512
MAX_RESULTS: Final = 64
MAX_ARTIFACTS: Final = 20
MAX_TOKENS: Final = 2**53

_DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NAME: Final = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESULT_KEY: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
"""A key of ``results``: no dot, since a dot steps into an object in ``$(tasks.NAME.results.KEY.FIELD)``."""
RESERVED_ENV: Final = "TASKDIST_"
"""Variables that begin with this belong to the admin and the operator; a task may not set them."""


class Task(NamedTuple):
    """One attempt of one subtask, as the task file says it. What the file leaves out is empty."""

    distribution: str
    subtask: str
    uid: str
    attempt: int
    namespace: str = ""
    description: str = ""
    agent_type: str = ""
    specialization: str = ""
    script: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    item: str | None = None
    inputs: tuple[tuple[str, dict[str, str]], ...] = ()
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    inputs_omitted: tuple[str, ...] = ()
    timeout_seconds: int | None = None
    heartbeat_seconds: int | None = None


class ContractError(Exception):
    """The task file is not what the contract says; ``problems`` names every mistake with its path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse_task(raw: bytes) -> Task:
    """Read a task document; unknown fields are ignored, so that a newer operator may add some.

    Raises:
        ContractError: not JSON, too large, another format version, or fields that are missing or wrong.
    """
    if len(raw) > MAX_TASK_BYTES:
        raise ContractError([f"task file: {len(raw):,} bytes, at most {MAX_TASK_BYTES:,} are allowed"])
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as e:
        raise ContractError([f"task file: not JSON: {e}"]) from e
    if not isinstance(document, dict):
        raise ContractError([f"task file: expected an object, found {_kind(document)}"])
    if document.get("formatVersion") != FORMAT_VERSION:
        found = json.dumps(document.get("formatVersion"))[:40]
        raise ContractError([f"formatVersion: this agent reads version {FORMAT_VERSION}, found {found}"])
    fields = _Fields(document)
    task = Task(
        distribution=fields.name("distribution", _NAME),
        subtask=fields.name("subtask", _DNS_LABEL),
        uid=fields.text("uid", required=True),
        attempt=fields.positive("attempt") or 1,
        namespace=fields.text("namespace"),
        description=fields.text("description"),
        agent_type=fields.text("agentType"),
        specialization=fields.text("specialization"),
        script=fields.text("script"),
        command=fields.texts("command"),
        args=fields.texts("args"),
        env=fields.env("env"),
        item=fields.text("item") if "item" in document else None,
        inputs=fields.inputs("inputs"),
        groups=tuple((name, fields.strings(f"groups.{name}", ids)) for name, ids in fields.members("groups")),
        inputs_omitted=fields.texts("inputsOmitted"),
        timeout_seconds=fields.positive("timeoutSeconds") if "timeoutSeconds" in document else None,
        heartbeat_seconds=fields.positive("heartbeatSeconds") if "heartbeatSeconds" in document else None,
    )
    if task.script and task.command:
        fields.problems.append("script: a task has either a script or a command, not both")
    if task.args and not task.script and not task.command:
        fields.problems.append("args: need a script or a command that they are for")
    known = {name for name, _ in task.inputs} | set(task.inputs_omitted)
    for name, ids in task.groups:
        fields.problems += [f"groups.{name}: {i!r} is not among the inputs" for i in ids if i not in known]
    if fields.problems:
        raise ContractError(fields.problems)
    return task


class _Fields:
    """Typed reads of one JSON object that collect every mistake instead of stopping at the first."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.problems: list[str] = []

    def text(self, key: str, *, required: bool = False) -> str:
        return self.string(key, self.document.get(key, ""), required=required)

    def string(self, path: str, value: object, *, required: bool = False) -> str:
        if not isinstance(value, str):
            self.problems.append(f"{path}: expected a string, found {_kind(value)}")
        elif "\0" in value:
            self.problems.append(f"{path}: holds a NUL character, which no program can be given")
        elif not _encodable(value):
            self.problems.append(f"{path}: is not valid Unicode")
        elif required and not value:
            self.problems.append(f"{path}: is required")
        else:
            return value
        return ""

    def name(self, key: str, pattern: re.Pattern[str]) -> str:
        value = self.text(key, required=True)
        if value and not pattern.fullmatch(value):
            self.problems.append(f"{key}: {value[:80]!r} is not a Kubernetes name")
        return value

    def positive(self, key: str) -> int | None:
        value = self.document.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31:
            return value
        self.problems.append(f"{key}: expected a whole number from 1 on, found {json.dumps(value)[:40]}")
        return None

    def strings(self, path: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            self.problems.append(f"{path}: expected a list of strings, found {_kind(value)}")
            return ()
        return tuple(self.string(f"{path}[{i}]", item) for i, item in enumerate(value))

    def texts(self, key: str) -> tuple[str, ...]:
        return self.strings(key, self.document.get(key, []))

    def members(self, key: str) -> list[tuple[str, Any]]:
        value = self.document.get(key, {})
        if isinstance(value, dict):
            return list(value.items())
        self.problems.append(f"{key}: expected an object, found {_kind(value)}")
        return []

    def env(self, key: str) -> tuple[tuple[str, str], ...]:
        for name, _ in (members := self.members(key)):
            if not _ENV_NAME.fullmatch(name):
                self.problems.append(f"{key}: {name[:80]!r} is not a name for a variable")
            elif name.startswith(RESERVED_ENV) or name == "TRACEPARENT":
                self.problems.append(f"{key}.{name}: this name is kept for the operator")
        return tuple((name, self.string(f"{key}.{name}", value)) for name, value in members)

    def inputs(self, key: str) -> tuple[tuple[str, dict[str, str]], ...]:
        found = []
        for name, value in self.members(key):
            # Ids and keys become file names, so nothing else gets through.
            if not _DNS_LABEL.fullmatch(name):
                self.problems.append(f"{key}: {name[:80]!r} is not a subtask's id")
            elif not isinstance(value, dict):
                self.problems.append(f"{key}.{name}: expected an object of results, found {_kind(value)}")
            elif wrong := [result for result in value if not RESULT_KEY.fullmatch(result)]:
                self.problems.append(f"{key}.{name}: {wrong[0][:80]!r} is not a result's key")
            else:
                texts = {result: self.string(f"{key}.{name}.{result}", as_text(each)) for result, each in value.items()}
                found.append((name, texts))
        return tuple(found)


def as_text(value: object) -> str:
    """A result as text: text as it is, everything else as compact JSON. This is how SubTasks keep results.

    Raises:
        ValueError: not a number (NaN) or infinite, which JSON does not have.
    """
    return value if isinstance(value, str) else _dumps(value)


def compact(value: object) -> bytes:
    """JSON in as few bytes as possible; lone surrogates become ``?``, so that it is always UTF-8.

    Raises:
        ValueError: as for :func:`as_text`.
    """
    return _dumps(value).encode(errors="replace")


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    kinds = {
        dict: "an object",
        list: "a list",
        str: "a string",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return kinds.get(type(value), "null")
