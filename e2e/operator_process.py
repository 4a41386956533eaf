"""The operator as a process of the test's own: started, killed and started again, as a node would do it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from e2e.cluster import ports
from e2e.cluster.polling import until

_ENTRY = "import json, sys; from taskdist.handlers.run import Options, main; main(Options(**json.loads(sys.argv[1])))"


class OperatorProcess:
    """One replica against one cluster. Use as a context manager; it is ended, by its pid, in the end."""

    def __init__(
        self, kubeconfig: Path, log: Path, *, env: Mapping[str, str] | None = None, first: str = "", **options: object
    ) -> None:
        """``first`` is what the process executes before it starts: how a benchmark looks inside, or makes a bound smaller."""
        self._log = log
        self._env = {**os.environ, **(env or {})}
        self._first = first
        liveness, metrics = ports.free(2)
        self.metrics_url = f"http://127.0.0.1:{metrics}/metrics"
        self._options = json.dumps(
            {"kubeconfig": str(kubeconfig), "liveness_port": liveness, "metrics_port": metrics, **options}
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._begin = 0

    def start(self, seconds: float = 60) -> None:
        """Start it and return when it is in sync with the cluster."""
        self.launch()
        self.wait_in_sync(seconds)

    def wait_in_sync(self, seconds: float = 60) -> None:
        """Return when it is in sync; an error, with its log, if it has ended."""
        until("the operator in sync", lambda: self.is_in_sync or self.ended, seconds)
        assert not self.ended, f"the operator ended:\n{self.log()}"

    def launch(self) -> None:
        """Start it and wait for nothing."""
        with self._log.open("ab") as log:
            self._begin = log.tell()
            command = [sys.executable, "-c", f"{self._first}\n{_ENTRY}", self._options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._env)

    def kill(self) -> None:
        """SIGKILL: nothing is said goodbye to."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, as a kubelet does it."""
        self._end(signal.SIGTERM)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal and wait for nothing; nothing happens when it has ended."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, seconds: float = 30) -> None:
        """Return when it has ended."""
        assert self._process is not None
        self._process.wait(timeout=seconds)

    @property
    def pid(self) -> int:
        """The pid of the last start."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_in_sync(self) -> bool:
        """Whether it has said so since it was last started."""
        return b"in sync" in self._log.read_bytes()[self._begin :]

    @property
    def ended(self) -> bool:
        """Whether it does not run."""
        return self._process is None or self._process.poll() is not None

    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(errors="replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self.ended:
            self.stop()

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(timeout=30)
