"""Reads what the work handed back, checks it, and makes the termination message of it.

Everything here was written by the work and is untrusted: sizes are looked at before anything is read, and a mistake
is a clear refusal that names the size and the limit.
"""

from __future__ import annotations

import json
import os
import re
import stat
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskdist.agent.contract import (
    FORMAT_VERSION,
    MAX_ARTIFACTS,
    MAX_ERROR_BYTES,
    MAX_OUTPUT_BYTES,
    MAX_RESULTS,
    MAX_TOKENS,
    RESULT_KEY,
    compact,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from taskdist.agent.usage import Usage
    from taskdist.agent.workspace import Workspace

_MAX_FILE_BYTES: Final = 64 * 1024
"""Larger files are not even read: white space and escapes make JSON larger than its compact form, but not that much."""
_MONEY: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_UNPRINTABLE: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|[\x00-\x08\x0b-\x1f\x7f-\x9f]", re.DOTALL
)
"""Terminal sequences and control characters other than tab and line feed."""
_DIRECTION_MARKS: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Output(NamedTuple):
    """What the work handed back."""

    results: Mapping[str, Any] = MappingProxyType({})
    artifacts: Sequence[dict[str, Any]] = ()
    tokens: int | None = None
    cost_usd: str | None = None


class OutputError(Exception):
    """What the work handed back is not what the contract allows."""


def read_output(workspace: Workspace) -> Output:
    """Collect results, artifacts and reported usage from the files of the workspace.

    Raises:
        OutputError: naming the file, what is wrong with it, and the limit.
    """
    results = _results(workspace)
    artifacts = _artifacts(_load(workspace.artifacts, "artifacts"))
    tokens, cost_usd = _reported_usage(_load(workspace.usage, "usage"))
    size = _size(results, "results") + (_size(artifacts, "artifacts") if artifacts else 0)
    if size > MAX_OUTPUT_BYTES:
        raise OutputError(
            f"results: {size:,} bytes of JSON{' with the artifacts' if artifacts else ''}, at most {MAX_OUTPUT_BYTES:,} fit; "
            "hand back a summary, or store the data elsewhere and hand back where"
        )
    return Output(results, artifacts, tokens, cost_usd)


def read_costs(workspace: Workspace) -> Output:
    """Only what the work says it cost, for an attempt that failed: money is spent either way. Mistakes count as nothing."""
    try:
        tokens, cost_usd = _reported_usage(_load(workspace.usage, "usage"))
    except OutputError:
        return Output()
    return Output(tokens=tokens, cost_usd=cost_usd)


def message(output: Output, usage: Usage, *, seconds: float, reason: str = "", error: str = "") -> bytes:
    """The termination message, as compact JSON of at most 4,096 bytes; results only where there is no ``reason``."""
    used: dict[str, Any] = {
        "seconds": f"{seconds:.3f}",
        "cpuSeconds": f"{usage.cpu_seconds:.3f}",
        "peakMemoryBytes": usage.peak_memory_bytes,
    }
    if output.tokens is not None:
        used["tokens"] = output.tokens
    if output.cost_usd is not None:
        used["costUSD"] = output.cost_usd
    document: dict[str, Any] = {"formatVersion": FORMAT_VERSION}
    if reason:
        document |= {"reason": reason, "error": printable(error)}
    else:
        document |= {"results": dict(output.results), "artifacts": list(output.artifacts)}
    return compact(document | {"usage": used})


def clean(text: str) -> str:
    """``text`` without terminal sequences, control characters and marks that change the direction of reading."""
    return _DIRECTION_MARKS.sub("", _UNPRINTABLE.sub("", text)).strip()


def printable(text: str, limit: int = MAX_ERROR_BYTES) -> str:
    """``text``, clean, and from the front cut until it fits into ``limit`` bytes of JSON: the end of an error says most."""
    kept = clean(text)
    # What is escaped in JSON (quotes, line feeds) counts with its escapes.
    while (size := len(compact(kept))) > limit:
        kept = "…" + kept[max(1, (size - limit) // 4) + 1 :].lstrip()
    return kept


def _results(workspace: Workspace) -> dict[str, Any]:
    results = _load(workspace.results, "results")
    if results is None:
        results = {}
    if not isinstance(results, dict):
        raise OutputError("results: expected a JSON object of results by key")
    for key, value in _key_files(workspace.results_folder):
        if key in results:
            raise OutputError(f'results: "{key}" is given twice, in $TASKDIST_RESULTS and in $TASKDIST_RESULTS_DIR')
        results[key] = value
    for key, value in results.items():
        if not RESULT_KEY.fullmatch(key):
            raise OutputError(
                f'results: "{printable(key, 80)}" is not a key; use letters, digits, "-" and "_", at most 63'
            )
        if isinstance(value, str) and "\0" in value:
            raise OutputError(f'results: "{key}" holds a NUL character')
    if len(results) > MAX_RESULTS:
        raise OutputError(f"results: {len(results):,} keys, at most {MAX_RESULTS} are allowed")
    return results


def _key_files(folder: Path) -> list[tuple[str, Any]]:
    names: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append(entry.name)
                if len(names) > MAX_RESULTS:
                    raise OutputError(f"results: more than {MAX_RESULTS} files in $TASKDIST_RESULTS_DIR")
    except FileNotFoundError:
        return []
    found: dict[str, Any] = {}
    for name in sorted(names):
        key = name.removesuffix(".json")
        if key in found:
            raise OutputError(f'results: "{key}" is given twice, as {key} and as {key}.json')
        what = f"results {printable(name, 80)}"
        found[key] = _text(folder / name, what) if key == name else _load(folder / name, what)
    return list(found.items())


def _text(path: Path, what: str) -> str:
    raw = _read(path, what) or b""
    try:
        text = raw.decode()
    except UnicodeDecodeError as e:
        raise OutputError(f"{what}: not UTF-8: {e.reason} at byte {e.start}") from e
    return text.removesuffix("\n").removesuffix("\r")


def _load(path: Path, what: str) -> Any:
    raw = _read(path, what)
    if raw is None or not raw.strip():
        return None
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as e:
        raise OutputError(f"{what}: not JSON: {printable(str(e), 200)}") from e
    _size(value, what)
    return value


def _read(path: Path, what: str) -> bytes | None:
    """The file's bytes; ``None`` if it is not there. Neither a pipe nor a device can hold the agent up."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as e:
        raise OutputError(f"{what}: cannot be read: {e.strerror}") from e
    try:
        seen = os.fstat(fd)
        if not stat.S_ISREG(seen.st_mode):
            raise OutputError(f"{what}: is not a file")
        if seen.st_size > _MAX_FILE_BYTES:
            raise OutputError(f"{what}: {seen.st_size:,} bytes, at most {MAX_OUTPUT_BYTES:,} fit")
        return os.read(fd, _MAX_FILE_BYTES + 1)
    finally:
        os.close(fd)


def _size(value: object, what: str) -> int:
    try:
        return len(compact(value))
    except (ValueError, RecursionError) as e:
        raise OutputError(f"{what}: holds a value that JSON does not have: {printable(str(e), 200)}") from e


def _artifacts(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_ARTIFACTS:
        raise OutputError(f"artifacts: expected a JSON list of at most {MAX_ARTIFACTS} objects")
    return [_artifact(each, f"artifacts[{i}]") for i, each in enumerate(value)]


def _artifact(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not set(value) <= {"name", "uri", "bytes"}:
        raise OutputError(f"{path}: expected an object with name, uri and bytes")
    name, uri, size = value.get("name"), value.get("uri", ""), value.get("bytes")
    if not isinstance(name, str) or not 0 < len(name) <= 253:
        raise OutputError(f"{path}.name: expected a text of 1 to 253 characters")
    if not isinstance(uri, str) or len(uri) > 2048:
        raise OutputError(f"{path}.uri: expected a text of at most 2,048 characters")
    if size is not None and not _is_count(size):
        raise OutputError(f"{path}.bytes: expected a whole number")
    return {"name": name, "uri": uri} | ({} if size is None else {"bytes": size})


def _reported_usage(value: Any) -> tuple[int | None, str | None]:
    if value is None:
        return None, None
    if not isinstance(value, dict) or not set(value) <= {"tokens", "costUSD"}:
        raise OutputError("usage: expected an object with tokens and costUSD")
    tokens, cost = value.get("tokens"), value.get("costUSD")
    if tokens is not None and not _is_count(tokens):
        raise OutputError("usage.tokens: expected a whole number")
    if cost is not None and not (isinstance(cost, str) and _MONEY.fullmatch(cost)):
        raise OutputError('usage.costUSD: expected US dollars as a decimal string such as "0.0125"')
    return tokens, cost


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS
