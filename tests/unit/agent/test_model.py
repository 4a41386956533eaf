"""The agent with a model configured, against a real HTTP server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.unit.agent.pod import Finished, Pod

from taskdist.agent.model import ModelError, read_settings

ANSWER = {
    "choices": [
        {"message": {"role": "assistant", "content": "Use an \u001b[31mindex\u001b[0m."}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 200},
}


class ChatServer(ThreadingHTTPServer):
    """Answers every request with ``status``, ``headers`` and ``body``, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = json.dumps(ANSWER).encode()
        self.hang = threading.Event()
        self.hangs = False
        self.seen: list[tuple[str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, dict(self.headers), body))
        if self.server.hangs:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{")
            self.wfile.flush()
            self.server.hang.wait(60)
            return
        self.send_response(self.server.status)
        for name, value in ({"Content-Length": str(len(self.server.body))} | self.server.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.hang.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def asking(pod: Pod, server: ChatServer) -> Pod:
    key = pod.folder / "key"
    key.write_text("sk-planted-canary\n")
    pod.environ |= {
        "TASKDIST_MODEL_ENDPOINT": server.url,
        "TASKDIST_MODEL": "small",
        "TASKDIST_MODEL_KEY_FILE": str(key),
    }
    # A proxy in the environment must not see what goes to loopback.
    pod.environ |= {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    return pod


def ask(pod: Pod, **fields: Any) -> Finished:
    return pod.run(description="Optimize the query", specialization="optimization", **fields)


def test_follows_the_description(asking: Pod, server: ChatServer) -> None:
    done = ask(asking, inputs={"analyze": {"slow": "SELECT 1"}}, item="query 3")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "Use an index.\n"
    assert done.results == {"text": "Use an index.", "complete": True}
    assert done.message["usage"]["tokens"] == 1200
    assert "costUSD" not in done.message["usage"]
    [(path, headers, body)] = server.seen
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer sk-planted-canary"
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("small", 1024, 0)
    system, user = body["messages"]
    assert "specialization: optimization" in system["content"]
    assert user["content"].startswith("Optimize the query\n\nThis subtask is for: query 3\n\n")
    assert '{"analyze": {"slow": "SELECT 1"}}' in user["content"]


def test_counts_the_cost_where_prices_are_known(asking: Pod) -> None:
    asking.environ |= {"TASKDIST_MODEL_INPUT_USD": "0.50", "TASKDIST_MODEL_OUTPUT_USD": "2"}
    assert ask(asking).message["usage"]["costUSD"] == "0.000900"


def test_a_long_answer_is_cut_in_the_results_only(asking: Pod, server: ChatServer) -> None:
    long = 'line "quoted" ü\n' * 2000
    server.body = json.dumps({"choices": [{"message": {"content": long}, "finish_reason": "stop"}]}).encode()
    done = ask(asking)
    assert done.exit_code == 0, done.stderr
    assert done.results["complete"] is False
    assert long.startswith(done.results["text"])
    assert len(done.results["text"]) > 2000
    assert done.stdout == long


def test_an_answer_that_ran_out_of_tokens_is_marked(asking: Pod, server: ChatServer) -> None:
    server.body = json.dumps({"choices": [{"message": {"content": "half"}, "finish_reason": "length"}]}).encode()
    assert ask(asking).results == {"text": "half", "complete": False}


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_retried(asking: Pod, server: ChatServer, status: int) -> None:
    server.status, server.body = status, b"try later"
    done = ask(asking)
    assert (done.exit_code, done.message["reason"]) == (75, "AgentRetry")
    assert f"HTTP {status}: try later" in done.error


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_will_not_pass_is_not(asking: Pod, server: ChatServer, status: int) -> None:
    server.status, server.body = status, b"\x1b[31mno"
    done = ask(asking)
    assert (done.exit_code, done.message["reason"]) == (65, "AgentRefused")
    assert f"HTTP {status}: no" in done.error


def test_nobody_there_is_retried(asking: Pod) -> None:
    asking.environ["TASKDIST_MODEL_ENDPOINT"] = "http://127.0.0.1:9/v1"
    done = ask(asking)
    assert done.exit_code == 75
    assert "ConnectionRefusedError" in done.error


def test_a_server_that_never_ends_is_retried(asking: Pod, server: ChatServer) -> None:
    server.hangs = True
    asking.environ["TASKDIST_MODEL_TIMEOUT_SECONDS"] = "1"
    done = ask(asking)
    assert done.exit_code == 75
    assert "no answer in time" in done.error or "timed out" in done.error


def test_keeps_to_the_deadline_while_asking(asking: Pod, server: ChatServer) -> None:
    server.hangs = True
    assert ask(asking, timeoutSeconds=1).exit_code == 124


def test_the_key_does_not_follow_a_redirect(asking: Pod, server: ChatServer) -> None:
    with ChatServer() as other:
        thread = threading.Thread(target=other.serve_forever, args=(0.05,))
        thread.start()
        server.status, server.headers = 307, {"Location": other.url}
        done = ask(asking)
        other.shutdown()
        thread.join()
    assert done.exit_code == 65
    assert "redirects (307)" in done.error
    assert other.seen == []


def test_the_key_is_in_no_output(asking: Pod, server: ChatServer) -> None:
    server.status, server.body = 401, b"bad key"
    done = ask(asking)
    assert "canary" not in done.stdout + done.stderr + done.raw.decode()


def test_scripts_are_not_told_of_the_model(asking: Pod) -> None:
    assert asking.run(script="env | grep -c TASKDIST_MODEL; true").stdout == "0\n"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>", id="not JSON"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"choices": []}', id="no choice"),
        pytest.param(b'{"choices": [{"message": {"content": null}}]}', id="no text"),
        pytest.param(b'{"choices": [{"message": {"content": "  "}}]}', id="blank text"),
        pytest.param(b" " * 1_100_000, id="huge"),
    ],
)
def test_answers_that_are_none_are_refused(asking: Pod, server: ChatServer, body: bytes) -> None:
    server.body = body
    done = ask(asking)
    assert (done.exit_code, done.message["reason"]) == (65, "AgentRefused")
    assert "model endpoint: " in done.error
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("TASKDIST_MODEL_ENDPOINT", "http://models.example.com/v1", id="plain http"),
        pytest.param("TASKDIST_MODEL_ENDPOINT", "http://localhost.example.com", id="looks like loopback"),
        pytest.param(
            "TASKDIST_MODEL_ENDPOINT",
            "https://user:word@models.example.com",  # pragma: allowlist secret (that must be refused)
            id="password in the URL",
        ),
        pytest.param("TASKDIST_MODEL_ENDPOINT", "file:///etc/passwd", id="a file"),
        pytest.param("TASKDIST_MODEL_ENDPOINT", "https://models.example.com:x", id="no port"),
        pytest.param("TASKDIST_MODEL_KEY_FILE", "/nowhere", id="no key file"),
        pytest.param("TASKDIST_MODEL_KEY_FILE", "/dev/null", id="empty key file"),
        pytest.param("TASKDIST_MODEL_MAX_TOKENS", "many", id="tokens"),
        pytest.param("TASKDIST_MODEL_TIMEOUT_SECONDS", "0", id="no time"),
        pytest.param("TASKDIST_MODEL_INPUT_USD", "NaN", id="price"),
    ],
)
def test_settings_are_checked(name: str, value: str) -> None:
    with pytest.raises(ModelError, match=name) as caught:
        read_settings({"TASKDIST_MODEL_ENDPOINT": "https://models.example.com/v1", "TASKDIST_MODEL": "m", name: value})
    assert caught.value.exit_code == 65


def test_a_key_of_two_lines_is_none(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("one\nX-Evil: two")
    with pytest.raises(ModelError, match="holds no key"):
        read_settings(
            {"TASKDIST_MODEL_ENDPOINT": "https://a.example", "TASKDIST_MODEL_KEY_FILE": str(tmp_path / "key")}
        )
