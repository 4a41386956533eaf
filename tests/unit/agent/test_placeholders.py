from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskdist.agent.contract import Task, parse_task
from taskdist.agent.placeholders import (
    MissingResultError,
    PlaceholderError,
    Results,
    fill,
    fill_arguments,
    fill_shell,
    literal,
)

GIVEN = {
    "scan": {"rows": "42", "list": '{"items":["a","b c"],"n":1.5}', "text": "it's; $(id)"},
    "s-0": {"n": "1"},
    "s-1": {"n": "x"},
}


def task(**fields: Any) -> Task:
    base = {"formatVersion": 1, "distribution": "d", "subtask": "s", "uid": "u", "attempt": 1, "inputs": GIVEN}
    return parse_task(json.dumps(base | {"groups": {"s": ["s-0", "s-1"]}} | fields).encode())


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        pytest.param(
            "no placeholder, $(date), ${HOME}", "no placeholder, $(date), ${HOME}", id="others are left alone"
        ),
        pytest.param("n=$(tasks.scan.results.rows)!", "n=42!", id="text"),
        pytest.param("$(tasks.scan.results.text)", "it's; $(id)", id="never filled twice"),
        pytest.param("$(tasks.scan.results.list)", '{"items":["a","b c"],"n":1.5}', id="object"),
        pytest.param("$(tasks.scan.results.list.items)", '["a","b c"]', id="list within an object"),
        pytest.param("$(tasks.scan.results.list.items.1)", "b c", id="element of a list"),
        pytest.param("$(tasks.scan.results.list.n)", "1.5", id="number"),
        pytest.param("$(tasks.s.results.n)", '["1","x"]', id="a fan-out's results as a list"),
        pytest.param("$(item)", "shard 3", id="item"),
        pytest.param("$$(tasks.scan.results.rows) $$(item)", "$(tasks.scan.results.rows) $(item)", id="escaped"),
    ],
)
def test_fills_text(text: str, filled: str) -> None:
    assert fill(text, Results(task(item="shard 3")), "args[0]") == filled


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "$(tasks.scan.results.cols)",
            'env.A: $(tasks.scan.results.cols): "scan" gave no result "cols"; it gave: list, rows, text',
            id="no such result",
        ),
        pytest.param("$(tasks.scam.results.a)", 'no results of "scam"; given: s-0, s-1, scan', id="no such subtask"),
        pytest.param("$(tasks.scan.results.list.items.9)", 'hold no "list.items.9"', id="index out of range"),
        pytest.param("$(tasks.scan.results.rows.a)", 'hold no "rows.a"', id="step into a text"),
        pytest.param("$(tasks.big.results.a)", 'the results of "big" were too large', id="omitted"),
        pytest.param("$(item)", "this task has no forEach", id="no item"),
    ],
)
def test_a_missing_result_is_named(text: str, problem: str) -> None:
    with pytest.raises(MissingResultError) as caught:
        fill(text, Results(task(inputsOmitted=["big"])), "env.A")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "text", ["$(tasks.scan)", "$(tasks.scan.rows)", "$(tasks.scan.results.)", "$(tasks.A.results.b)"]
)
def test_malformed_placeholders_are_refused(text: str) -> None:
    with pytest.raises(PlaceholderError, match="is malformed"):
        fill(text, Results(task()), "env.A")


def test_shell_scripts_get_variables() -> None:
    script, variables = fill_shell("echo $(tasks.scan.results.rows) $(tasks.scan.results.rows)", Results(task()))
    assert script == "echo ${TASKDIST_RESULT_SCAN_ROWS} ${TASKDIST_RESULT_SCAN_ROWS}"
    assert variables == {"TASKDIST_RESULT_SCAN_ROWS": "42"}


def test_names_that_read_alike_stay_apart() -> None:
    inputs = {"a": {"b-c": "1", "b_c": "2"}}
    script, variables = fill_shell(
        "$(tasks.a.results.b-c)$(tasks.a.results.b_c)", Results(task(inputs=inputs, groups={}))
    )
    assert script == "${TASKDIST_RESULT_A_B_C}${TASKDIST_RESULT_A_B_C_2}"
    assert sorted(variables.values()) == ["1", "2"]


@pytest.mark.parametrize(
    ("command", "args"),
    [
        pytest.param(["sh", "-c"], ["$(tasks.scan.results.text)"], id="sh -c"),
        pytest.param(["/bin/bash", "-lc"], ["echo $(tasks.scan.results.text)"], id="bash -lc"),
        pytest.param(["sh"], ["-c", "-x", "$(tasks.scan.results.text)"], id="options between"),
        pytest.param(["env", "A=1", "python3.13"], ["-c", "$(tasks.scan.results.text)"], id="env python -c"),
        pytest.param(["python3", "-W", "ignore"], ["-c", "$(tasks.scan.results.text)"], id="an option's value before"),
        pytest.param(["perl"], ["-eprint $(tasks.scan.results.text)"], id="code within the option"),
        pytest.param(["node"], ["--eval=$(tasks.scan.results.text)"], id="--eval="),
        pytest.param(["awk"], ["$(tasks.scan.results.text)", "file"], id="awk"),
        pytest.param(["busybox", "sh", "-c"], ["$(tasks.scan.results.text)"], id="busybox"),
    ],
)
def test_results_never_become_code(command: list[str], args: list[str]) -> None:
    with pytest.raises(PlaceholderError, match="as code"):
        fill_arguments(task(command=command, args=args), Results(task()), tuple(command))


@pytest.mark.parametrize(
    ("command", "args"),
    [
        pytest.param(["sh", "-c", 'echo "$1"', "name"], ["$(tasks.scan.results.text)"], id="argument of sh -c"),
        pytest.param(["python3", "tool.py"], ["--rows=$(tasks.scan.results.text)"], id="option of a program"),
        pytest.param(["python3", "-u", "tool.py"], ["--rows=$(tasks.scan.results.text)"], id="option after -u"),
        pytest.param(["grep", "-e"], ["$(tasks.scan.results.text)"], id="another program's -e"),
    ],
)
def test_results_may_be_arguments(command: list[str], args: list[str]) -> None:
    filled = fill_arguments(task(command=command, args=args), Results(task()), tuple(command))
    assert filled == tuple(arg.replace("$(tasks.scan.results.text)", GIVEN["scan"]["text"]) for arg in args)


def test_a_result_cannot_choose_the_program() -> None:
    with pytest.raises(PlaceholderError, match=r"command\[0\]: a result cannot choose what runs"):
        fill_arguments(task(command=["$(tasks.scan.results.rows)"]), Results(task()), ())


def test_other_languages_read_variables_or_files() -> None:
    with pytest.raises(
        PlaceholderError, match=r"works in shell scripts only, this one is for python3; put it into env"
    ):
        literal("print($(tasks.scan.results.rows))", "python3")
    assert literal("print('$$(item)')", "python3") == "print('$(item)')"


@settings(max_examples=60, deadline=None)
@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=60))
def test_no_value_escapes_from_a_shell_script(value: str) -> None:
    inputs = {"a": {"v": value}}
    source = """printf '%s' "$(tasks.a.results.v)" "<$(tasks.a.results.v)>" """
    script, variables = fill_shell(source, Results(task(inputs=inputs, groups={})))
    done = subprocess.run(["/bin/sh", "-c", script], env=variables, capture_output=True, check=True)
    assert done.stdout.decode() == f"{value}<{value}>"
    assert not done.stderr
