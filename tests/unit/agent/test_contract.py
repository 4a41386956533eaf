from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskdist.agent import contract
from taskdist.agent.contract import ContractError, parse_task
from taskdist.api.names import SubTaskReason


def document(**fields: Any) -> bytes:
    base = {"formatVersion": 1, "distribution": "release", "subtask": "analyze", "uid": "u-1", "attempt": 1}
    return json.dumps(base | fields).encode()


def without(*names: str) -> bytes:
    return json.dumps({k: v for k, v in json.loads(document()).items() if k not in names}).encode()


def test_reads_every_field() -> None:
    task = parse_task(
        document(
            attempt=3,
            namespace="team-a",
            description="Analyze it",
            agentType="analysis",
            specialization="analysis",
            command=["sort"],
            args=["-n"],
            env={"LANG": "C"},
            item="",
            inputs={"scan": {"rows": "7", "list": [1, 2]}, "scan-0": {}},
            groups={"all": ["scan", "scan-0"]},
            inputsOmitted=["huge"],
            timeoutSeconds=60,
            somethingNewer=True,
        )
    )
    assert task == contract.Task(
        distribution="release",
        subtask="analyze",
        uid="u-1",
        attempt=3,
        namespace="team-a",
        description="Analyze it",
        agent_type="analysis",
        specialization="analysis",
        command=("sort",),
        args=("-n",),
        env=(("LANG", "C"),),
        item="",
        inputs=(("scan", {"rows": "7", "list": "[1,2]"}), ("scan-0", {})),
        groups=(("all", ("scan", "scan-0")),),
        inputs_omitted=("huge",),
        timeout_seconds=60,
    )


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        pytest.param(b"", "task file: not JSON", id="empty"),
        pytest.param(b"[1]", "task file: expected an object, found a list", id="not an object"),
        pytest.param(b"[" * 100_000, "task file: not JSON", id="nested without end"),
        pytest.param(
            document(description="x" * 300_000), "at most 262,144 are allowed", id="larger than any annotation"
        ),
        pytest.param(
            document(formatVersion=2), "formatVersion: this agent reads version 1, found 2", id="newer format"
        ),
        pytest.param(without("uid"), "uid: is required", id="no uid"),
        pytest.param(without("attempt"), "attempt: expected a whole number from 1 on, found null", id="no attempt"),
        pytest.param(document(attempt=True), "attempt: expected a whole number", id="attempt is no number"),
        pytest.param(document(subtask="../../etc"), "subtask: '../../etc' is not a Kubernetes name", id="path as id"),
        pytest.param(document(script=7), "script: expected a string, found a number", id="script is a number"),
        pytest.param(document(script="a", command=["b"]), "either a script or a command", id="script and command"),
        pytest.param(document(args=["b"]), "args: need a script or a command", id="args alone"),
        pytest.param(document(command=["a", None]), "command[1]: expected a string, found null", id="null argument"),
        pytest.param(document(command=["a\0b"]), "command[0]: holds a NUL character", id="NUL in an argument"),
        pytest.param(document(env={"A-B": "1"}), "env: 'A-B' is not a name for a variable", id="name of a variable"),
        pytest.param(document(env={"TASKDIST_MODEL_ENDPOINT": "x"}), "kept for the operator", id="reserved variable"),
        pytest.param(document(inputs={"../x": {}}), "inputs: '../x' is not a subtask's id", id="path as an input's id"),
        pytest.param(
            document(inputs={"a": {"../x": "1"}}), "inputs.a: '../x' is not a result's key", id="path as a key"
        ),
        pytest.param(document(inputs={"a": []}), "inputs.a: expected an object of results", id="results are a list"),
        pytest.param(document(groups={"a": ["b"]}), "groups.a: 'b' is not among the inputs", id="unknown group member"),
        pytest.param(
            b'{"formatVersion":1,"description":"\\ud800"}', "description: is not valid Unicode", id="surrogate"
        ),
        pytest.param(document(timeoutSeconds=0), "timeoutSeconds: expected a whole number", id="no time at all"),
    ],
)
def test_refuses(raw: bytes, problem: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_task(raw)
    assert problem in str(caught.value)


def test_names_every_mistake_at_once() -> None:
    with pytest.raises(ContractError) as caught:
        parse_task(document(uid="", attempt=0, script=1, env={"1": 2}))
    assert len(caught.value.problems) == 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["distribution", "subtask", "uid", "attempt", "script", "command", "args", "env", "item", "inputs", "groups"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_document_is_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        problems, task = [], parse_task(document(**fields))
    except ContractError as e:
        problems, task = e.problems, None
    assert problems or (task and task.subtask)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(ContractError):
        parse_task(raw)


def test_reasons_are_those_of_subtasks() -> None:
    ours = {value for name, value in vars(contract.Reason).items() if name.isupper()}
    assert ours - {contract.Reason.TERMINATED} <= {reason.value for reason in SubTaskReason}
