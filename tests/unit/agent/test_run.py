"""What scripts and commands are given, and what becomes of what they hand back."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.agent.pod import Pod

PYTHON = "#!/usr/bin/env python3\n"


def test_hands_back_results_usage_and_artifacts(pod: Pod) -> None:
    done = pod.run(
        script="""
            echo working
            echo '{"rows": 42, "name": "logs", "list": [1, {"a": null}]}' > "$TASKDIST_RESULTS"
            echo '{"tokens": 1200, "costUSD": "0.0125"}' > "$TASKDIST_USAGE"
            echo '[{"name": "table", "uri": "s3://bucket/table", "bytes": 10}]' > "$TASKDIST_ARTIFACTS"
        """
    )
    assert (done.exit_code, done.stdout, done.stderr) == (0, "working\n", "")
    assert done.results == {"rows": 42, "name": "logs", "list": [1, {"a": None}]}
    assert done.message["artifacts"] == [{"name": "table", "uri": "s3://bucket/table", "bytes": 10}]
    assert done.message["usage"]["tokens"] == 1200
    assert done.message["usage"]["costUSD"] == "0.0125"
    assert done.message["formatVersion"] == 1
    assert "reason" not in done.message


def test_each_file_of_the_results_folder_is_a_result(pod: Pod) -> None:
    done = pod.run(
        script="""
            cd "$TASKDIST_RESULTS_DIR"
            echo 1.10 > version
            printf 'two\\nlines\\n' > text
            echo '[1, 2]' > list.json
            echo '{"other": true}' > "$TASKDIST_RESULTS"
        """
    )
    assert done.results == {"version": "1.10", "text": "two\nlines", "list": [1, 2], "other": True}


def test_nothing_handed_back_is_no_results(pod: Pod) -> None:
    assert pod.run(script="true").results == {}


def test_measures_what_was_used(pod: Pod) -> None:
    work = PYTHON + "import time\nheld = bytearray(b'x') * 120_000_000\nwhile time.process_time() < 0.4: pass"
    usage = pod.run(script=work).message["usage"]
    assert 0.4 <= Decimal(usage["cpuSeconds"]) <= Decimal(usage["seconds"]) + 1
    assert 120_000_000 <= usage["peakMemoryBytes"] <= 250_000_000
    assert "tokens" not in usage


@pytest.mark.parametrize(
    ("task", "stdout"),
    [
        pytest.param({"script": "echo $0 | grep -c taskdist"}, "1\n", id="sh by default"),
        pytest.param({"script": PYTHON + "print(6 * 7)"}, "42\n", id="shebang with env"),
        pytest.param({"script": "#!/bin/sh -f\necho *"}, "*\n", id="shebang with an option"),
        pytest.param({"script": "#!/usr/bin/env -S python3 -O\nprint(__debug__)"}, "False\n", id="env -S"),
        pytest.param({"script": 'echo "$1|$2"', "args": ["a b", "$HOME"]}, "a b|$HOME\n", id="arguments of a script"),
        pytest.param({"command": ["printf", "%s,"], "args": ["a", "b c"]}, "a,b c,", id="command"),
        pytest.param({"script": "cat; echo end"}, "end\n", id="nothing on standard input"),
        pytest.param({"script": "echo $GREETING", "env": {"GREETING": "hello"}}, "hello\n", id="variables"),
        pytest.param({"script": "echo $TASKDIST_ITEM", "item": "shard 3"}, "shard 3\n", id="item of a fan-out"),
        pytest.param({"script": "ls; touch file && echo ok"}, "ok\n", id="starts in an empty writable folder"),
        pytest.param({"script": "touch $HOME/file && echo ok"}, "ok\n", id="has a home"),
        pytest.param({"script": "echo $TASKDIST_DEADLINE"}, "\n", id="no deadline unless there is one"),
        pytest.param({"script": "echo ünïcödé ✓"}, "ünïcödé ✓\n", id="unicode"),
    ],
)
def test_runs(pod: Pod, task: dict[str, Any], stdout: str) -> None:
    done = pod.run(task)
    assert (done.exit_code, done.stdout) == (0, stdout), done.stderr


def test_tells_who_it_is(pod: Pod) -> None:
    pod.environ |= {"TRACEPARENT": "00-1-2-01", "TASKDIST_SUBTASK": "release-analyze", "TASKDIST_UID": "u-1"}
    done = pod.run(
        script="""
            echo "$TASKDIST_DISTRIBUTION $TASKDIST_SUBTASK $TASKDIST_UID $TASKDIST_ATTEMPT"
            echo "$TRACEPARENT $TASKDIST_DESCRIPTION"
        """,
        description="Analyze the logs",
        attempt=2,
    )
    assert done.stdout == "release analyze u-1 2\n00-1-2-01 Analyze the logs\n"


def test_gives_upstream_results_as_files_and_in_place_of_placeholders(pod: Pod) -> None:
    done = pod.run(
        script="""
            cat "$TASKDIST_INPUTS/scan.json"; echo
            cat "$TASKDIST_INPUTS/scan/rows"; echo
            cat "$TASKDIST_INPUTS/all.json"; echo
            echo "rows: $(tasks.scan.results.rows), $LIMIT, $1"
        """,
        env={"LIMIT": "at most $(tasks.scan.results.rows)"},
        args=["arg $(tasks.scan.results.rows)"],
        inputs={"scan": {"rows": "7"}, "part-0": {"n": "1"}},
        groups={"all": ["scan", "part-0"]},
    )
    assert done.stdout.splitlines() == [
        '{"rows": "7"}',
        "7",
        '[{"rows": "7"}, {"n": "1"}]',
        "rows: 7, at most 7, arg 7",
    ]


def test_hostile_upstream_results_stay_data(pod: Pod) -> None:
    attack = "$(touch pwned)`touch pwned`;touch pwned #'\"\n&& touch pwned"
    done = pod.run(
        script='printf %s "$(tasks.scan.results.x)$VIA_ENV$1"; ls',
        env={"VIA_ENV": "$(tasks.scan.results.x)"},
        args=["$(tasks.scan.results.x)"],
        inputs={"scan": {"x": attack}},
    )
    assert done.stdout == attack * 3


@pytest.mark.parametrize(
    ("task", "exit_code", "reason", "error"),
    [
        pytest.param({"script": "exit 75"}, 75, "AgentRetry", "exit code 75", id="asks to be retried"),
        pytest.param({"script": "echo no >&2; exit 65"}, 65, "AgentRefused", "exit code 65: no", id="refuses for good"),
        pytest.param({"script": "exit 3"}, 3, "AgentError", "exit code 3", id="other codes pass through"),
        pytest.param({"script": "kill -SEGV $$"}, 139, "AgentError", "exit code 139 (SIGSEGV)", id="signal"),
        pytest.param({"command": ["no-such"]}, 127, "AgentError", "no-such: not found in PATH", id="no such program"),
        pytest.param({"command": ["/etc/passwd"]}, 126, "AgentError", "/etc/passwd: not executable", id="no program"),
        pytest.param(
            {"script": "echo $(tasks.scan.results.x)"},
            65,
            "ResultMissing",
            'script: $(tasks.scan.results.x): there are no results of "scan"; given: none',
            id="missing result",
        ),
        pytest.param(
            {"command": ["sh", "-c"], "args": ["$(item)"], "item": "reboot"},
            65,
            "AgentRefused",
            "as code",
            id="item as code",
        ),
        pytest.param(
            {"description": "Deploy it", "agentType": "deployment"},
            65,
            "AgentNotConfigured",
            'subtask "analyze" has neither script nor command, and agent type "deployment" has no model',
            id="nothing to do",
        ),
    ],
)
def test_says_why_it_failed(pod: Pod, task: dict[str, Any], exit_code: int, reason: str, error: str) -> None:
    done = pod.run(task)
    assert done.exit_code == exit_code
    assert done.message["reason"] == reason
    assert error in done.error
    assert "results" not in done.message
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param("echo rows=1 > $TASKDIST_RESULTS", "results: not JSON", id="not JSON"),
        pytest.param("echo '[1]' > $TASKDIST_RESULTS", "results: expected a JSON object", id="a list"),
        pytest.param("echo '{\"a\": NaN}' > $TASKDIST_RESULTS", "a value that JSON does not have", id="NaN"),
        pytest.param("echo '{\"a\": 1e999}' > $TASKDIST_RESULTS", "a value that JSON does not have", id="infinite"),
        pytest.param("echo '{\"a.b\": 1}' > $TASKDIST_RESULTS", '"a.b" is not a key', id="dot in a key"),
        pytest.param('echo \'{"a": "\\u0000"}\' > $TASKDIST_RESULTS', '"a" holds a NUL character', id="NUL"),
        pytest.param(
            "head -c 5000 /dev/zero | tr '\\0' x > $TASKDIST_RESULTS_DIR/a",
            "5,008 bytes of JSON, at most 3,840 fit",
            id="large",
        ),
        pytest.param("head -c 9000000 /dev/zero > $TASKDIST_RESULTS", "9,000,000 bytes, at most 3,840 fit", id="huge"),
        pytest.param("yes [ | head -c 60000 > $TASKDIST_RESULTS", "results: not JSON", id="nested without end"),
        pytest.param("printf '\\377' > $TASKDIST_RESULTS_DIR/a", "not UTF-8", id="not UTF-8"),
        pytest.param("mkfifo $TASKDIST_RESULTS", "results: is not a file", id="a pipe"),
        pytest.param("mkdir $TASKDIST_RESULTS_DIR/a", "is not a file", id="a folder"),
        pytest.param("ln -s /dev/zero $TASKDIST_RESULTS", "is not a file", id="a device"),
        pytest.param("cd $TASKDIST_RESULTS_DIR; seq 99 | xargs touch", "more than 64 files", id="many files"),
        pytest.param("cd $TASKDIST_RESULTS_DIR; touch a a.json", "given twice", id="twice"),
        pytest.param("echo '{\"tokens\": -1}' > $TASKDIST_USAGE", "usage.tokens: expected a whole number", id="tokens"),
        pytest.param("echo '{\"costUSD\": 0.1}' > $TASKDIST_USAGE", "usage.costUSD: expected US dollars", id="cost"),
        pytest.param("echo '[{}]' > $TASKDIST_ARTIFACTS", "artifacts[0].name: expected a text", id="artifact"),
    ],
)
def test_refuses_what_it_cannot_hand_on(pod: Pod, script: str, error: str) -> None:
    done = pod.run(script=script)
    assert (done.exit_code, done.message["reason"]) == (65, "InvalidResult")
    assert error in done.error
    assert "usage" in done.message


def test_the_message_fits_when_everything_is_at_its_limit(pod: Pod) -> None:
    done = pod.run(
        script=PYTHON
        + """
import json, os
json.dump({"a": "ü" * 1915}, open(os.environ["TASKDIST_RESULTS"], "w"))
json.dump({"tokens": 2**53, "costUSD": "999999999.999999999"}, open(os.environ["TASKDIST_USAGE"], "w"))
"""
    )
    assert done.exit_code == 0, done.stderr
    assert len(done.message["results"]["a"]) == 1915


def test_what_a_failed_attempt_cost_is_told(pod: Pod) -> None:
    done = pod.run(script="echo '{\"tokens\": 5}' > $TASKDIST_USAGE; echo '{\"a\": 1}' > $TASKDIST_RESULTS; exit 1")
    assert done.message["usage"]["tokens"] == 5
    assert "results" not in done.message


def test_errors_are_bounded_and_free_of_control_characters(pod: Pod) -> None:
    script = (
        PYTHON
        + r"""
import sys
sys.stderr.write("x" * 3_000_000 + "\n\x1b[2J\x1b]0;title\x07\x1b[31mThe disk\x00 is full\u202e\"\x1b[0m\r\n")
sys.exit(1)
"""
    )
    done = pod.run(script=script)
    assert done.error.startswith("exit code 1: …")
    assert done.error.endswith('The disk is full"')
    assert len(json.dumps(done.error)) <= 530
    assert len(done.stderr) > 3_000_000


def test_output_without_end_does_not_fill_the_memory(pod: Pod) -> None:
    done = pod.run(script="head -c 200000000 /dev/zero >&2; head -c 1000 /dev/zero; exit 1")
    assert done.message["usage"]["peakMemoryBytes"] < 100_000_000


def test_a_task_file_that_was_changed_is_refused(pod: Pod) -> None:
    pod.environ["TASKDIST_UID"] = "u-2"
    done = pod.run(script="echo ran")
    assert (done.exit_code, done.stdout) == (65, "")
    assert done.error == "uid: the task file says 'u-1', TASKDIST_UID says 'u-2'"


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        pytest.param(b"{", "task file: not JSON", id="not JSON"),
        pytest.param(b'{"formatVersion": 1}', "uid: is required", id="nothing in it"),
    ],
)
def test_a_bad_task_file_is_refused(pod: Pod, raw: bytes, error: str) -> None:
    done = pod.run(raw)
    assert (done.exit_code, done.message["reason"]) == (65, "AgentRefused")
    assert error in done.error


def test_a_missing_task_file_is_refused(pod: Pod) -> None:
    pod.environ["TASKDIST_TASK_FILE"] = "/nowhere/task.json"
    assert pod.run().error == "/nowhere/task.json: No such file or directory"


def test_leaves_nothing_behind(pod: Pod) -> None:
    pod.run(script="mkdir -p a/b; touch a/b/c; ln -s / root; chmod 500 a")
    assert list(pod.scratch.iterdir()) == []


def test_results_that_nobody_can_read_are_no_success(pod: Pod) -> None:
    pod.environ["TASKDIST_TERMINATION_LOG"] = "/nowhere/log"
    assert pod.run(script="echo 1 > $TASKDIST_RESULTS_DIR/a").exit_code == 75
    assert pod.run(script="true").exit_code == 0


def test_imports_only_what_it_needs() -> None:
    code = "import sys; sys.path[:0] = []; import taskdist.agent.run; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {
        "asyncio",
        "dataclasses",
        "inspect",
        "logging",
        "subprocess",
        "tempfile",
        "threading",
        "socket",
        "ssl",
        "http",
    }
    assert not heavy & set(loaded)
    assert not {name for name in loaded if name.startswith("taskdist.") and not name.startswith("taskdist.agent")}
