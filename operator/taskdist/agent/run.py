"""One attempt from the task file to the termination message."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from taskdist.agent import contract, outcome, placeholders, usage, workspace
from taskdist.agent.contract import Reason
from taskdist.agent.supervise import Doorbell, Ended, Heartbeat, StartError, supervise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskdist.agent.contract import Task
    from taskdist.agent.workspace import Workspace

_TASK_FILE: Final = "/taskdist/task.json"
_TERMINATION_LOG: Final = "/dev/termination-log"
_PATHS: Final = frozenset({"TASKDIST_TASK_FILE", "TASKDIST_TERMINATION_LOG", "TASKDIST_MODEL_KEY_FILE", "TMPDIR"})
_GRACE_SECONDS: Final = 20
"""Less than the 30 seconds that Kubernetes waits by default, so that there is time to write the message."""


class Verdict(NamedTuple):
    """How the attempt ended: exit code, and the reason and error where it is not 0."""

    exit_code: int
    reason: str = ""
    error: str = ""
    output: outcome.Output = outcome.Output()
    usage: usage.Usage | None = None


class Work(NamedTuple):
    """What is to be run: command line and the variables that only it gets."""

    argv: list[str]
    variables: dict[str, str]


def main() -> int:
    """Run the attempt that the environment describes; the exit code of the process."""
    started = time.monotonic()
    doorbell = Doorbell()
    # The working folder changes with the work, so relative paths are made absolute before.
    env = {
        name: str(Path(value).absolute()) if name in _PATHS and value else value for name, value in os.environ.items()
    }
    verdict = attempt(env, doorbell, started)
    message = outcome.message(
        verdict.output,
        verdict.usage or usage.measured(),
        seconds=time.monotonic() - started,
        reason=verdict.reason,
        error=verdict.error,
    )
    written = _write_termination_message(env, message)
    if verdict.reason:
        _log(f"{verdict.reason}: {outcome.printable(verdict.error)}")
    if not written and verdict.output.results:
        _log("the results could not be handed back: the termination message cannot be written")
        return contract.EXIT_RETRY
    return verdict.exit_code


def attempt(env: Mapping[str, str], doorbell: Doorbell, started: float) -> Verdict:
    """Do the work and judge how it ended. ``started`` is of ``time.monotonic``."""
    try:
        task = _read_task(env)
        end_at = _end_at(env, task, started)
        grace_seconds = _whole_seconds(env, "TASKDIST_GRACE_SECONDS", _GRACE_SECONDS)
    except contract.ContractError as e:
        return Verdict(contract.EXIT_REFUSED, Reason.REFUSED, str(e))
    try:
        place = workspace.create(Path(env.get("TMPDIR") or "/tmp"), task)  # noqa: S108 - a volume of the pod's own
    except OSError as e:
        return Verdict(contract.EXIT_RETRY, Reason.RETRY, f"no writable folder for the work: {e}")
    try:
        work = _prepare(task, env, place)
        if work is None:
            return Verdict(
                contract.EXIT_REFUSED,
                Reason.NOT_CONFIGURED,
                f'subtask "{task.subtask}" has neither script nor command, and agent type "{task.agent_type}" has no model '
                "(TASKDIST_MODEL_ENDPOINT and TASKDIST_MODEL) to follow its description",
            )
        variables = _environment(env, task, place, end_at) | work.variables
        heartbeat = Heartbeat(place.progress, task.heartbeat_seconds) if task.heartbeat_seconds else None
        ended = supervise(
            work.argv,
            variables,
            place.work,
            doorbell=doorbell,
            end_at=end_at,
            heartbeat=heartbeat,
            grace_seconds=grace_seconds,
        )
        return _judge(ended, place, time.monotonic() - started)
    except placeholders.MissingResultError as e:
        return Verdict(contract.EXIT_REFUSED, Reason.RESULT_MISSING, str(e))
    except placeholders.PlaceholderError as e:
        return Verdict(contract.EXIT_REFUSED, Reason.REFUSED, str(e))
    except StartError as e:
        return Verdict(e.exit_code, Reason.ERROR, str(e))
    finally:
        os.chdir("/")
        workspace.remove(place)


def _read_task(env: Mapping[str, str]) -> Task:
    path = env.get("TASKDIST_TASK_FILE") or _TASK_FILE
    try:
        with Path(path).open("rb") as file:
            task = contract.parse_task(file.read(contract.MAX_TASK_BYTES + 1))
    except OSError as e:
        raise contract.ContractError([f"{path}: {e.strerror}"]) from e
    # The file shows an annotation, which others may have changed since; the environment is fixed with the pod.
    said = (("UID", task.uid), ("ATTEMPT", str(task.attempt)))
    problems = [
        f"{name.lower()}: the task file says {value!r}, TASKDIST_{name} says {env[f'TASKDIST_{name}']!r}"
        for name, value in said
        if env.get(f"TASKDIST_{name}", value) != value
    ]
    if problems:
        raise contract.ContractError(problems)
    return task


def _end_at(env: Mapping[str, str], task: Task, started: float) -> float | None:
    """When the attempt's time is up, of ``time.monotonic``."""
    ends = [started + task.timeout_seconds] if task.timeout_seconds else []
    if deadline := _whole_seconds(env, "TASKDIST_DEADLINE", 0):
        ends.append(time.monotonic() + deadline - time.time())
    return min(ends, default=None)


def _whole_seconds(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdecimal() and len(value) <= 12):
        raise contract.ContractError([f"{name}: expected whole seconds, found {value[:40]!r}"])
    return int(value)


def _prepare(task: Task, env: Mapping[str, str], place: Workspace) -> Work | None:
    """What is to be run for the task, with its placeholders filled; ``None`` if there is nothing that could be run."""
    results = placeholders.Results(task)
    variables = {name: placeholders.fill(value, results, f"env.{name}") for name, value in task.env}
    if task.script:
        interpreter = workspace.shebang(task.script)
        language = workspace.language(interpreter)
        if placeholders.is_shell(language):
            script, references = placeholders.fill_shell(task.script, results)
            variables |= references
        else:
            script = placeholders.literal(task.script, language)
        place.script.write_bytes(script.encode())
        program = (*interpreter, str(place.script))
        # To an interpreter its script is code; what comes after the script is data.
        return Work([*program, *placeholders.fill_arguments(task, results, ())], variables)
    if task.command:
        return Work([*task.command, *placeholders.fill_arguments(task, results, task.command)], variables)
    if env.get("TASKDIST_MODEL_ENDPOINT") and env.get("TASKDIST_MODEL"):
        # A process of its own, so that deadline, signals and usage are kept for it as for any other work.
        model = {name: value for name, value in env.items() if name.startswith("TASKDIST_MODEL")}
        return Work([sys.executable, "-P", "-m", "taskdist.agent.model"], variables | model)
    return None


def _environment(env: Mapping[str, str], task: Task, place: Workspace, end_at: float | None) -> dict[str, str]:
    """The work's variables: the agent's own without what is the model's, the task's, and where everything is."""
    own = {name: value for name, value in env.items() if not name.startswith("TASKDIST_MODEL")}
    if not os.access(own.get("HOME") or "/", os.W_OK):
        own["HOME"] = str(place.work)
    told = {
        "TASKDIST_DISTRIBUTION": task.distribution,
        "TASKDIST_SUBTASK": task.subtask,
        "TASKDIST_UID": task.uid,
        "TASKDIST_ATTEMPT": str(task.attempt),
        "TASKDIST_DESCRIPTION": task.description,
    }
    if task.item is not None:
        told["TASKDIST_ITEM"] = task.item
    if end_at is not None:
        told["TASKDIST_DEADLINE"] = str(int(time.time() + end_at - time.monotonic()))
    return own | told | place.variables()


def _judge(ended: Ended, place: Workspace, seconds: float) -> Verdict:
    costs = outcome.read_costs(place)
    if ended.timed_out:
        error = f"ended after {seconds:.0f} s: the time of this attempt was up"
        return Verdict(contract.EXIT_TIMEOUT, Reason.TIMEOUT, error, costs, ended.usage)
    if ended.silent:
        error = f"ended after {seconds:.0f} s: the progress file was not touched in time"
        return Verdict(contract.EXIT_TIMEOUT, Reason.SILENT, error, costs, ended.usage)
    if ended.signal:
        error = f"asked to end by {signal.Signals(ended.signal).name} after {seconds:.0f} s"
        return Verdict(contract.EXIT_SIGNAL + ended.signal, Reason.TERMINATED, error, costs, ended.usage)
    if ended.exit_code == contract.EXIT_DONE:
        try:
            return Verdict(contract.EXIT_DONE, output=outcome.read_output(place), usage=ended.usage)
        except outcome.OutputError as e:
            return Verdict(contract.EXIT_REFUSED, Reason.INVALID_RESULT, str(e), costs, ended.usage)
    if ended.out_of_memory and ended.exit_code == contract.EXIT_SIGNAL + signal.SIGKILL:
        peak = f"{ended.usage.peak_memory_bytes / 2**20:,.0f} MiB"
        error = f"killed for want of memory after {seconds:.0f} s; the largest use seen was {peak}"
        return Verdict(ended.exit_code, Reason.OOM_KILLED, error, costs, ended.usage)
    reasons = {contract.EXIT_RETRY: Reason.RETRY, contract.EXIT_REFUSED: Reason.REFUSED}
    reason = reasons.get(ended.exit_code, Reason.ERROR)
    return Verdict(ended.exit_code, reason, _last_words(ended), costs, ended.usage)


def _last_words(ended: Ended) -> str:
    """Exit code and the end of standard error, which is where programs say why."""
    head = f"exit code {ended.exit_code}"
    if ended.exit_code > contract.EXIT_SIGNAL:
        with contextlib.suppress(ValueError):
            head += f" ({signal.Signals(ended.exit_code - contract.EXIT_SIGNAL).name})"
    tail = outcome.printable(ended.stderr_tail.decode(errors="replace"), contract.MAX_ERROR_BYTES - len(head) - 2)
    return f"{head}: {tail}" if tail else head


def _log(text: str) -> None:
    """One line to standard error, unless the log is full and nobody reads it."""
    _, writable, _ = select.select([], [2], [], 1)
    if writable:
        with contextlib.suppress(OSError):
            os.write(2, f"taskdist agent: {text}\n".encode(errors="replace"))


def _write_termination_message(env: Mapping[str, str], message: bytes) -> bool:
    """Write the message where the kubelet reads it; false if that is not possible."""
    path = env.get("TASKDIST_TERMINATION_LOG")
    try:
        # In a container the file is there; outside of one it must not appear among the machine's devices.
        fd = os.open(path or _TERMINATION_LOG, os.O_WRONLY | os.O_TRUNC | (os.O_CREAT if path else 0), 0o600)
    except OSError:
        return False
    with os.fdopen(fd, "wb") as file:
        file.write(message)
    return True
